// What every poller owes the loop, whichever platform it speaks to.
#include "tests/poller_kit.h"
#include "tests/web_kit.h"

#include <cctype>

namespace surged::tests {
namespace {

// One poller and how its platform says a few plain things.
struct Room {
    std::string name;
    std::function<std::unique_ptr<Poller>()> make;
    // A page that holds these ids as JSON values ("7", "\"a\"") and is followed by another.
    std::function<std::string(std::vector<std::string> const&)> page;
    std::string empty;           // nothing is there
    std::string error_with_200;  // an error in the clothes of a success
    exporters::HttpHeaders limit;
};

std::string join(std::vector<std::string> const& ids, std::string const& rest) {
    std::string out;
    for (auto const& id : ids) {
        if (!out.empty()) out += ',';
        out += R"({"id":)" + id + rest + "}";
    }
    return out;
}

std::string reddit_page(std::vector<std::string> const& ids) {
    std::string out;
    for (auto const& id : ids)
        out +=
            (out.empty() ? R"({"kind":"t3","data":{"name":)" : R"(,{"kind":"t3","data":{"name":)") +
            id + R"(,"selftext":"t"}})";
    return R"({"kind":"Listing","data":{"after":"t3_x","children":[)" + out + "]}}";
}

std::string uris(std::vector<std::string> const& ids) {
    std::string out;
    for (auto const& id : ids) {
        if (!out.empty()) out += ',';
        out += R"({"uri":)" + id +
               R"(,"reason":"mention","indexedAt":"2026-11-20T14:09:00Z","record":{"text":"t"}})";
    }
    return out;
}

std::vector<Room> const& rooms() {
    static std::vector<Room> const kRooms{
        {"x_search",
         [] { return x_search(); },
         [](auto const& ids) {
             return R"({"data":[)" + join(ids, R"(,"text":"t","author_id":"1")") +
                    R"(],"meta":{"next_token":"tok"}})";
         },
         R"({"meta":{"result_count":0}})",
         R"({"errors":[{"title":"Oops"}]})",
         {{"x-rate-limit-remaining", "7"}, {"x-rate-limit-reset", "1795184100"}}},
        {"x_mentions",
         [] { return x_mentions("990000001"); },
         [](auto const& ids) {
             return R"({"data":[)" + join(ids, R"(,"text":"t")") +
                    R"(],"meta":{"next_token":"tok"}})";
         },
         R"({"meta":{"result_count":0}})",
         R"({"errors":[{"title":"Oops"}]})",
         {{"x-rate-limit-remaining", "7"}, {"x-rate-limit-reset", "1795184100"}}},
        {"json",
         [] { return json_newest(); },
         [](auto const& ids) {
             return R"({"data":[)" + join(ids, R"(,"created_at":"2026-11-20T14:00:00Z")") +
                    R"(],"meta":{"next":"c"}})";
         },
         R"({"data":[]})",
         R"({"error":"no"})",
         {{"x-ratelimit-remaining", "7"}, {"x-ratelimit-reset", "1795184100"}}},
        {"mastodon_tag",
         [] { return mastodon_tag(); },
         [](auto const& ids) { return "[" + join(ids, R"(,"content":"<p>t</p>")") + "]"; },
         "[]",
         R"({"error":"no"})",
         {{"x-ratelimit-remaining", "7"}, {"x-ratelimit-reset", "2026-11-20T14:15:00.000000Z"}}},
        {"mastodon_mentions",
         [] { return mastodon_mentions(); },
         [](auto const& ids) {
             std::string out;
             int n = 900;
             for (auto const& id : ids) {
                 if (!out.empty()) out += ',';
                 out += R"({"type":"mention","id":")" + std::to_string(n--) +
                        R"(","status":{"id":)" + id + "}}";
             }
             return "[" + out + "]";
         },
         "[]",
         R"({"error":"no"})",
         {{"x-ratelimit-remaining", "7"}, {"x-ratelimit-reset", "2026-11-20T14:15:00.000000Z"}}},
        {"mastodon_search",
         [] { return mastodon_search(); },
         [](auto const& ids) {
             return R"({"accounts":[],"statuses":[)" + join(ids, R"(,"content":"<p>t</p>")") +
                    R"(],"hashtags":[]})";
         },
         R"({"accounts":[],"statuses":[],"hashtags":[]})",
         R"({"error":"no"})",
         {{"x-ratelimit-remaining", "7"}, {"x-ratelimit-reset", "2026-11-20T14:15:00.000000Z"}}},
        {"bluesky_search",
         [] { return bluesky_search(); },
         [](auto const& ids) { return R"({"cursor":"25","posts":[)" + uris(ids) + "]}"; },
         R"({"posts":[]})",
         R"({"error":"InternalServerError","message":"no"})",
         {{"ratelimit-remaining", "7"}, {"ratelimit-reset", "1795184100"}}},
        {"bluesky_mentions",
         [] { return bluesky_mentions(); },
         [](auto const& ids) { return R"({"cursor":"2026","notifications":[)" + uris(ids) + "]}"; },
         R"({"notifications":[]})",
         R"({"error":"InternalServerError","message":"no"})",
         {{"ratelimit-remaining", "7"}, {"ratelimit-reset", "1795184100"}}},
        {"facebook_page",
         [] { return facebook_page(); },
         [](auto const& ids) {
             return R"({"data":[)" + join(ids, R"(,"message":"t")") +
                    R"(],"paging":{"cursors":{"after":"a"},"next":"https://g/"}})";
         },
         R"({"data":[]})",
         R"({"error":{"code":190,"message":"no"}})",
         {{"x-app-usage", R"({"call_count":93,"total_time":1,"total_cputime":1})"}}},
        {"hackernews",
         [] { return hackernews(); },
         [](auto const& ids) {
             std::string out;
             for (auto const& id : ids)
                 out += (out.empty() ? R"({"objectID":)" : R"(,{"objectID":)") + id +
                        R"(,"created_at_i":1795183000,"comment_text":"<p>t"})";
             return R"({"hits":[)" + out + R"(],"nbHits":900,"hitsPerPage":20,"page":0})";
         },
         R"({"hits":[],"nbHits":0})",
         R"({"message":"no","status":400})",
         {{"x-ratelimit-remaining", "7"}, {"x-ratelimit-reset", "300"}}},
        {"reddit_search",
         [] { return reddit_search(); },
         reddit_page,
         R"({"kind":"Listing","data":{"after":null,"children":[]}})",
         R"({"message":"Too Many Requests","error":429})",
         {{"x-ratelimit-remaining", "7.0"}, {"x-ratelimit-reset", "300"}}},
        {"reddit_subreddit",
         [] { return reddit_subreddit(); },
         reddit_page,
         R"({"kind":"Listing","data":{"after":null,"children":[]}})",
         R"({"message":"no","error":500})",
         {{"x-ratelimit-remaining", "7.0"}, {"x-ratelimit-reset", "300"}}},
        {"youtube_comments",
         [] { return youtube_comments(); },
         [](auto const& ids) {
             return R"({"nextPageToken":"tok","items":[)" +
                    join(
                        ids,
                        R"(,"snippet":{"videoId":"v","topLevelComment":{"snippet":{"textOriginal":"t"}}})") +
                    "]}";
         },
         R"({"items":[]})",
         R"({"error":{"code":400,"message":"no"}})",
         {{"x-ratelimit-remaining", "7"}, {"x-ratelimit-reset", "300"}}},
        {"youtube_search",
         [] { return youtube_search(); },
         [](auto const& ids) {
             std::string out;
             for (auto const& id : ids)
                 out += (out.empty() ? R"({"id":{"videoId":)" : R"(,{"id":{"videoId":)") + id +
                        R"(},"snippet":{"title":"t"}})";
             return R"({"nextPageToken":"tok","items":[)" + out + "]}";
         },
         R"({"items":[]})",
         R"({"error":{"code":400,"message":"no"}})",
         {{"x-ratelimit-remaining", "7"}, {"x-ratelimit-reset", "300"}}},
        {"feed",
         [] { return feed(); },
         [](auto const& ids) {
             return R"({"version":"https://jsonfeed.org/version/1.1","next_url":"/feed?2","items":[)" +
                    join(ids, R"(,"content_text":"t")") + "]}";
         },
         R"({"items":[]})",
         R"({"error":"no"})",
         {{"x-ratelimit-remaining", "7"}, {"x-ratelimit-reset", "300"}}},
    };
    return kRooms;
}

class PollerContract : public testing::TestWithParam<std::size_t> {
protected:
    Room const& room = rooms()[GetParam()];
    std::unique_ptr<Poller> poller = room.make();
    MentionBatch batch;
    PollContext c = context(kNow, kNow - 2min);

    Step accept_page(std::string const& body, exporters::HttpHeaders headers = {}) {
        return accept(*poller, "", answer(200, body, std::move(headers)), batch, c);
    }
};

TEST_P(PollerContract, AskingTwiceIsTheSameQuestion) {
    HttpRequest const one = poller->next_request("", c);
    HttpRequest const two = poller->next_request("", c);
    EXPECT_EQ(one.url, two.url);
    EXPECT_EQ(one.headers, two.headers);
    EXPECT_TRUE(one.url.starts_with("https://"));
    EXPECT_EQ(one.method, "GET");
    EXPECT_EQ(one.url.find(' '), std::string::npos);
}

TEST_P(PollerContract, AnEmptyAnswerIsSilenceNotFailure) {
    auto const step = accept_page(room.empty);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    EXPECT_TRUE(step.mentions.empty());
    EXPECT_EQ(step.page->malformed, 0u);
}

TEST_P(PollerContract, WhatIsNotUnderstoodIsAFailureThatMovesNothing) {
    std::string const question = poller->next_request("", c).url;
    std::string const good = room.page({"\"1\"", "\"2\""});
    for (std::string const& body :
         {std::string(), std::string("<html><body>hello</body></html>"), std::string("null"),
          good.substr(0, good.size() / 2), good.substr(0, good.size() - 1), good + "x",
          room.error_with_200}) {
        auto const step = accept_page(body);
        EXPECT_FALSE(step.page) << body;
        EXPECT_TRUE(batch.items.empty()) << body;
        EXPECT_EQ(poller->next_request("", c).url, question) << body;
    }
    for (int const status : {301, 400, 401, 402, 403, 408, 410, 418, 429, 500, 502, 503, 504}) {
        auto const step = accept(*poller, "", answer(status, "{}"), batch, c);
        ASSERT_FALSE(step.page) << status;
        EXPECT_FALSE(step.page.error().detail.empty());
    }
    EXPECT_TRUE(accept_page(good).page) << "and the next good page is read as ever";
}

TEST_P(PollerContract, StatusesMeanWhatTheyMean) {
    auto const fault = [&](int status) {
        return accept(*poller, "", answer(status, ""), batch, c).page.error().fault;
    };
    EXPECT_EQ(fault(401), Fault::auth);
    EXPECT_EQ(fault(403), Fault::forbidden);
    EXPECT_EQ(fault(404), Fault::not_found);
    EXPECT_EQ(fault(429), Fault::throttled);
    for (int const status : {408, 500, 502, 503, 504}) EXPECT_EQ(fault(status), Fault::transient);
    auto const asked = accept(*poller, "", answer(429, "", {{"retry-AFTER", "77"}}), batch, c);
    EXPECT_EQ(asked.page.error().retry_after, 77s);
}

TEST_P(PollerContract, TheSamePageTwiceIsTheSameMentionsTwice) {
    std::string const body = room.page({"\"21\"", "\"20\""});
    auto const one = accept_page(body);
    auto const two = accept_page(body);
    ASSERT_TRUE(one.page);
    ASSERT_TRUE(two.page);
    EXPECT_EQ(one.page->cursor, two.page->cursor) << "accept() keeps no place of its own";
    ASSERT_EQ(one.mentions.size(), 2u);
    ASSERT_EQ(two.mentions.size(), 2u);
    EXPECT_EQ(one.mentions[0].id, "21");
    EXPECT_EQ(two.mentions[0].id, "21");
}

TEST_P(PollerContract, IdsAreTextWhateverTheyLookLike) {
    auto const step =
        accept_page(room.page({"9007199254740993", "\"9223372036854775808\"",
                               "\"at://did:plc:x/3k\"", "\"\\u00e9\"", "18446744073709551617"}));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 5u);
    EXPECT_EQ(step.mentions[0].id, "9007199254740993") << "beyond 2^53, not rounded";
    EXPECT_EQ(step.mentions[1].id, "9223372036854775808");
    EXPECT_EQ(step.mentions[2].id, "at://did:plc:x/3k");
    EXPECT_EQ(step.mentions[3].id, "\u00e9");
    EXPECT_EQ(step.mentions[4].id, "18446744073709551617") << "beyond 2^64";
}

TEST_P(PollerContract, OneBadItemCostsOneItem) {
    auto const step = accept_page(
        room.page({"\"1\"", "\"\\ud800\"", "null", "\"" + std::string(2000, 'i') + "\"", "\"5\""}));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    EXPECT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.page->malformed, 3u);
}

TEST_P(PollerContract, BytesThatAreNotUtf8AreReplaced) {
    auto const step = accept_page(room.page({"\"a\xff\"", "\"b\""}));
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.mentions[0].id, "a\uFFFD");
    EXPECT_TRUE(accept_page("\xEF\xBB\xBF" + room.page({"\"1\""})).page) << "a byte order mark";
}

TEST_P(PollerContract, AnEndlessTextIsCut) {
    std::string body = room.page({"\"1\""});
    for (std::string_view const key :
         {"\"text\":\"t", "<p>t", "\"message\":\"t", "\"selftext\":\"t", "\"textOriginal\":\"t",
          "\"title\":\"t", "\"content_text\":\"t"})
        if (auto const p = body.find(key); p != std::string::npos)
            body.insert(p + key.size(), std::string(100'000, 't'));
    auto const step = accept_page(body);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 1u);
    EXPECT_LE(step.mentions[0].text.size(), 32u * 1024u);
}

TEST_P(PollerContract, HeaderNamesHaveNoCase) {
    auto upper = room.limit;
    for (auto& [name, value] : upper)
        for (char& ch : name) ch = static_cast<char>(std::toupper(static_cast<unsigned char>(ch)));
    for (auto const& headers : {room.limit, upper}) {
        auto const step = accept_page(room.page({"\"1\""}), headers);
        ASSERT_TRUE(step.page);
        ASSERT_EQ(step.page->limits.size(), 1u);
        EXPECT_EQ(step.page->limits[0].remaining, 7);
        EXPECT_EQ(step.page->limits[0].reset,
                  room.name == "facebook_page" ? kNow + 15min : kNow + 5min);
    }
}

TEST_P(PollerContract, AWalkThatIsBegunAnewAsksForAFirstPage) {
    auto const step = accept_page(room.page({"\"21\""}));
    ASSERT_TRUE(step.page);
    EXPECT_FALSE(step.page->complete);
    EXPECT_NE(poller->next_request(step.page->cursor, c).url, poller->next_request("", c).url);
    std::string const anew = poller->restart(step.page->cursor);
    EXPECT_EQ(poller->next_request(anew, c).url, poller->next_request("", c).url)
        << "nothing was complete yet";
    EXPECT_EQ(poller->restart(anew), anew);
}

TEST_P(PollerContract, ADamagedCursorIsAFirstWalkAtWorst) {
    for (std::string const& damaged :
         {std::string("\xff\x00garbage", 9), std::string("t=%zz&&=&w"), std::string(100'000, 'x'),
          std::string("ph=99&s=-1&l=zz"), std::string("ph=3"),
          std::string("s=99999999999999999999")}) {
        HttpRequest const request = poller->next_request(damaged, c);
        EXPECT_TRUE(request.url.starts_with("https://"));
        (void)accept(*poller, damaged, answer(200, room.empty), batch, c);
        (void)poller->restart(damaged);
    }
}

TEST_P(PollerContract, NoSecretInAnAddressOrAnError) {
    std::string const secrets[] = {
        "AAAAtoken",          "fedi-token",    "EAABtoken123",     "meta_app_secret_demo",
        "reddit-token",       "reddit-secret", "AIza-key-of-test", "bsky-access-token",
        "bsky-refresh-token", "app-pass-word"};
    HttpRequest const request = poller->next_request("", c);
    for (auto const& secret : secrets) EXPECT_EQ(request.url.find(secret), std::string::npos);
    for (int const status : {400, 401, 403}) {
        auto const step = accept(
            *poller, "",
            answer(
                status,
                R"({"title":"bad","detail":"token AAAAtoken EAABtoken123 fedi-token bsky-access-token"})"),
            batch, c);
        std::string own(exporters::header(request.headers, "Authorization"));
        if (own.empty()) continue;
        own = own.substr(7);
        EXPECT_EQ(step.page.error().detail.find(own), std::string::npos);
    }
}

INSTANTIATE_TEST_SUITE_P(Rooms, PollerContract, testing::Range<std::size_t>(0, rooms().size()),
                         [](auto const& p) { return rooms()[p.param].name; });

}  // namespace
}  // namespace surged::tests
