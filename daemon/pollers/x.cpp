#include "daemon/pollers/x.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/pollers/x_page.h"
#include "daemon/settings.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::MentionBatch;
using std::chrono::seconds;

constexpr std::string_view kBase = "https://api.x.com";
// The index shows some posts late; what is read again is recognised and costs nothing twice.
constexpr seconds kOverlap{90};
// How far search and counts reach back. A start_time or since_id just inside the edge would fall
// out of it while a long walk repeats it, so anything near the edge is asked for without bounds.
constexpr auto kReach = std::chrono::days{7};
constexpr auto kReachMargin = 2h;
constexpr auto kReachSlack = 60s;
// A timeline gives its newest 800 posts: less what was deleted, less what came while the walk went
// on (for days, when an outage held it up) and pushed the oldest out. Where what was read and what
// will have come are more than half of them, the walk vouches for nothing before the oldest it saw,
// which is little where so much is written.
constexpr double kTimelineDepth = 400;
constexpr double kOwnDepth = 1600;  // likewise, of 3200
constexpr auto kOwnHistory = std::chrono::days{7};
constexpr seconds kCountsOverlap{600};  // revisions of minutes
constexpr seconds kSearchDelay{30};

// Names in the cursor. w: newest id of the last complete walk; a: the platform refused it, go by
// time. Of the walk in progress: t: token of the next page; n: newest id found; s: its start; i, f:
// the since_id or start_time that every page repeats; c, o: posts so far and the oldest of them.
// u, h: id of the watched user and the handle it was found by.
using Params = std::vector<std::pair<std::string, std::string>>;

// The lower bound of one walk. At most one of the two is set: X refuses both together.
struct Bound {
    std::string since_id;
    WallTime start_time = kNoTime;
    [[nodiscard]] bool none() const { return since_id.empty() && start_time == kNoTime; }
};

class XPoller : public Poller {
public:
    XPoller(AccountSettings const& account, StreamSettings const& stream)
        : values_(account.values),
          base_(account.base_url.empty() ? std::string(kBase) : account.base_url),
          ca_file_(account.ca_file),
          kind_(stream.kind) {}

    [[nodiscard]] std::string restart(std::string_view cursor) const override {
        WalkCursor c(cursor);
        c.keep_only({"w", "u", "h"});
        if (c.has("w")) c.set("a", std::int64_t{1});
        return c.text();
    }
    bool reload_secrets() override { return values_.reload_secrets(); }

protected:
    [[nodiscard]] HttpRequest request(std::string const& path, Params const& params) const {
        HttpRequest r;
        r.url = exporters::with_query(base_ + path, params);
        r.headers.emplace_back("Authorization", "Bearer " + values_.secret("bearer_token_file"));
        r.headers.emplace_back("Accept", "application/json");
        r.ca_file = ca_file_;
        return r;
    }
    void add_fields(Params& params) const {
        char const* const prefix = post_spelling_ ? "post" : "tweet";
        params.emplace_back(
            std::string(prefix) + ".fields",
            std::string("created_at,author_id,conversation_id,in_reply_to_user_id,lang,"
                        "public_metrics,edit_history_") +
                prefix + "_ids,referenced_" + prefix + "s,note_" + prefix);
        params.emplace_back("expansions", "author_id");
        params.emplace_back("user.fields", "username,created_at,public_metrics");
    }
    [[nodiscard]] Failure refusal(HttpResponse const& response, PollContext const& context,
                                  bool asked_since) {
        // Once per life of the poller: servers of either spelling exist, none that knows neither.
        if (!spelling_tried_ && x_wants_other_spelling(response)) {
            spelling_tried_ = true;
            post_spelling_ = !post_spelling_;
            return {Fault::transient, "the platform wants the other spelling of fields"};
        }
        Failure failure = x_refusal(response, context.now, asked_since);
        failure.detail =
            without_secret(std::move(failure.detail), values_.secret("bearer_token_file"));
        return failure;
    }

    XPageReader reader_;
    config::Values values_;
    std::string base_, ca_file_, kind_;
    bool post_spelling_ = false, spelling_tried_ = false;
};

// The lower bound of the walk that begins, or went on, at `cursor`. `reach`: how far the platform
// looks back at all; 0: any distance.
Bound bound_of(WalkCursor const& cursor, PollContext const& context, std::chrono::days reach) {
    if (cursor.has("t")) return {cursor.get("i"), cursor.time("f")};
    WallTime const covered = context.covered_until;
    WallTime const edge = reach.count() == 0 ? WallTime{} : context.now - reach + kReachMargin;
    std::string const mark = cursor.get("w");
    auto const mark_time = x_id_time(mark);
    if (!mark.empty() && !cursor.has("a") && (!mark_time || *mark_time > edge)) {
        // Never beyond the watermark, whatever our clock says; behind it as far as posts may still
        // have been hidden when the last walk began. A quiet stream thus reads nothing twice.
        std::string since = mark;
        if (mark_time && covered != kNoTime) {
            std::string const overlap = x_id_at(std::max(covered - kOverlap, edge));
            if (id_less(overlap, mark)) since = overlap;
        }
        return {since, kNoTime};
    }
    if (covered != kNoTime && covered - kOverlap > edge)
        return {{}, std::chrono::floor<seconds>(covered - kOverlap)};
    return {};
}

// A walk whose beginning is not known was damaged; what earlier walks completed may still be good.
WalkCursor cursor_of(std::string_view text) {
    WalkCursor cursor(text);
    if (cursor.has("t") && cursor.time("s") == kNoTime) cursor.keep_only({"w", "u", "h"});
    return cursor;
}

void add_bound(Params& params, Bound const& bound) {
    if (!bound.since_id.empty()) params.emplace_back("since_id", bound.since_id);
    if (bound.start_time != kNoTime)
        params.emplace_back("start_time", detectors::rfc3339(bound.start_time));
}

// Search, mentions and our own posts: the same walk over different paths.
class XPosts final : public XPoller {
public:
    enum class Path : std::uint8_t { search, mentions, own };
    XPosts(AccountSettings const& account, StreamSettings const& stream, Path path)
        : XPoller(account, stream),
          search_(path == Path::search),
          own_(path == Path::own),
          query_(stream.values.get("query")),
          user_(stream.values.get("user")) {
        if (user_.starts_with('@')) user_.erase(0, 1);
    }

    [[nodiscard]] seconds indexing_delay() const override {
        return search_ ? kSearchDelay : seconds{15};
    }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        WalkCursor const cursor = cursor_of(text);
        if (must_resolve(cursor))
            return request("/2/users/by/username/" + exporters::url_encode(user_), {});
        Params params;
        if (search_) params.emplace_back("query", query_);
        params.emplace_back("max_results", "100");
        add_fields(params);
        if (own_) params.emplace_back("exclude", "retweets");
        add_bound(params, walk_bound(cursor, context));
        // One and the same token has two names.
        if (cursor.has("t"))
            params.emplace_back(search_ ? "next_token" : "pagination_token", cursor.get("t"));
        return request(search_ ? "/2/tweets/search/recent"
                               : "/2/users/" + exporters::url_encode(user_id(cursor)) +
                                     (own_ ? "/tweets" : "/mentions"),
                       params);
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor = cursor_of(text);
        if (must_resolve(cursor)) return accept_user(response, cursor, context);
        Bound const bound = walk_bound(cursor, context);
        if (response.status < 200 || response.status > 299)
            return refusal(response, context, cursor.has("t") || !bound.none());
        std::size_t const before = out.items.size();
        Result<XPage> read = reader_.posts(response, out);
        if (!read) return read.error();
        if (!read->next_token.empty() && read->next_token == cursor.get("t")) {
            out.items.resize(before);
            return Failure(Fault::bad_cursor, "the next page is the same page");
        }
        PollPage page;
        page.reads = read->posts;
        page.malformed = read->malformed;
        page.note = std::move(read->note);
        page.limits = x_limits(response, context.now, kind_);
        go_on(page, cursor, *read, bound, context);
        return page;
    }

private:
    [[nodiscard]] std::chrono::days reach() const {
        return search_ ? kReach : std::chrono::days{0};
    }
    // Of our own posts the first walk wants what a crisis may begin from, not all there ever was.
    [[nodiscard]] Bound walk_bound(WalkCursor const& cursor, PollContext const& context) const {
        Bound bound = bound_of(cursor, context, reach());
        if (own_ && bound.none() && !cursor.has("t"))
            bound.start_time = std::chrono::floor<seconds>(context.walk_started - kOwnHistory);
        return bound;
    }
    [[nodiscard]] bool user_is_id() const {
        return !user_.empty() && user_.find_first_not_of("0123456789") == std::string::npos;
    }
    [[nodiscard]] bool must_resolve(WalkCursor const& cursor) const {
        return !search_ && !user_is_id() && (!cursor.has("u") || cursor.get("h") != user_);
    }
    [[nodiscard]] std::string user_id(WalkCursor const& cursor) const {
        return user_is_id() ? user_ : cursor.get("u");
    }

    // The first step of a first walk: the handle's id, which never changes and is kept.
    Result<PollPage> accept_user(HttpResponse const& response, WalkCursor& cursor,
                                 PollContext const& context) {
        if (response.status < 200 || response.status > 299)
            return refusal(response, context, false);
        Result<std::string> id = reader_.user_id(response);
        if (!id) return id.error();
        PollPage page;
        page.reads = 1;
        page.cursor = cursor.set("u", std::string_view(*id)).set("h", user_).text();
        return page;
    }

    // Moves the cursor past this page and says what the walk covers.
    void go_on(PollPage& page, WalkCursor& cursor, XPage const& read, Bound const& bound,
               PollContext const& context) const {
        bool const first = !cursor.has("t");
        if (first) {
            cursor.set("s", context.walk_started).set("n", read.newest_id);
            cursor.set("i", bound.since_id).set("f", bound.start_time);
        }
        cursor.set("c", cursor.number("c") + std::int64_t(read.posts));
        WallTime const oldest = cursor.time("o");
        if (read.oldest != kNoTime && (oldest == kNoTime || read.oldest < oldest))
            cursor.set("o", read.oldest);
        if (!read.next_token.empty()) {
            page.cursor = cursor.set("t", read.next_token).text();
            return;
        }
        page.complete = true;
        // A walk that was resumed by another process began when its cursor says.
        WallTime const started = cursor.time("s");
        if (started != kNoTime) page.covered_until = started - indexing_delay();
        page.covered_from = covered_from(cursor, bound, context);
        if (id_less(cursor.get("w"), cursor.get("n"))) cursor.set("w", cursor.get("n"));
        page.cursor = cursor.keep_only({"w", "u", "h"}).text();
    }

    // Posts that the walk read, and those that came since it began if more came as before.
    [[nodiscard]] static double pushed(WalkCursor const& cursor, PollContext const& context) {
        auto const read = double(cursor.number("c"));
        WallTime const started = cursor.time("s");
        WallTime const oldest = cursor.time("o");
        if (oldest == kNoTime || started == kNoTime || context.now <= started) return read;
        auto const span = std::max<std::chrono::milliseconds>(started - oldest, 1min);
        return read * (1 + double((context.now - started).count()) / double(span.count()));
    }

    [[nodiscard]] std::optional<WallTime> covered_from(WalkCursor const& cursor, Bound const& bound,
                                                       PollContext const& context) const {
        WallTime const started = cursor.time("s");
        WallTime from = kNoTime;
        if (search_) {
            if (!bound.none()) return std::nullopt;
            // The edge moves on while a long walk is under way: that of its last page counts.
            from = context.now - kReach + kReachSlack;
        } else if (bound.none() || pushed(cursor, context) >= (own_ ? kOwnDepth : kTimelineDepth)) {
            // Everything there ever was, or as many as may be cut: known from the oldest of them.
            // Times are whole seconds: of the oldest one a part only may have been there.
            from = cursor.time("o");
            from = from == kNoTime ? started - indexing_delay() - 1min : from + 1s;
        } else {
            return std::nullopt;
        }
        if (context.covered_until != kNoTime && from <= context.covered_until) return std::nullopt;
        return from;
    }

    bool search_, own_;
    std::string query_, user_;
};

class XCounts final : public XPoller {
public:
    XCounts(AccountSettings const& account, StreamSettings const& stream)
        : XPoller(account, stream), query_(stream.values.get("query")) {}

    [[nodiscard]] seconds indexing_delay() const override { return kSearchDelay; }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        WalkCursor const cursor(text);
        Params params{{"query", query_}, {"granularity", "minute"}};
        WallTime const from = start(cursor, context);
        if (from != kNoTime) params.emplace_back("start_time", detectors::rfc3339(from));
        if (cursor.has("t")) params.emplace_back("next_token", cursor.get("t"));
        return request("/2/tweets/counts/recent", params);
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch&) override {
        WalkCursor cursor(text);
        WallTime const from = start(cursor, context);
        if (response.status < 200 || response.status > 299)
            return refusal(response, context, cursor.has("t") || from != kNoTime);
        PollPage page;
        Result<XPage> read = reader_.counts(response, page.counts);
        if (!read) return read.error();
        if (!read->next_token.empty() && read->next_token == cursor.get("t"))
            return Failure(Fault::bad_cursor, "the next page is the same page");
        page.reads = 1;  // this endpoint is charged by request
        page.malformed = read->malformed;
        page.note = std::move(read->note);
        page.limits = x_limits(response, context.now, kind_);

        // Known from the first whole minute that any page gave to the last.
        WallTime first = cursor.time("o");
        WallTime last = cursor.time("e");
        for (auto const& bucket : page.counts) {
            first = first == kNoTime ? bucket.start : std::min(first, bucket.start);
            last = std::max(last, bucket.start + bucket.length);
        }
        if (!read->next_token.empty()) {
            cursor.set("t", read->next_token).set("f", from).set("o", first).set("e", last);
            page.cursor = cursor.text();
            return page;
        }
        page.complete = true;
        page.covered_until = last;  // kNoTime: nothing new
        if (first != kNoTime && (context.covered_until == kNoTime || first > context.covered_until))
            page.covered_from = first;
        return page;
    }

private:
    [[nodiscard]] WallTime start(WalkCursor const& cursor, PollContext const& context) const {
        if (cursor.has("t")) return cursor.time("f");
        if (context.covered_until == kNoTime) return kNoTime;
        WallTime const from = detectors::floor_minute(context.covered_until - kCountsOverlap);
        return from > context.now - kReach + kReachMargin ? from : kNoTime;
    }

    std::string query_;
};

}  // namespace

std::unique_ptr<Poller> make_x_search(AccountSettings const& account,
                                      StreamSettings const& stream) {
    return std::make_unique<XPosts>(account, stream, XPosts::Path::search);
}
std::unique_ptr<Poller> make_x_mentions(AccountSettings const& account,
                                        StreamSettings const& stream) {
    return std::make_unique<XPosts>(account, stream, XPosts::Path::mentions);
}
std::unique_ptr<Poller> make_x_own(AccountSettings const& account, StreamSettings const& stream) {
    return std::make_unique<XPosts>(account, stream, XPosts::Path::own);
}
std::unique_ptr<Poller> make_x_counts(AccountSettings const& account,
                                      StreamSettings const& stream) {
    return std::make_unique<XCounts>(account, stream);
}

}  // namespace surged::daemon
