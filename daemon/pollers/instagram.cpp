#include "daemon/pollers/instagram.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/graph.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <utility>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using detectors::MentionKind;
using std::chrono::days;
using std::chrono::seconds;

constexpr auto kHistory = days{30};
constexpr auto kOverlap = 15min;
constexpr auto kAlwaysWatched = 48h;
constexpr std::size_t kWatchedMax = 50;   // own media of one walk; a call each
constexpr std::size_t kCountsMax = 1000;  // media whose number of comments is remembered
constexpr auto kHashtagReach = 24h;
constexpr std::int64_t kPagesMax = 200;  // of one edge: 10,000 media
constexpr seconds kDelay{60};

constexpr std::string_view kMediaFields =
    "id,caption,timestamp,permalink,username,owner,comments_count";
constexpr std::string_view kTaggedFields = "id,caption,timestamp,permalink,username,comments_count";
constexpr std::string_view kHashtagFields = "id,caption,timestamp,permalink,comments_count";
constexpr std::string_view kCommentFields =
    "id,text,timestamp,username,from,replies.limit(50){id,text,timestamp,username,from}";

// What both kinds do: ask an edge page by page, read it, name what went wrong.
class Instagram : public Poller {
public:
    Instagram(AccountSettings const& account, StreamSettings const& stream)
        : account_(account),
          values_(account.values),
          user_(stream.values.get("user")),
          root_("/" + account.values.get("version", "v26.0") + "/") {}

    [[nodiscard]] seconds indexing_delay() const override { return kDelay; }
    bool reload_secrets() override { return values_.reload_secrets(); }

protected:
    using Params = std::vector<std::pair<std::string, std::string>>;

    [[nodiscard]] HttpRequest ask(std::string const& path, Params params,
                                  WalkCursor const& cursor) const {
        params.emplace_back("limit", "50");
        if (cursor.has("a")) params.emplace_back("after", cursor.get("a"));
        return graph_request(account_, values_, root_ + path, std::move(params));
    }
    std::optional<Failure> read(HttpResponse const& response, PollContext const& context,
                                bool asked_after, MentionBatch& out) {
        auto failure = reader_.read(response, context.now, asked_after, out, read_);
        if (failure)
            failure->detail =
                without_secret(std::move(failure->detail), values_.secret("access_token_file"));
        return failure;
    }
    // True when the edge has another page; the cursor then asks for it. A page that repeats the one
    // before, and an edge without end, are no answer: nothing may be said to be complete by them.
    [[nodiscard]] Result<bool> next_page(WalkCursor& cursor) const {
        if (read_.after.empty()) return false;
        std::string const first =
            read_.items.empty() ? std::string("0")
                                : std::to_string(detectors::stable_hash(read_.items[0].mention.id));
        // `after` alone proves nothing: it may be the same on every page and still go on.
        if (read_.after == cursor.get("a") && first == cursor.get("f"))
            return Failure(Fault::malformed, "paging loops: the next page is the same page");
        std::int64_t const pages = cursor.number("g") + 1;
        if (pages >= kPagesMax)
            return Failure(Fault::too_large, "paging does not end: left after 200 pages");
        cursor.set("a", read_.after).set("f", first).set("g", pages);
        return true;
    }

    AccountSettings account_;
    config::Values values_;  // with the secrets as last read
    std::string user_, root_;
    GraphReader reader_;
    GraphPage read_;
};

// Names in the cursor, all of the walk in progress: ph: phase; s: its start; l: its lower bound; a,
// f: where the next page begins, and which the last one was; g: pages of this edge so far; old:
// pages in a row that held only what is older; q: own media whose comments are still to be read.
class InstagramMentions final : public Instagram {
public:
    using Instagram::Instagram;
    [[nodiscard]] std::string restart(std::string_view) const override { return "v=1"; }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        WalkCursor const cursor = begun(text, context);
        switch (cursor.number("ph")) {
            case kTagged:
                return ask(exporters::url_encode(user_) + "/tags",
                           {{"fields", std::string(kTaggedFields)}}, cursor);
            case kOwn:
                return ask(exporters::url_encode(user_) + "/media",
                           {{"fields", std::string(kMediaFields)}}, cursor);
            default:
                return ask(exporters::url_encode(watched(cursor)) + "/comments",
                           {{"fields", std::string(kCommentFields)}}, cursor);
        }
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor = begun(text, context);
        std::int64_t const phase = cursor.number("ph");
        PollPage page;
        if (auto const failure = read(response, context, cursor.has("a"), out)) {
            // A medium that vanished between its listing and its comments is no failure.
            if (phase != kComments || !read_.no_such_object) return *failure;
            page.note = "comments of " + watched(cursor) + ": " + failure->detail;
            read_ = GraphPage{};
        }
        page.limits = graph_limits(response, context.now, page.note);
        page.malformed = read_.malformed;
        WalkCursor next = cursor;
        auto const more = next_page(next);
        if (!more) return more.error();
        std::size_t const before = out.items.size();
        take(cursor, next, out);
        page.reads = out.items.size() - before;
        go_on(page, next, *more, context);
        return page;
    }

private:
    enum Phase : std::int64_t { kTagged, kOwn, kComments };

    [[nodiscard]] WalkCursor begun(std::string_view text, PollContext const& context) const {
        WalkCursor cursor(text);
        std::int64_t const phase = cursor.number("ph", -1);
        bool const whole = cursor.time("s") != kNoTime && cursor.time("l") != kNoTime &&
                           phase >= kTagged && phase <= kComments &&
                           (phase != kComments || cursor.has("q"));
        if (whole) return cursor;
        WallTime bound = context.walk_started - kHistory;
        if (context.covered_until != kNoTime)
            bound = std::max(bound, context.covered_until - kOverlap);
        return WalkCursor()
            .set("ph", std::int64_t{kTagged})
            .set("s", context.walk_started)
            .set("l", bound);
    }
    [[nodiscard]] static std::string watched(WalkCursor const& cursor) {
        std::string const all = cursor.get("q");
        return all.substr(0, all.find(','));
    }
    void take(WalkCursor const& cursor, WalkCursor& next, MentionBatch& out);
    void watch(WalkCursor const& cursor, WalkCursor& next);
    void go_on(PollPage& page, WalkCursor& cursor, bool more, PollContext const& context);

    // Comments a medium had when it was listed in this walk, and when its comments were last read.
    struct Counts {
        std::int64_t listed = -1, read = -1;
    };
    boost::unordered_flat_map<std::string, Counts> counts_;
};

void InstagramMentions::take(WalkCursor const& cursor, WalkCursor& next, MentionBatch& out) {
    std::int64_t const phase = cursor.number("ph");
    WallTime const since = cursor.time("l");
    WallTime const edge = phase == kOwn ? cursor.time("s") - kHistory : since;
    std::string_view const medium = phase == kComments ? out.keep(watched(cursor)) : "";
    bool all_old = !read_.items.empty();
    for (GraphItem& item : read_.items) {
        Mention& m = item.mention;
        if (m.created_at == kNoTime || m.created_at >= edge) all_old = false;
        if (phase == kComments) {
            m.kind = item.parent.empty() ? MentionKind::comment : MentionKind::reply;
            m.in_reply_to = item.parent.empty() ? medium : item.parent;
            m.conversation = medium;
        } else {
            m.conversation = m.id;
        }
        m.quotes = {};
        if (m.created_at != kNoTime && m.created_at < since) continue;
        out.items.push_back(m);
    }
    // Comments come in no certain order: all of them are read.
    next.set("old", all_old && phase != kComments ? cursor.number("old") + 1 : 0);
    if (phase == kOwn) watch(cursor, next);
}

void InstagramMentions::watch(WalkCursor const& cursor, WalkCursor& next) {
    std::string list = next.get("q");
    auto count = static_cast<std::size_t>(std::count(list.begin(), list.end(), ',')) +
                 (list.empty() ? 0U : 1U);
    for (GraphItem const& item : read_.items) {
        Mention const& m = item.mention;
        if (count >= kWatchedMax) break;
        if (item.comments == 0 || m.id.find(',') != std::string_view::npos) continue;
        if (counts_.size() >= kCountsMax) counts_.clear();  // read once more than needed
        Counts& known = counts_[std::string(m.id)];
        known.listed = item.comments;
        // Of what is not read yet: an outage, or walks that fail, may have taken days.
        bool const recent = m.created_at >= cursor.time("l") - kAlwaysWatched;
        bool const unchanged = item.comments > 0 && known.read == item.comments;
        bool const ancient = m.created_at < cursor.time("s") - kHistory;
        if (ancient || (!recent && unchanged)) continue;
        list += (list.empty() ? "" : ",") + std::string(m.id);
        ++count;
    }
    next.set("q", list);
}

void InstagramMentions::go_on(PollPage& page, WalkCursor& cursor, bool more,
                              PollContext const& context) {
    // One old page may be a matter of order, two are the end.
    if (more && cursor.number("old") < 2) {
        page.cursor = cursor.text();
        return;
    }
    std::int64_t phase = cursor.number("ph");
    std::string rest = cursor.get("q");
    if (phase == kComments) {
        if (auto const it = counts_.find(watched(cursor)); it != counts_.end())
            it->second.read = it->second.listed;
        auto const comma = rest.find(',');
        rest = comma == std::string::npos ? std::string{} : rest.substr(comma + 1);
    } else {
        ++phase;
    }
    WallTime const started = cursor.time("s");
    WallTime const since = cursor.time("l");
    cursor.keep_only({"s", "l"}).set("ph", phase).set("q", rest);
    if (phase != kComments || !rest.empty()) {
        page.cursor = cursor.text();
        return;
    }
    page.complete = true;
    page.covered_until = started - indexing_delay();
    if (context.covered_until == kNoTime || since > context.covered_until)
        page.covered_from = since;
    page.cursor = "v=1";
}

// Names in the cursor: h: the hashtag's id, for ever; of the walk in progress s: its start; a, f,
// g: as above.
class InstagramHashtag final : public Instagram {
public:
    InstagramHashtag(AccountSettings const& account, StreamSettings const& stream)
        : Instagram(account, stream), tag_(stream.values.get("hashtag")) {
        if (tag_.starts_with('#')) tag_.erase(0, 1);
    }
    [[nodiscard]] std::string restart(std::string_view text) const override {
        return WalkCursor(text).keep_only({"h"}).text();
    }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const&) const override {
        WalkCursor const cursor(text);
        if (!cursor.has("h"))
            return graph_request(account_, values_, root_ + "ig_hashtag_search",
                                 {{"user_id", user_}, {"q", tag_}});
        return ask(exporters::url_encode(cursor.get("h")) + "/recent_media",
                   {{"user_id", user_}, {"fields", std::string(kHashtagFields)}}, cursor);
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor(text);
        if (auto const failure = read(response, context, cursor.has("a"), out)) return *failure;
        PollPage page;
        page.limits = graph_limits(response, context.now, page.note);
        if (!cursor.has("h")) {
            std::string const id =
                !read_.items.empty() ? std::string(read_.items[0].mention.id) : read_.root_id;
            if (id.empty()) return Failure(Fault::not_found, "there is no hashtag #" + tag_);
            page.cursor = cursor.keep_only({}).set("h", id).text();
            return page;
        }
        if (cursor.time("s") == kNoTime) cursor.set("s", context.walk_started);
        WallTime const started = cursor.time("s");
        auto const more = next_page(cursor);
        if (!more) return more.error();
        page.malformed = read_.malformed;
        page.reads = read_.items.size();
        for (GraphItem& item : read_.items) {
            item.mention.conversation = item.mention.id;
            item.mention.quotes = {};
            out.items.push_back(item.mention);
        }
        if (*more) {
            page.cursor = cursor.text();
            return page;
        }
        page.complete = true;
        page.covered_until = started - indexing_delay();
        // What is a day old falls out while the walk goes on.
        WallTime const reach = context.now - kHashtagReach;
        if (context.covered_until == kNoTime || context.covered_until < reach)
            page.covered_from = reach;
        page.cursor = cursor.keep_only({"h"}).text();
        return page;
    }

private:
    std::string tag_;
};

}  // namespace

std::unique_ptr<Poller> make_instagram_mentions(AccountSettings const& account,
                                                StreamSettings const& stream) {
    return std::make_unique<InstagramMentions>(account, stream);
}
std::unique_ptr<Poller> make_instagram_hashtag(AccountSettings const& account,
                                               StreamSettings const& stream) {
    return std::make_unique<InstagramHashtag>(account, stream);
}

}  // namespace surged::daemon
