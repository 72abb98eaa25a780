// What the benches feed: settings, pages of X posts, rows of contract section 4. The same bytes in
// every run.
#pragma once

#include "daemon/demo/x_body.h"
#include "daemon/engine.h"
#include "detectors/json_writer.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace surged::tests {

using detectors::WallTime;

inline constexpr WallTime kBenchStart{std::chrono::seconds{1'772'366'400}};  // 2026-03-01T12:00:00Z

// One brand with `streams` streams s0, s1, ... of platform json; what it excludes and watches for
// is as long as operators' lists are.
inline daemon::Settings bench_settings(std::size_t streams = 1) {
    std::string text = R"(
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:1/hook" }
response_policies:
  quick: { acknowledge: 10m, respond: 1h }
brands:
  - name: acme
    plan_url: https://wiki.example/plan
    own: { json: [acme, acme_help, acme_news] }
    raise: { words: [recall, lawsuit, poisoned], severity: critical }
    notify: { receivers: [hook] }
    streams:
)";
    for (std::size_t i = 0; i < streams; ++i)
        text += "      - { name: s" + std::to_string(i) +
                ", platform: json, base_url: \"http://127.0.0.1:1\", kind: items, path: /i,"
                " items: /data, fields: { id: /id, created_at: /created_at }, policy: quick,"
                " exclude: { authors: [acme_bot, deals4u], words: [giveaway, hiring],"
                " languages: [xx] } }\n";
    daemon::LoadedSettings loaded = daemon::load_settings_text(text, "bench.yaml");
    for (auto const& problem : loaded.problems->list)
        if (!problem.warning) {
            std::cerr << to_string(problem) << "\n";
            std::abort();
        }
    return std::move(loaded.settings);
}

inline daemon::EngineHooks quiet_hooks() {
    daemon::EngineHooks hooks;
    hooks.log = [](std::string const&, std::string const&) {};
    return hooks;
}

// An engine without a store: nothing but intake, detection and desk.
struct BenchEngine {
    explicit BenchEngine(std::size_t streams = 1,
                         std::chrono::seconds watermark = daemon::EngineOptions{}.watermark)
        : engine(bench_settings(streams), nullptr, metrics, quiet_hooks(), {watermark}) {
        (void)engine.restore(kBenchStart);
    }
    exporters::Metrics metrics;
    daemon::Engine engine;
};

// splitmix64: small, and the same everywhere.
class BenchRandom {
public:
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    std::uint64_t below(std::uint64_t n) { return next() % n; }

private:
    std::uint64_t state_ = 1;
};

// `length` characters of words that nobody excludes; now and then one beyond ASCII.
inline std::string bench_text(BenchRandom& random, std::size_t length) {
    static constexpr std::string_view kWords[] = {
        "the",   "acme",  "bottle", "again", "really",    "why",  "not",     "customer", "service",
        "today", "taste", "never",  "buy",   "@acmecola", "café", "waiting", "since",    "Monday"};
    std::string text;
    while (text.size() < length) {
        if (!text.empty()) text += ' ';
        text += kWords[random.below(std::size(kWords))];
    }
    while (text.size() > length) {  // never half a character
        bool const tail = (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U;
        text.pop_back();
        if (tail) text.pop_back();
    }
    text.resize(length, '.');
    return text;
}

// X's answer to a search: `posts` posts of the minute that begins at `minute`, with the fields our
// poller asks for, newest first, the last of its walk. Ids ascend with `serial`.
inline std::string x_page(BenchRandom& random, std::uint64_t& serial, WallTime minute,
                          std::size_t posts) {
    using namespace daemon::demo;
    XFields fields;
    fields.post = {"created_at", "author_id",      "conversation_id",        "in_reply_to_user_id",
                   "lang",       "public_metrics", "edit_history_tweet_ids", "referenced_tweets",
                   "note_tweet"};
    fields.user = {"username", "created_at", "public_metrics"};
    fields.expansions = {"author_id"};
    PostBook const book;
    std::vector<Post> all(posts);
    std::vector<Post const*> shown;
    for (std::size_t i = 0; i < posts; ++i) {
        Post& post = all[posts - 1 - i];
        post.id = std::to_string(2'123'748'189'008'822'383ULL + 4'194'304ULL * ++serial);
        post.created_at = minute + std::chrono::milliseconds{60'000 * i / posts};
        post.text = bench_text(random, 120 + random.below(120));
        post.lang = "en";
        post.author = {std::to_string(1'000'000'000 + random.below(1'000'000)),
                       "kim" + std::to_string(random.below(100'000)), "Kim",
                       std::int64_t(random.below(50'000)), kBenchStart - std::chrono::days{900}};
        if (random.below(3) == 0)
            post.in_reply_to = post.conversation =
                std::to_string(2'123'748'000'000'000'000ULL + random.below(1'000'000));
    }
    detectors::JsonWriter json;
    json.object().key("data").array();
    for (Post const& post : all) {
        write_x_post(json, post, fields, book);
        shown.push_back(&post);
    }
    json.end();
    write_x_includes(json, shown, fields, book, minute);
    json.key("meta").object().field("newest_id", all.front().id);
    json.field("oldest_id", all.back().id).field("result_count", std::uint64_t{posts}).end().end();
    return json.take();
}

// One row of contract section 4 with 200 characters of text; ends with a newline.
inline std::string ndjson_row(BenchRandom& random, std::uint64_t serial, WallTime at) {
    detectors::JsonWriter json;
    std::string const id = std::to_string(1'000'000'000 + serial);
    json.object().field("id", id).field("platform", "json").field("stream", "s0");
    json.field("created_at", at).field("kind", "post").key("author").object();
    json.field("id", std::to_string(random.below(1'000'000)));
    json.field("handle", "kim" + std::to_string(random.below(100'000)));
    json.field("followers", random.below(50'000)).field("created_at", "2019-01-01T00:00:00Z").end();
    json.field("text", bench_text(random, 200)).field("lang", "en");
    json.field("url", "https://social.example/kim/" + id);
    json.field("conversation", std::to_string(1'000'000'000 + random.below(serial + 1))).end();
    return json.take() + "\n";
}

}  // namespace surged::tests
