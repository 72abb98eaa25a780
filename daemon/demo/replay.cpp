#include "daemon/demo/replay.h"

#include "daemon/demo/random.h"
#include "daemon/demo/snowflake.h"

#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <unordered_set>

namespace surged::daemon::demo {
namespace {

using simdjson::dom::element;

constexpr std::uint64_t kLow22 = (1ULL << 22U) - 1;
constexpr std::chrono::seconds kSecond{1};  // to which recordings cut their times

std::string text_of(element const& row, std::string_view key) {
    std::string_view value;
    return row.at_key(key).get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

std::int64_t number_of(element const& row, std::string_view key) {
    std::int64_t value = 0;
    return row.at_key(key).get(value) == simdjson::SUCCESS ? value : 0;
}

void read_author(element const& row, PostAuthor& out) {
    element author;
    if (row.at_key("author").get(author) != simdjson::SUCCESS || !author.is_object()) return;
    out.id = text_of(author, "id");
    out.handle = out.name = text_of(author, "handle");
    out.followers = number_of(author, "followers");
    if (auto const born = detectors::parse_time(text_of(author, "created_at")))
        out.created_at = *born;
}

// False: the row is no mention.
bool read_row(element const& row, Post& post) {
    if (!row.is_object()) return false;
    post.id = text_of(row, "id");
    auto const at = detectors::parse_time(text_of(row, "created_at"));
    if (post.id.empty() || !at) return false;
    post.created_at = *at;
    post.kind = detectors::mention_kind(text_of(row, "kind"));
    read_author(row, post.author);
    post.text = text_of(row, "text");
    post.lang = text_of(row, "lang");
    post.in_reply_to = text_of(row, "in_reply_to");
    post.quotes = text_of(row, "quotes");
    post.reposts = text_of(row, "reposts");
    post.conversation = text_of(row, "conversation");
    post.stream = text_of(row, "stream");
    return true;
}

bool listed(std::vector<std::string> const& names, std::string const& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

class Loader {
public:
    Loader(ReplayOptions const& options, PostBook& book) : options_(options), book_(book) {}

    ReplayReport load(std::string_view text) {
        while (!text.empty()) {
            auto const end = text.find('\n');
            auto line = text.substr(0, end);
            if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
            if (line.find_first_not_of(" \t") != std::string_view::npos) row(line);
            if (end == std::string_view::npos) break;
            text.remove_prefix(end + 1);
        }
        for (auto& post : posts_) finish(std::move(post));
        report_.distinct = ids_.size();
        return std::move(report_);
    }

private:
    void row(std::string_view line) {
        ++report_.rows;
        Post post;
        element parsed;
        bool const good =
            line.size() <= Replay::kLineMax &&
            parser_.parse(line.data(), line.size()).get(parsed) == simdjson::SUCCESS &&
            read_row(parsed, post);
        if (!good) {
            if (++report_.bad == 1) report_.first_bad = report_.rows;
            return;
        }
        if (post.stream.empty()) post.stream = options_.stream;
        if (!options_.streams.empty() && !listed(options_.streams, post.stream)) return;
        place(post);
        posts_.push_back(std::move(post));
    }

    // Shifts the post. Its id goes with it: a snowflake's own time by the same span, any other is
    // minted anew from the post's time; the low bits stay what they were.
    void place(Post& post) {
        std::uint64_t const old = id_number(post.id);
        auto const off = x_time(old) - post.created_at;
        bool const snowflake = off > -kSecond && off < kSecond;
        post.ordered_at = (snowflake ? x_time(old) : post.created_at) + options_.shift;
        post.created_at += options_.shift;
        if (auto const known = report_.renamed.find(post.id); known != report_.renamed.end()) {
            post.ordered_at = x_time(id_number(known->second));
            return;
        }
        std::uint64_t low = old != 0 ? old & kLow22 : detectors::stable_hash(post.id) & kLow22;
        std::string id = std::to_string(x_id(post.ordered_at, low));
        if (id == post.id) return;
        while (!minted_.insert(id).second) id = std::to_string(x_id(post.ordered_at, ++low));
        report_.renamed.emplace(post.id, std::move(id));
    }

    void follow(std::string& id) const {
        auto const it = report_.renamed.find(id);
        if (it != report_.renamed.end()) id = it->second;
    }

    void finish(Post post) {
        for (auto* id :
             {&post.id, &post.in_reply_to, &post.quotes, &post.reposts, &post.conversation})
            follow(*id);
        post.platform = "x";
        post.own = listed(options_.own, post.author.handle) || listed(options_.own, post.author.id);
        double const spread =
            static_cast<double>((options_.delay_most - options_.delay_least).count());
        double const by = spread * lot(options_.seed, report_.taken);
        post.visible_at = post.created_at + options_.delay_least +
                          std::chrono::milliseconds{static_cast<std::int64_t>(by)};
        ++report_.taken;
        ++report_.per_stream[post.stream];
        ids_.insert(post.id);
        if (report_.first == kNoTime || post.created_at < report_.first)
            report_.first = post.created_at;
        if (report_.last == kNoTime || post.created_at > report_.last)
            report_.last = post.created_at;
        book_.append(std::move(post));
    }

    ReplayOptions const& options_;
    PostBook& book_;
    ReplayReport report_;
    simdjson::dom::parser parser_;
    std::vector<Post> posts_;
    std::unordered_set<std::string> minted_, ids_;
};

}  // namespace

ReplayReport Replay::load_text(std::string_view ndjson, ReplayOptions const& options,
                               PostBook& book) {
    return Loader(options, book).load(ndjson);
}

ReplayReport Replay::load_file(std::string const& path, ReplayOptions const& options,
                               PostBook& book) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        ReplayReport report;
        report.error = "cannot read " + path;
        return report;
    }
    std::string const text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return load_text(text, options, book);
}

}  // namespace surged::daemon::demo
