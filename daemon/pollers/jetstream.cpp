#include "daemon/pollers/jetstream.h"

#include "daemon/pollers/bluesky_page.h"
#include "daemon/settings.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <utility>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using simdjson::SUCCESS;

constexpr std::string_view kHost = "https://jetstream2.us-east.bsky.network";
constexpr std::string_view kCollection = "app.bsky.feed.post";
constexpr std::chrono::seconds kSilence{30};  // a network that says nothing for so long is ours
constexpr std::int64_t kRewind = 5'000'000;   // microseconds
constexpr std::size_t kTermsMost = 50;
constexpr std::size_t kMessageMax = 256U << 10U;  // a record is at most 100 kB

char low(char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = low(c);
    return out;
}

bool word_char(char c) {
    return static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c)) ||
           c == '_';
}

// Is `term` (lower case) in `text` from boundary to boundary?
bool holds(std::string_view text, std::string_view term) {
    auto const same = [](char a, char b) { return low(a) == b; };
    for (auto it = text.begin();; ++it) {
        it = std::search(it, text.end(), term.begin(), term.end(), same);
        if (it == text.end()) return false;
        auto const end = it + std::ptrdiff_t(term.size());
        bool const begins = it == text.begin() || !word_char(it[-1]) || !word_char(term.front());
        bool const ends = end == text.end() || !word_char(*end) || !word_char(term.back());
        if (begins && ends) return true;
    }
}

struct Event {
    Mention mention;
    std::string_view did, collection, rkey, operation;
    std::int64_t time_us = -1;
    std::vector<std::string_view> mentioned;
};

class Jetstream final : public Listener {
public:
    Jetstream(AccountSettings const& account, StreamSettings const& stream,
              std::optional<PostQuery> query)
        : session_(account.session),
          ca_file_(account.ca_file),
          query_(std::move(query)),
          actor_(lower(stream.values.get("actor"))) {
        if (actor_.starts_with('@')) actor_.erase(0, 1);
        url_ = account.values.get("streaming_url", std::string(kHost));
        while (url_.ends_with('/')) url_.pop_back();
        identifier_ = lower(account.values.get("identifier"));
    }

    [[nodiscard]] StreamRequest request() const override {
        StreamRequest r;
        r.websocket = true;
        r.message_max = kMessageMax;
        r.http.ca_file = ca_file_;
        r.http.url = url_ + "/subscribe?wantedCollections=" + std::string(kCollection);
        if (last_us_ > kRewind) r.http.url += "&cursor=" + std::to_string(last_us_ - kRewind);
        return r;
    }

    std::uint64_t accept(StreamMessage const& message, MentionBatch& out) override {
        auto opened = document_.open(message.data);
        ondemand::object root;
        if (!opened || (*opened)->get_object().get(root)) return 1;
        scratch_.clear();
        ItemReader in(scratch_);
        Event event;
        auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
            if (key == "did") event.did = in.id(value);
            if (key == "time_us") event.time_us = in.count(value);
            if (key == "commit") return read_commit(value, in, event);
            return SUCCESS;
        });
        if (error || document_.finish()) return 1;
        last_us_ = std::max(last_us_, event.time_us);
        if (event.collection != kCollection || event.operation != "create") return 0;
        if (!wanted(event)) return 0;
        if (event.did.empty() || event.rkey.empty() || !in.ok()) return 1;
        take(event, out);
        return 0;
    }
    [[nodiscard]] std::chrono::seconds silence() const override { return kSilence; }

private:
    static simdjson::error_code read_commit(ondemand::value commit, ItemReader& in, Event& event) {
        return each_field(commit, [&](std::string_view key, ondemand::value value) {
            if (key == "operation") event.operation = in.text(value, kIdMax);
            if (key == "collection") event.collection = in.text(value, kIdMax);
            if (key == "rkey") event.rkey = in.id(value);
            if (key == "record")
                return read_bluesky_record(value, in, event.mention, &event.mentioned);
            return SUCCESS;
        });
    }

    [[nodiscard]] bool wanted(Event const& event) const {
        if (query_) return query_->matches(event.mention.text);
        if (!actor_.starts_with("did:") && holds(event.mention.text, "@" + actor_)) return true;
        std::string did = actor_.starts_with("did:") ? actor_ : std::string{};
        // Our own handle stands for the DID that the session told us.
        if (did.empty() && (actor_ == identifier_ || actor_ == session_->handle))
            did = session_->subject;
        if (did.empty()) return false;
        Mention const& m = event.mention;
        return std::find(event.mentioned.begin(), event.mentioned.end(), did) !=
                   event.mentioned.end() ||
               did_of(m.in_reply_to) == did || did_of(m.conversation) == did ||
               did_of(m.quotes) == did;
    }

    // Into the batch that stays: the event's own text goes with the next event.
    void take(Event const& event, MentionBatch& out) const {
        auto const keep = [&](std::string_view text) -> std::string_view {
            if (text.empty()) return {};
            char* const room = out.reserve(text.size());
            std::memcpy(room, text.data(), text.size());
            return out.commit(text.size());
        };
        Mention m = event.mention;
        std::string const uri = "at://" + std::string(event.did) + "/" +
                                std::string(event.collection) + "/" + std::string(event.rkey);
        m.id = keep(uri);
        m.text = keep(m.text);
        m.lang = keep(m.lang);
        m.in_reply_to = keep(m.in_reply_to);
        m.conversation = keep(m.conversation);
        m.quotes = keep(m.quotes);
        m.author.id = keep(event.did);
        detectors::WallTime const heard{std::chrono::milliseconds{event.time_us / 1000}};
        bool const timed = event.time_us > 0;
        if (timed && (m.created_at == kNoTime || m.created_at > heard)) m.created_at = heard;
        finish_bluesky(m, out);
        out.items.push_back(m);
    }

    JsonDocument document_;
    MentionBatch scratch_;
    std::shared_ptr<AccountSession> session_;
    std::string url_, ca_file_;
    std::optional<PostQuery> query_;
    std::string actor_, identifier_;
    std::int64_t last_us_ = 0;
};

}  // namespace

std::optional<PostQuery> PostQuery::parse(std::string_view query) {
    PostQuery out;
    while (!query.empty()) {
        if (query.front() == ' ' || query.front() == '\t') {
            query.remove_prefix(1);
            continue;
        }
        Term term;
        if (query.front() == '-') {
            term.absent = true;
            query.remove_prefix(1);
        }
        bool const quoted = query.starts_with('"');
        if (quoted) query.remove_prefix(1);
        auto const end = query.find_first_of(quoted ? "\"" : " \t");
        if (quoted && end == std::string_view::npos) return std::nullopt;
        std::string_view const text = query.substr(0, end);
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + (quoted ? 1 : 0));
        bool const operator_ =
            !quoted && (text.find_first_of(":()|*\"") != std::string_view::npos || text == "OR" ||
                        text == "AND" || text == "NOT");
        if (text.empty() || operator_ || out.terms_.size() == kTermsMost) return std::nullopt;
        term.text = lower(text);
        out.terms_.push_back(std::move(term));
    }
    bool const any = std::any_of(out.terms_.begin(), out.terms_.end(),
                                 [](Term const& term) { return !term.absent; });
    if (!any) return std::nullopt;
    return out;
}

bool PostQuery::matches(std::string_view text) const {
    return std::all_of(terms_.begin(), terms_.end(),
                       [&](Term const& term) { return holds(text, term.text) != term.absent; });
}

std::unique_ptr<Listener> make_jetstream_search(AccountSettings const& account,
                                                StreamSettings const& stream) {
    if (stream.values.get("streaming") != "on") return nullptr;
    auto query = PostQuery::parse(stream.values.get("query"));
    if (!query) return nullptr;
    return std::make_unique<Jetstream>(account, stream, std::move(query));
}

std::unique_ptr<Listener> make_jetstream_mentions(AccountSettings const& account,
                                                  StreamSettings const& stream) {
    if (stream.values.get("streaming") != "on") return nullptr;
    return std::make_unique<Jetstream>(account, stream, std::nullopt);
}

}  // namespace surged::daemon
