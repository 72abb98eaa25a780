// Every poller of the table (daemon/pollers/pollers.cpp), and how its platform says a few plain
// things: the rows of the contract test.
#pragma once

#include "daemon/pollers/pollers.h"
#include "tests/web_kit.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace surged::tests {

using daemon::MakePoller;

// One poller of the table and how its platform says a few plain things.
struct Room {
    std::string platform, kind;  // "own": the row's reader of our own posts
    std::function<std::unique_ptr<Poller>(MakePoller)> make;
    // A page that holds these ids as JSON values ("7", "\"a\"") and is followed by another.
    std::function<std::string(std::vector<std::string> const&)> page;
    std::string empty;           // nothing is there
    std::string error_with_200;  // an error in the clothes of a success
    exporters::HttpHeaders limit;
    std::string begin = "";  // the cursor at which the first page is asked for
    bool counts = false;     // its pages hold minutes, not mentions: one each for an id

    [[nodiscard]] std::string name() const { return platform + "_" + kind; }
};

inline MakePoller maker(std::string_view platform, std::string_view kind) {
    auto const* const row = daemon::platform(platform);
    if (row == nullptr) return nullptr;
    if (kind == "own") return row->own;
    auto const* const found = kind_of(*row, kind);
    return found == nullptr ? nullptr : found->make;
}

inline std::string join(std::vector<std::string> const& ids, std::string const& rest) {
    std::string out;
    for (auto const& id : ids) {
        if (!out.empty()) out += ',';
        out += R"({"id":)" + id + rest + "}";
    }
    return out;
}

inline std::string x_page(std::vector<std::string> const& ids) {
    return R"({"data":[)" + join(ids, R"(,"text":"t","author_id":"1")") +
           R"(],"meta":{"next_token":"tok"}})";
}

inline std::string x_minutes(std::vector<std::string> const& ids) {
    std::string out;
    WallTime start = kNow - 1h;
    for (std::size_t i = 0; i < ids.size(); ++i, start += 1min)
        out += (i == 0 ? R"({"start":")" : R"(,{"start":")") + detectors::rfc3339(start) +
               R"(","end":")" + detectors::rfc3339(start + 1min) + R"(","tweet_count":1})";
    return R"({"data":[)" + out + R"(],"meta":{"total_tweet_count":)" + std::to_string(ids.size()) +
           R"(,"next_token":"tok"}})";
}

inline std::string statuses(std::vector<std::string> const& ids) {
    return "[" + join(ids, R"(,"content":"<p>t</p>")") + "]";
}

inline std::string notifications(std::vector<std::string> const& ids) {
    std::string out;
    int n = 900'000'000;
    for (auto const& id : ids) {
        if (!out.empty()) out += ',';
        out += R"({"type":"mention","id":")" + std::to_string(n--) + R"(","status":{"id":)" + id +
               "}}";
    }
    return "[" + out + "]";
}

inline std::string uris(std::vector<std::string> const& ids, std::string const& before = "{",
                        std::string const& after = "}") {
    std::string out;
    for (auto const& id : ids) {
        if (!out.empty()) out += ',';
        out += before + R"("uri":)" + id +
               R"(,"reason":"mention","indexedAt":"2026-11-20T14:09:00Z","record":{"text":"t"})" +
               after;
    }
    return out;
}

inline std::string graph_page(std::vector<std::string> const& ids) {
    return R"({"data":[)" + join(ids, R"(,"message":"t")") +
           R"(],"paging":{"cursors":{"after":"a"},"next":"https://g/"}})";
}

inline std::string hits(std::vector<std::string> const& ids) {
    std::string out;
    for (auto const& id : ids)
        out += (out.empty() ? R"({"objectID":)" : R"(,{"objectID":)") + id +
               R"(,"author":"Acme","created_at_i":1795183000,"comment_text":"<p>t"})";
    return R"({"hits":[)" + out + R"(],"nbHits":900,"hitsPerPage":20,"page":0})";
}

inline std::string reddit_page(std::vector<std::string> const& ids) {
    std::string out;
    for (auto const& id : ids)
        out +=
            (out.empty() ? R"({"kind":"t3","data":{"name":)" : R"(,{"kind":"t3","data":{"name":)") +
            id + R"(,"selftext":"t"}})";
    return R"({"kind":"Listing","data":{"after":"t3_x","children":[)" + out + "]}}";
}

inline daemon::AccountSettings x_account() {
    return account("https://api.x.com", {{"bearer_token_file", "AAAAtoken"}});
}
inline daemon::AccountSettings meta_account() {
    return account("https://graph.facebook.com", {{"access_token_file", "EAABtoken123"},
                                                  {"app_secret_file", "meta_app_secret_demo"}});
}
inline daemon::AccountSettings fedi_account() {
    return account("https://inst.example", {{"access_token_file", "fedi-token"}});
}
inline daemon::AccountSettings youtube_account() {
    return account("https://www.googleapis.com", {{"api_key_file", "AIza-key-of-test"}});
}

// A maker of the table, an account, and the keys of a stream.
inline auto with(daemon::AccountSettings (*of)(), std::string platform, std::string kind,
                 Pairs texts) {
    return [=](MakePoller make) { return make(of(), stream(platform, kind, texts)); };
}

inline exporters::HttpHeaders const kXLimit{{"x-rate-limit-remaining", "7"},
                                            {"x-rate-limit-reset", "1795184100"}};
inline exporters::HttpHeaders const kFediLimit{
    {"x-ratelimit-remaining", "7"}, {"x-ratelimit-reset", "2026-11-20T14:15:00.000000Z"}};
inline exporters::HttpHeaders const kSkyLimit{{"ratelimit-remaining", "7"},
                                              {"ratelimit-reset", "1795184100"}};
inline exporters::HttpHeaders const kGraphLimit{
    {"x-app-usage", R"({"call_count":93,"total_time":1,"total_cputime":1})"}};
inline exporters::HttpHeaders const kRedditLimit{{"x-ratelimit-remaining", "7.0"},
                                                 {"x-ratelimit-reset", "300"}};
inline exporters::HttpHeaders const kPlainLimit{{"x-ratelimit-remaining", "7"},
                                                {"x-ratelimit-reset", "300"}};

inline constexpr auto* kNoPosts = R"({"meta":{"result_count":0}})";
inline constexpr auto* kXError = R"({"errors":[{"title":"Oops"}]})";
inline constexpr auto* kSkyError = R"({"error":"InternalServerError","message":"no"})";
inline constexpr auto* kGraphError = R"({"error":{"code":190,"message":"no"}})";
inline constexpr auto* kNoListing = R"({"kind":"Listing","data":{"after":null,"children":[]}})";
inline constexpr auto* kYoutubeError = R"({"error":{"code":400,"message":"no"}})";

inline std::vector<Room> x_rooms() {
    auto const room = [](std::string kind, Pairs texts) {
        return Room{"x",     kind,   with(x_account, "x", kind, std::move(texts)), x_page, kNoPosts,
                    kXError, kXLimit};
    };
    std::vector<Room> out{
        room("search", {{"query", "acme -is:retweet"}}), room("mentions", {{"user", "990000001"}}),
        room("own", {{"user", "990000001"}}), room("counts", {{"query", "acme"}})};
    out.back().page = x_minutes;
    out.back().empty = R"({"data":[],"meta":{"total_tweet_count":0}})";
    out.back().counts = true;
    return out;
}

inline std::vector<Room> mastodon_rooms() {
    auto const room = [](std::string kind, Pairs texts, auto page, std::string empty) {
        return Room{"mastodon", kind,  with(fedi_account, "mastodon", kind, std::move(texts)),
                    page,       empty, R"({"error":"no"})",
                    kFediLimit};
    };
    std::vector<Room> out{room("tag", {{"tag", "#zephyrfail"}}, statuses, "[]"),
                          room("mentions", {}, notifications, "[]"),
                          room(
                              "search", {{"query", "zephyr cola"}},
                              [](std::vector<std::string> const& ids) {
                                  return R"({"accounts":[],"statuses":)" + statuses(ids) +
                                         R"(,"hashtags":[]})";
                              },
                              R"({"accounts":[],"statuses":[],"hashtags":[]})"),
                          room("own", {{"user", "acme"}}, statuses, "[]")};
    out.back().begin = daemon::WalkCursor()
                           .set("u", std::string_view("1"))
                           .set("h", std::string_view("acme"))
                           .text();
    return out;
}

inline std::vector<Room> bluesky_rooms() {
    auto const room = [](std::string kind, Pairs texts, auto page, std::string empty) {
        auto const make = [=](MakePoller maker) {
            return maker(bluesky_account(), stream("bluesky", kind, texts));
        };
        return Room{"bluesky", kind, make, page, empty, kSkyError, kSkyLimit};
    };
    return {room(
                "search", {{"query", "zephyr cola"}},
                [](std::vector<std::string> const& ids) {
                    return R"({"cursor":"25","posts":[)" + uris(ids) + "]}";
                },
                R"({"posts":[]})"),
            room(
                "mentions", {{"actor", "acme.example"}},
                [](std::vector<std::string> const& ids) {
                    return R"({"cursor":"2026","notifications":[)" + uris(ids) + "]}";
                },
                R"({"notifications":[]})"),
            room(
                "own", {{"user", "acme.example"}},
                [](std::vector<std::string> const& ids) {
                    return R"({"cursor":"2026","feed":[)" + uris(ids, R"({"post":{)", "}}") + "]}";
                },
                R"({"feed":[]})")};
}

inline std::vector<Room> meta_rooms() {
    auto const room = [](std::string platform, std::string kind, Pairs texts) {
        return Room{platform,
                    kind,
                    with(meta_account, platform, kind, std::move(texts)),
                    graph_page,
                    R"({"data":[]})",
                    kGraphError,
                    kGraphLimit};
    };
    std::vector<Room> out{
        room("facebook", "page", {{"page", "1020304050"}}),
        room("facebook", "own", {{"user", "1020304050"}}),
        room("instagram", "mentions", {{"user", "17841405309211844"}}),
        room("instagram", "hashtag", {{"user", "17841405309211844"}, {"hashtag", "#ZephyrFail"}})};
    out.back().begin = daemon::WalkCursor().set("h", std::string_view("17843853986012965")).text();
    return out;
}

inline std::vector<Room> reddit_rooms() {
    auto const room = [](std::string kind, Pairs texts) {
        auto const make = [=](MakePoller maker) {
            return maker(reddit_account(), stream("reddit", kind, texts));
        };
        return Room{"reddit",    kind,       make,
                    reddit_page, kNoListing, R"({"message":"Too Many Requests","error":429})",
                    kRedditLimit};
    };
    return {room("search", {{"query", "acme"}}), room("subreddit", {{"subreddit", "soda"}}),
            room("own", {{"user", "acme"}})};
}

inline std::vector<Room> youtube_rooms() {
    auto const room = [](std::string kind, Pairs texts, auto page) {
        return Room{"youtube",
                    kind,
                    with(youtube_account, "youtube", kind, std::move(texts)),
                    page,
                    R"({"items":[]})",
                    kYoutubeError,
                    kPlainLimit};
    };
    return {
        room(
            "comments", {{"channel", "UCbrand"}},
            [](std::vector<std::string> const& ids) {
                return R"({"nextPageToken":"tok","items":[)" +
                       join(
                           ids,
                           R"(,"snippet":{"videoId":"v","topLevelComment":{"snippet":{"textOriginal":"t"}}})") +
                       "]}";
            }),
        room("search", {{"query", "acme"}}, [](std::vector<std::string> const& ids) {
            std::string out;
            for (auto const& id : ids)
                out += (out.empty() ? R"({"id":{"videoId":)" : R"(,{"id":{"videoId":)") + id +
                       R"(},"snippet":{"title":"t"}})";
            return R"({"nextPageToken":"tok","items":[)" + out + "]}";
        })};
}

inline std::vector<Room> other_rooms() {
    auto const plain = [] { return account("https://hn.algolia.com"); };
    auto const json = [](MakePoller make) {
        auto s = stream("json", "items",
                        {{"path", "/items"},
                         {"items", "/data"},
                         {"next.pointer", "/meta/next"},
                         {"next.param", "cursor"},
                         {"since.param", "since"},
                         {"since.format", "rfc3339"},
                         {"order", "newest"}});
        s.values.pairs["fields"] = {
            {"id", "/id"}, {"created_at", "/created_at"}, {"text", "/text"}};
        return make(account("https://crm.example/api"), s);
    };
    auto const json_page = [](std::vector<std::string> const& ids) {
        return R"({"data":[)" + join(ids, R"(,"text":"t","created_at":"2026-11-20T14:00:00Z")") +
               R"(],"meta":{"next":"c)" + std::to_string(ids.size()) + R"("}})";
    };
    auto const feed_page = [](std::vector<std::string> const& ids) {
        return R"({"version":"https://jsonfeed.org/version/1.1","next_url":"/feed?2","items":[)" +
               join(ids, R"(,"content_text":"t")") + "]}";
    };
    std::vector<Room> out{
        {"hackernews", "search", with(plain, "hackernews", "search", {{"query", ""}}), hits,
         R"({"hits":[],"nbHits":0})", R"({"message":"no","status":400})", kPlainLimit},
        {"hackernews", "own", with(plain, "hackernews", "own", {{"user", "Acme"}}), hits,
         R"({"hits":[],"nbHits":0})", R"({"message":"no","status":400})", kPlainLimit},
        {"json", "items", json, json_page, R"({"data":[]})", R"({"error":"no"})", kXLimit},
        {"feed", "feed", with(plain, "feed", "feed", {{"url", "https://news.example/feed"}}),
         feed_page, R"({"items":[]})", R"({"error":"no"})", kPlainLimit}};
    out[1].begin = daemon::WalkCursor().set("h", std::string_view("Acme")).text();
    out[2].limit = {{"x-ratelimit-remaining", "7"}, {"x-ratelimit-reset", "1795184100"}};
    return out;
}

inline std::vector<Room> const& rooms() {
    static std::vector<Room> const all = [] {
        std::vector<Room> out;
        for (auto const& some : {x_rooms(), meta_rooms(), mastodon_rooms(), bluesky_rooms(),
                                 reddit_rooms(), youtube_rooms(), other_rooms()})
            out.insert(out.end(), some.begin(), some.end());
        return out;
    }();
    return all;
}

}  // namespace surged::tests
