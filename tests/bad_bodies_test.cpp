// Broken answers of platforms, each with its exact outcome. Whatever comes, the cursor stays where
// it was unless a page was understood, and one bad item costs one item.
#include "tests/poller_kit.h"

#include <map>

namespace surged::tests {
namespace {

struct BadBody {
    char const* name;
    char const* poller;
    int status;
    std::string body;
    // Either the failure ...
    std::optional<Fault> fault;
    // ... or what was read.
    std::size_t mentions = 0;
    std::uint64_t malformed = 0;
};

std::unique_ptr<Poller> make(std::string const& name) {
    if (name == "x") return x_search();
    if (name == "x counts") return x_counts();
    if (name == "x user") return x_mentions();
    if (name == "json") return json_newest();
    if (name == "mastodon") return mastodon_tag();
    if (name == "notifications") return mastodon_mentions();
    if (name == "mastodon search") return mastodon_search();
    if (name == "bluesky") return bluesky_search();
    if (name == "bluesky told") return bluesky_mentions();
    return facebook_page();
}

std::string const kDeep = std::string(5000, '[') + std::string(5000, ']');

std::vector<BadBody> const& bad_bodies() {
    using enum Fault;
    static std::vector<BadBody> const kBodies{
        // X
        {"nothing at all", "x", 200, "", malformed},
        {"white space", "x", 200, " \r\n\t", malformed},
        {"a proxy's page", "x", 200, "<!DOCTYPE html><html>blocked</html>", malformed},
        {"a gateway's page", "x", 502, "<html>bad gateway</html>", transient},
        {"cut in an object", "x", 200, R"({"data":[{"id":"1","text":"a"},{"id":"2")", malformed},
        {"cut in a string", "x", 200, R"({"data":[{"id":"1","text":"a)", malformed},
        {"last brace missing", "x", 200, R"({"data":[{"id":"1"}],"meta":{"result_count":1})",
         malformed},
        {"a comma missing", "x", 200, R"({"data":[{"id":"1" "text":"a"}],"meta":{}})", malformed},
        {"two documents", "x", 200, R"({"meta":{"result_count":0}}{"meta":{}})", malformed},
        {"garbage behind it", "x", 200, R"({"meta":{"result_count":0}} -->)", malformed},
        {"a list", "x", 200, "[1,2]", malformed},
        {"a number", "x", 200, "42", malformed},
        {"null", "x", 200, "null", malformed},
        {"an empty object", "x", 200, "{}", malformed},
        {"data is no list", "x", 200, R"({"data":"none"})", malformed},
        {"data is null, as if empty",
         "x",
         200,
         R"({"data":null,"meta":{"result_count":0}})",
         {},
         0,
         0},
        {"200 with an error", "x", 200,
         R"({"errors":[{"title":"Authorization Error","type":"https://api.x.com/2/problems/not-authorized-for-resource"}]})",
         forbidden},
        {"200 with the cap reached", "x", 200,
         R"({"title":"UsageCapExceeded","type":"https://api.twitter.com/2/problems/usage-capped"})",
         budget},
        {"200 with an error nobody knows", "x", 200, R"({"title":"Oops","detail":"?"})", malformed},
        {"a lone surrogate spoils its post",
         "x",
         200,
         R"({"data":[{"id":"1","text":"\ud800"},{"id":"2","text":"ok"}],"meta":{}})",
         {},
         1,
         1},
        {"a lone surrogate in an unread field",
         "x",
         200,
         R"({"data":[{"id":"1","source":"\ud800"}],"meta":{}})",
         {},
         1,
         0},
        {"broken UTF-8 is repaired",
         "x",
         200,
         "{\"data\":[{\"id\":\"1\",\"text\":\"caf\xe9\"}],\"meta\":{}}",
         {},
         1,
         0},
        {"a raw newline in a text is repaired",
         "x",
         200,
         "{\"data\":[{\"id\":\"1\",\"text\":\"a\nb\"}],\"meta\":{}}",
         {},
         1,
         0},
        {"a byte order mark", "x", 200, "\xEF\xBB\xBF{\"meta\":{\"result_count\":0}}", {}, 0, 0},
        {"posts without ids",
         "x",
         200,
         R"({"data":[{"text":"a"},{"id":null},{"id":{}},{"id":"4"}],"meta":{}})",
         {},
         1,
         3},
        {"an id of two kilobytes",
         "x",
         200,
         R"({"data":[{"id":")" + std::string(2048, '7') + R"("}],"meta":{}})",
         {},
         0,
         1},
        {"posts that are no objects", "x", 200, R"({"data":[1,"a",null,[]],"meta":{}})", {}, 0, 4},
        {"a page of 1001 posts", "x", 200,
         [] {
             std::string body = R"({"data":[)";
             for (int i = 0; i < 1001; ++i)
                 body += (i ? ",{\"id\":\"" : "{\"id\":\"") + std::to_string(i) + "\"}";
             return body + "]}";
         }(),
         too_large},
        {"nesting without end where nobody looks",
         "x",
         200,
         R"({"data":[{"id":"1","x":)" + kDeep + "}]}",
         {},
         1,
         0},
        {"nesting without end where an id should be",
         "x",
         200,
         R"({"data":[{"id":)" + kDeep + R"(},{"id":"2"}],"meta":{}})",
         {},
         1,
         1},
        {"nesting that never ends", "x", 200,
         R"({"data":[{"id":"1","x":)" + std::string(5000, '[') + "}]}", malformed},
        {"a double key", "x", 200, R"({"data":[{"id":"1","id":"2"}],"meta":{}})", {}, 1, 0},
        {"counts without counts",
         "x counts",
         200,
         R"({"data":[{"start":"2026-11-20T13:00:00Z"}],"meta":{}})",
         {},
         0,
         1},
        {"counts below zero",
         "x counts",
         200,
         R"({"data":[{"start":"2026-11-20T13:00:00Z","end":"2026-11-20T13:01:00Z","tweet_count":-1}]})",
         {},
         0,
         1},
        {"counts as HTML", "x counts", 200, "<html></html>", malformed},
        {"counts that end before they begin",
         "x counts",
         200,
         R"({"data":[{"start":"2026-11-20T13:01:00Z","end":"2026-11-20T13:00:00Z","tweet_count":1}]})",
         {},
         0,
         1},
        {"a user without an id", "x user", 200, R"({"data":{"username":"acme"}})", malformed},
        {"a user that is nobody", "x user", 200, R"({})", malformed},
        // JSON
        {"nothing at all", "json", 200, "", malformed},
        {"a page", "json", 200, "<html></html>", malformed},
        {"cut", "json", 200, R"({"data":[{"id":"1"},{"id)", malformed},
        {"no list where it should be", "json", 200, R"({"items":[]})", malformed},
        {"200 with an error", "json", 200, R"({"error":{"message":"no"}})", malformed},
        {"the list is an object", "json", 200, R"({"data":{"id":"1"}})", malformed},
        {"the list is null", "json", 200, R"({"data":null})", {}, 0, 0},
        {"no item has an id", "json", 200, R"({"data":[{"Id":"1"},{"Id":"2"}]})", malformed},
        {"one item has no id", "json", 200, R"({"data":[{"x":"1"},{"id":"2"}]})", {}, 1, 1},
        {"an item that is a text", "json", 200, R"({"data":["a",{"id":"2"}]})", {}, 1, 1},
        {"a surrogate",
         "json",
         200,
         R"({"data":[{"id":"1","text":"\udfff"},{"id":"2"}]})",
         {},
         1,
         1},
        {"a literal misspelt",
         "json",
         200,
         R"({"data":[{"id":"1","text":"a"},{"id":nul}]})",
         {},
         1,
         1},
        {"a number misspelt", "json", 200, R"({"data":[{"id":12x4},{"id":"2"}]})", {}, 1, 1},
        {"a bad escape", "json", 200, R"({"data":[{"id":"1","text":"\q"},{"id":"2"}]})", {}, 1, 1},
        {"brackets crossed", "json", 200, R"({"data":[{"id":"1"]})", malformed},
        {"behind a redirect", "json", 302, "", bad_request},
        {"teapot", "json", 418, "{}", bad_request},
        // Mastodon
        {"nothing at all", "mastodon", 200, "", malformed},
        {"maintenance", "mastodon", 200, "<html>be right back</html>", malformed},
        {"maintenance, honest", "mastodon", 503, "<html>be right back</html>", transient},
        {"200 with an error", "mastodon", 200,
         R"({"error":"This method requires an authenticated user"})", malformed},
        {"needs a token", "mastodon", 401,
         R"({"error":"This method requires an authenticated user"})", auth},
        {"suspended", "mastodon", 410, R"({"error":"gone"})", not_found},
        {"cut", "mastodon", 200, R"([{"id":"1","content":"<p>a</p>"},)", malformed},
        {"never closed", "mastodon", 200, R"([{"id":"1","content":"<p>a</p>"})", malformed},
        {"statuses without ids", "mastodon", 200, R"([{"content":"a"},{"content":"b"}])",
         malformed},
        {"one without an id", "mastodon", 200, R"([{"content":"a"},{"id":"9"}])", {}, 1, 1},
        {"content is null",
         "mastodon",
         200,
         R"([{"id":"9","content":null,"account":null}])",
         {},
         1,
         0},
        {"content is no Unicode",
         "mastodon",
         200,
         R"([{"id":"9","content":"\udc00"},{"id":"8"}])",
         {},
         1,
         1},
        {"HTML that never closes its tag",
         "mastodon",
         200,
         R"([{"id":"9","content":"a <a href='"}])",
         {},
         1,
         0},
        {"broken UTF-8", "mastodon", 200, "[{\"id\":\"9\",\"content\":\"\xc3(\"}]", {}, 1, 0},
        {"numbers for ids", "mastodon", 200, R"([{"id":117649139800477921}])", {}, 1, 0},
        {"notification without a status",
         "notifications",
         200,
         R"([{"id":"3","type":"mention"},{"id":"2","type":"mention","status":{"id":"7"}}])",
         {},
         1,
         1},
        {"a list of nulls", "notifications", 200, "[null,null]", malformed},
        {"a timeline where a search was asked", "mastodon search", 200, R"([{"id":"1"}])",
         malformed},
        {"no statuses", "mastodon search", 200, R"({"accounts":[],"hashtags":[]})", malformed},
        {"cut in the search", "mastodon search", 200, R"({"statuses":[{"id":"1"},)", malformed},
        {"one status without an id",
         "mastodon search",
         200,
         R"({"statuses":[{"content":"a"},{"id":"9"}]})",
         {},
         1,
         1},
        {"the scope is missing", "mastodon search", 403,
         R"({"error":"This action is outside the authorized scopes"})", forbidden},
        // Bluesky
        {"nothing at all", "bluesky", 200, "", malformed},
        {"a page", "bluesky", 200, "<html>Bluesky</html>", malformed},
        {"the proxy's word", "bluesky", 403, "<html>Request forbidden by administrative rules.",
         forbidden},
        {"200 with an error", "bluesky", 200, R"({"error":"UpstreamFailure","message":"m"})",
         malformed},
        {"taken down", "bluesky", 401, R"({"error":"AccountTakedown"})", forbidden},
        {"no such parameter", "bluesky", 400, R"({"error":"InvalidRequest","message":"limit"})",
         bad_request},
        {"too often", "bluesky", 429, R"({"error":"RateLimitExceeded"})", throttled},
        {"its AppView is gone", "bluesky", 502, R"({"error":"UpstreamFailure"})", transient},
        {"cut", "bluesky", 200, R"({"posts":[{"uri":"at://a/b/1","record":{"text":"a)", malformed},
        {"cut behind the posts", "bluesky", 200, R"({"posts":[{"uri":"at://a/b/1"}],"cursor":"2)",
         malformed},
        {"no posts", "bluesky", 200, R"({"cursor":"25"})", malformed},
        {"posts is null", "bluesky", 200, R"({"posts":null})", malformed},
        {"posts without addresses", "bluesky", 200, R"({"posts":[{"cid":"a"},{"cid":"b"}]})",
         malformed},
        {"one without an address",
         "bluesky",
         200,
         R"({"posts":[{"cid":"a"},{"uri":"at://a/b/1"}]})",
         {},
         1,
         1},
        {"a record that is whatever its author wrote",
         "bluesky",
         200,
         R"({"posts":[{"uri":"at://a/b/1","author":7,"record":{"text":[],"createdAt":{},"langs":"en","reply":[1],"embed":{"record":"x"},"facets":{}}}]})",
         {},
         1,
         0},
        {"a surrogate",
         "bluesky",
         200,
         R"({"posts":[{"uri":"at://a/b/1","record":{"text":"\ud83d"}},{"uri":"at://a/b/2"}]})",
         {},
         1,
         1},
        {"broken UTF-8",
         "bluesky",
         200,
         "{\"posts\":[{\"uri\":\"at://a/b/1\",\"record\":{\"text\":\"\xc3(\"}}]}",
         {},
         1,
         0},
        {"a search where notifications were asked", "bluesky told", 200, R"({"posts":[]})",
         malformed},
        {"a like is no mention",
         "bluesky told",
         200,
         R"({"notifications":[{"uri":"at://a/b/1","reason":"like"},{"uri":"at://a/b/2","reason":"quote"}]})",
         {},
         1,
         0},
        // Facebook
        {"nothing at all", "facebook", 200, "", malformed},
        {"a page", "facebook", 200, "<html>Sorry, something went wrong.</html>", malformed},
        {"a page with 500", "facebook", 500, "<html>Sorry</html>", transient},
        {"200 with an error", "facebook", 200, R"({"error":{"message":"m","code":190}})", auth},
        {"an error without a code", "facebook", 400, R"({"error":{"message":"m"}})", bad_request},
        {"a transient one without a code we know", "facebook", 400,
         R"({"error":{"message":"m","code":99999,"is_transient":true}})", transient},
        {"error is a text", "facebook", 400, R"({"error":"no"})", bad_request},
        {"cut", "facebook", 200, R"({"data":[{"id":"1_2","message":"a"},{"id":"1)", malformed},
        {"cut behind the data", "facebook", 200,
         R"({"data":[{"id":"1_2"}],"paging":{"next":"https://)", malformed},
        {"no data", "facebook", 200, R"({"paging":{}})", malformed},
        {"data is an object", "facebook", 200, R"({"data":{}})", malformed},
        {"posts without ids",
         "facebook",
         200,
         R"({"data":[{"message":"a"},{"id":"1_2"}]})",
         {},
         1,
         1},
        {"a surrogate",
         "facebook",
         200,
         R"({"data":[{"id":"1_1","message":"\ud83d"},{"id":"1_2"}]})",
         {},
         1,
         1},
        {"from is a text", "facebook", 200, R"({"data":[{"id":"1_1","from":"Ana"}]})", {}, 1, 0},
        {"broken UTF-8",
         "facebook",
         200,
         "{\"data\":[{\"id\":\"1_1\",\"message\":\"\xff\xfe\"}]}",
         {},
         1,
         0},
        {"a code of text", "facebook", 400, R"({"error":{"code":"190"}})", auth},
    };
    return kBodies;
}

TEST(BadBodies, EachHasItsExactOutcomeAndMovesNoCursor) {
    std::map<std::string, int> seen;
    for (BadBody const& bad : bad_bodies()) {
        SCOPED_TRACE(std::string(bad.poller) + ": " + bad.name);
        std::string const poller_name = bad.poller;
        ++seen[poller_name.substr(0, poller_name.find(' '))];
        auto const poller = make(poller_name);
        PollContext const c = context(kNow, kNow - 60s);
        std::string const before = poller->next_request("", c).url;
        MentionBatch batch;
        batch.items.emplace_back();  // of an earlier page: stays
        auto const step = accept(*poller, "", answer(bad.status, bad.body), batch, c);
        if (bad.fault) {
            ASSERT_FALSE(step.page) << "was understood";
            EXPECT_EQ(to_string(step.page.error().fault), to_string(*bad.fault))
                << step.page.error().detail;
            EXPECT_FALSE(step.page.error().detail.empty());
            EXPECT_EQ(batch.items.size(), 1u) << "a failure leaves nothing behind";
            EXPECT_EQ(poller->next_request("", c).url, before) << "the same question again";
        } else {
            ASSERT_TRUE(step.page) << step.page.error().detail;
            EXPECT_EQ(step.mentions.size(), bad.mentions);
            EXPECT_EQ(step.page->malformed, bad.malformed);
            for (auto const& m : step.mentions) EXPECT_FALSE(m.id.empty());
        }
    }
    EXPECT_GE(bad_bodies().size(), 40u);
    for (auto const* name : {"x", "json", "mastodon", "facebook", "bluesky"})
        EXPECT_GE(seen[name], 10) << name;
}

// Every prefix of a good page is broken or empty: none is taken for the page.
TEST(BadBodies, NoPrefixOfAPageIsAPage) {
    std::map<std::string, std::string> const pages{
        {"x",
         R"({"data":[{"id":"2123779257317458433","text":"a\u00e9","author_id":"1"}],"includes":{"users":[{"id":"1","username":"u"}]},"meta":{"newest_id":"2123779257317458433","next_token":"t"}})"},
        {"json",
         R"({"data":[{"id":"1","created_at":"2026-11-20T14:00:00Z","text":"a"}],"meta":{"next":"c"}})"},
        {"mastodon",
         R"([{"id":"117649139800477921","content":"<p>a</p>","account":{"id":"1","acct":"a@b"}}])"},
        {"bluesky",
         R"({"cursor":"25","posts":[{"uri":"at://a/app.bsky.feed.post/1","author":{"did":"a"},"record":{"text":"a"},"indexedAt":"2026-11-20T14:00:00Z"}]})"},
        {"facebook",
         R"({"data":[{"id":"1_2","message":"a","from":{"id":"1"}}],"paging":{"cursors":{"after":"x"},"next":"https://g/"}})"}};
    for (auto const& [name, page] : pages) {
        auto const poller = make(name);
        MentionBatch batch;
        for (std::size_t cut = 0; cut < page.size(); ++cut) {
            auto const step = accept(*poller, "", answer(200, page.substr(0, cut)), batch);
            EXPECT_FALSE(step.page) << name << " cut at " << cut;
            EXPECT_TRUE(batch.items.empty());
        }
        EXPECT_TRUE(accept(*poller, "", answer(200, page), batch).page) << name;
    }
}

}  // namespace
}  // namespace surged::tests
