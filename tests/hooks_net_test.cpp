// Goal: Meta and X can register our address and deliver to it, nobody else can, and what they tell
// is counted once however it comes.
#include "exporters/signature.h"
#include "tests/daemon_process.h"

namespace surged::tests {
namespace {

char const* const kConfig = R"(
server: { listen: "127.0.0.1:{PORT}" }
storage: { directory: "{DIR}/state" }
accounts:
  fb: { platform: facebook, base_url: "http://127.0.0.1:9", access_token_file: "{DIR}/token", app_secret_file: "{DIR}/app", verify_token_file: "{DIR}/verify" }
  ig: { platform: instagram, base_url: "http://127.0.0.1:9", access_token_file: "{DIR}/token", app_secret_file: "{DIR}/app", verify_token_file: "{DIR}/verify" }
  x: { platform: x, base_url: "http://127.0.0.1:9", bearer_token_file: "{DIR}/token", consumer_secret_file: "{DIR}/consumer" }
  bare: { platform: facebook, base_url: "http://127.0.0.1:9", access_token_file: "{DIR}/token" }
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:9/page" }
  other: { type: webhook, url: "http://127.0.0.1:9/other" }
brands:
  - name: acme
    own: { facebook: ["1020304050"] }
    streams:
      - { name: page, account: fb, kind: page, page: "1020304050" }
      - { name: insta, account: ig, kind: mentions, user: "17841405309211844" }
      - { name: mentions, account: x, kind: mentions, user: acme }
)";

// A daemon whose secret files are there before it starts.
struct World {
    World() : daemon(kConfig, false) {
        for (auto const& [name, value] :
             {std::pair{"token", "t"}, std::pair{"app", "meta_app_secret_demo"},
              std::pair{"verify", "open-sesame"}, std::pair{"consumer", "x_consumer_secret_demo"}})
            spill(daemon.path(name), std::string(value) + "\n");
        daemon.start();
    }
    HttpReply deliver(std::string const& target, std::string const& body,
                      std::string const& signature) {
        char const* const name =
            contains(target, "/x/") ? "x-twitter-webhooks-signature" : "X-Hub-Signature-256";
        return ask(daemon.port, "POST", target, body,
                   {{"Content-Type", "application/json"}, {name, signature}});
    }
    std::string counted(std::string const& stream) {
        return Json(daemon.get("/api/v1/streams/" + stream).body).at("/mentions_total");
    }
    Daemon daemon;
};

std::string meta(std::string const& body) {
    return "sha256=" + exporters::hex(exporters::hmac_sha256("meta_app_secret_demo", body));
}
std::string x(std::string const& body) {
    return "sha256=" + exporters::base64(exporters::hmac_sha256("x_consumer_secret_demo", body));
}
std::string now_unix() {
    return std::to_string(wall_now().time_since_epoch() / 1s);
}

TEST(HooksNet, AnswersTheFirstQuestionOfWhoKnowsTheToken) {
    World world;
    auto const get = [&](std::string const& target) { return world.daemon.get(target); };
    auto const asked =
        get("/hooks/facebook/fb?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=open-"
            "sesame");
    EXPECT_EQ(asked.status, 200);
    EXPECT_EQ(asked.body, "1158201444");
    EXPECT_TRUE(contains(asked.headers.at("content-type"), "text/plain"));
    EXPECT_EQ(get("/hooks/instagram/ig?hub.mode=subscribe&hub.challenge=7&hub.verify_token=open-"
                  "sesame")
                  .body,
              "7");
    EXPECT_EQ(
        get("/hooks/facebook/fb?hub.mode=subscribe&hub.challenge=1&hub.verify_token=no").status,
        403);
    EXPECT_EQ(get("/hooks/facebook/fb?hub.mode=subscribe&hub.challenge=1").status, 403);
    EXPECT_EQ(
        get("/hooks/facebook/bare?hub.mode=subscribe&hub.challenge=1&hub.verify_token=").status,
        403)
        << "no token is configured: nobody has it";
    EXPECT_EQ(get("/hooks/facebook/ig").status, 404) << "an account of another platform";
    EXPECT_EQ(get("/hooks/x/x?crc_token=4f1c2d9e-crc-token").body,
              R"({"response_token":"sha256=FaXVgoK0T7z7RZD+hZHEupvu8ce/h7T+kP32Mha9A54="})");
    EXPECT_EQ(get("/hooks/x/nobody?crc_token=1").status, 404);
    EXPECT_EQ(ask(world.daemon.port, "DELETE", "/hooks/x/x").status, 405);
}

TEST(HooksNet, CountsWhatIsSignedOnceAndNothingElse) {
    World world;
    std::string const said =
        R"({"object":"page","entry":[{"id":"1020304050","time":)" + now_unix() +
        R"(,"changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"1_2",)"
        R"("post_id":"1020304050_1","from":{"id":"77","name":"Kim"},"message":"caf\u00e9?","created_time":)" +
        now_unix() +
        R"(}},{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"1_3",)"
        R"("post_id":"1020304050_1","from":{"id":"1020304050","name":"Us"},"message":"sorry","created_time":)" +
        now_unix() + "}}]}]}";
    EXPECT_EQ(world.deliver("/hooks/facebook/fb", said, meta(said + " ")).status, 403);
    EXPECT_EQ(world.deliver("/hooks/facebook/fb", said, "").status, 403);
    EXPECT_EQ(world.counted("page"), "0");
    EXPECT_EQ(world.deliver("/hooks/facebook/fb", said, meta(said)).status, 200);
    EXPECT_EQ(world.counted("page"), "1") << "our own answer is no mention";
    EXPECT_EQ(world.deliver("/hooks/facebook/fb", said, meta(said)).status, 200)
        << "Meta delivers again";
    EXPECT_EQ(world.counted("page"), "1");
    std::string const other = replaced(said, "1020304050\",\"time", "999\",\"time");
    EXPECT_EQ(world.deliver("/hooks/facebook/fb", other, meta(other)).status, 200);
    EXPECT_EQ(world.counted("page"), "1") << "another page's";

    std::string const insta =
        R"({"object":"instagram","entry":[{"id":"17841405309211844","time":)" + now_unix() +
        R"(,"changes":[{"field":"mentions","value":{"media_id":"9","comment_id":"10"}}]}]})";
    EXPECT_EQ(world.deliver("/hooks/instagram/ig", insta, meta(insta)).status, 200);
    EXPECT_EQ(world.counted("insta"), "1");

    std::string const post =
        R"({"data":{"event_uuid":"1","event_type":"post.mention.create","filter":{"user_id":"42"},)"
        R"("payload":{"id":"1750","text":"@acme why?","author_id":"7","created_at":")" +
        detectors::rfc3339(wall_now()) +
        R"("},"includes":{"users":[{"id":"7","username":"kim"}]}}})";
    EXPECT_EQ(world.deliver("/hooks/x/x", post, x(post)).status, 200);
    EXPECT_EQ(world.counted("mentions"), "1");
    EXPECT_EQ(world.deliver("/hooks/x/x", post, meta(post)).status, 403);
    EXPECT_EQ(world.deliver("/hooks/x/x", "{", x("{")).status, 422);
    EXPECT_FALSE(contains(world.daemon.log(), "consumer_secret_demo"));

    // An entry without an id is no mention: it is told where it can have been for, and said.
    auto const malformed = [&](std::string const& stream) {
        return contains(
            world.daemon.get("/metrics").body,
            "surged_mentions_discarded_total{stream=\"" + stream + "\",reason=\"malformed\"} 1\n");
    };
    EXPECT_FALSE(malformed("page"));
    std::string const nameless = replaced(said, "\"comment_id\":\"1_2\",", "");
    EXPECT_EQ(world.deliver("/hooks/facebook/fb", nameless, meta(nameless)).status, 200);
    EXPECT_TRUE(malformed("page"));
    EXPECT_FALSE(malformed("insta")) << "another account's";
    EXPECT_EQ(world.counted("page"), "1");
    EXPECT_TRUE(contains(world.daemon.log(), "account 'fb': 1 entries could not be read"));
}

}  // namespace
}  // namespace surged::tests
