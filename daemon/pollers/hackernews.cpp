#include "daemon/pollers/hackernews.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/html_text.h"
#include "daemon/pollers/json_reading.h"
#include "daemon/pollers/query_words.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <algorithm>
#include <cstring>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using detectors::MentionKind;
using simdjson::error_code;
using simdjson::SUCCESS;
using std::chrono::seconds;

constexpr std::int64_t kHits = 200;               // of one page
constexpr std::uint64_t kItemsMax = 1000;         // what the index gives at most
constexpr auto kOverlap = 10min;                  // items that reach the index late
constexpr auto kHistory = std::chrono::days{60};  // of the first walk
constexpr auto kOwnHistory = std::chrono::days{7};
constexpr std::int64_t kNames = 50;       // hits among which an author's name is found
constexpr std::int64_t kPagesMax = 2000;  // 400,000 hits: a query that means nothing
constexpr seconds kDelay{60};

// Names in the cursor, all of the walk in progress: s: its start; l: its lower bound; u: the newest
// second still to read; p: the page within it, when one second fills a page; z: of that many; c:
// pages so far; g: the end of the newest second that could not be read whole. Of own posts besides:
// h: how the author writes his name, kept; x: that nobody of that name was found, so it stands as
// configured.
class HackerNews final : public Poller {
public:
    HackerNews(AccountSettings const& account, StreamSettings const& stream)
        : base_(account.base_url),
          ca_file_(account.ca_file),
          query_(stream.values.get("query")),
          user_(stream.kind == "own" ? stream.values.get("user") : std::string()),
          words_(query_, QueryWords::Edges::anywhere) {}

    [[nodiscard]] seconds indexing_delay() const override { return kDelay; }
    [[nodiscard]] std::string restart(std::string_view text) const override {
        WalkCursor cursor(text);
        return cursor.has("x") ? std::string() : cursor.keep_only({"h"}).text();
    }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        WalkCursor const cursor = cursor_of(text);
        if (must_resolve(cursor))
            return ask({{"query", user_},
                        {"tags", "(story,comment)"},
                        {"restrictSearchableAttributes", "author"},
                        {"typoTolerance", "false"},
                        {"attributesToHighlight", "none"},
                        {"hitsPerPage", std::to_string(kNames)}});
        auto const unix_time = [](WallTime t) { return std::to_string(t.time_since_epoch() / 1s); };
        std::string filter = "created_at_i>=" + unix_time(lower_bound(cursor, context));
        if (cursor.has("u")) filter += ",created_at_i<=" + unix_time(cursor.time("u"));
        std::string tags = "(story,comment)";
        if (own()) tags += ",author_" + cursor.get("h");
        return ask({{"query", query_},
                    {"tags", tags},
                    {"numericFilters", filter},
                    {"typoTolerance", "false"},
                    {"advancedSyntax", "true"},
                    {"attributesToHighlight", "none"},
                    {"hitsPerPage", std::to_string(kHits)},
                    {"page", std::to_string(page_of(cursor))}});
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor = cursor_of(text);
        if (auto failure = refused(response, context.now)) return *failure;
        std::size_t const before = out.items.size();
        Read read;
        if (auto failure = read_page(response, read, out)) {
            out.items.resize(before);
            return *failure;
        }
        if (must_resolve(cursor)) {
            PollPage page = accept_name(cursor, out, before);
            page.limits = rate_limits(response, context.now);
            return page;
        }
        PollPage page;
        page.reads = read.hits;
        page.malformed = read.malformed;
        page.limits = rate_limits(response, context.now);
        if (document_.repaired())
            page.note = "the answer was not UTF-8; its broken bytes were replaced";
        go_on(page, cursor, read, context);
        return page;
    }

private:
    struct Read {
        std::uint64_t hits = 0, malformed = 0;
        std::int64_t all = -1, per_page = -1;  // nbHits, hitsPerPage; -1: not told
        bool has_list = false;
        WallTime oldest = kNoTime;
    };

    [[nodiscard]] HttpRequest ask(
        std::vector<std::pair<std::string, std::string>> const& params) const {
        HttpRequest request;
        request.url = exporters::with_query(base_ + "/api/v1/search_by_date", params);
        request.headers.emplace_back("Accept", "application/json");
        request.ca_file = ca_file_;
        return request;
    }
    [[nodiscard]] bool own() const { return !user_.empty(); }
    [[nodiscard]] bool must_resolve(WalkCursor const& cursor) const {
        return own() && !cursor.has("h");
    }
    // Who writes himself like that among the hits; they themselves are read by the next request.
    PollPage accept_name(WalkCursor& cursor, MentionBatch& out, std::size_t before) const {
        auto const lower = [](std::string_view text) {
            std::string all(text);
            for (char& c : all) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            return all;
        };
        std::string name;
        for (std::size_t i = before; i < out.items.size() && name.empty(); ++i)
            if (lower(out.items[i].author.handle) == lower(user_))
                name = out.items[i].author.handle;
        out.items.resize(before);
        if (name.empty()) cursor.set("x", std::int64_t{1});
        PollPage page;
        page.cursor = cursor.set("h", name.empty() ? user_ : name).text();
        return page;
    }

    [[nodiscard]] static WalkCursor cursor_of(std::string_view text) {
        WalkCursor cursor(text);
        if (cursor.time("s") == kNoTime || cursor.time("l") == kNoTime)
            cursor.keep_only({"h", "x"});
        return cursor;
    }
    [[nodiscard]] static std::int64_t page_of(WalkCursor const& cursor) {
        return std::clamp<std::int64_t>(cursor.number("p"), 0, kItemsMax);
    }
    [[nodiscard]] WallTime lower_bound(WalkCursor const& cursor, PollContext const& context) const {
        if (cursor.has("l")) return cursor.time("l");
        WallTime const edge = context.walk_started - (own() ? kOwnHistory : kHistory);
        if (context.covered_until == kNoTime) return std::chrono::floor<seconds>(edge);
        return std::chrono::floor<seconds>(std::max(context.covered_until - kOverlap, edge));
    }

    std::optional<Failure> read_page(HttpResponse const& response, Read& read, MentionBatch& out) {
        auto opened = document_.open(response.body);
        if (!opened) return opened.error();
        ondemand::object root;
        if (auto const error = (*opened)->get_object().get(root)) return broken(error);
        auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
            ItemReader in(out);
            if (key == "nbHits") read.all = in.count(value);
            if (key == "hitsPerPage") read.per_page = in.count(value);
            if (key != "hits") return SUCCESS;
            read.has_list = is_list(value);
            return each_item(value,
                             [&](ondemand::value item) { return read_hit(item, read, out); });
        });
        return document_.conclude(error, read.has_list, "hits", response.body, "hits");
    }

    error_code read_hit(ondemand::value item, Read& read, MentionBatch& out) {
        if (++read.hits > kItemsMax) return simdjson::CAPACITY;
        ItemReader in(out);
        Mention m;
        std::string_view title, html, link, about;
        WallTime rfc = kNoTime;
        auto const error = each_field(item, [&](std::string_view key, ondemand::value value) {
            if (key == "objectID") m.id = in.id(value);
            if (key == "created_at_i") m.created_at = in.time(value);
            if (key == "created_at") rfc = in.time(value);
            if (key == "author") m.author.handle = m.author.id = in.text(value, kIdMax);
            if (key == "title") title = cut_text(in.view(value), kTextMax);
            if (key == "story_text" || key == "comment_text")
                if (auto const view = in.view(value); !view.empty())
                    html = cut_text(view, kTextMax);
            if (key == "url") link = in.view(value);
            if (key == "story_title") about = in.view(value);
            if (key == "parent_id") m.in_reply_to = in.id(value);
            if (key == "story_id") m.conversation = in.id(value);
            if (key == "points") m.reach = in.count(value);
            return SUCCESS;
        });
        if (error) return error;
        if (m.created_at == kNoTime) m.created_at = rfc;
        if (m.created_at != kNoTime)
            read.oldest =
                read.oldest == kNoTime ? m.created_at : std::min(read.oldest, m.created_at);
        if (!in.ok() || m.id.empty()) {
            ++read.malformed;
            return SUCCESS;
        }
        m.text = hackernews_text(title, html, out);
        if (!means(m, link, about)) return SUCCESS;
        bool const comment = !m.in_reply_to.empty();
        m.kind = comment ? MentionKind::comment : MentionKind::post;
        if (m.conversation.empty() && !comment) m.conversation = m.id;
        m.url = keep_joined("https://news.ycombinator.com/item?id=", m.id, out);
        out.items.push_back(m);
        return SUCCESS;
    }

    static std::string_view keep_joined(std::string_view a, std::string_view b, MentionBatch& out) {
        char* const whole = out.reserve(a.size() + b.size());
        std::memcpy(whole, a.data(), a.size());
        if (!b.empty()) std::memcpy(whole + a.size(), b.data(), b.size());
        return out.commit(a.size() + b.size());
    }
    // The index searches title, text, address and author; a title with an accent may be found
    // without it, so only words of plain letters are asked for again.
    [[nodiscard]] bool means(Mention const& m, std::string_view link,
                             std::string_view about) const {
        bool const plain = std::all_of(query_.begin(), query_.end(),
                                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
        if (!plain || words_.empty()) return true;
        std::string all(m.text);
        for (std::string_view const more : {link, about, m.author.handle})
            all.append(" ").append(more);
        return words_.held_by(all);
    }

    // Moves the cursor past this page and says what the walk covers.
    void go_on(PollPage& page, WalkCursor& cursor, Read const& read,
               PollContext const& context) const {
        if (!cursor.has("s"))
            cursor.set("s", context.walk_started).set("l", lower_bound(cursor, context));
        std::int64_t const number = page_of(cursor);
        auto const hits = static_cast<std::int64_t>(read.hits);
        std::int64_t const per_page = read.per_page > 0 ? read.per_page : kHits;
        // A page's number means another place once pages have another size: from the first again.
        bool const resized = number > 0 && cursor.number("z", per_page) != per_page;
        cursor.set("z", per_page);
        if (resized) {
            page.cursor = cursor.set("p", std::string_view{}).text();
            return;
        }
        bool const more = hits > 0 && (hits >= per_page || number * per_page + hits < read.all);
        bool const cut = cursor.number("c") + 1 >= kPagesMax;
        WallTime const until = cursor.time("u");
        WallTime const oldest = read.oldest;
        if (more && !cut && oldest != kNoTime) {
            cursor.set("c", cursor.number("c") + 1);
            if (until == kNoTime || oldest < until) {
                cursor.set("u", oldest).set("p", std::string_view{});
            } else if ((number + 1) * per_page < static_cast<std::int64_t>(kItemsMax)) {
                cursor.set("p", number + 1);
            } else {
                if (!cursor.has("g")) cursor.set("g", until + 1s);
                cursor.set("u", until - 1s).set("p", std::string_view{});
            }
            page.cursor = cursor.text();
            return;
        }
        WallTime const known = context.covered_until;
        page.complete = true;
        page.covered_until = cursor.time("s") - kDelay;
        WallTime from = known == kNoTime || known < cursor.time("l") ? cursor.time("l") : kNoTime;
        if (cut && more) from = std::max(from, oldest);
        from = std::max(from, cursor.time("g"));
        if (from != kNoTime && (known == kNoTime || from > known)) page.covered_from = from;
        page.cursor = cursor.has("x") ? std::string() : cursor.keep_only({"h"}).text();
    }

    std::string base_, ca_file_, query_, user_;
    QueryWords words_;
    JsonDocument document_;
};

}  // namespace

std::string_view hackernews_text(std::string_view title, std::string_view html, MentionBatch& out) {
    if (html.empty()) return out.keep(title);
    // Paragraphs begin and never end.
    constexpr std::string_view kParagraph = "<p>", kBreak = "<br>";
    std::string lines(html);
    if (lines.starts_with(kParagraph)) lines.erase(0, kParagraph.size());
    for (auto at = lines.find(kParagraph); at != std::string::npos; at = lines.find(kParagraph, at))
        lines.replace(at, kParagraph.size(), kBreak);
    if (title.empty()) return html_to_text(lines, out);
    std::string both(title);
    both += '\n';
    both += html_to_text(lines, out);
    return out.keep(cut_text(both, kTextMax));
}

std::unique_ptr<Poller> make_hackernews_search(AccountSettings const& account,
                                               StreamSettings const& stream) {
    return std::make_unique<HackerNews>(account, stream);
}
std::unique_ptr<Poller> make_hackernews_own(AccountSettings const& account,
                                            StreamSettings const& stream) {
    return std::make_unique<HackerNews>(account, stream);
}

}  // namespace surged::daemon
