#include "daemon/pollers/reddit.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/reddit_page.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::MentionBatch;
using std::chrono::seconds;

constexpr std::string_view kRealHost = "https://oauth.reddit.com";
constexpr std::string_view kTokenHost = "https://www.reddit.com";
constexpr auto kOverlap = 10min;  // items that were held back or indexed late
constexpr auto kHistory =
    std::chrono::days{60};  // of the first walk; the listing mostly ends before
// A listing that ends with fewer items has no more of them; beyond that it may have been cut, at
// about 1000 items, or wherever the platform cuts a search.
constexpr std::int64_t kCap = 90;
constexpr std::int64_t kPagesMax = 100;  // of one listing; the platform gives ten
constexpr seconds kDelay{60};            // listings are cached for half a minute
constexpr auto kTokenMin = 1min;  // a token that was refused younger than this did not expire
constexpr seconds kLifeMax{86'400};

// Names in the cursor. w0, w1: the newest time of each listing that is complete. Of the walk in
// progress: s: its start; l: its lower bound; i: which listing (1: comments); a: `after` of the
// next page; c: items of this listing so far; n0, n1: newest times found; o: oldest time of this
// listing; f: covered from, as the listings before this one say; v: this walk was begun anew; k:
// when the token was fetched that made the walk wait.
class Reddit final : public Poller {
public:
    Reddit(AccountSettings const& account, StreamSettings const& stream, bool search)
        : values_(account.values),
          base_(account.base_url),
          ca_file_(account.ca_file),
          session_(account.session),
          query_(stream.values.get("query")),
          subreddit_(stream.values.get("subreddit")),
          search_(search) {
        if (!search_) words_ = QueryWords(query_);
        for (std::string_view const prefix : {"/r/", "r/"})
            if (subreddit_.starts_with(prefix)) subreddit_.erase(0, prefix.size());
        // "a+b" are two.
        subreddit_ = exporters::url_encode(subreddit_);
        for (auto at = subreddit_.find("%2B"); at != std::string::npos; at = subreddit_.find("%2B"))
            subreddit_.replace(at, 3, "+");
    }

    [[nodiscard]] seconds indexing_delay() const override { return kDelay; }
    [[nodiscard]] std::string restart(std::string_view text) const override {
        WalkCursor cursor(text);
        if (cursor.has("a")) cursor.set("v", std::int64_t{1});
        return cursor.keep_only({"w0", "w1", "v"}).text();
    }
    bool reload_secrets() override {
        bool const expired = std::exchange(token_expired_, false);
        return values_.reload_secrets() || expired;
    }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        return logged_in(context.now) ? listing_request(cursor_of(text)) : token_request();
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor = cursor_of(text);
        // Another poller of the account may have logged in meanwhile: the answer says what was
        // asked.
        if (auto token = read_token(response)) return accept_token(*token, cursor, context);
        if (auto failure = reddit_refusal(response, context.now))
            return refusal(std::move(*failure), cursor, context);
        std::size_t const before = out.items.size();
        Result<RedditPage> read = reader_.read(response, words_, out);
        if (!read) return read.error();
        if (!read->after.empty() && read->after == cursor.get("a")) {
            out.items.resize(before);
            return Failure(Fault::bad_cursor, "the next page is the same page");
        }
        // An anchor that has gone gives an empty listing. Once the walk begins anew for it; then
        // the listing is taken to end there, which go_on() does not take for the whole.
        if (read->items == 0 && cursor.has("a") && !cursor.has("v"))
            return Failure(Fault::bad_cursor, "the listing ends at an item that has gone");
        PollPage page;
        page.reads = read->items;
        page.malformed = read->malformed;
        page.limits = rate_limits(response, context.now);
        if (read->repaired) page.note = "the answer was not UTF-8; its broken bytes were replaced";
        go_on(page, cursor, *read, context);
        return page;
    }

private:
    struct Token {
        std::string access;
        seconds life{0};
    };

    [[nodiscard]] static WalkCursor cursor_of(std::string_view text) {
        WalkCursor cursor(text);
        if (cursor.time("s") == kNoTime || cursor.time("l") == kNoTime)
            cursor.keep_only({"w0", "w1", "k", "v"});
        return cursor;
    }
    [[nodiscard]] bool logged_in(WallTime now) const {
        return !session_->access.empty() && now < session_->expires;
    }
    [[nodiscard]] std::string token_host() const {
        return base_ == kRealHost ? std::string(kTokenHost) : base_;
    }
    [[nodiscard]] int listing(WalkCursor const& cursor) const {
        return !search_ && cursor.number("i") == 1 ? 1 : 0;
    }
    [[nodiscard]] static std::string_view mark_name(int listing) {
        return listing == 1 ? "w1" : "w0";
    }
    [[nodiscard]] static std::string_view newest_name(int listing) {
        return listing == 1 ? "n1" : "n0";
    }

    [[nodiscard]] HttpRequest token_request() const {
        HttpRequest request;
        request.method = "POST";
        request.url = token_host() + "/api/v1/access_token";
        request.body = "grant_type=client_credentials";
        request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
        request.headers.emplace_back("Authorization",
                                     "Basic " + base64(values_.get("client_id") + ":" +
                                                       values_.secret("client_secret_file")));
        request.headers.emplace_back("User-Agent", values_.get("user_agent"));
        request.ca_file = ca_file_;
        return request;
    }

    [[nodiscard]] HttpRequest listing_request(WalkCursor const& cursor) const {
        std::vector<std::pair<std::string, std::string>> params;
        std::string path;
        if (search_) {
            path = subreddit_.empty() ? "/search" : "/r/" + subreddit_ + "/search";
            params = {{"q", query_}, {"sort", "new"}, {"type", "link"}, {"t", "all"}};
            if (!subreddit_.empty()) params.emplace_back("restrict_sr", "1");
            params.emplace_back("include_over_18", "on");
        } else {
            path = "/r/" + subreddit_ + (listing(cursor) == 1 ? "/comments" : "/new");
        }
        params.emplace_back("limit", "100");
        params.emplace_back("raw_json", "1");
        if (cursor.has("a")) params.emplace_back("after", cursor.get("a"));
        HttpRequest request;
        request.url = exporters::with_query(base_ + path, params);
        request.headers.emplace_back("Authorization", "Bearer " + session_->access);
        request.headers.emplace_back("User-Agent", values_.get("user_agent"));
        request.headers.emplace_back("Accept", "application/json");
        request.ca_file = ca_file_;
        return request;
    }

    [[nodiscard]] static std::optional<Token> read_token(HttpResponse const& response) {
        if (response.status != 200 || response.body.size() > 16 * 1024 ||
            response.body.find("\"access_token\"") == std::string::npos)
            return std::nullopt;
        simdjson::dom::parser parser;
        simdjson::dom::object root;
        std::string_view access;
        if (parser.parse(response.body).get(root) != simdjson::SUCCESS ||
            root["access_token"].get(access) != simdjson::SUCCESS || access.empty())
            return std::nullopt;
        double life = 0;
        if (root["expires_in"].get(life) != simdjson::SUCCESS || !(life > 0)) life = 3600;
        // Renewed when nine tenths of it are over.
        auto const whole = seconds{static_cast<std::int64_t>(std::min(life, 1e9) * 0.9)};
        return Token{std::string(access), std::clamp<seconds>(whole, 1s, kLifeMax)};
    }

    Result<PollPage> accept_token(Token const& token, WalkCursor& cursor,
                                  PollContext const& context) {
        session_->access = token.access;
        session_->expires = context.now + token.life;
        // Refused sooner, it is the account that is wrong, and no login mends that.
        session_->not_before = context.now + kTokenMin;
        PollPage page;
        // Only so that the walk moves: the place in the listing stays.
        page.cursor = cursor.set("k", context.now).text();
        return page;
    }

    [[nodiscard]] Failure refusal(Failure failure, WalkCursor const& cursor,
                                  PollContext const& context) {
        failure.detail =
            without_secret(std::move(failure.detail), values_.secret("client_secret_file"));
        failure.detail = without_secret(std::move(failure.detail), session_->access);
        if (failure.fault == Fault::auth && !session_->access.empty()) {
            token_expired_ = context.now >= session_->not_before;
            session_->access.clear();
        }
        bool const gone = failure.fault == Fault::bad_request || failure.fault == Fault::not_found;
        if (gone && cursor.has("a")) failure.fault = Fault::bad_cursor;
        return failure;
    }

    // Moves the cursor past this page and says what the walk covers.
    void go_on(PollPage& page, WalkCursor& cursor, RedditPage const& read,
               PollContext const& context) const {
        if (!cursor.has("s")) {
            WallTime const edge = context.walk_started - kHistory;
            WallTime const known = context.covered_until;
            cursor.set("s", context.walk_started);
            cursor.set("l", known == kNoTime ? edge : std::max(known - kOverlap, edge));
        }
        cursor.set("k", std::string_view{});
        int const which = listing(cursor);
        std::int64_t const items = cursor.number("c") + static_cast<std::int64_t>(read.items);
        cursor.set("c", items);
        cursor.set(newest_name(which), std::max(cursor.time(newest_name(which)), read.newest));
        if (WallTime const o = cursor.time("o"); read.oldest != kNoTime)
            cursor.set("o", o == kNoTime ? read.oldest : std::min(o, read.oldest));
        WallTime const bound = cursor.time("l");
        WallTime const oldest = cursor.time("o");
        bool const reached = oldest != kNoTime && oldest < bound;
        if (!read.after.empty() && !reached && items < kPagesMax * 100) {
            page.cursor = cursor.set("a", read.after).text();
            return;
        }
        WallTime from = cursor.time("f");
        if (!reached) from = std::max(from, listing_from(cursor, which, context));
        if (!search_ && which == 0) {
            cursor.set("i", std::int64_t{1}).set("f", from);
            for (auto const* name : {"a", "c", "o"}) cursor.set(name, std::string_view{});
            page.cursor = cursor.text();
            return;
        }
        finish(page, cursor, from, context);
    }

    // The listing ended before the walk's bound: since when it is whole. kNoTime: all that there
    // is was seen.
    [[nodiscard]] static WallTime listing_from(WalkCursor const& cursor, int which,
                                               PollContext const& context) {
        WallTime const oldest = cursor.time("o");
        WallTime const mark = cursor.time(mark_name(which));
        bool const first = context.covered_until == kNoTime;
        bool const capped = cursor.number("c") >= kCap || cursor.has("v");
        if (first) return capped ? oldest : kNoTime;
        if (oldest == kNoTime) return kNoTime;
        bool const met = mark != kNoTime && oldest <= mark;
        return capped && !met ? oldest : kNoTime;
    }

    static void finish(PollPage& page, WalkCursor& cursor, WallTime from,
                       PollContext const& context) {
        page.complete = true;
        page.covered_until = cursor.time("s") - kDelay;
        WallTime const known = context.covered_until;
        // A first walk that was not cut saw everything since its bound.
        if (known == kNoTime || known < cursor.time("l")) from = std::max(from, cursor.time("l"));
        if (from != kNoTime && (known == kNoTime || from > known)) page.covered_from = from;
        for (int const which : {0, 1}) {
            WallTime const found = cursor.time(newest_name(which));
            if (found > cursor.time(mark_name(which))) cursor.set(mark_name(which), found);
        }
        page.cursor = cursor.keep_only({"w0", "w1"}).text();
    }

    RedditPageReader reader_;
    config::Values values_;
    std::string base_, ca_file_;
    std::shared_ptr<AccountSession> session_;
    std::string query_, subreddit_;
    QueryWords words_;
    bool search_;
    bool token_expired_ = false;
};

}  // namespace

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        auto const byte = [&](std::size_t k) {
            return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
        };
        unsigned const three = byte(0) << 16U | byte(1) << 8U | byte(2);
        for (unsigned k = 0; k < 4; ++k)
            out += i + k <= bytes.size() ? kDigits[three >> (18U - 6U * k) & 63U] : '=';
    }
    return out;
}

std::unique_ptr<Poller> make_reddit_search(AccountSettings const& account,
                                           StreamSettings const& stream) {
    return std::make_unique<Reddit>(account, stream, true);
}
std::unique_ptr<Poller> make_reddit_subreddit(AccountSettings const& account,
                                              StreamSettings const& stream) {
    return std::make_unique<Reddit>(account, stream, false);
}

}  // namespace surged::daemon
