#include "daemon/pollers/mastodon_search.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/mastodon_page.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <algorithm>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::MentionBatch;
using std::chrono::seconds;

constexpr auto kHistory = std::chrono::days{30};
constexpr auto kOverlap = 4min;
constexpr auto kDeepOverlap = 15min;
constexpr auto kDeepEvery = 5min;
constexpr seconds kDelay{120};
constexpr std::int64_t kOffsetMost = 10'000;  // Elasticsearch lists no further

// Names in the cursor. w: newest id that is complete; r: when the overlap was last read deep. Of
// the walk in progress: s: its start; l: its floor, an id; m: oldest id found, max_id of the next
// page; f: offset of the next page instead; g: ends of the last page; k: posts so far; n: newest id
// found; o: oldest time found; d: it reads the overlap deep.
class MastodonSearch final : public Poller {
public:
    MastodonSearch(AccountSettings const& account, StreamSettings const& stream)
        : reader_(mastodon_host(account.base_url), mastodon_bare_handles(stream)),
          values_(account.values),
          base_(account.base_url),
          ca_file_(account.ca_file),
          query_(stream.values.get("query")) {}

    [[nodiscard]] seconds indexing_delay() const override { return kDelay; }
    [[nodiscard]] std::string restart(std::string_view text) const override {
        WalkCursor cursor(text);
        bool const walking = cursor.has("m") || cursor.has("f");
        walking ? cursor.keep_only({"w", "r"}) : cursor.keep_only({});
        return cursor.text();
    }
    bool reload_secrets() override { return values_.reload_secrets(); }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        WalkCursor const cursor = begun(text, context);
        std::vector<std::pair<std::string, std::string>> params{
            {"q", query_}, {"type", "statuses"}, {"limit", "40"}};
        if (cursor.has("f"))
            params.emplace_back("offset", cursor.get("f"));
        else if (cursor.has("m"))
            params.emplace_back("max_id", cursor.get("m"));
        HttpRequest request;
        request.url = exporters::with_query(base_ + "/api/v2/search", params);
        request.headers.emplace_back("Authorization",
                                     "Bearer " + values_.secret("access_token_file"));
        request.headers.emplace_back("Accept", "application/json");
        request.ca_file = ca_file_;
        return request;
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor = begun(text, context);
        if (auto failure = refused(response, context.now)) {
            failure->detail =
                without_secret(std::move(failure->detail), values_.secret("access_token_file"));
            bool const asked = cursor.has("m") || cursor.has("f");
            if (failure->fault == Fault::bad_request && asked) failure->fault = Fault::bad_cursor;
            return *failure;
        }
        Result<MastodonPage> read = reader_.read_search(response, out);
        if (!read) return read.error();
        PollPage page;
        page.reads = read->items;
        page.malformed = read->malformed;
        page.limits = rate_limits(response, context.now);
        if (read->repaired) page.note = "the answer was not UTF-8; its broken bytes were replaced";
        go_on(page, cursor, *read, context);
        return page;
    }

private:
    [[nodiscard]] static WalkCursor begun(std::string_view text, PollContext const& context) {
        WalkCursor cursor(text);
        if (cursor.time("s") != kNoTime) return cursor;
        cursor.keep_only({"w", "r"});
        cursor.set("s", context.walk_started);
        WallTime const read = cursor.time("r");
        bool const deep = read == kNoTime || read > context.now || context.now - read >= kDeepEvery;
        if (deep) cursor.set("d", std::int64_t{1});
        std::string const mark = cursor.get("w");
        if (mark.empty()) return cursor;
        cursor.set("l", mark);
        if (auto const at = mastodon_id_time(mark, context.now)) {
            auto const overlap = deep ? kDeepOverlap : kOverlap;
            WallTime const from =
                (context.covered_until == kNoTime ? *at : std::min(context.covered_until, *at)) -
                overlap;
            if (std::string const floor = mastodon_id_at(from); id_less(floor, mark))
                cursor.set("l", floor);
        }
        return cursor;
    }

    void go_on(PollPage& page, WalkCursor& cursor, MastodonPage const& read,
               PollContext const& context) const {
        std::string const before = cursor.get("m");
        std::string const ends = read.newest + ">" + read.oldest;
        bool const same = ends == cursor.get("g");
        std::int64_t const so_far = cursor.number("k") + std::int64_t(read.items);
        bool const older = before.empty() || id_less(read.oldest, before);
        cursor.set("k", so_far).set("g", ends);
        if (id_less(cursor.get("n"), read.newest)) cursor.set("n", read.newest);
        if (!read.oldest.empty() && older) cursor.set("m", read.oldest);
        WallTime const oldest = cursor.time("o");
        if (read.oldest_at != kNoTime && (oldest == kNoTime || read.oldest_at < oldest))
            cursor.set("o", read.oldest_at);

        // In the order of ids the floor is reached with the first id that is not above it.
        std::string const& lowest = read.descending && !cursor.has("f") ? read.oldest : read.newest;
        bool const below = cursor.has("l") && !id_less(cursor.get("l"), lowest);
        bool const past = !cursor.has("l") && read.newest_at != kNoTime &&
                          read.newest_at < cursor.time("s") - kHistory;
        if (read.items == 0 || below || past) return finish(page, cursor, context, false);
        bool const by_offset = cursor.has("f");
        if (!by_offset && older && read.descending) {
            page.cursor = cursor.text();
            return;
        }
        // Not in the order of ids, or no max_id known there.
        if ((by_offset && same) || so_far >= kOffsetMost)
            return finish(page, cursor, context, true);
        page.cursor = cursor.set("f", so_far).text();
    }

    void finish(PollPage& page, WalkCursor& cursor, PollContext const& context,
                bool cut_short) const {
        WallTime const started = cursor.time("s");
        WallTime const oldest = cursor.time("o");
        page.complete = true;
        page.covered_until = started - indexing_delay();
        if (context.covered_until == kNoTime)
            page.covered_from = oldest == kNoTime ? *page.covered_until - 1min
                                                  : std::max(oldest, started - kHistory);
        else if (cut_short && oldest != kNoTime && oldest > context.covered_until)
            page.covered_from = oldest;
        if (id_less(cursor.get("w"), cursor.get("n"))) cursor.set("w", cursor.get("n"));
        if (cursor.has("d")) cursor.set("r", started);
        page.cursor = cursor.keep_only({"w", "r"}).text();
    }

    MastodonPageReader reader_;
    config::Values values_;
    std::string base_, ca_file_, query_;
};

}  // namespace

std::unique_ptr<Poller> make_mastodon_search(AccountSettings const& account,
                                             StreamSettings const& stream) {
    return std::make_unique<MastodonSearch>(account, stream);
}

}  // namespace surged::daemon
