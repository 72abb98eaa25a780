#include "daemon/pollers/youtube.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/pollers/youtube_page.h"
#include "daemon/settings.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::MentionBatch;
using List = YoutubePageReader::List;
using std::chrono::seconds;

// How a kind walks, with the reasons in the header.
struct Habits {
    seconds overlap, deep, deep_every, delay;
    std::chrono::days history;
    std::int64_t pages_first, pages_max;
};
constexpr Habits kComments{1h, 48h, 15min, 60s, std::chrono::days{30}, 100, 500};
// A search is found late, so coverage stays behind; a first walk may cost a tenth of the day's
// searches, and the platform ends it at some 500 videos anyway.
constexpr Habits kSearch{3h, 24h, 6h, 10min, std::chrono::days{30}, 10, 20};

// How many threads' numbers of replies are remembered: the newest. A forgotten one is read again.
constexpr std::size_t kThreadsKept = 100;
constexpr std::int64_t kReplyPages = 50;  // 5000 replies; the platform shows 500

// "id~video~replies" joined by commas: the threads to read, and those that were.
std::vector<YoutubeThread> read_threads(std::string_view text) {
    std::vector<YoutubeThread> out;
    while (!text.empty()) {
        auto const end = std::min(text.find(','), text.size());
        std::string_view const part = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto const first = part.find('~');
        auto const last = part.rfind('~');
        if (first == std::string_view::npos || last == first) continue;
        YoutubeThread thread{std::string(part.substr(0, first)),
                             std::string(part.substr(first + 1, last - first - 1)),
                             read_count(part.substr(last + 1))};
        if (!thread.id.empty() && out.size() < 1000) out.push_back(std::move(thread));
    }
    return out;
}

std::string write_threads(std::vector<YoutubeThread> const& threads, std::size_t most) {
    std::string out;
    std::size_t const n = std::min(threads.size(), most);
    for (std::size_t i = 0; i < n; ++i) {
        if (!out.empty()) out += ',';
        out += threads[i].id + "~" + threads[i].video + "~" + std::to_string(threads[i].replies);
    }
    return out;
}

// Names in the cursor. w: newest time that is complete; d: when a walk last went deep; t: threads
// whose replies were read, with their number. Of the walk in progress: s: its start; l: its lower
// bound; z: it goes deep; p: token of the next page; q: threads to be read before it; r: token of
// the next page of the first of these, x: its number; c: pages so far; n, o: newest and oldest time
// found; e: the last page of the list was read.
class Youtube final : public Poller {
public:
    Youtube(AccountSettings const& account, StreamSettings const& stream, bool search)
        : values_(account.values),
          base_(account.base_url),
          ca_file_(account.ca_file),
          channel_(stream.values.get("channel")),
          video_(stream.values.get("video")),
          query_(stream.values.get("query")),
          search_(search),
          habits_(search ? kSearch : kComments) {
        // Search is trusted: it reads transcripts and tags that we do not see.
        if (!search_) words_ = QueryWords(query_);
    }

    [[nodiscard]] seconds indexing_delay() const override { return habits_.delay; }
    [[nodiscard]] std::string restart(std::string_view text) const override {
        return WalkCursor(text).keep_only({"w", "d", "t"}).text();
    }
    bool reload_secrets() override { return values_.reload_secrets(); }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        WalkCursor const cursor = cursor_of(text);
        std::vector<std::pair<std::string, std::string>> params;
        std::string path = "/youtube/v3/commentThreads";
        if (auto const threads = read_threads(cursor.get("q")); !threads.empty()) {
            path = "/youtube/v3/comments";
            params = {{"part", "id,snippet"},
                      {"parentId", threads.front().id},
                      {"textFormat", "plainText"},
                      {"maxResults", "100"}};
            if (cursor.has("r")) params.emplace_back("pageToken", cursor.get("r"));
        } else if (search_) {
            path = "/youtube/v3/search";
            WallTime const after = std::chrono::floor<seconds>(far_bound(cursor, context));
            params = {{"part", "snippet"},  {"q", query_},
                      {"type", "video"},    {"order", "date"},
                      {"maxResults", "50"}, {"publishedAfter", detectors::rfc3339(after)}};
        } else {
            params = {{"part", "id,snippet,replies"},
                      {channel_.empty() ? "videoId" : "allThreadsRelatedToChannelId",
                       channel_.empty() ? video_ : channel_},
                      {"order", "time"},
                      {"textFormat", "plainText"},
                      {"maxResults", "100"}};
        }
        if (path != "/youtube/v3/comments" && cursor.has("p"))
            params.emplace_back("pageToken", cursor.get("p"));
        HttpRequest request;
        request.url = exporters::with_query(base_ + path, params);
        // Not in the address, which proxies write down.
        request.headers.emplace_back("X-goog-api-key", values_.secret("api_key_file"));
        request.headers.emplace_back("Accept", "application/json");
        request.ca_file = ca_file_;
        return request;
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor = cursor_of(text);
        std::size_t const before = out.items.size();
        auto threads = read_threads(cursor.get("q"));
        bool const replies = !threads.empty();
        auto failure = youtube_refusal(response, context.now, cursor.has("p") || cursor.has("r"));
        if (failure) {
            failure->detail =
                without_secret(std::move(failure->detail), values_.secret("api_key_file"));
            // A thread that was deleted or closed between two pages: nothing is there to read, and
            // the rest of the walk must not wait for it.
            Fault const fault = failure->fault;
            bool const closed = fault == Fault::not_found || fault == Fault::forbidden ||
                                fault == Fault::bad_request;
            if (!replies || !closed) return *failure;
        }
        YoutubePage read;
        if (!failure) {
            auto result = reader_.read(response,
                                       replies   ? List::replies
                                       : search_ ? List::videos
                                                 : List::threads,
                                       replies ? threads.front().video : video_, words_, out);
            if (!result) return result.error();
            read = std::move(*result);
        }
        if (!read.next.empty() && read.next == cursor.get(replies ? "r" : "p"))
            return same_page(out, before);
        PollPage page;
        page.reads = 1;  // units are charged by the request
        page.malformed = read.malformed;
        page.limits = rate_limits(response, context.now);
        if (read.repaired) page.note = "the answer was not UTF-8; its broken bytes were replaced";
        if (!cursor.has("s")) begin(cursor, context);
        if (replies)
            after_replies(cursor, threads, read);
        else
            after_list(cursor, read);
        go_on(page, cursor, context);
        return page;
    }

private:
    [[nodiscard]] static WalkCursor cursor_of(std::string_view text) {
        WalkCursor cursor(text);
        if (cursor.time("s") == kNoTime || cursor.time("l") == kNoTime)
            cursor.keep_only({"w", "d", "t"});
        return cursor;
    }
    static Failure same_page(MentionBatch& out, std::size_t before) {
        out.items.resize(before);
        return {Fault::bad_cursor, "the next page is the same page"};
    }
    [[nodiscard]] bool goes_deep(WalkCursor const& cursor, PollContext const& context) const {
        if (cursor.has("s")) return cursor.has("z");
        WallTime const last = cursor.time("d");
        return last == kNoTime || context.now - last >= habits_.deep_every || last > context.now;
    }
    // How far back this walk goes.
    [[nodiscard]] WallTime near_bound(WalkCursor const& cursor, PollContext const& context) const {
        if (cursor.has("s")) return cursor.time("l");
        WallTime const edge = context.walk_started - habits_.history;
        WallTime const known = context.covered_until;
        if (known == kNoTime) return edge;
        WallTime const overlap = known - habits_.overlap;
        if (!goes_deep(cursor, context)) return std::max(overlap, edge);
        return std::max(std::min(overlap, context.walk_started - habits_.deep), edge);
    }
    // What is asked for at most: the same in every walk of some hours, because results of another
    // question come in another order.
    [[nodiscard]] WallTime far_bound(WalkCursor const& cursor, PollContext const& context) const {
        return std::min(near_bound(cursor, context),
                        (cursor.has("s") ? cursor.time("s") : context.walk_started) - habits_.deep);
    }

    void begin(WalkCursor& cursor, PollContext const& context) const {
        bool const deep = goes_deep(cursor, context);
        cursor.set("l", near_bound(cursor, context)).set("s", context.walk_started);
        if (deep) cursor.set("z", std::int64_t{1});
    }

    void after_list(WalkCursor& cursor, YoutubePage const& read) const {
        cursor.set("c", cursor.number("c") + 1).set("p", read.next);
        cursor.set("n", std::max(cursor.time("n"), read.newest));
        if (WallTime const o = cursor.time("o"); read.oldest != kNoTime)
            cursor.set("o", o == kNoTime ? read.oldest : std::min(o, read.oldest));
        if (read.next.empty()) cursor.set("e", std::int64_t{1});
        // Threads whose number of replies is not the one that was read.
        auto const known = read_threads(cursor.get("t"));
        std::vector<YoutubeThread> wanted;
        for (YoutubeThread const& thread : read.short_threads) {
            bool const same = std::any_of(known.begin(), known.end(), [&](auto const& k) {
                return k.id == thread.id && k.replies == thread.replies;
            });
            bool const clean = (thread.id + thread.video).find_first_of("~,") == std::string::npos;
            if (!same && clean) wanted.push_back(thread);
        }
        cursor.set("q", write_threads(wanted, wanted.size()));
    }

    static void after_replies(WalkCursor& cursor, std::vector<YoutubeThread>& threads,
                              YoutubePage const& read) {
        std::int64_t const number = cursor.number("x") + 1;
        if (!read.next.empty() && number < kReplyPages) {
            cursor.set("r", read.next).set("x", number);
            return;
        }
        cursor.set("r", std::string_view{}).set("x", std::string_view{});
        auto known = read_threads(cursor.get("t"));
        std::erase_if(known, [&](auto const& k) { return k.id == threads.front().id; });
        known.insert(known.begin(), threads.front());
        known.front().video = "-";  // not needed any more
        cursor.set("t", write_threads(known, kThreadsKept));
        threads.erase(threads.begin());
        cursor.set("q", write_threads(threads, threads.size()));
    }

    // Either something is left to read, or the walk is complete.
    void go_on(PollPage& page, WalkCursor& cursor, PollContext const& context) const {
        WallTime const oldest = cursor.time("o");
        WallTime const known = context.covered_until;
        bool const first = known == kNoTime;
        bool const reached = oldest != kNoTime && oldest < cursor.time("l");
        std::int64_t const most = first ? habits_.pages_first : habits_.pages_max;
        bool const cut = cursor.number("c") >= most && !cursor.has("e") && !reached;
        if (cursor.has("q") || (!cursor.has("e") && !reached && !cut)) {
            page.cursor = cursor.text();
            return;
        }
        page.complete = true;
        page.covered_until = cursor.time("s") - habits_.delay;
        WallTime const edge = cursor.time("l");
        WallTime from = first || known < edge ? edge : kNoTime;
        // The list ended above what was known: it was cut by us, or by the platform's own cap.
        WallTime const mark = cursor.time("w");
        bool const met = reached || (mark != kNoTime && oldest != kNoTime && oldest <= mark);
        bool const capped = cut || (search_ && cursor.number("c") >= 8 && !met);
        if (capped && !met && oldest != kNoTime) from = std::max(from, oldest);
        if (from != kNoTime && (first || from > known)) page.covered_from = from;
        if (cursor.time("n") > mark) cursor.set("w", cursor.time("n"));
        if (cursor.has("z")) cursor.set("d", cursor.time("s"));
        page.cursor = cursor.keep_only({"w", "d", "t"}).text();
    }

    YoutubePageReader reader_;
    config::Values values_;
    std::string base_, ca_file_, channel_, video_, query_;
    QueryWords words_;
    bool search_;
    Habits habits_;
};

}  // namespace

WallTime next_pacific_midnight(WallTime now) {
    using namespace std::chrono;
    auto const summer = [](WallTime t) {
        year const y = year_month_day{floor<days>(t)}.year();
        WallTime const begins = sys_days{y / March / Sunday[2]} + 10h;  // 02:00 PST
        WallTime const ends = sys_days{y / November / Sunday[1]} + 9h;  // 02:00 PDT
        return t >= begins && t < ends;
    };
    // Local midnight is 07:00 or 08:00 UTC; the clock changes two hours after it, never across.
    WallTime const today{floor<days>(now)};
    for (auto const day : {0, 1}) {
        WallTime const midnight = today + days{day} + (summer(today + days{day} + 7h) ? 7h : 8h);
        if (midnight > now) return midnight;
    }
    return today + days{1} + 8h;
}

std::unique_ptr<Poller> make_youtube_comments(AccountSettings const& account,
                                              StreamSettings const& stream) {
    return std::make_unique<Youtube>(account, stream, false);
}
std::unique_ptr<Poller> make_youtube_search(AccountSettings const& account,
                                            StreamSettings const& stream) {
    return std::make_unique<Youtube>(account, stream, true);
}

}  // namespace surged::daemon
