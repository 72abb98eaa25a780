#include "daemon/pollers/feed.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/feed_date.h"
#include "daemon/pollers/feed_document.h"
#include "daemon/pollers/html_text.h"
#include "daemon/pollers/query_words.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <algorithm>
#include <cstdio>
#include <set>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using std::chrono::seconds;

constexpr seconds kDelay{120};  // caches, and editors who date a story before they publish it
constexpr auto kFullEvery = 24h;
constexpr auto kHistory = std::chrono::days{60};
constexpr std::int64_t kHopsMax = 5;    // redirects of one walk
constexpr std::int64_t kPagesMax = 20;  // of a JSON Feed with older pages
constexpr std::size_t kKnown = 60;      // ids remembered: the first and the last of the document
constexpr std::size_t kValidatorMax = 1024;  // of an ETag: longer ones are not sent back

std::string trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    auto const first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

// Twelve hexadecimal digits: of 60 ids none is taken for another by chance.
std::string short_hash(std::string_view id) {
    std::array<char, 20> out{};
    auto const hash = detectors::stable_hash(id) >> 16U;
    std::snprintf(out.data(), out.size(), "%012llx", static_cast<unsigned long long>(hash));
    return out.data();
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// "text/xml; charset=ISO-8859-1" -> "ISO-8859-1"
std::string charset_of(HttpResponse const& response) {
    std::string type(exporters::header(response.headers, "Content-Type"));
    for (char& c : type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    auto const at = type.find("charset=");
    if (at == std::string::npos) return {};
    std::string name = type.substr(at + 8);
    name.erase(std::remove(name.begin(), name.end(), '"'), name.end());
    return trimmed(std::string_view(name).substr(0, name.find(';')));
}

std::string_view origin_of(std::string_view url) {
    auto const scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    return url.substr(0, std::min(url.find_first_of("/?#", scheme + 3), url.size()));
}

// Names in the cursor. e, m: ETag and Last-Modified, as they came; f: when the document was last
// read whole; k: ids that were in it. Of the walk in progress: s: its start; r: where it goes on;
// h: redirects so far; c: pages so far; o: oldest time found; j, g, y: what the first page said of
// k, e and m.
class Feed final : public Poller {
public:
    Feed(AccountSettings const& account, StreamSettings const& stream)
        : ca_file_(account.ca_file), url_(stream.values.get("url")) {
        if (auto const it = stream.values.lists.find("match"); it != stream.values.lists.end())
            words_ = QueryWords(it->second);
    }

    [[nodiscard]] seconds indexing_delay() const override { return kDelay; }
    [[nodiscard]] std::string restart(std::string_view text) const override {
        return WalkCursor(text).keep_only({"k"}).text();
    }

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override {
        WalkCursor const cursor = cursor_of(text);
        HttpRequest request;
        request.url = address(cursor);
        request.ca_file = ca_file_;
        request.headers.emplace_back("Accept",
                                     "application/atom+xml, application/rss+xml, "
                                     "application/feed+json, application/xml;q=0.9, */*;q=0.1");
        WallTime const full = cursor.time("f");
        bool const conditional = full != kNoTime && full <= context.now &&
                                 context.now - full < kFullEvery && !cursor.has("c");
        if (conditional && cursor.has("e"))
            request.headers.emplace_back("If-None-Match", cursor.get("e"));
        if (conditional && cursor.has("m"))
            request.headers.emplace_back("If-Modified-Since", cursor.get("m"));
        return request;
    }

    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override {
        WalkCursor cursor = cursor_of(text);
        PollPage page;
        page.limits = rate_limits(response, context.now);
        if (response.status == 304) return not_modified(page, cursor, response, context);
        if (is_redirect(response.status)) return redirected(page, cursor, response, context);
        if (auto failure = refused(response, context.now)) {
            // A later page that is gone ends the walk; the first one is the feed.
            if (cursor.has("c") && failure->fault == Fault::not_found)
                failure->fault = Fault::bad_cursor;
            return *failure;
        }
        std::size_t const before = out.items.size();
        Read read = begin(cursor, context);
        auto const head = reader_.read(
            response.body, charset_of(response),
            [&](FeedItem const& item, FeedHead const& h) { take(item, h, read, context, out); });
        if (!head) {
            out.items.resize(before);
            return head.error();
        }
        page.reads = head->items;
        page.malformed = read.malformed;
        if (head->repaired) page.note = "the feed was not well formed; what was broken was mended";
        date_undated(*head, read, context, out, before);
        go_on(page, cursor, *head, read, response, context);
        return page;
    }

private:
    struct Read {
        std::set<std::string> known;
        std::vector<std::string> ids;  // short hashes, in the order of the document
        std::string base;
        bool first = false;  // nothing was ever seen of this feed
        bool met = false;    // an item that was known
        std::uint64_t malformed = 0;
        WallTime oldest = kNoTime;
    };

    [[nodiscard]] static WalkCursor cursor_of(std::string_view text) {
        WalkCursor cursor(text);
        if (cursor.time("s") == kNoTime) cursor.keep_only({"e", "m", "f", "k"});
        return cursor;
    }
    // A damaged cursor must not lead anywhere else than to a web address.
    [[nodiscard]] std::string address(WalkCursor const& cursor) const {
        std::string const to = cursor.get("r");
        bool const tls = url_.starts_with("https://");
        return to.starts_with("https://") || (!tls && to.starts_with("http://")) ? to : url_;
    }
    [[nodiscard]] bool may_go(std::string_view from, std::string_view to) const {
        return to.starts_with("https://") ||
               (to.starts_with("http://") && from.starts_with("http://"));
    }

    Result<PollPage> redirected(PollPage& page, WalkCursor& cursor, HttpResponse const& response,
                                PollContext const& context) const {
        std::string const from = address(cursor);
        std::string const to =
            resolve_url(from, trimmed(exporters::header(response.headers, "Location")));
        std::int64_t const hops = cursor.number("h") + 1;
        if (to.empty() || !may_go(from, to) || hops > kHopsMax || to == from)
            return Failure(Fault::bad_request,
                           answer_words(response) + ": a redirect that is not followed");
        if (!cursor.has("s")) cursor.set("s", context.walk_started);
        page.cursor = cursor.set("r", to).set("h", hops).text();
        return page;
    }

    static void keep_validators(WalkCursor& cursor, HttpResponse const& response, bool all) {
        for (auto const& [name, field] :
             {std::pair{"e", "ETag"}, std::pair{"m", "Last-Modified"}}) {
            auto const value = exporters::header(response.headers, field);
            if (value.size() <= kValidatorMax && (all || !value.empty())) cursor.set(name, value);
        }
    }

    Result<PollPage> not_modified(PollPage& page, WalkCursor& cursor, HttpResponse const& response,
                                  PollContext const& context) const {
        if (cursor.time("f") == kNoTime)
            return Failure(Fault::malformed, "HTTP 304: nothing was asked conditionally");
        WallTime const started = cursor.has("s") ? cursor.time("s") : context.walk_started;
        keep_validators(cursor, response, false);
        page.complete = true;
        page.covered_until = started - kDelay;
        page.cursor = cursor.keep_only({"e", "m", "f", "k"}).text();
        return page;
    }

    [[nodiscard]] Read begin(WalkCursor const& cursor, PollContext const& context) const {
        Read read;
        std::string const known = cursor.get("k");
        std::string_view rest = known;
        while (!rest.empty()) {
            auto const end = std::min(rest.find('.'), rest.size());
            read.known.emplace(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        read.first = read.known.empty() && context.covered_until == kNoTime;
        read.base = address(cursor);
        return read;
    }

    void take(FeedItem const& item, FeedHead const& head, Read& read, PollContext const& context,
              MentionBatch& out) const {
        std::string const link = trimmed(item.link);
        std::string const title = trimmed(item.title);
        std::string id = trimmed(item.id);
        if (id.empty() && (!link.empty() || !title.empty()))
            id = "h:" + short_hash(link + "\n" + title);
        if (!item.ok || id.empty() || id.size() > kIdMax) {
            ++read.malformed;
            return;
        }
        read.ids.push_back(short_hash(id));
        read.met = read.met || read.known.contains(read.ids.back());
        Mention m;
        auto time = parse_feed_date(item.published);
        if (!time) time = parse_feed_date(item.updated);
        if (time && *time <= context.now)
            read.oldest = read.oldest == kNoTime ? *time : std::min(read.oldest, *time);
        m.text = whole_text(item, title, out);
        if (!words_.held_by(m.text)) return;
        m.id = out.keep(id);
        m.created_at = time.value_or(kNoTime);
        m.author.handle = m.author.id =
            out.keep(cut_text(trimmed(item.author.empty() ? head.author : item.author), kIdMax));
        m.lang = out.keep(cut_text(trimmed(item.lang.empty() ? head.lang : item.lang), 35));
        std::string const base = resolve_url(resolve_url(read.base, head.base), item.base);
        m.url = out.keep(link.empty() ? link : resolve_url(base, link));
        out.items.push_back(m);
    }

    static std::string_view whole_text(FeedItem const& item, std::string const& title,
                                       MentionBatch& out) {
        bool const full = !item.text.empty();
        std::string_view body = full ? item.text : item.summary;
        FeedText const form = full ? item.text_form : item.summary_form;
        if (form == FeedText::html) body = html_to_text(body, out);
        // In RSS nobody says what a title is; most escape what needs it twice.
        std::string all(item.title_form == FeedText::html ? html_to_text(title, out)
                                                          : decode_entities(title, out));
        std::string const rest = trimmed(body);
        if (!all.empty() && !rest.empty()) all += '\n';
        return out.keep(cut_text(all + rest, kTextMax));
    }

    // Of the very first document: history, not this minute.
    static void date_undated(FeedHead const& head, Read const& read, PollContext const& context,
                             MentionBatch& out, std::size_t before) {
        if (!read.first) return;
        WallTime const end = context.walk_started - kDelay - 1s;
        WallTime const written = parse_feed_date(head.updated).value_or(end);
        for (std::size_t i = before; i < out.items.size(); ++i)
            if (out.items[i].created_at == kNoTime)
                out.items[i].created_at = std::min(written, end);
    }

    [[nodiscard]] static std::string known_of(Read const& read) {
        std::string out;
        for (std::size_t i = 0; i < read.ids.size(); ++i) {
            if (i >= kKnown / 2 && i + kKnown / 2 < read.ids.size()) continue;
            out += (out.empty() ? "" : ".") + read.ids[i];
        }
        return out;
    }

    void go_on(PollPage& page, WalkCursor& cursor, FeedHead const& head, Read const& read,
               HttpResponse const& response, PollContext const& context) const {
        if (!cursor.has("s")) cursor.set("s", context.walk_started);
        if (!cursor.has("c")) {
            // An empty document forgets nothing.
            cursor.set("j", read.ids.empty() ? cursor.get("k") : known_of(read));
            cursor.set("f", context.now);
            WalkCursor fresh;
            keep_validators(fresh, response, true);
            cursor.set("g", fresh.get("e")).set("y", fresh.get("m"));
        }
        cursor.set("c", cursor.number("c") + 1);
        if (WallTime const o = cursor.time("o"); read.oldest != kNoTime)
            cursor.set("o", o == kNoTime ? read.oldest : std::min(o, read.oldest));
        WallTime const edge = cursor.time("s") - kHistory;
        WallTime const oldest = cursor.time("o");
        std::string const next = head.next.empty() ? "" : resolve_url(read.base, head.next);
        bool const more = !next.empty() && origin_of(next) == origin_of(read.base) &&
                          next != read.base && !read.ids.empty();
        bool const far = oldest != kNoTime && oldest < edge;
        if (more && !read.met && !far && cursor.number("c") < kPagesMax) {
            page.cursor = cursor.set("r", next).text();
            return;
        }
        page.complete = true;
        page.covered_until = cursor.time("s") - kDelay;
        WallTime const known = context.covered_until;
        bool const hole = !read.known.empty() && !read.met && !read.ids.empty();
        if (known == kNoTime || hole) {
            WallTime const from =
                oldest == kNoTime ? *page.covered_until - 1min : std::max(oldest, edge);
            if (known == kNoTime || from > known) page.covered_from = from;
        }
        // A walk that a redirect began may read the document hours later: the hole then reaches
        // beyond what this walk covers. The next one shall find it too, and tell the rest.
        if (hole && oldest != kNoTime && oldest > *page.covered_until) {
            page.cursor = cursor.keep_only({"k"}).text();
            return;
        }
        cursor.set("k", cursor.get("j")).set("e", cursor.get("g")).set("m", cursor.get("y"));
        page.cursor = cursor.keep_only({"e", "m", "f", "k"}).text();
    }

    FeedReader reader_;
    std::string ca_file_, url_;
    QueryWords words_;
};

}  // namespace

std::string resolve_url(std::string_view base, std::string_view reference) {
    if (reference.empty()) return std::string(base);
    auto const from = boost::urls::parse_uri(base);
    auto const to = boost::urls::parse_uri_reference(reference);
    if (!from || !to) return std::string(reference);
    boost::urls::url out;
    if (!boost::urls::resolve(*from, *to, out)) return std::string(reference);
    return std::string(out.buffer());
}

std::unique_ptr<Poller> make_feed(AccountSettings const& account, StreamSettings const& stream) {
    return std::make_unique<Feed>(account, stream);
}

}  // namespace surged::daemon
