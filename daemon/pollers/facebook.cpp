#include "daemon/pollers/facebook.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/graph.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <array>
#include <cstring>

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
constexpr auto kAlwaysWatched = 48h;       // own posts whose comments are read even if nothing says
                                           // that they changed: updated_time is known to lag
constexpr std::size_t kWatchedMax = 1000;  // own posts of one walk; a call each
constexpr auto kOwnHistory = days{7};      // of our own posts, where they are all that is wanted
constexpr std::int64_t kPagesMax = 500;    // of one edge; loops of `next` are known to happen
constexpr std::size_t kTwinsMax = 100'000;
constexpr seconds kDelay{60};

constexpr std::string_view kPostFields =
    "id,created_time,updated_time,message,story,from{id,name},permalink_url,parent_id,is_published";
constexpr std::string_view kCommentFields =
    "id,created_time,message,from{id,name},parent{id},permalink_url";

enum Phase : std::int64_t { kVisitors, kTagged, kOwn, kComments };

std::string_view last_part(std::string_view id) {
    return id.substr(id.rfind('_') + 1);
}

std::string_view joined(MentionBatch& batch, std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (auto const part : parts) size += part.size();
    char* const begin = batch.reserve(size);
    char* end = begin;
    for (auto const part : parts) {
        std::memcpy(end, part.data(), part.size());
        end += part.size();
    }
    return batch.commit(size);
}

// Names in the cursor, all of the walk in progress: ph: phase; s: its start; l: its lower bound; a,
// or u and pt: where the next page begins; g: pages of this edge so far; old: pages in a row that
// held only what is older; cut: something had to be left out, the walk vouches for nothing before
// its own start; q: own posts whose comments are still to be read, separated by commas.
// Between walks it is "v=1": the time that is covered is all there is to know.
class FacebookPage final : public Poller {
public:
    FacebookPage(AccountSettings const& account, StreamSettings const& stream, bool own_only)
        : account_(account),
          values_(account.values),
          version_(account.values.get("version", "v26.0")),
          page_(stream.values.get(own_only ? "user" : "page")),
          own_only_(own_only) {}

    [[nodiscard]] seconds indexing_delay() const override { return kDelay; }
    [[nodiscard]] std::string restart(std::string_view) const override { return "v=1"; }
    bool reload_secrets() override { return values_.reload_secrets(); }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        WalkCursor const cursor = begun(text, context);
        std::int64_t const phase = cursor.number("ph");
        std::string path = "/" + version_ + "/";
        std::vector<std::pair<std::string, std::string>> params;
        if (phase == kComments) {
            path += exporters::url_encode(watched(cursor)) + "/comments";
            // Without `stream` the answer leaves replies out, and more.
            params = {{"fields", std::string(kCommentFields)},
                      {"filter", "stream"},
                      {"order", "reverse_chronological"}};
        } else {
            constexpr std::array<char const*, 3> kEdges{"/visitor_posts", "/tagged", "/posts"};
            path += exporters::url_encode(page_) + kEdges[static_cast<std::size_t>(phase)];
            params = {{"fields", std::string(kPostFields)}};
        }
        params.emplace_back("since", unix_text(bound(cursor)));
        params.emplace_back("limit", "100");
        if (cursor.has("a")) params.emplace_back("after", cursor.get("a"));
        if (cursor.has("u")) params.emplace_back("until", cursor.get("u"));
        if (cursor.has("pt")) params.emplace_back("__paging_token", cursor.get("pt"));
        return graph_request(account_, values_, path, std::move(params));
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor = begun(text, context);
        std::int64_t const phase = cursor.number("ph");
        PollPage page;
        bool const asked_after = cursor.has("a") || cursor.has("u");
        auto failure = reader_.read(response, context.now, asked_after, out, read_);
        if (failure) {
            failure->detail =
                without_secret(std::move(failure->detail), values_.secret("access_token_file"));
            // A post that vanished between its listing and its comments is no failure.
            if (phase != kComments || !read_.no_such_object) return *failure;
            page.note = "comments of " + watched(cursor) + ": " + failure->detail;
            read_.items.clear();
            read_.after.clear();
            read_.until.clear();
            read_.malformed = 0;
        }
        page.limits = graph_limits(response, context.now, page.note);
        page.malformed = read_.malformed;
        check_version(response, page);
        std::size_t const before = out.items.size();
        take(cursor, out);
        page.reads = out.items.size() - before;
        go_on(page, cursor, context);
        return page;
    }

private:
    [[nodiscard]] static std::string unix_text(WallTime t) {
        return std::to_string(std::chrono::floor<seconds>(t).time_since_epoch().count());
    }
    // The cursor of the walk in progress, or that of the walk which begins now.
    [[nodiscard]] WalkCursor begun(std::string_view text, PollContext const& context) const {
        WalkCursor cursor(text);
        std::int64_t const phase = cursor.number("ph", -1);
        bool const whole = cursor.time("s") != kNoTime && cursor.time("l") != kNoTime &&
                           phase >= kVisitors && phase <= kComments &&
                           (phase != kComments || cursor.has("q"));
        if (whole) return cursor;
        WallTime bound = context.walk_started - (own_only_ ? kOwnHistory : kHistory);
        if (context.covered_until != kNoTime)
            bound = std::max(bound, context.covered_until - kOverlap);
        return WalkCursor()
            .set("ph", std::int64_t{own_only_ ? kOwn : kVisitors})
            .set("s", context.walk_started)
            .set("l", bound);
    }
    [[nodiscard]] static std::string watched(WalkCursor const& cursor) {
        std::string const all = cursor.get("q");
        return all.substr(0, all.find(','));
    }
    // Own posts are listed for the whole history: old ones get new comments.
    [[nodiscard]] WallTime bound(WalkCursor const& cursor) const {
        return cursor.number("ph") == kOwn && !own_only_ ? cursor.time("s") - kHistory
                                                         : cursor.time("l");
    }

    void check_version(HttpResponse const& response, PollPage& page) const {
        std::string_view const served = exporters::header(response.headers, "facebook-api-version");
        if (!served.empty() && served != version_)
            page.note = "asked for " + version_ + " but " + std::string(served) +
                        " answered: the configured version may have expired";
    }

    void take(WalkCursor& cursor, MentionBatch& out);
    bool twin(Mention const& m, bool tagged);
    void watch(WalkCursor& cursor) const;
    void go_on(PollPage& page, WalkCursor& cursor, PollContext const& context) const;

    GraphReader reader_;
    GraphPage read_;
    // Posts of this walk's first phase by their last id part and time: through the second phase the
    // same post may come with another prefix.
    boost::unordered_flat_map<std::uint64_t, std::uint64_t> twins_;
    AccountSettings account_;
    config::Values values_;  // with the secrets as last read
    std::string version_, page_;
    bool own_only_;
};

// True when this tagged post is one that the visitors' edge gave under another id.
bool FacebookPage::twin(Mention const& m, bool tagged) {
    if (m.created_at == kNoTime) return false;
    std::uint64_t const key = detectors::stable_hash(last_part(m.id)) ^
                              static_cast<std::uint64_t>(m.created_at.time_since_epoch().count());
    std::uint64_t const id = detectors::stable_hash(m.id);
    if (tagged) {
        auto const it = twins_.find(key);
        return it != twins_.end() && it->second != id;
    }
    if (twins_.size() < kTwinsMax) twins_.emplace(key, id);
    return false;
}

void FacebookPage::take(WalkCursor& cursor, MentionBatch& out) {
    std::int64_t const phase = cursor.number("ph");
    if (phase == kVisitors && !cursor.has("g")) twins_.clear();
    WallTime const since = cursor.time("l");
    std::string const post = phase == kComments ? watched(cursor) : std::string{};
    std::string_view const conversation = out.keep(post);
    bool all_old = !read_.items.empty();
    for (GraphItem& item : read_.items) {
        Mention& m = item.mention;
        if (m.created_at == kNoTime || m.created_at >= bound(cursor)) all_old = false;
        if (!item.published) continue;
        if (phase == kComments) {
            m.kind = item.parent.empty() ? MentionKind::comment : MentionKind::reply;
            m.in_reply_to = item.parent.empty() ? conversation : item.parent;
            m.conversation = conversation;
            m.quotes = {};
            if (m.url.empty())
                m.url = joined(out, {"https://www.facebook.com/", conversation,
                                     "?comment_id=", last_part(m.id)});
        } else {
            m.conversation = m.id;
            if (!m.quotes.empty()) m.kind = MentionKind::quote;
            if (m.url.empty()) m.url = joined(out, {"https://www.facebook.com/", m.id});
            if (phase == kOwn && m.created_at != kNoTime && m.created_at < since) continue;
            if (phase != kOwn && twin(m, phase == kTagged)) continue;
        }
        out.items.push_back(m);
    }
    cursor.set("old", all_old ? cursor.number("old") + 1 : 0);
    if (phase == kOwn && !own_only_) watch(cursor);
}

// Adds the page's own posts that may have new comments to those to be read.
void FacebookPage::watch(WalkCursor& cursor) const {
    std::string list = cursor.get("q");
    auto count = static_cast<std::size_t>(std::count(list.begin(), list.end(), ',')) +
                 (list.empty() ? 0U : 1U);
    WallTime const since = cursor.time("l");
    // Of what is not read yet: an outage, or walks that fail, may have taken days.
    WallTime const recent = since - kAlwaysWatched;
    for (GraphItem const& item : read_.items) {
        if (!item.published) continue;
        Mention const& m = item.mention;
        bool const changed = item.updated_at == kNoTime || item.updated_at >= since;
        if (!changed && m.created_at < recent) continue;
        if (m.id.find(',') != std::string_view::npos) continue;
        if (count >= kWatchedMax) {
            cursor.set("cut", std::int64_t{1});
            break;
        }
        if (!list.empty()) list += ',';
        list += m.id;
        ++count;
    }
    cursor.set("q", list);
}

void FacebookPage::go_on(PollPage& page, WalkCursor& cursor, PollContext const& context) const {
    std::int64_t const pages = cursor.number("g") + 1;
    bool const loops = !read_.after.empty() && read_.after == cursor.get("a");
    bool const capped = pages >= kPagesMax;
    if ((loops || capped) && read_.has_next())
        page.note = loops ? "paging loops: the next page is the same page"
                          : "paging does not end: left after 500 pages";
    // One old page may be a matter of ranking, two are the end.
    if (read_.has_next() && !loops && !capped && cursor.number("old") < 2) {
        cursor.set("a", read_.after).set("u", read_.until).set("pt", read_.paging_token);
        page.cursor = cursor.set("g", pages).text();
        return;
    }
    std::int64_t phase = cursor.number("ph");
    std::string rest = cursor.get("q");
    if (phase == kComments) {
        auto const comma = rest.find(',');
        rest = comma == std::string::npos ? std::string{} : rest.substr(comma + 1);
    } else {
        ++phase;
    }
    WallTime const started = cursor.time("s");
    WallTime const since = cursor.time("l");
    if (read_.has_next() && (loops || capped)) cursor.set("cut", std::int64_t{1});
    bool const cut = cursor.has("cut");
    cursor.keep_only({"s", "l", "cut"}).set("ph", phase).set("q", rest);
    if (!own_only_ && (phase != kComments || !rest.empty())) {
        page.cursor = cursor.text();
        return;
    }
    page.complete = true;
    page.covered_until = started - indexing_delay();
    if (context.covered_until == kNoTime || since > context.covered_until)
        page.covered_from = since;
    // What was left out may lie anywhere between the walk's bound and its start.
    if (cut) {
        page.covered_from = *page.covered_until - 1min;
        if (page.note.empty()) page.note = "more than one walk may read: some of it was left out";
    }
    page.cursor = "v=1";
}

}  // namespace

std::unique_ptr<Poller> make_facebook_page(AccountSettings const& account,
                                           StreamSettings const& stream) {
    return std::make_unique<FacebookPage>(account, stream, false);
}

std::unique_ptr<Poller> make_facebook_own(AccountSettings const& account,
                                          StreamSettings const& stream) {
    return std::make_unique<FacebookPage>(account, stream, true);
}

}  // namespace surged::daemon
