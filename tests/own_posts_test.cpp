// Own posts, look-ups, evidence and answers, piece by piece: what a request looks like, what an
// answer means, when a deletion is one.
#include "daemon/pollers/lookups.h"
#include "daemon/pollers/pollers.h"
#include "daemon/side_streams.h"
#include "detectors/answers.h"
#include "detectors/digest.h"
#include "detectors/evidence.h"
#include "detectors/links.h"
#include "tests/config_directory.h"
#include "tests/poller_kit.h"
#include "tests/sim_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace surged::tests {
namespace {

using detectors::Answers, detectors::EvidenceBook, detectors::EvidenceChanged, detectors::Exhibit,
    detectors::kNoTime, detectors::link_key, detectors::links_in, detectors::Look,
    detectors::Mention, detectors::OwnPost;
using testing::ElementsAre, testing::IsEmpty;
using Ids = std::vector<std::string>;

// --- links ---

TEST(Links, AreFoundInTextWithoutTheMarksAroundThem) {
    EXPECT_THAT(links_in("see https://x.com/acme/status/1, and (http://a.example/b)!"),
                ElementsAre("https://x.com/acme/status/1", "http://a.example/b"));
    EXPECT_THAT(links_in("https://en.example/wiki/Cap_(bottle)"),
                ElementsAre("https://en.example/wiki/Cap_(bottle)"));
    EXPECT_THAT(links_in("ftp://x.com/1 :// https:// nothing"), IsEmpty());
}

TEST(Links, OfOnePostHaveOneKey) {
    for (auto const* link :
         {"https://x.com/acme/status/17", "http://www.twitter.com/Acme/status/17?s=20",
          "https://mobile.twitter.com/i/status/17/photo/1", "HTTPS://X.com/acme/status/17/"})
        EXPECT_EQ(link_key(link), "x.com/status/17") << link;
    EXPECT_EQ(link_key("https://www.facebook.com/1234567/posts/5/?ref=share"),
              "facebook.com/1234567/posts/5");
    EXPECT_EQ(link_key("mailto:a@b"), "");
}

TEST(Links, AMentionPointsToWhatItAnswersQuotesOrLinksAndNeverToItself) {
    auto const to = [](Mention const& m) {
        auto const targets = detectors::targets_of(detectors::digest_of(m, kNoon));
        return std::vector<detectors::ConversationKey>(targets.begin(), targets.end());
    };
    auto const link = detectors::ConversationKey::of(
        detectors::link_mark("https://twitter.com/i/status/17?s=20"));
    Mention m;
    m.id = "9";
    m.conversation = "9";
    m.text = "look at https://x.com/acme/status/17";
    EXPECT_THAT(to(m), ElementsAre(link));
    m.quotes = "17";
    EXPECT_THAT(to(m), ElementsAre("17"));
    m.conversation = "4";
    EXPECT_THAT(to(m), ElementsAre("4", "17"));
    m.quotes = "";
    m.in_reply_to = "5";
    EXPECT_THAT(to(m), ElementsAre("4", "5"));
}

// --- origin ---

OwnPost own(std::string id, WallTime when) {
    OwnPost p;
    p.platform = "x";
    p.id = p.conversation = id;
    p.url = "https://x.com/acme/status/" + id;
    p.at = when;
    return p;
}

void mention(SimDesk& d, std::string const& to) {
    detectors::ConversationKey const target =
        to.starts_with("https:") ? detectors::ConversationKey::of(detectors::link_mark(to)) : to;
    d.desk.apply(detectors::IncidentMention{"acme-x", "own-thread", {&target, 1}});
}

TEST(Origin, IsOurPostThatMostReplyToQuoteOrLinkTogether) {
    SimDesk d;
    d.post(own("500", kNoon - 2h));
    d.post(own("400", kNoon - 5h));
    d.start("acme-x", kNoon);
    for (int i = 0; i < 2; ++i) mention(d, "500");
    for (int i = 0; i < 2; ++i) mention(d, "https://x.com/status/500");
    for (int i = 0; i < 3; ++i) mention(d, "400");
    d.tick();
    EXPECT_EQ(d.incident().origin.at("x"), "500") << "4 of 7, by two ways";
    EXPECT_EQ(d.desk.origin_link(d.incident(), "x"), "https://x.com/acme/status/500");
}

TEST(Origin, IsNotOursWhenAnotherPostHasMoreOrNextToNobodyMeansIt) {
    SimDesk d;
    d.post(own("500", kNoon - 2h));
    d.start("acme-x", kNoon);
    mention(d, "500");
    d.tick();
    EXPECT_TRUE(d.incident().origin.empty()) << "one reply";
    for (int i = 0; i < 3; ++i) mention(d, "500");
    for (int i = 0; i < 9; ++i) mention(d, "theirs");
    d.tick();
    EXPECT_TRUE(d.incident().origin.empty()) << "somebody else's post has more";
}

TEST(Origin, IsNamedByTheOpeningPageAndToldOnceWhenItIsFoundLater) {
    SimDesk d;
    d.post(own("500", kNoon - 2h));
    detectors::SurgeStarted in;
    in.stream = "acme-x";
    in.verdict = surge_since(kNoon);
    in.points_to = {{"500", 12}, {"600", 3}};
    in.mentions = 20;
    auto const said = d.start(in);
    auto const* opened = find(said, detectors::EventName::incident_opened);
    ASSERT_NE(opened, nullptr);
    EXPECT_EQ(opened->event.origin, "https://x.com/acme/status/500");
    EXPECT_NE(opened->event.summary.find("status/500"), std::string::npos);

    SimDesk later;
    later.start("acme-x", kNoon);
    for (int i = 0; i < 12; ++i) mention(later, {"500"});
    EXPECT_EQ(names(later.tick()), "");
    later.now += 1min;
    EXPECT_EQ(names(later.post(own("500", kNoon - 2h))), "incident.note");
    EXPECT_EQ(names(later.tick()), "");
    mention(later, {"500"});
    EXPECT_EQ(names(later.tick()), "");
}

TEST(Origin, IsKeptThroughARestartAndAFloodOfAnswers) {
    SimDesk d;
    d.post(own("500", kNoon - 2h));
    for (int i = 0; i < 400; ++i) {
        OwnPost answer = own("a" + std::to_string(i), kNoon - 1h);
        answer.in_reply_to = answer.conversation = "q" + std::to_string(i);
        d.post(answer);
    }
    d.start("acme-x", kNoon);
    for (int i = 0; i < 5; ++i) mention(d, "500");
    detectors::Desk other(acme_rules());
    ASSERT_TRUE(other.restore(d.desk.save()));
    std::vector<detectors::Notice> said;
    other.tick(kNoon + 1min, said);
    EXPECT_EQ(other.incidents().back().origin.at("x"), "500");
    EXPECT_EQ(other.origin_link(other.incidents().back(), "x"), "https://x.com/acme/status/500");
}

// --- evidence ---

Exhibit exhibit(std::string id, bool ours, std::int64_t reach = 10) {
    Exhibit e;
    e.platform = "x";
    e.account = "main";
    e.id = std::move(id);
    e.url = "https://x.com/i/status/" + e.id;
    e.ours = ours;
    e.reach = reach;
    e.text = 1;
    return e;
}
Look look(Ids const& there, Ids const& gone, std::uint64_t text = 1) {
    Look l;
    for (auto const& id : there) l.there.push_back({id, text, {}});
    l.gone = gone;
    return l;
}

TEST(Evidence, IsGoneWhenItWasMissingTwiceAMinuteApart) {
    EvidenceBook book;
    book.offer("i", exhibit("1", true), kNoon);
    book.offer("i", exhibit("2", false), kNoon);
    EXPECT_THAT(book.due("main", kNoon, 100), ElementsAre("1", "2"));
    EXPECT_THAT(book.due("other", kNoon, 100), IsEmpty());
    EXPECT_THAT(book.looked("main", look({"1"}, {"2"}), kNoon), IsEmpty());
    EXPECT_EQ(book.next_due("main"), kNoon + 60s);
    EXPECT_THAT(book.looked("main", look({"1"}, {"2"}), kNoon + 59s), IsEmpty()) << "too soon";
    auto const changes = book.looked("main", look({"1"}, {"2"}), kNoon + 60s);
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_EQ(changes[0].id, "2");
    EXPECT_TRUE(changes[0].deleted);
    EXPECT_FALSE(changes[0].ours);
    EXPECT_EQ(changes[0].url, "https://x.com/i/status/2");
    EXPECT_THAT(book.looked("main", look({"1"}, {"2"}), kNoon + 300s), IsEmpty()) << "told once";
    EXPECT_THAT(book.due("main", kNoon + 1h, 100), ElementsAre("1"));
}

TEST(Evidence, ThatWasThereInBetweenOrIsHiddenIsNotGone) {
    EvidenceBook book;
    book.offer("i", exhibit("1", true), kNoon);
    (void)book.looked("main", look({"9"}, {"1"}), kNoon);
    (void)book.looked("main", look({"1"}, {}), kNoon + 60s);
    EXPECT_THAT(book.looked("main", look({"9"}, {"1"}), kNoon + 120s), IsEmpty());
    Look hidden = look({"9"}, {});
    hidden.hidden = {"1"};
    EXPECT_THAT(book.looked("main", hidden, kNoon + 200s), IsEmpty());
    EXPECT_THAT(book.looked("main", look({"9"}, {"1"}), kNoon + 300s), IsEmpty());
    EXPECT_THAT(book.looked("main", look({"9"}, {}), kNoon + 400s), IsEmpty())
        << "an answer that does not name it says nothing";
}

TEST(Evidence, OfOursThatSaysSomethingElseIsEdited) {
    EvidenceBook book;
    book.offer("i", exhibit("1", true), kNoon);
    book.offer("i", exhibit("2", false), kNoon);
    auto const changes = book.looked("main", look({"1", "2"}, {}, 7), kNoon);
    ASSERT_EQ(changes.size(), 1u) << "what they change is theirs";
    EXPECT_EQ(changes[0].id, "1");
    EXPECT_FALSE(changes[0].deleted);
    EXPECT_THAT(book.looked("main", look({"1", "2"}, {}, 7), kNoon + 60s), IsEmpty());
    // X answers an old id with the old text; the newest text stands under another id.
    Look versions = look({"1"}, {}, 7);
    versions.there[0].version = "11";
    EXPECT_THAT(book.looked("main", versions, kNoon + 120s), IsEmpty());
    EXPECT_THAT(book.due("main", kNoon + 125s, 1), ElementsAre("11"));
    auto const again = book.looked("main", look({"11"}, {}, 8), kNoon + 125s);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].id, "1") << "known by its first version";
}

TEST(Evidence, IsBoundedByWhoIsSeenByMostAndSurvivesARestart) {
    EvidenceBook book;
    for (int i = 0; i < 100; ++i)
        book.offer("i", exhibit("t" + std::to_string(i), false, i), kNoon);
    EXPECT_EQ(book.size(), EvidenceBook::kTheirs);
    EXPECT_FALSE(book.wants("i", "x", 100)) << "not twice as visible as the least";
    EXPECT_TRUE(book.wants("i", "x", 200));
    (void)book.looked("main", look({"t99"}, {"t95"}), kNoon);
    EvidenceBook other;
    ASSERT_TRUE(other.restore(book.save()));
    EXPECT_EQ(other.looked("main", look({"t99"}, {"t95"}), kNoon + 60s).size(), 1u);
    other.keep_only({});
    EXPECT_EQ(other.size(), 0u);
    EXPECT_FALSE(other.restore("junk"));
}

// --- look-ups ---

daemon::AccountSettings x_account() {
    return account("https://api.x.com", {{"bearer_token_file", "AAAAtoken"}});
}

TEST(Lookup, OfXTellsGoneFromHidden) {
    auto const lookup = daemon::make_x_lookup(x_account(), {});
    Ids const ids{"10", "20", "30", "40"};
    auto const request = lookup->request(ids);
    EXPECT_EQ(path_of(request), "/2/tweets");
    EXPECT_EQ(param(request, "ids"), "10,20,30,40");
    auto const read = lookup->accept(
        answer(200, R"({"data":[{"id":"11","text":"short","note_tweet":{"text":"long"},)"
                    R"("edit_history_tweet_ids":["10","11"]}],"errors":[)"
                    R"({"resource_id":"20","type":"https://api.twitter.com/2/problems/)"
                    R"(resource-not-found"},{"value":"30","type":"https://api.x.com/2/problems/)"
                    R"(not-authorized-for-resource"}]})"),
        ids, kNow);
    ASSERT_TRUE(read) << read.error().detail;
    ASSERT_EQ(read->there.size(), 1u);
    EXPECT_EQ(read->there[0].id, "10");
    EXPECT_EQ(read->there[0].text, "long");
    EXPECT_EQ(read->there[0].version, "11");
    EXPECT_THAT(read->gone, ElementsAre("20"));
    EXPECT_THAT(read->hidden, ElementsAre("30"));
    EXPECT_EQ(read->reads, 1u);
    EXPECT_EQ(
        lookup->accept(answer(402, R"({"title":"CreditsDepleted"})"), ids, kNow).error().fault,
        Fault::budget);
    EXPECT_EQ(lookup->accept(answer(200, "<html>"), ids, kNow).error().fault, Fault::malformed);
    EXPECT_EQ(lookup->accept(answer(404, "<html>"), ids, kNow).error().fault, Fault::malformed);
}

TEST(Lookup, OfGraphFailsWholeOrLeavesOut) {
    auto const lookup = daemon::make_graph_lookup(
        account("https://graph.facebook.com", {{"access_token_file", "EAABtoken123"}}), {});
    Ids const ids{"1_2", "1_3"};
    EXPECT_EQ(param(lookup->request(ids), "ids"), "1_2,1_3");
    auto const gone = lookup->accept(
        answer(400, R"({"error":{"code":100,"error_subcode":33,"message":"no"}})"), ids, kNow);
    EXPECT_EQ(gone.error().fault, Fault::not_found);
    auto const read =
        lookup->accept(answer(200, R"({"1_2":{"id":"1_2","message":"hi"}})"), ids, kNow);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->there[0].text, "hi");
    EXPECT_THAT(read->gone, ElementsAre("1_3"));
    EXPECT_EQ(lookup->accept(answer(400, R"({"error":{"code":190}})"), ids, kNow).error().fault,
              Fault::auth);
    EXPECT_EQ(lookup->accept(answer(404, "<html>"), ids, kNow).error().fault, Fault::malformed);
}

TEST(Lookup, OfMastodonGoesOneByOneWhereThereIsNoList) {
    auto const lookup = daemon::make_mastodon_lookup(account("https://inst.example"), {});
    Ids const ids{"1", "2"};
    EXPECT_EQ(lookup->request(ids).url,
              "https://inst.example/api/v1/statuses?id%5B%5D=1&id%5B%5D=2");
    auto const read = lookup->accept(
        answer(200, R"([{"id":"1","content":"<p>a &amp; b</p>","account":{"id":"7"}}])"), ids,
        kNow);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->there[0].text, "a & b");
    EXPECT_THAT(read->gone, ElementsAre("2"));
    std::string const none = R"({"error":"Record not found"})";
    EXPECT_EQ(lookup->accept(answer(404, none), ids, kNow).error().fault, Fault::not_found);
    EXPECT_EQ(lookup->most(), 1u);
    Ids const one{"2"};
    EXPECT_EQ(lookup->request(one).url, "https://inst.example/api/v1/statuses/2");
    EXPECT_EQ(lookup->accept(answer(404, none), one, kNow).error().fault, Fault::not_found);
    EXPECT_EQ(lookup->accept(answer(404, "<html>"), one, kNow).error().fault, Fault::malformed);
}

// --- own pollers ---

TEST(OwnPoller, OfXAsksForOurTimelineOfAWeekAndThenForWhatIsNew) {
    auto poller = daemon::make_x_own(x_account(), stream("x", "own", {{"user", "acme"}}));
    MentionBatch batch;
    EXPECT_EQ(path_of(poller->next_request("", context())), "/2/users/by/username/acme");
    auto const user = accept(*poller, "", answer(200, R"({"data":{"id":"77"}})"), batch);
    ASSERT_TRUE(user.page);
    auto const request = poller->next_request(user.page->cursor, context());
    EXPECT_EQ(path_of(request), "/2/users/77/tweets");
    EXPECT_EQ(param(request, "exclude"), "retweets");
    EXPECT_EQ(param(request, "start_time"), "2026-11-13T14:10:00Z");
    auto const page = accept(*poller, user.page->cursor,
                             answer(200, R"({"data":[{"id":"2123779257317458433","text":"hi",)"
                                         R"("created_at":"2026-11-20T14:03:27.000Z"}],)"
                                         R"("meta":{"newest_id":"2123779257317458433"}})"),
                             batch);
    ASSERT_TRUE(page.page);
    EXPECT_TRUE(page.page->complete);
    ASSERT_EQ(page.mentions.size(), 1u);
    auto const next = poller->next_request(page.page->cursor, context(kNow + 300s, kNow - 15s));
    EXPECT_NE(param(next, "since_id"), "");
    EXPECT_EQ(param(next, "start_time"), "");
}

TEST(OwnPoller, OfMastodonFindsTheAccountAndReadsItWithoutBoosts) {
    auto poller =
        daemon::make_mastodon_own(account("https://inst.example"),
                                  stream("mastodon", "own", {{"user", "acme@inst.example"}}));
    MentionBatch batch;
    auto const first = poller->next_request("", context());
    EXPECT_EQ(path_of(first), "/api/v1/accounts/lookup");
    EXPECT_EQ(param(first, "acct"), "acme");
    auto const found = accept(*poller, "", answer(200, R"({"id":"42","acct":"acme"})"), batch);
    ASSERT_TRUE(found.page) << found.page.error().detail;
    auto const request = poller->next_request(found.page->cursor, context());
    EXPECT_EQ(path_of(request), "/api/v1/accounts/42/statuses");
    EXPECT_EQ(param(request, "exclude_reblogs"), "true");
}

TEST(OwnPoller, OfFacebookListsThePagesPostsAndNothingElse) {
    auto poller = daemon::make_facebook_own(
        account("https://graph.facebook.com", {{"access_token_file", "EAABtoken123"}}),
        stream("facebook", "own", {{"user", "1020304050"}}));
    MentionBatch batch;
    EXPECT_EQ(path_of(poller->next_request("", context())), "/v26.0/1020304050/posts");
    auto const page = accept(*poller, "",
                             answer(200, R"({"data":[{"id":"1_2","message":"hi",)"
                                         R"("created_time":"2026-11-20T14:00:00+0000"}]})"),
                             batch);
    ASSERT_TRUE(page.page);
    EXPECT_TRUE(page.page->complete) << "no comments are asked for";
    EXPECT_EQ(page.mentions.size(), 1u);
}

// A Page with more posts than one walk reads the comments of: nothing of it is vouched for.
TEST(FacebookPage, ThatHadToLeaveSomethingOutClaimsNoCoverage) {
    auto poller = facebook_page();
    MentionBatch batch;
    std::string cursor;
    auto const listed = [&](int from, bool more) {
        std::string data;
        for (int i = 0; i < 100; ++i)
            data += (i == 0 ? "" : ",") + std::string(R"({"id":"1_)") + std::to_string(from + i) +
                    R"(","created_time":"2026-11-20T14:00:00+0000"})";
        return answer(200, R"({"data":[)" + data + "]" +
                               (more ? R"(,"paging":{"cursors":{"after":"c)" +
                                           std::to_string(from) + R"("},"next":"https://g/x"})"
                                     : "") +
                               "}");
    };
    auto const take = [&](HttpResponse const& response) {
        auto const step = accept(*poller, cursor, response, batch, context(kNow, kNow - 5min));
        EXPECT_TRUE(step.page);
        cursor = step.page->cursor;
        return *step.page;
    };
    (void)take(answer(200, R"({"data":[]})"));  // visitors
    (void)take(answer(200, R"({"data":[]})"));  // tagged
    for (int i = 0; i < 11; ++i) (void)take(listed(1000 + 100 * i, i < 10));
    PollPage last;
    int asked = 0;
    for (; asked < 2000 && !last.complete; ++asked) last = take(answer(200, R"({"data":[]})"));
    ASSERT_TRUE(last.complete);
    EXPECT_EQ(asked, 1000);
    EXPECT_EQ(last.covered_from, *last.covered_until - 1min) << "and so a gap is told";
}

// --- which sources there are ---

TEST(SideSources, AreOneForEachAccountOfOursAndForCounts) {
    Directory dir;
    std::string const token = dir.write("t", "token");
    auto const loaded = daemon::load_settings_text(
        "accounts:\n  x: { platform: x, bearer_token_file: " + token +
            " }\n  fb: { platform: facebook, access_token_file: " + token +
            " }\nreceivers: { h: { type: webhook, url: \"http://h.example/\" } }\nbrands:\n"
            "  - name: acme\n    own: { x: [acme, acmehelp], facebook: [\"12\", \"34\"], "
            "reddit: [acme] }\n    notify: { receivers: [h] }\n    streams:\n"
            "      - { name: n, account: x, kind: counts, query: acme, every: 60s }\n"
            "      - { name: p, account: fb, kind: page, page: \"12\", every: 2m }\n",
        "t.yaml");
    for (auto const& p : loaded.problems->list) EXPECT_TRUE(p.warning) << to_string(p);
    std::vector<std::string> names;
    for (auto const& side : daemon::side_sources(loaded.settings))
        names.push_back(side.settings.name + " by " + side.settings.account + " " +
                        std::to_string(side.settings.every.count()) + "/" +
                        std::to_string(side.surging_every.count()));
    EXPECT_THAT(names,
                ElementsAre("own/acme/facebook/34 by fb 300/60", "own/acme/x/acme by x 300/60",
                            "own/acme/x/acmehelp by x 300/60", "evidence/n by x 60/60"));
}

// --- answers ---

Mention asks(std::string_view id) {
    Mention m;
    m.id = id;
    return m;
}

TEST(Answers, AreLinkedInWhateverOrderTheyCome) {
    Answers a;
    EXPECT_THAT(a.question(asks("1"), kNoon), IsEmpty());
    auto const link = a.answer("10", "1", kNoon + 5min);
    ASSERT_TRUE(link);
    EXPECT_EQ(link->after(), 5min);
    EXPECT_TRUE(link->first);
    EXPECT_FALSE(a.answer("11", "1", kNoon + 7min)->first);
    EXPECT_FALSE(a.answer("10", "1", kNoon + 5min)) << "told by two streams";
    EXPECT_FALSE(a.answer("12", "2", kNoon + 1min)) << "its question is not known yet";
    auto const later = a.question(asks("2"), kNoon);
    ASSERT_EQ(later.size(), 1u);
    EXPECT_EQ(later[0].answer, "12");
    EXPECT_FALSE(a.answer("13", "", kNoon)) << "no reply";
    (void)a.question(asks("3"), kNoon + 1min);
    (void)a.question(asks("3"), kNoon + 1min);
    EXPECT_EQ(a.questions(), 3u);
    EXPECT_EQ(a.answered(), 2u);
    EXPECT_TRUE(a.is_answered("1"));
    auto const open = a.unanswered(kNoon + 2min, 10);
    ASSERT_EQ(open.size(), 1u);
    EXPECT_EQ(open[0].id, "3");
    EXPECT_EQ(a.unanswered(kNoon + 1min, 10).size(), 0u);
    EXPECT_EQ(a.median_wait(), 5min);
}

TEST(Answers, AreBounded) {
    Answers a;
    for (std::size_t i = 0; i < Answers::kWaiting + 10; ++i)
        (void)a.answer("a" + std::to_string(i), "q" + std::to_string(i), kNoon);
    EXPECT_THAT(a.question(asks("q3"), kNoon), IsEmpty()) << "the oldest were given up";
    EXPECT_EQ(a.question(asks("q5009"), kNoon).size(), 1u);
    for (std::size_t i = 0; i < Answers::kQuestions + 10; ++i)
        (void)a.question(asks("x" + std::to_string(i)), kNoon);
    EXPECT_FALSE(a.answer("late", "x0", kNoon));
    EXPECT_TRUE(a.answer("late", "x20009", kNoon));
}

}  // namespace
}  // namespace surged::tests
