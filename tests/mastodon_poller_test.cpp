#include "daemon/pollers/html_text.h"
#include "daemon/pollers/mastodon_page.h"
#include "tests/poller_kit.h"

namespace surged::tests {
namespace {

using daemon::mastodon_id_at, daemon::mastodon_id_time;
using detectors::MentionKind;

constexpr char const* kPage = R"([
  {"id": "117649139800477921", "created_at": "2026-11-20T14:03:27.512Z", "edited_at": null,
   "in_reply_to_id": null, "spoiler_text": "", "visibility": "public", "language": "en",
   "uri": "https://other.example/users/mara/statuses/1", "url": "https://other.example/@mara/1",
   "content": "<p>Another broken cap <a href=\"https://other.example/tags/zephyrfail\" class=\"mention hashtag\">#<span>zephyrfail</span></a></p>",
   "reblog": null, "quote": null,
   "account": {"id": "109300000000000042", "acct": "mara@other.example", "display_name": "Mara",
     "created_at": "2022-11-05T00:00:00.000Z", "followers_count": 512},
   "tags": [{"name": "zephyrfail"}]},
  {"id": "117649138057872137", "created_at": "2026-11-20T11:40:00.000Z",
   "in_reply_to_id": "117648418406400001", "spoiler_text": "rant", "visibility": "public",
   "language": null, "uri": "https://inst.example/objects/7f3c", "url": null,
   "content": "<p>no answer?<br>1 &lt; 2 &amp;&#39;&#x1F621; &bogus;</p><p>end</p>", "reblog": null,
   "account": {"id": "7", "acct": "jo", "followers_count": 3}}
])";

exporters::HttpHeaders links(std::string const& older, std::string const& newer) {
    return {{"link",
             "<https://inst.example/api/v1/timelines/tag/zephyrfail?limit=40&max_id=" + older +
                 ">; rel=\"next\", <https://inst.example/x?min_id=" + newer + ">; rel=\"prev\""}};
}

TEST(HtmlText, ReadsWhatAPersonReads) {
    MentionBatch batch;
    auto const text = [&](std::string_view html) {
        return std::string(daemon::html_to_text(html, batch));
    };
    EXPECT_EQ(text("<p>a<br/>b<BR>c</p><p>d</p>"), "a\nb\nc\nd");
    EXPECT_EQ(text("1 &lt; 2 &amp;amp; &quot;&#39;&#x27;&apos;&nbsp;x"),
              "1 < 2 &amp; \"'''\u0020x");
    EXPECT_EQ(text("&#128545;&#xD800;&#0;&unknown; & &#; &"),
              "\U0001F621\uFFFD\uFFFD&unknown; & &#; &");
    EXPECT_EQ(text("<a><span class=\"invisible\">https://</span><span>b.example</span></a>"),
              "https://b.example");
    EXPECT_EQ(text("cut <a href"), "cut");
    EXPECT_EQ(text(""), "");
}

TEST(MastodonIds, AreTimesOnMastodon) {
    EXPECT_EQ(mastodon_id_time("117649139800477921", kNow), at("2026-11-20T14:03:27.600Z"));
    EXPECT_EQ(mastodon_id_at(at("2026-11-20T14:00:00Z")), "117649126195200000");
    EXPECT_EQ(mastodon_id_time("34975861", kNow), std::nullopt);
    EXPECT_EQ(mastodon_id_time("9v4rk0b2oQ3mlzZ8qS", kNow), std::nullopt);
    EXPECT_EQ(mastodon_id_time("217649139800477921", kNow), std::nullopt) << "of the year 2075";
}

TEST(MastodonTag, ReadsAPage) {
    auto const poller = mastodon_tag();
    MentionBatch batch;
    HttpRequest const request = poller->next_request("", context());
    EXPECT_EQ(request.url, "https://inst.example/api/v1/timelines/tag/zephyrfail?limit=40");
    EXPECT_EQ(exporters::header(request.headers, "Authorization"), "");
    auto const step = accept(*poller, "", answer(200, kPage), batch);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 2u);
    auto const& post = step.mentions[0];
    EXPECT_EQ(post.id, "117649139800477921");
    EXPECT_EQ(post.created_at, at("2026-11-20T14:03:27.512Z"));
    EXPECT_EQ(post.text, "Another broken cap #zephyrfail");
    EXPECT_EQ(post.author.handle, "mara@other.example");
    EXPECT_EQ(post.author.followers, 512);
    EXPECT_EQ(post.author.created_at, at("2022-11-05T00:00:00Z"));
    EXPECT_EQ(post.url, "https://other.example/@mara/1");
    EXPECT_EQ(post.lang, "en");
    EXPECT_EQ(post.kind, MentionKind::post);
    auto const& reply = step.mentions[1];
    EXPECT_EQ(reply.kind, MentionKind::reply);
    EXPECT_EQ(reply.in_reply_to, "117648418406400001");
    EXPECT_EQ(reply.text, "rant\nno answer?\n1 < 2 &'\U0001F621 &bogus;\nend");
    EXPECT_EQ(reply.author.handle, "jo@inst.example") << "a local handle made whole";
    EXPECT_EQ(reply.url, "https://inst.example/objects/7f3c");
    EXPECT_EQ(reply.lang, "");
    auto const own = accept(*mastodon_tag({"@JO"}), "", answer(200, kPage), batch);
    EXPECT_EQ(own.mentions[1].author.handle, "jo") << "as the operator wrote his own";
}

TEST(MastodonTag, GoesBackFirstAndForwardEverAfter) {
    auto const poller = mastodon_tag();
    MentionBatch batch;
    PollContext c = context();
    auto const one =
        accept(*poller, "", answer(200, kPage, links("117649138057872137", "117649139800477921")),
               batch, c);
    ASSERT_TRUE(one.page);
    EXPECT_FALSE(one.page->complete);
    EXPECT_EQ(param(poller->next_request(one.page->cursor, c), "max_id"), "117649138057872137");
    auto const two = accept(*poller, one.page->cursor, answer(200, "[]"), batch, c);
    ASSERT_TRUE(two.page);
    EXPECT_TRUE(two.page->complete) << "only an empty page ends the walk";
    EXPECT_EQ(two.page->covered_from, at("2026-11-20T11:40:00Z"));
    EXPECT_EQ(two.page->covered_until, kNow - 30s);

    // Forward: the overlap of a quarter of an hour is read again, as ids.
    c = context(kNow + 60s, at("2026-11-20T14:05:00Z"));
    HttpRequest const forward = poller->next_request(two.page->cursor, c);
    EXPECT_EQ(param(forward, "min_id"), mastodon_id_at(at("2026-11-20T13:50:00Z")));
    EXPECT_EQ(param(forward, "max_id"), "");
    auto const page = accept(*poller, two.page->cursor, answer(200, kPage), batch, c);
    EXPECT_FALSE(page.page->complete);
    EXPECT_EQ(page.page->covered_until, std::nullopt) << "nothing beyond what is known";
    EXPECT_EQ(param(poller->next_request(page.page->cursor, c), "min_id"), "117649139800477921");
    auto const end = accept(*poller, page.page->cursor, answer(200, "[]"), batch, c);
    EXPECT_TRUE(end.page->complete);
    EXPECT_EQ(end.page->covered_from, std::nullopt);
    // A minute later the overlap is not read again, and a quiet tag reads nothing twice.
    c = context(kNow + 120s, kNow + 30s);
    EXPECT_EQ(param(poller->next_request(end.page->cursor, c), "min_id"), "117649139800477921");
    EXPECT_EQ(
        param(poller->next_request(end.page->cursor, context(kNow + 1h, kNow + 1h)), "min_id"),
        "117649139800477921");
}

TEST(MastodonTag, CoversAsItGoesForward) {
    auto const poller = mastodon_tag();
    MentionBatch batch;
    std::string const mark = "w=" + mastodon_id_at(at("2026-11-20T10:00:00Z"));
    PollContext const c = context(kNow, at("2026-11-20T10:00:00Z"));
    auto const page = accept(*poller, mark, answer(200, kPage), batch, c);
    EXPECT_EQ(page.page->covered_until, at("2026-11-20T14:02:57.600Z")) << "arrivals less 30 s";
}

TEST(MastodonTag, WalksIdsOfAnyKind) {
    auto const poller = mastodon_tag();
    MentionBatch batch;
    auto const page = [](std::string const& a, std::string const& b) {
        return answer(200, R"([{"id":")" + a + R"(","content":""},{"id":")" + b + R"("}])");
    };
    auto const one = accept(*poller, "w=99", page("9a", "100"), batch);
    EXPECT_EQ(param(poller->next_request(one.page->cursor, context()), "min_id"), "100")
        << "the longer is the newer";
    auto const same = accept(*poller, one.page->cursor, page("9a", "100"), batch);
    EXPECT_TRUE(same.page->complete) << "a server that does not know min_id gives the same page";
}

TEST(MastodonTag, AnUnknownHashtagIsAnEmptyOne) {
    auto const poller = mastodon_tag();
    MentionBatch batch;
    auto const unknown = answer(404, R"({"error":"Record not found"})");
    auto const first = accept(*poller, "", unknown, batch);
    ASSERT_TRUE(first.page);
    EXPECT_TRUE(first.page->aside) << "the server's rules first: is it empty, or switched off?";
    ASSERT_TRUE(accept(*poller, "", unknown, batch).page) << "an old server tells none";
    auto const step = accept(*poller, "", unknown, batch);
    ASSERT_TRUE(step.page);
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(accept(*poller, "", answer(404, "<html>"), batch).page.error().fault,
              Fault::not_found);
}

TEST(MastodonTag, ReadsItsLimits) {
    auto const poller = mastodon_tag();
    MentionBatch batch;
    exporters::HttpHeaders const headers{{"X-RateLimit-Limit", "300"},
                                         {"X-RateLimit-Remaining", "0"},
                                         {"X-RateLimit-Reset", "2026-11-20T14:15:00.130933Z"}};
    auto const step =
        accept(*poller, "", answer(429, R"({"error":"Too many requests"})", headers), batch);
    EXPECT_EQ(step.page.error().fault, Fault::throttled);
    EXPECT_EQ(step.page.error().retry_after, 301s);
    auto const fine = accept(*poller, "", answer(200, "[]", headers), batch);
    EXPECT_EQ(fine.page->limits.at(0).of, 300);
}

TEST(MastodonTag, LooksBackByTimeWhenItsWatermarkIsRefused) {
    auto const poller = mastodon_tag();
    MentionBatch batch;
    EXPECT_EQ(
        accept(*poller, "w=1", answer(422, R"({"error":"min_id"})"), batch).page.error().fault,
        Fault::bad_cursor);
    EXPECT_EQ(poller->restart("w=1"), "");
    EXPECT_EQ(poller->restart("w=1&p=5"), "w=1");
    // The walk back ends where coverage begins.
    auto const step =
        accept(*poller, "", answer(200, kPage), batch, context(kNow, at("2026-11-20T14:30:00Z")));
    EXPECT_TRUE(step.page->complete);
    EXPECT_EQ(step.page->covered_from, std::nullopt);
}

TEST(MastodonMentions, ReadsNotificationsAndKeepsPrivateOnesPrivate) {
    auto const poller = mastodon_mentions();
    MentionBatch batch;
    HttpRequest const request = poller->next_request("", context());
    EXPECT_EQ(request.url,
              "https://inst.example/api/v1/notifications?types%5B%5D=mention&types%5B%5D=quote&"
              "include_filtered=true&limit=80");
    EXPECT_EQ(exporters::header(request.headers, "Authorization"), "Bearer fedi-token");
    auto const step = accept(*poller, "", answer(200, R"([
        {"id":"34975861","type":"mention","created_at":"2026-11-20T14:03:27.700Z","account":{"id":"1"},
         "status":{"id":"117649139800477921","visibility":"direct","content":"<p>secret</p>",
          "url":"https://o/1","spoiler_text":"psst","created_at":"2026-11-20T14:03:27.512Z"}},
        {"id":"34975860","type":"quote","created_at":"2026-11-20T14:02:00.010Z",
         "status":{"id":"117649133994414226","content":"<p>look</p>",
          "quote":{"state":"accepted","quoted_status":{"id":"117648418406400001"}}}},
        {"id":"34975859","type":"admin.sign_up","created_at":"2026-11-20T14:01:00Z"},
        {"id":"34975858","type":"mention","status":null}])"),
                             batch);
    ASSERT_TRUE(step.page) << step.page.error().detail;
    ASSERT_EQ(step.mentions.size(), 2u);
    EXPECT_EQ(step.mentions[0].id, "117649139800477921");
    EXPECT_EQ(step.mentions[0].text, "") << "counted, never kept";
    EXPECT_EQ(step.mentions[0].url, "");
    EXPECT_EQ(step.mentions[1].kind, MentionKind::quote);
    EXPECT_EQ(step.mentions[1].quotes, "117648418406400001");
    EXPECT_EQ(step.page->malformed, 1u) << "the one without a status; other types are no fault";
    EXPECT_EQ(param(poller->next_request(step.page->cursor, context()), "max_id"), "34975858")
        << "notifications have their own sequence";
}

TEST(MastodonTag, ABoostIsARepostOfTheOriginal) {
    auto const poller = mastodon_tag();
    MentionBatch batch;
    auto const step = accept(*poller, "", answer(200, R"([{"id":"117649139800477921","content":"",
        "account":{"id":"5","acct":"fan@o.example"},
        "reblog":{"id":"117649126195200000","content":"<p>the original</p>","language":"de",
                  "account":{"id":"6","acct":"x@y"}}}])"),
                             batch);
    ASSERT_EQ(step.mentions.size(), 1u);
    EXPECT_EQ(step.mentions[0].kind, MentionKind::repost);
    EXPECT_EQ(step.mentions[0].reposts, "117649126195200000");
    EXPECT_EQ(step.mentions[0].text, "the original");
    EXPECT_EQ(step.mentions[0].author.id, "5");
    EXPECT_EQ(step.mentions[0].lang, "de");
}

}  // namespace
}  // namespace surged::tests
