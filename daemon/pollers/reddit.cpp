#include "daemon/pollers/reddit.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/reddit_page.h"
#include "daemon/pollers/reddit_session.h"
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

constexpr auto kOverlap = 10min;  // items that were held back or indexed late
constexpr auto kHistory =
    std::chrono::days{60};  // of the first walk; the listing mostly ends before
constexpr auto kOwnHistory = std::chrono::days{7};
// A listing that ends with fewer items has no more of them; beyond that it may have been cut, at
// about 1000 items, or wherever the platform cuts a search.
constexpr std::int64_t kCap = 90;
constexpr std::int64_t kPagesMax = 100;  // of one listing; the platform gives ten
constexpr seconds kDelay{60};            // listings are cached for half a minute

// Names in the cursor. w0, w1: the newest time of each listing that is complete. Of the walk in
// progress: s: its start; l: its lower bound; i: which listing (1: comments); a: `after` of the
// next page; c: items of this listing so far; n0, n1: newest times found; o: oldest time of this
// listing; f: covered from, as the listings before this one say; v: this walk was begun anew; k:
// when the token was fetched that made the walk wait.
class Reddit final : public Poller {
public:
    enum class Path : std::uint8_t { search, subreddit, own };
    Reddit(AccountSettings const& account, StreamSettings const& stream, Path path)
        : session_(account),
          query_(stream.values.get("query")),
          subreddit_(stream.values.get("subreddit")),
          user_(stream.values.get("user")),
          path_(path) {
        if (path_ == Path::subreddit) words_ = QueryWords(query_);
        for (std::string_view const prefix : {"/u/", "u/"})
            if (user_.starts_with(prefix)) user_.erase(0, prefix.size());
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
    bool reload_secrets() override { return session_.reload_secrets(); }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        return session_.live(context.now) ? listing_request(cursor_of(text)) : session_.login();
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor = cursor_of(text);
        // Another poller of the account may have logged in meanwhile: the answer says what was
        // asked.
        if (session_.begin(response, context.now)) {
            PollPage page;
            // Only so that the walk moves: the place in the listing stays.
            page.cursor = cursor.set("k", context.now).text();
            return page;
        }
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
    [[nodiscard]] static WalkCursor cursor_of(std::string_view text) {
        WalkCursor cursor(text);
        if (cursor.time("s") == kNoTime || cursor.time("l") == kNoTime)
            cursor.keep_only({"w0", "w1", "k", "v"});
        return cursor;
    }
    [[nodiscard]] int listing(WalkCursor const& cursor) const {
        return path_ == Path::subreddit && cursor.number("i") == 1 ? 1 : 0;
    }
    [[nodiscard]] static std::string_view mark_name(int listing) {
        return listing == 1 ? "w1" : "w0";
    }
    [[nodiscard]] static std::string_view newest_name(int listing) {
        return listing == 1 ? "n1" : "n0";
    }

    [[nodiscard]] HttpRequest listing_request(WalkCursor const& cursor) const {
        std::vector<std::pair<std::string, std::string>> params;
        std::string path;
        if (path_ == Path::own) {
            path = "/user/" + exporters::url_encode(user_) + "/overview";
            params = {{"sort", "new"}};
        } else if (path_ == Path::search) {
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
        return session_.get(path, params);
    }

    [[nodiscard]] Failure refusal(Failure failure, WalkCursor const& cursor,
                                  PollContext const& context) {
        failure = session_.refusal(std::move(failure), context.now);
        bool const gone = failure.fault == Fault::bad_request || failure.fault == Fault::not_found;
        if (gone && cursor.has("a")) failure.fault = Fault::bad_cursor;
        return failure;
    }

    // Moves the cursor past this page and says what the walk covers.
    void go_on(PollPage& page, WalkCursor& cursor, RedditPage const& read,
               PollContext const& context) const {
        if (!cursor.has("s")) {
            WallTime const edge =
                context.walk_started - (path_ == Path::own ? kOwnHistory : kHistory);
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
        if (path_ == Path::subreddit && which == 0) {
            cursor.set("i", std::int64_t{1}).set("f", from);
            for (auto const* name : {"a", "c", "o"}) cursor.set(name, std::string_view{});
            page.cursor = cursor.text();
            return;
        }
        finish(page, cursor, from, context);
    }

    // The listing ended before the walk's bound: since when it is whole. kNoTime: all that there
    // is was seen. Times are whole seconds: of the oldest one the listing may hold a part only.
    [[nodiscard]] static WallTime listing_from(WalkCursor const& cursor, int which,
                                               PollContext const& context) {
        WallTime const oldest = cursor.time("o");
        WallTime const mark = cursor.time(mark_name(which));
        bool const first = context.covered_until == kNoTime;
        bool const capped = cursor.number("c") >= kCap || cursor.has("v");
        if (first) return capped && oldest != kNoTime ? oldest + 1s : kNoTime;
        if (oldest == kNoTime) return kNoTime;
        bool const met = mark != kNoTime && oldest <= mark;
        return capped && !met ? oldest + 1s : kNoTime;
    }

    static void finish(PollPage& page, WalkCursor& cursor, WallTime from,
                       PollContext const& context) {
        page.complete = true;
        page.covered_until = cursor.time("s") - kDelay;
        WallTime const known = context.covered_until;
        // A first walk that was not cut saw everything since its bound.
        if (known == kNoTime || known < cursor.time("l")) from = std::max(from, cursor.time("l"));
        if (from != kNoTime && (known == kNoTime || from > known)) page.covered_from = from;
        // A walk that an outage held up may know its lists only since after its own start: what it
        // met vouches for nothing then.
        bool const nothing = page.covered_from && *page.covered_from > *page.covered_until;
        for (int const which : {0, 1}) {
            if (nothing) break;
            WallTime const found = cursor.time(newest_name(which));
            if (found > cursor.time(mark_name(which))) cursor.set(mark_name(which), found);
        }
        page.cursor = cursor.keep_only({"w0", "w1"}).text();
    }

    RedditPageReader reader_;
    RedditSession session_;
    std::string query_, subreddit_, user_;
    QueryWords words_;
    Path path_;
};

}  // namespace

std::unique_ptr<Poller> make_reddit_search(AccountSettings const& account,
                                           StreamSettings const& stream) {
    return std::make_unique<Reddit>(account, stream, Reddit::Path::search);
}
std::unique_ptr<Poller> make_reddit_subreddit(AccountSettings const& account,
                                              StreamSettings const& stream) {
    return std::make_unique<Reddit>(account, stream, Reddit::Path::subreddit);
}
std::unique_ptr<Poller> make_reddit_own(AccountSettings const& account,
                                        StreamSettings const& stream) {
    return std::make_unique<Reddit>(account, stream, Reddit::Path::own);
}

}  // namespace surged::daemon
