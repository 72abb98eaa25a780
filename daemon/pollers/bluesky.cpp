#include "daemon/pollers/bluesky.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/bluesky_page.h"
#include "daemon/pollers/bluesky_session.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <algorithm>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::MentionBatch;
using std::chrono::seconds;

constexpr auto kHistory = std::chrono::days{30}, kOwnHistory = std::chrono::days{7};
constexpr auto kOverlap = 2min;
constexpr auto kDeepOverlap = 15min;
constexpr auto kDeepEvery = 5min;
constexpr seconds kDelay{30};
constexpr std::int64_t kPage = 100;
constexpr std::int64_t kEmptyMost = 30;  // pages without a post, one after the other
constexpr std::int64_t kStillMost = 3;   // pages whose cursor leads to themselves, in a row
constexpr int kSameTrouble = 3;          // a cursor that is no good is answered with 500 or 502

using Params = std::vector<std::pair<std::string, std::string>>;

// Names in the cursor. r: when the overlap was last read deep. Of the walk in progress: s: its
// start; t: the platform's cursor; u: until, of the slice; l: how far back it goes; c: posts of
// the slice; o: the oldest of the walk; e: empty pages in a row; w: how often it stood still; n: it
// lists notifications; d: it reads the overlap deep.
class Bluesky final : public Poller {
public:
    Bluesky(AccountSettings const& account, StreamSettings const& stream)
        : session_(account),
          query_(stream.values.get("query")),
          actor_(stream.values.get("actor")),
          user_(stream.kind == "own" ? stream.values.get("user") : std::string()) {
        if (actor_.starts_with('@')) actor_.erase(0, 1);
        if (user_.starts_with('@')) user_.erase(0, 1);
        if (query_.empty()) query_ = actor_.starts_with("did:") ? actor_ : "@" + actor_;
    }

    [[nodiscard]] seconds indexing_delay() const override { return kDelay; }
    [[nodiscard]] std::string restart(std::string_view text) const override {
        return WalkCursor(text).keep_only({"r"}).text();
    }
    WallTime ready_at(WallTime now) override { return session_.ready_at(now); }
    bool reload_secrets() override { return session_.reload_secrets(); }

    // Remembers what was asked for, because another poller of the account may bring a session
    // before the answer is here.
    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        asked_ = session_.next(context.now);
        asked_with_ = session_.token();
        if (asked_ != BlueskySession::Ask::page) return session_.request(asked_);
        WalkCursor const cursor = begun(text, context);
        Params params;
        if (own()) {
            params = {{"actor", user_}, {"filter", "posts_with_replies"}};
        } else if (notifications()) {
            for (auto const* reason : {"mention", "reply", "quote"})
                params.emplace_back("reasons", reason);
        } else {
            params = {{"q", query_}, {"sort", "latest"}};
            if (!actor_.empty()) params.emplace_back("mentions", actor_);
            params.emplace_back("since", full_time(cursor.time("l")));
            params.emplace_back("until", full_time(cursor.time("u")));
        }
        params.emplace_back("limit", std::to_string(kPage));
        if (cursor.has("t")) params.emplace_back("cursor", cursor.get("t"));
        return session_.get(own()             ? "app.bsky.feed.getAuthorFeed"
                            : notifications() ? "app.bsky.notification.listNotifications"
                                              : "app.bsky.feed.searchPosts",
                            params);
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        if (asked_ != BlueskySession::Ask::page) {
            Result<PollPage> page = session_.accept(response, asked_, context.now);
            if (page) page->cursor = text;
            return page;
        }
        WalkCursor cursor = begun(text, context);
        if (response.status < 200 || response.status > 299)
            return refusal(response, cursor, context);
        Result<BlueskyPage> read =
            own() ? reader_.read_feed(response, out) : reader_.read(response, notifications(), out);
        if (!read) return read.error();
        troubles_ = 0;
        PollPage page;
        page.reads = read->items;
        page.malformed = read->malformed;
        page.limits = rate_limits(response, context.now);
        if (read->repaired) page.note = "the answer was not UTF-8; its broken bytes were replaced";
        go_on(page, cursor, *read, context);
        return page;
    }

private:
    // "2026-11-20T14:03:27.537Z": production refuses a date alone.
    [[nodiscard]] static std::string full_time(WallTime t) { return detectors::rfc3339(t); }

    [[nodiscard]] bool own() const { return !user_.empty(); }
    [[nodiscard]] bool notifications() const { return !actor_.empty() && session_.is_us(actor_); }
    // The list knows no bounds: it is left where it becomes older than ours.
    [[nodiscard]] bool unbounded_list() const { return own() || notifications(); }

    // The cursor of a walk in progress, or of one that begins now. One that was damaged, or was
    // begun on the other list, begins anew.
    [[nodiscard]] WalkCursor begun(std::string_view text, PollContext const& context) const {
        WalkCursor cursor(text);
        bool const good = cursor.time("s") != kNoTime && cursor.time("l") != kNoTime &&
                          cursor.time("u") != kNoTime && cursor.has("n") == notifications();
        if (good) return cursor;
        cursor.keep_only({"r"});
        WallTime const read = cursor.time("r");
        bool const deep = read == kNoTime || read > context.walk_started ||
                          context.walk_started - read >= kDeepEvery;
        WallTime edge = context.walk_started - (own() ? kOwnHistory : kHistory);
        if (context.covered_until != kNoTime)
            edge = context.covered_until - (deep || own() ? kDeepOverlap : kOverlap);
        cursor.set("s", context.walk_started).set("u", context.walk_started);
        cursor.set("l", std::min(edge, context.walk_started - 1s));
        if (notifications()) cursor.set("n", std::int64_t{1});
        if (deep) cursor.set("d", std::int64_t{1});
        return cursor;
    }

    [[nodiscard]] Failure refusal(HttpResponse const& response, WalkCursor const& cursor,
                                  PollContext const& context) {
        Failure failure = session_.refusal(response, context.now, asked_with_);
        bool const walking = cursor.has("t");
        if (failure.fault == Fault::bad_request && walking) failure.fault = Fault::bad_cursor;
        if (failure.fault == Fault::transient && walking) {
            if (trouble_with_ != cursor.get("t")) troubles_ = 0;
            trouble_with_ = cursor.get("t");
            if (++troubles_ >= kSameTrouble) {
                troubles_ = 0;
                failure.fault = Fault::bad_cursor;
            }
        }
        return failure;
    }

    // Moves the cursor past this page and says what the walk covers.
    void go_on(PollPage& page, WalkCursor& cursor, BlueskyPage const& read,
               PollContext const& context) const {
        WallTime const until = cursor.time("u");
        WallTime const edge = cursor.time("l");
        WallTime const oldest = cursor.time("o");
        bool const some = read.items > 0 && read.oldest != kNoTime;
        std::int64_t const count = cursor.number("c") + std::int64_t(read.items);
        std::int64_t const empty = read.items > 0 ? 0 : cursor.number("e") + 1;
        if (some && (oldest == kNoTime || read.oldest < oldest)) cursor.set("o", read.oldest);
        // A server that knows no bounds is not asked beyond ours.
        bool const past_edge = some && (unbounded_list() ? read.oldest : read.newest) < edge;
        bool const unbounded =
            some && !unbounded_list() && read.oldest > until && until < cursor.time("s");
        // A page that gives posts of the page before once more may end where that one did: its
        // cursor leads to itself, and the list goes on all the same.
        bool const same = read.cursor == cursor.get("t");
        bool const ended = read.cursor.empty() || (same && read.items == 0);
        bool const out_of_reach = past_edge || unbounded;
        cursor.set("c", count).set("e", empty);
        if (!ended && !same && empty < kEmptyMost && !out_of_reach) {
            page.cursor = cursor.set("t", read.cursor).set("w", std::string_view{}).text();
            return;
        }
        // The list has an end, the past may go on behind it: a further slice, until it is short.
        WallTime const next = cursor.time("o") == kNoTime ? kNoTime : cursor.time("o") + 1ms;
        bool const by_time = !unbounded_list() && !out_of_reach && next != kNoTime;
        if (by_time && (count >= kPage || !ended) && next < until && next > edge) {
            cursor.set("u", next).set("t", std::string_view{}).set("c", std::int64_t{0});
            cursor.set("w", std::string_view{});
            page.cursor = cursor.set("e", std::int64_t{0}).text();
            return;
        }
        bool const unread = !ended && !out_of_reach && !(by_time && next <= edge);
        if (std::int64_t const still = cursor.number("w") + 1;
            unread && same && still <= kStillMost) {
            page.cursor = cursor.set("w", still).text();
            return;
        }
        finish(page, cursor, context, unread);
    }

    // `unread`: the list went on behind the last page, and could not be followed there.
    void finish(PollPage& page, WalkCursor& cursor, PollContext const& context, bool unread) const {
        WallTime const started = cursor.time("s");
        WallTime const oldest = cursor.time("o");
        page.complete = true;
        page.covered_until = started - indexing_delay();
        if (context.covered_until == kNoTime) {
            page.covered_from =
                oldest == kNoTime ? *page.covered_until - 1min : std::max(oldest, cursor.time("l"));
        } else if (unread) {
            WallTime const from = oldest == kNoTime ? *page.covered_until : oldest;
            page.covered_from = std::max(from, context.covered_until);
        }
        if (cursor.has("d")) cursor.set("r", started);
        page.cursor = cursor.keep_only({"r"}).text();
    }

    BlueskySession session_;
    BlueskyPageReader reader_;
    std::string query_, actor_, user_;
    mutable BlueskySession::Ask asked_ = BlueskySession::Ask::page;
    mutable std::string asked_with_;
    std::string trouble_with_;
    int troubles_ = 0;
};

}  // namespace

std::unique_ptr<Poller> make_bluesky_search(AccountSettings const& account,
                                            StreamSettings const& stream) {
    return std::make_unique<Bluesky>(account, stream);
}
std::unique_ptr<Poller> make_bluesky_mentions(AccountSettings const& account,
                                              StreamSettings const& stream) {
    return std::make_unique<Bluesky>(account, stream);
}
std::unique_ptr<Poller> make_bluesky_own(AccountSettings const& account,
                                         StreamSettings const& stream) {
    return std::make_unique<Bluesky>(account, stream);
}

}  // namespace surged::daemon
