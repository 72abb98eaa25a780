#include "daemon/pollers/json.h"

#include "daemon/pollers/answer.h"
#include "daemon/pollers/pointer_tree.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/settings.h"

#include <algorithm>
#include <array>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using simdjson::error_code;
using simdjson::SUCCESS;
using std::chrono::seconds;

// Late items, as long as nobody told us better: a little at each walk, more now and then.
constexpr seconds kOverlap{60};
constexpr auto kDeepOverlap = 20min;
constexpr auto kDeepEvery = 10min;
constexpr auto kHistory = std::chrono::days{90};  // what a baseline can use
constexpr std::int64_t kPagesMax = 10'000;
constexpr std::uint64_t kItemsMax = 100'000;  // of one page: the body limit allows no more anyway

enum Target : int {
    kId,
    kCreatedAt,
    kKind,
    kAuthorId,
    kAuthorHandle,
    kAuthorFollowers,
    kAuthorCreatedAt,
    kText,
    kLang,
    kUrl,
    kInReplyTo,
    kQuotes,
    kReposts,
    kConversation,
    kReach,
    kItems,
    kNext,
};
constexpr std::array<std::string_view, 15> kNames{"id",
                                                  "created_at",
                                                  "kind",
                                                  "author.id",
                                                  "author.handle",
                                                  "author.followers",
                                                  "author.created_at",
                                                  "text",
                                                  "lang",
                                                  "url",
                                                  "in_reply_to",
                                                  "quotes",
                                                  "reposts",
                                                  "conversation",
                                                  "reach"};

void assign(Mention& m, std::string_view& kind, int target, std::string_view value) {
    switch (target) {
        case kId: m.id = value; break;
        case kCreatedAt: m.created_at = read_time(value).value_or(kNoTime); break;
        case kKind: kind = value; break;
        case kAuthorId: m.author.id = value; break;
        case kAuthorHandle: m.author.handle = value; break;
        case kAuthorFollowers: m.author.followers = read_count(value); break;
        case kAuthorCreatedAt: m.author.created_at = read_time(value).value_or(kNoTime); break;
        case kText: m.text = value; break;
        case kLang: m.lang = value; break;
        case kUrl: m.url = value; break;
        case kInReplyTo: m.in_reply_to = value; break;
        case kQuotes: m.quotes = value; break;
        case kReposts: m.reposts = value; break;
        case kConversation: m.conversation = value; break;
        case kReach: m.reach = read_count(value); break;
        default: break;
    }
}

// What the references say when no field says the kind itself.
detectors::MentionKind kind_of_references(Mention const& m) {
    if (!m.reposts.empty()) return detectors::MentionKind::repost;
    if (!m.in_reply_to.empty()) return detectors::MentionKind::reply;
    if (!m.quotes.empty()) return detectors::MentionKind::quote;
    return detectors::MentionKind::post;
}

// "https://crm.example/api" -> "https://crm.example"
std::string_view origin_of(std::string_view url) {
    auto const scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    return url.substr(0, std::min(url.find_first_of("/?#", scheme + 3), url.size()));
}

// Names in the cursor. wt, wi: newest time and id of what is complete; r: when the deep overlap was
// last read again. Of the walk in progress: p: where the next page is; d: it reads deep; s: its
// start; l: its lower bound; nt, ni: newest time and id found; o: oldest time found; c: pages so
// far; k: nothing known was met yet.
class JsonItems final : public Poller {
public:
    JsonItems(AccountSettings const& account, StreamSettings const& stream);

    [[nodiscard]] HttpRequest next_request(std::string_view text,
                                           PollContext const& context) const override;
    Result<PollPage> accept(HttpResponse const& response, std::string_view text,
                            PollContext const& context, MentionBatch& out) override;
    [[nodiscard]] std::string restart(std::string_view text) const override {
        return WalkCursor(text).keep_only({"wt", "wi", "r"}).text();
    }
    bool reload_secrets() override { return values_.reload_secrets(); }

private:
    struct Read {
        std::uint64_t items = 0, malformed = 0;
        bool has_list = false;
        std::string next, first_id, last_id;
        WallTime newest = kNoTime, oldest = kNoTime;
    };
    // A walk whose beginning is not known was damaged: only what was complete before it is
    // believed.
    [[nodiscard]] static WalkCursor cursor_of(std::string_view text) {
        WalkCursor cursor(text);
        if (cursor.time("s") == kNoTime) cursor.keep_only({"wt", "wi", "r"});
        return cursor;
    }
    [[nodiscard]] bool by_id() const { return since_format_ == "id"; }
    [[nodiscard]] bool pages_by_next() const { return next_; }
    [[nodiscard]] static bool deep(WalkCursor const& cursor, PollContext const& context) {
        WallTime const read = cursor.time("r");
        return read == kNoTime || read > context.walk_started ||
               context.walk_started - read >= kDeepEvery;
    }
    [[nodiscard]] WallTime lower_bound(WalkCursor const& cursor, PollContext const& context) const;
    [[nodiscard]] std::string token() const;
    Result<Read> read(HttpResponse const& response, MentionBatch& out);
    error_code read_items(ondemand::value list, Read& found, MentionBatch& out);
    std::optional<Failure> check_next(Read const& found, WalkCursor const& cursor) const;
    void newest_first(PollPage& page, WalkCursor& cursor, Read const& found,
                      PollContext const& context) const;
    void oldest_first(PollPage& page, WalkCursor& cursor, Read const& found,
                      PollContext const& context) const;

    config::Values values_;
    std::string base_, ca_file_, path_, items_, next_param_, since_param_, since_format_;
    std::vector<std::pair<std::string, std::string>> params_;
    bool oldest_, next_ = false;
    PointerTree root_, fields_;
    JsonDocument document_;
    MentionBatch scratch_;
};

JsonItems::JsonItems(AccountSettings const& account, StreamSettings const& stream)
    : values_(account.values),
      base_(account.base_url),
      ca_file_(account.ca_file),
      path_(stream.values.get("path")),
      items_(stream.values.get("items")),
      next_param_(stream.values.get("next.param")),
      since_param_(stream.values.get("since.param")),
      since_format_(stream.values.get("since.format", "rfc3339")),
      oldest_(stream.values.get("order", "newest") == "oldest") {
    auto const pairs = [&](std::string_view key) {
        auto const it = stream.values.pairs.find(key);
        return it == stream.values.pairs.end() ? decltype(params_){} : it->second;
    };
    params_ = pairs("params");
    // A pointer that is none was refused by the reader of the configuration; here it is no field.
    (void)root_.add(items_, kItems);
    std::string const next = stream.values.get("next.pointer");
    next_ = !next.empty() && root_.add(next, kNext);
    for (auto const& [name, pointer] : pairs("fields")) {
        auto const it = std::find(kNames.begin(), kNames.end(), name);
        if (it != kNames.end()) (void)fields_.add(pointer, int(it - kNames.begin()));
    }
    if (!path_.empty() && path_[0] != '/') path_.insert(0, 1, '/');
}

std::string JsonItems::token() const {
    std::string bearer = values_.secret("bearer_token_file");
    return bearer.empty() ? values_.secret("access_token_file") : bearer;
}

WallTime JsonItems::lower_bound(WalkCursor const& cursor, PollContext const& context) const {
    if (cursor.has("s")) return cursor.time("l");
    WallTime const mark = cursor.time("wt");
    if (mark == kNoTime || context.covered_until == kNoTime) return mark;
    // Never beyond what we have seen, whatever our clock says.
    return std::min(mark,
                    context.covered_until - (deep(cursor, context) ? kDeepOverlap : kOverlap));
}

HttpRequest JsonItems::next_request(std::string_view text, PollContext const& context) const {
    WalkCursor const cursor = cursor_of(text);
    HttpRequest request;
    request.ca_file = ca_file_;
    request.headers.emplace_back("Accept", "application/json");
    if (std::string const bearer = token(); !bearer.empty())
        request.headers.emplace_back("Authorization", "Bearer " + bearer);
    std::string const next = cursor.get("p");
    if (next.starts_with("http://") || next.starts_with("https://")) {
        request.url = next;
        return request;
    }
    if (next.starts_with('/') && next_param_.empty()) {
        request.url = std::string(origin_of(base_)) + next;
        return request;
    }
    auto params = params_;
    if (!since_param_.empty()) {
        WallTime const bound = lower_bound(cursor, context);
        std::string since;
        if (by_id()) {
            since = oldest_ && cursor.has("ni") && !pages_by_next() ? cursor.get("ni")
                                                                    : cursor.get("wi");
        } else if (bound != kNoTime) {
            // A second earlier: whether `since` means "after" or "not before", and whether it has
            // fractions, nobody says, and what comes twice is recognised.
            WallTime const from = std::chrono::floor<seconds>(bound) - 1s;
            since = since_format_ == "unix" ? std::to_string(from.time_since_epoch() / 1s)
                                            : detectors::rfc3339(from);
        }
        if (!since.empty()) params.emplace_back(since_param_, since);
    }
    if (!next.empty() && !next_param_.empty()) params.emplace_back(next_param_, next);
    request.url = exporters::with_query(base_ + path_, params);
    return request;
}

error_code JsonItems::read_items(ondemand::value list, Read& found, MentionBatch& out) {
    ondemand::json_type type{};
    if (auto const error = list.type().get(type)) return error;
    found.has_list = type == ondemand::json_type::array || type == ondemand::json_type::null;
    ItemReader in(out);
    return each_item(list, [&](ondemand::value item) {
        if (++found.items > kItemsMax) return simdjson::CAPACITY;
        in.reset();
        Mention m;
        std::string_view kind;
        auto const error = fields_.walk(item, [&](auto const& targets, ondemand::value value) {
            bool const is_id = std::find(targets.begin(), targets.end(), int{kId}) != targets.end();
            std::string_view const scalar = is_id ? in.id(value) : in.scalar(value);
            for (int const target : targets) assign(m, kind, target, scalar);
            return SUCCESS;
        });
        if (error) return error;
        if (!in.ok() || m.id.empty()) {
            ++found.malformed;
            return SUCCESS;
        }
        m.kind = detectors::mention_kind(kind, kind_of_references(m));
        if (found.first_id.empty()) found.first_id = m.id;
        found.last_id = m.id;
        if (m.created_at != kNoTime) {
            found.newest = std::max(found.newest, m.created_at);
            found.oldest =
                found.oldest == kNoTime ? m.created_at : std::min(found.oldest, m.created_at);
        }
        out.items.push_back(m);
        return SUCCESS;
    });
}

Result<JsonItems::Read> JsonItems::read(HttpResponse const& response, MentionBatch& out) {
    scratch_.clear();
    Read found;
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    ondemand::value root;
    if (auto const error = (*opened)->get_value().get(root)) return broken(error);
    ItemReader in(scratch_);
    auto const error = root_.walk(root, [&](auto const& targets, ondemand::value value) {
        if (targets.front() == kItems) return read_items(value, found, out);
        found.next = in.id(value);
        return SUCCESS;
    });
    if (error == simdjson::CAPACITY)
        return Failure(Fault::too_large, "more than 100000 items on a page");
    if (error) return broken(error);
    if (auto const trailing = document_.finish()) return *trailing;
    if (!found.has_list) return no_page(response.body, "no list at \"" + items_ + "\"");
    if (found.items > 0 && found.malformed == found.items)
        return Failure(Fault::malformed, "no item of the page has an id where `fields` says");
    return found;
}

std::optional<Failure> JsonItems::check_next(Read const& found, WalkCursor const& cursor) const {
    if (found.next.empty()) return std::nullopt;
    if (found.next == cursor.get("p"))
        return Failure(Fault::bad_cursor, "the next page is the same page");
    bool const address = found.next.starts_with("http://") || found.next.starts_with("https://");
    // Credentials go to the account's host and nowhere else.
    if (address && origin_of(found.next) != origin_of(base_))
        return Failure(Fault::malformed, "the next page is on another host");
    if (!address && next_param_.empty() && !found.next.starts_with('/'))
        return Failure(Fault::malformed, "next.pointer gives a value, but there is no next.param");
    return std::nullopt;
}

Result<PollPage> JsonItems::accept(HttpResponse const& response, std::string_view text,
                                   PollContext const& context, MentionBatch& out) {
    WalkCursor cursor = cursor_of(text);
    if (auto failure = refused(response, context.now)) {
        failure->detail = without_secret(std::move(failure->detail), token());
        bool const gone =
            failure->fault == Fault::bad_request || failure->fault == Fault::not_found;
        // A page of a walk that is refused while its first page was not: the place is gone.
        if (gone && cursor.has("p")) failure->fault = Fault::bad_cursor;
        return *failure;
    }
    std::size_t const before = out.items.size();
    Result<Read> found = read(response, out);
    std::optional<Failure> failure;
    if (!found) failure = found.error();
    if (!failure) failure = check_next(*found, cursor);
    if (failure) {
        out.items.resize(before);
        return *failure;
    }
    PollPage page;
    page.reads = found->items;
    page.malformed = found->malformed;
    page.limits = rate_limits(response, context.now);
    if (document_.repaired())
        page.note = "the answer was not UTF-8; its broken bytes were replaced";
    if (!cursor.has("s")) {
        WallTime const bound = lower_bound(cursor, context);
        if (deep(cursor, context)) cursor.set("d", std::int64_t{1});
        cursor.set("s", context.walk_started).set("l", bound).set("ni", found->first_id);
    }
    cursor.set("c", cursor.number("c") + 1);
    cursor.set("nt", std::max(cursor.time("nt"), found->newest));
    if (WallTime const o = cursor.time("o"); found->oldest != kNoTime)
        cursor.set("o", o == kNoTime ? found->oldest : std::min(o, found->oldest));
    if (oldest_)
        oldest_first(page, cursor, *found, context);
    else
        newest_first(page, cursor, *found, context);
    return page;
}

void JsonItems::newest_first(PollPage& page, WalkCursor& cursor, Read const& found,
                             PollContext const& context) const {
    WallTime const started = cursor.time("s");
    WallTime const bound = cursor.time("l");
    WallTime const edge = bound == kNoTime ? started - kHistory : bound;
    bool const past_edge = found.items > 0 && found.newest != kNoTime && found.newest < edge;
    bool const cut = cursor.number("c") >= kPagesMax;
    if (!found.next.empty() && !past_edge && !cut) {
        page.cursor = cursor.set("p", found.next).text();
        return;
    }
    page.complete = true;
    page.covered_until = started - indexing_delay();
    WallTime const oldest = cursor.time("o");
    WallTime const known = context.covered_until;
    // One page that holds nothing we knew may have lost what fell off its end.
    bool const window =
        !pages_by_next() && since_param_.empty() && oldest != kNoTime && oldest > known;
    if (known == kNoTime || cut || window)
        page.covered_from = oldest == kNoTime ? *page.covered_until - 1min : oldest;
    if (page.covered_from && known != kNoTime && *page.covered_from <= known)
        page.covered_from.reset();
    if (cursor.has("ni")) cursor.set("wi", cursor.get("ni"));
    cursor.set("wt", std::max(cursor.time("wt"), cursor.time("nt")));
    if (cursor.has("d")) cursor.set("r", started);
    page.cursor = cursor.keep_only({"wt", "wi", "r"}).text();
}

void JsonItems::oldest_first(PollPage& page, WalkCursor& cursor, Read const& found,
                             PollContext const& context) const {
    WallTime const started = cursor.time("s");
    WallTime const before = cursor.time("wt");
    WallTime const newest = std::max(before, found.newest);
    bool moved = false;
    if (by_id()) {
        moved = !found.last_id.empty() && found.last_id != cursor.get("wi");
    } else {
        // A page that holds nothing but the overlap ends before what is new.
        moved = found.newest > cursor.time("l") && found.newest != before;
    }
    cursor.set("wt", newest);
    if (!found.last_id.empty()) cursor.set("wi", found.last_id);
    if (context.covered_until == kNoTime)
        page.covered_from =
            found.oldest == kNoTime ? started - indexing_delay() - 1min : found.oldest;
    bool const more = pages_by_next() ? !found.next.empty() : !since_param_.empty() && moved;
    if (more && cursor.number("c") < kPagesMax) {
        // Pages move forward in time, so what lies behind the newest item of this one is complete.
        if (found.newest != kNoTime)
            page.covered_until = std::min(found.newest, started - indexing_delay());
        if (pages_by_next())
            cursor.set("p", found.next);
        else
            cursor.set("l", found.newest).set("ni", cursor.get("wi"));
        page.cursor = cursor.text();
        return;
    }
    page.complete = true;
    page.covered_until =
        more && found.newest != kNoTime ? found.newest : started - indexing_delay();
    if (cursor.has("d")) cursor.set("r", started);
    page.cursor = cursor.keep_only({"wt", "wi", "r"}).text();
}

}  // namespace

std::unique_ptr<Poller> make_json_items(AccountSettings const& account,
                                        StreamSettings const& stream) {
    return std::make_unique<JsonItems>(account, stream);
}

}  // namespace surged::daemon
