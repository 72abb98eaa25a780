#include "daemon/pollers/mastodon.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/mastodon_page.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <algorithm>
#include <cctype>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::MentionBatch;
using std::chrono::seconds;

constexpr auto kHistory = std::chrono::days{30};  // of the first walk; 40 posts a page, 300 pages
                                                  // a quarter of an hour
constexpr auto kOwnHistory = std::chrono::days{7};
constexpr auto kOverlap = 15min;  // posts that federate late
constexpr auto kOverlapEvery = 5min;
constexpr seconds kDelay{30};

std::string host_of(std::string_view base) {
    auto const scheme = base.find("://");
    if (scheme != std::string_view::npos) base.remove_prefix(scheme + 3);
    return std::string(base.substr(0, base.find_first_of(":/?#")));
}

std::set<std::string> bare_handles(StreamSettings const& stream) {
    std::set<std::string> out;
    for (auto const* list : {&stream.exclude.own, &stream.exclude.authors})
        for (std::string name : *list) {
            if (name.starts_with('@')) name.erase(0, 1);
            for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            if (name.find('@') == std::string::npos) out.insert(std::move(name));
        }
    return out;
}

// Names in the cursor. w: newest id that is complete; r: when the overlap was last read again. Of
// the walk in progress: s: its start; back: m: max_id of the next page, n: newest id found, l: how
// far back it goes, o: oldest time found; forward: p: min_id of the next page.
class Mastodon final : public Poller {
public:
    enum class Path : std::uint8_t { tag, notifications, own };
    Mastodon(AccountSettings const& account, StreamSettings const& stream, Path path)
        : reader_(host_of(account.base_url), bare_handles(stream)),
          values_(account.values),
          base_(account.base_url),
          ca_file_(account.ca_file),
          tag_(stream.values.get("tag")),
          user_(stream.values.get("user")),
          notifications_(path == Path::notifications),
          own_(path == Path::own) {
        if (tag_.starts_with('#')) tag_.erase(0, 1);
        if (user_.starts_with('@')) user_.erase(0, 1);
        // An instance knows its own people by their bare names.
        std::string const here = "@" + host_of(account.base_url);
        if (user_.ends_with(here)) user_.erase(user_.size() - here.size());
    }

    [[nodiscard]] seconds indexing_delay() const override { return kDelay; }

    [[nodiscard]] std::string restart(std::string_view text) const override {
        WalkCursor cursor(text);
        // A watermark that was refused as it stood is worth nothing: look back by time instead.
        bool const walking = cursor.has("p") || cursor.has("m");
        if (walking)
            cursor.keep_only({"w", "r", "u", "h"});
        else
            cursor.keep_only({"u", "h"});
        return cursor.text();
    }
    bool reload_secrets() override { return values_.reload_secrets(); }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        WalkCursor const cursor = cursor_of(text);
        std::vector<std::pair<std::string, std::string>> params;
        if (must_resolve(cursor)) return request("/api/v1/accounts/lookup", {{"acct", user_}});
        if (own_) params = {{"exclude_reblogs", "true"}};
        if (notifications_) {
            // Withheld ones too: a crisis is made of strangers.
            params = {{"types[]", "mention"}, {"types[]", "quote"}, {"include_filtered", "true"}};
        }
        params.emplace_back("limit", notifications_ ? "80" : "40");
        if (cursor.has("m")) params.emplace_back("max_id", cursor.get("m"));
        if (forward(cursor)) params.emplace_back("min_id", position(cursor, context));
        if (own_)
            return request(
                "/api/v1/accounts/" + exporters::url_encode(cursor.get("u")) + "/statuses", params);
        return request(notifications_ ? std::string("/api/v1/notifications")
                                      : "/api/v1/timelines/tag/" + exporters::url_encode(tag_),
                       params);
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor = cursor_of(text);
        if (must_resolve(cursor)) return accept_account(response, cursor, context);
        MastodonPage read;
        if (auto failure = refused(response, context.now)) {
            if (!nothing_there(response)) return refusal(std::move(*failure), cursor);
        } else {
            Result<MastodonPage> result = reader_.read(response, notifications_, out);
            if (!result) return result.error();
            read = std::move(*result);
        }
        PollPage page;
        page.reads = read.items;
        page.malformed = read.malformed;
        page.limits = rate_limits(response, context.now);
        if (read.repaired) page.note = "the answer was not UTF-8; its broken bytes were replaced";
        if (forward(cursor))
            go_forward(page, cursor, read, response, context);
        else
            go_back(page, cursor, read, response, context);
        return page;
    }

private:
    [[nodiscard]] HttpRequest request(
        std::string const& path,
        std::vector<std::pair<std::string, std::string>> const& params) const {
        HttpRequest r;
        r.url = exporters::with_query(base_ + path, params);
        if (std::string const token = values_.secret("access_token_file"); !token.empty())
            r.headers.emplace_back("Authorization", "Bearer " + token);
        r.headers.emplace_back("Accept", "application/json");
        r.ca_file = ca_file_;
        return r;
    }
    [[nodiscard]] bool must_resolve(WalkCursor const& cursor) const {
        return own_ && (!cursor.has("u") || cursor.get("h") != user_);
    }
    // The first step of a first walk: the account's id on this server, which is kept.
    Result<PollPage> accept_account(HttpResponse const& response, WalkCursor& cursor,
                                    PollContext const& context) {
        if (auto failure = refused(response, context.now)) {
            failure->detail =
                without_secret(std::move(failure->detail), values_.secret("access_token_file"));
            return std::move(*failure);
        }
        Result<std::string> const id = mastodon_account_id(response);
        if (!id) return id.error();
        PollPage page;
        page.limits = rate_limits(response, context.now);
        page.cursor = cursor.keep_only({}).set("u", std::string_view(*id)).set("h", user_).text();
        return page;
    }
    [[nodiscard]] std::chrono::days history() const { return own_ ? kOwnHistory : kHistory; }
    // A walk whose beginning is not known was damaged: only what was complete before it is
    // believed.
    [[nodiscard]] static WalkCursor cursor_of(std::string_view text) {
        WalkCursor cursor(text);
        if (cursor.time("s") == kNoTime) cursor.keep_only({"w", "r", "u", "h"});
        return cursor;
    }
    [[nodiscard]] static bool forward(WalkCursor const& cursor) {
        return cursor.has("w") && !cursor.has("m");
    }

    // A hashtag that nobody used may be 404 or an empty list, depending on the server's age.
    [[nodiscard]] bool nothing_there(HttpResponse const& response) const {
        return !notifications_ && !own_ && response.status == 404 &&
               !error_words(response.body).empty();
    }

    [[nodiscard]] Failure refusal(Failure failure, WalkCursor const& cursor) const {
        failure.detail =
            without_secret(std::move(failure.detail), values_.secret("access_token_file"));
        bool const asked = cursor.has("w") || cursor.has("m");
        if (failure.fault == Fault::bad_request && asked) failure.fault = Fault::bad_cursor;
        return failure;
    }

    // Where a forward walk begins, or stands.
    [[nodiscard]] std::string position(WalkCursor const& cursor, PollContext const& context) const {
        if (cursor.has("p")) return cursor.get("p");
        std::string const mark = cursor.get("w");
        auto const time = notifications_ ? std::nullopt : mastodon_id_time(mark, context.now);
        WallTime const last = cursor.time("r");
        if (!time || (last != kNoTime && context.now - last < kOverlapEvery)) return mark;
        // Quiet streams have nothing to read again; busy ones only what is recent.
        WallTime const from = std::max(context.covered_until, *time) - kOverlap;
        std::string const overlap = mastodon_id_at(from);
        return id_less(overlap, mark) ? overlap : mark;
    }

    void go_forward(PollPage& page, WalkCursor& cursor, MastodonPage const& read,
                    HttpResponse const& response, PollContext const& context) const {
        std::string const from = position(cursor, context);
        if (!cursor.has("p")) {
            cursor.set("s", context.walk_started);
            if (from != cursor.get("w") || !cursor.has("r")) cursor.set("r", context.now);
        }
        std::string to = read.newest;
        std::string const linked = query_value(link_target(response, "prev"), "min_id");
        if (read.items > 0 && id_less(to, linked)) to = linked;
        WallTime const complete = cursor.time("s") - indexing_delay();
        if (id_less(cursor.get("w"), to)) cursor.set("w", to);
        // Nothing newer came: the end. The same when a server does not know min_id.
        if (read.items == 0 || !id_less(from, to)) {
            page.complete = true;
            page.covered_until = complete;
            page.cursor = cursor.keep_only({"w", "r", "u", "h"}).text();
            return;
        }
        // Ids are times of arrival: what stands below the newest of this page has arrived.
        if (auto const at = mastodon_id_time(to, context.now); at && !notifications_) {
            WallTime const until = std::min(*at - indexing_delay(), complete);
            if (until > context.covered_until) page.covered_until = until;
        }
        page.cursor = cursor.set("p", to).text();
    }

    void go_back(PollPage& page, WalkCursor& cursor, MastodonPage const& read,
                 HttpResponse const& response, PollContext const& context) const {
        if (!cursor.has("m")) {
            WallTime const edge = context.covered_until == kNoTime
                                      ? context.walk_started - history()
                                      : context.covered_until - kOverlap;
            cursor.set("s", context.walk_started).set("n", read.newest).set("l", edge);
        }
        if (WallTime const o = cursor.time("o"); read.oldest_at != kNoTime)
            cursor.set("o", o == kNoTime ? read.oldest_at : std::min(o, read.oldest_at));
        WallTime const edge = cursor.time("l");
        bool const past_edge = read.newest_at != kNoTime && read.newest_at < edge;
        std::string to = query_value(link_target(response, "next"), "max_id");
        if (to.empty()) to = read.oldest;
        bool const stands = to.empty() || to == cursor.get("m");
        if (read.items > 0 && !past_edge && !stands) {
            page.cursor = cursor.set("m", to).text();
            return;
        }
        WallTime const started = cursor.time("s");
        page.complete = true;
        page.covered_until = started - indexing_delay();
        if (context.covered_until == kNoTime) {
            WallTime const oldest = cursor.time("o");
            page.covered_from =
                oldest == kNoTime ? *page.covered_until - 1min : std::max(oldest, edge);
        }
        cursor.set("w", cursor.get("n"));
        page.cursor = cursor.keep_only({"w", "u", "h"}).text();
    }

    MastodonPageReader reader_;
    config::Values values_;
    std::string base_, ca_file_, tag_, user_;
    bool notifications_, own_;
};

}  // namespace

std::unique_ptr<Poller> make_mastodon_tag(AccountSettings const& account,
                                          StreamSettings const& stream) {
    return std::make_unique<Mastodon>(account, stream, Mastodon::Path::tag);
}
std::unique_ptr<Poller> make_mastodon_mentions(AccountSettings const& account,
                                               StreamSettings const& stream) {
    return std::make_unique<Mastodon>(account, stream, Mastodon::Path::notifications);
}
std::unique_ptr<Poller> make_mastodon_own(AccountSettings const& account,
                                          StreamSettings const& stream) {
    return std::make_unique<Mastodon>(account, stream, Mastodon::Path::own);
}

}  // namespace surged::daemon
