// Who has answered the public, and what operators may say.
#include "detectors/answer_link.h"
#include "detectors/desk.h"
#include "tests/sim_desk.h"

#include <gtest/gtest.h>

namespace surged::tests {
namespace {

OwnPost reply(std::string id, std::string conversation) {
    OwnPost p;
    p.platform = "x";
    p.id = std::move(id);
    p.url = "https://x.com/acme/status/" + p.id;
    p.in_reply_to = "someone";
    p.conversation = std::move(conversation);
    return p;
}

// A surge on x of which one conversation holds a tenth, another a little less.
SimDesk with_conversations() {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.mentions("acme-x", "big", 10);
    d.mentions("acme-x", "small", 9);
    for (int i = 0; i < 81; ++i) d.mentions("acme-x", "single-" + std::to_string(i));
    d.now = kNoon + 20min;
    return d;
}

TEST(Answer, AnOwnReplyWhereATenthOfTheMentionsIsMeetsRespond) {
    SimDesk d = with_conversations();
    OwnPost p = reply("901", "big");
    p.at = kNoon + 15min;  // when the public had it, not when we saw it
    auto const said = d.post(p);
    EXPECT_EQ(names(said),
              "clock.warning clock.warning clock.breached clock.met incident.responded");
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::met);
    EXPECT_EQ(d.clock(ClockKind::respond).at, kNoon + 15min);
    EXPECT_EQ(d.clock(ClockKind::respond).link, "https://x.com/acme/status/901");
    EXPECT_EQ(said[3].event.mention, "901");
    EXPECT_EQ(said[3].event.whose, "ours");
    EXPECT_EQ(said[3].event.at, d.now);
    EXPECT_EQ(d.incident().state, IncidentState::responded);
    EXPECT_EQ(to(said, EventName::incident_responded), "chat");
}

TEST(Answer, OneInASmallerConversationIsProposedAndStopsNothing) {
    SimDesk d = with_conversations();
    d.tick();
    auto const said = d.post(reply("901", "small"));
    EXPECT_EQ(names(said), "incident.own_post");
    EXPECT_EQ(said[0].event.link, "https://x.com/acme/status/901");
    EXPECT_EQ(said[0].event.mention, "901");
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::running);
    EXPECT_EQ(names(d.post(reply("901", "small"))), "");  // told twice is one post
    ASSERT_EQ(d.incident().own_posts.size(), 1U);
    EXPECT_FALSE(d.incident().own_posts[0].answers);
}

TEST(Answer, AQuoteAnswersAndAPostOfItsOwnDoesNot) {
    SimDesk d = with_conversations();
    d.tick();
    OwnPost alone = reply("900", "900");
    alone.in_reply_to.clear();
    EXPECT_EQ(names(d.post(alone)), "incident.own_post");
    OwnPost quote;
    quote.platform = "x";
    quote.id = quote.conversation = "901";
    quote.quotes = "big";
    EXPECT_EQ(names(d.post(quote)), "clock.met incident.responded");
}

TEST(Answer, APostFromBeforeTheOnsetIsNoAnswer) {
    SimDesk d = with_conversations();
    d.tick();
    OwnPost p = reply("901", "big");
    p.at = kNoon - 1s;
    EXPECT_EQ(names(d.post(p)), "");
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::running);
}

TEST(Answer, APostFromBeforeAPlatformsOwnOnsetIsNoAnswerThere) {
    SimDesk d;
    d.start("acme-facebook", kNoon);
    OwnPost p = reply("901", "big");
    d.now = p.at = kNoon + 5min;
    EXPECT_EQ(names(d.post(p)), "incident.own_post");
    d.now = kNoon + 14min;
    d.start("acme-x", kNoon + 10min);  // its public asked later than we posted
    d.mentions("acme-x", "big", 10);
    EXPECT_EQ(names(d.tick()), "");
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::running);
}

TEST(Answer, AReplyUnderTheOriginPostAnswers) {
    SimDesk d;
    OwnPost origin;
    origin.platform = "x";
    origin.id = origin.conversation = "500";
    origin.at = kNoon - 1h;
    EXPECT_EQ(names(d.post(origin)), "");  // no incident yet
    d.start("acme-x", kNoon);
    for (int i = 0; i < 97; ++i) d.mentions("acme-x", "single-" + std::to_string(i));
    d.mentions("acme-x", "500", 3);  // far less than a tenth, yet more than any other
    d.now = kNoon + 2min;
    // The note says that it began with our own post.
    EXPECT_EQ(names(d.post(reply("901", "500"))), "incident.note clock.met incident.responded");
    EXPECT_EQ(d.incident().origin.at("x"), "500");
}

TEST(Answer, AReplyFromBetweenOnsetAndPageCountsOnceItsConversationIsKnown) {
    SimDesk d;
    OwnPost p = reply("901", "big");
    p.at = kNoon + 2min;
    d.now = kNoon + 3min;
    d.post(p);
    d.now = kNoon + 5min;
    EXPECT_EQ(names(d.start("acme-x", kNoon)), "surge.started incident.opened incident.own_post");
    d.mentions("acme-x", "big", 4);
    d.now = kNoon + 6min;
    EXPECT_EQ(names(d.tick()), "clock.met incident.responded");
    EXPECT_EQ(d.clock(ClockKind::respond).at, kNoon + 2min);
}

TEST(Answer, AnAnswerFoundAfterAGapGoesBeforeTheBreachItPrevents) {
    SimDesk d = with_conversations();
    d.tick();
    d.post(reply("901", "small"));
    d.mentions("acme-x", "small", 50);
    auto const said = d.tick_at(kNoon + 3h);
    EXPECT_EQ(names(said).substr(0, 28), "clock.met incident.responded");
    EXPECT_EQ(said[0].event.at, kNoon + 30min);  // before the warning that would have been next
    for (Notice const& n : said)
        EXPECT_FALSE(n.event.name == EventName::clock_breached &&
                     n.event.clock->kind == ClockKind::respond);
}

TEST(Answer, APostOnAnotherPlatformIsProposed) {
    SimDesk d = with_conversations();
    d.tick();
    OwnPost p = reply("901", "big");
    p.platform = "facebook";
    EXPECT_EQ(names(d.post(p)), "incident.own_post");
}

TEST(Answer, ATimelyAnswerSeenAfterTheBreachWasInTime) {
    SimDesk d = with_conversations();
    d.tick_at(kNoon + 61min);
    OwnPost p = reply("901", "big");
    p.at = kNoon + 59min;
    auto const said = d.post(p);
    EXPECT_EQ(said[0].event.clock->state, ClockState::met);
}

TEST(Answer, EveryTableIsBounded) {
    SimDesk d;
    d.start("acme-x", kNoon);
    for (int i = 0; i < 100'000; ++i) {
        d.mentions("acme-x", "single-" + std::to_string(i));
        if (i % 8 == 0) d.mentions("acme-x", "big");  // an eighth of singles: a ninth of all
    }
    Incident const& incident = d.incident();
    EXPECT_EQ(incident.mentions.at("x"), 112'500U);
    EXPECT_LE(incident.conversations.at("x").size(), Incident::kConversations);
    EXPECT_GE(incident.conversations.at("x").at("big"), 12'500U - 60);  // within 0.05 %
    for (int i = 0; i < 1000; ++i) d.post(reply("p" + std::to_string(i), "none"));
    EXPECT_EQ(incident.own_posts.size(), Incident::kOwnPosts);
    EXPECT_NE(find(d.post(reply("901", "big")), EventName::clock_met), nullptr);  // still seen
    for (int i = 0; i < 500; ++i) d.mentions("acme-x", "another-" + std::to_string(i));
    d.word(Action::close);
    EXPECT_EQ(incident.conversations.at("x").size(), Incident::kConversationsKept);
    EXPECT_TRUE(incident.conversations.at("x").contains("big"));
}

TEST(Operator, RespondNeedsALink) {
    SimDesk d;
    d.start("acme-x", kNoon);
    for (std::string const link :
         {"", "we said sorry", "ftp://x.com/1", "https://", "https://x.com/a b", "javascript:1"}) {
        EXPECT_EQ(names(d.word(Action::respond, link)), "");
        EXPECT_EQ(d.heard.refusal, Refusal::unprocessable) << link;
        EXPECT_FALSE(d.heard.detail.empty());
    }
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::running);
}

TEST(Operator, RespondIsForThePlatformOfTheLinksHost) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.start("acme-facebook", kNoon);
    auto said = d.word(Action::respond, "https://twitter.com/acme/status/1");
    EXPECT_EQ(names(said), "clock.met");  // facebook's public still waits
    EXPECT_EQ(said[0].event.by, "kim");
    EXPECT_EQ(said[0].event.via, "cli");
    EXPECT_EQ(said[0].event.link, "https://twitter.com/acme/status/1");
    EXPECT_EQ(d.incident().state, IncidentState::open);
    said = d.word(Action::respond, "https://www.facebook.com/acme/posts/1");
    EXPECT_EQ(names(said), "clock.met incident.responded");
    EXPECT_EQ(d.incident().state, IncidentState::responded);
}

TEST(Operator, OrForTheGivenPlatformElseForEveryOne) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.start("acme-facebook", kNoon);
    EXPECT_EQ(names(d.word(Action::respond, "https://acme.example/sorry", "facebook")),
              "clock.met");
    EXPECT_EQ(d.clock(ClockKind::respond, "facebook").state, ClockState::met);
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::running);
    SimDesk all;
    all.start("acme-x", kNoon);
    all.start("acme-facebook", kNoon);
    EXPECT_EQ(names(all.word(Action::respond, "https://acme.example/sorry")),
              "clock.met clock.met incident.responded");
}

TEST(Operator, AnAnswerSomewhereElseIsNotTakenForOneHere) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::respond, "https://youtu.be/abc");
    EXPECT_EQ(d.heard.refusal, Refusal::unprocessable);
    d.word(Action::respond, "https://x.com/1", "facebook");
    EXPECT_EQ(d.heard.refusal, Refusal::unprocessable);
    d.start("acme-facebook", kNoon);
    d.word(Action::respond, "https://x.com/1", "facebook");
    EXPECT_EQ(d.heard.refusal, Refusal::unprocessable);
    EXPECT_EQ(names(d.word(Action::respond, "https://youtu.be/abc", "x")), "clock.met");
}

TEST(Operator, AnsweringTwiceChangesNothingAndAnotherLinkIsNoted) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::respond, "https://x.com/1");
    EXPECT_EQ(names(d.word(Action::respond, "https://x.com/1")), "");
    EXPECT_EQ(names(d.word(Action::respond, "https://x.com/2")), "incident.note");
    EXPECT_EQ(d.clock(ClockKind::respond).link, "https://x.com/1");
}

TEST(Operator, ResolveWithoutALinkIsRefusedWhileRespondRunsOrIsBreached) {
    SimDesk d;
    d.start("acme-x", kNoon);
    EXPECT_EQ(names(d.word(Action::resolve)), "");
    EXPECT_EQ(d.heard.refusal, Refusal::conflict);
    d.tick_at(kNoon + 61min);
    EXPECT_EQ(names(d.word(Action::resolve)), "");
    EXPECT_EQ(d.heard.refusal, Refusal::conflict);
    d.word(Action::respond, "https://x.com/1");
    auto const said = d.word(Action::resolve);
    EXPECT_EQ(names(said), "clock.met incident.resolved");
    EXPECT_EQ(to(said, EventName::incident_resolved), "am chat lead mail oncall");
    EXPECT_EQ(d.incident().state, IncidentState::resolved);
    EXPECT_EQ(names(d.word(Action::resolve)), "");
}

TEST(Operator, ResolveWithALinkAlsoMeetsRespond) {
    SimDesk d;
    d.start("acme-x", kNoon);
    EXPECT_EQ(names(d.word(Action::resolve, "https://x.com/1")),
              "clock.met clock.met incident.resolved");
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::met);
    EXPECT_EQ(d.clock(ClockKind::resolve).state, ClockState::met);
    EXPECT_EQ(d.clock(ClockKind::acknowledge).state, ClockState::running);
}

TEST(Operator, ResolveOnOnePlatformLeavesTheDeadAirOfTheOther) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.start("acme-facebook", kNoon);
    EXPECT_EQ(names(d.word(Action::resolve, "https://x.com/1")), "clock.met clock.met");
    EXPECT_EQ(d.incident().state, IncidentState::open);
    EXPECT_EQ(d.clock(ClockKind::resolve, "facebook").state, ClockState::running);
    EXPECT_EQ(names(d.word(Action::resolve, "https://facebook.com/1")),
              "clock.met clock.met incident.resolved");
}

TEST(Operator, TheFurthestStateReachedStays) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::resolve, "https://x.com/1");
    d.word(Action::acknowledge);
    EXPECT_EQ(d.incident().state, IncidentState::resolved);
    d.start("acme-facebook", kNoon);  // joins with clocks of its own
    EXPECT_EQ(d.incident().state, IncidentState::resolved);
    EXPECT_EQ(d.clock(ClockKind::respond, "facebook").state, ClockState::running);
    EXPECT_EQ(names(d.word(Action::respond, "https://facebook.com/1")), "clock.met");
    EXPECT_EQ(d.incident().state, IncidentState::resolved);
}

TEST(Operator, CloseDropsWhatIsOpenAndSaysWhy) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.tick_at(kNoon + 10min);
    OperatorWord in;
    in.action = Action::close;
    in.by = "kim";
    in.verdict = "perhaps";
    d.word(in);
    EXPECT_EQ(d.heard.refusal, Refusal::unprocessable);
    in.verdict = "false";
    auto const said = d.word(in);
    EXPECT_EQ(names(said), "clock.dropped clock.dropped clock.dropped incident.closed");
    EXPECT_EQ(said.back().event.verdict, "false");
    EXPECT_EQ(said.back().event.reason, "");
    for (ClockView const& c : said.back().event.clocks) {
        EXPECT_EQ(c.state, ClockState::dropped);
        EXPECT_EQ(c.at, d.now);
    }
    EXPECT_EQ(d.desk.next_due(), kNoTime);
}

TEST(Operator, NothingButReopenNoteAndCheckIsHeardOnAClosedIncident) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::acknowledge);
    d.word(Action::reopen);
    EXPECT_EQ(d.heard.refusal, Refusal::conflict);  // it is not closed
    d.word(Action::close);
    for (Action const a : {Action::acknowledge, Action::respond, Action::resolve, Action::close}) {
        EXPECT_EQ(names(d.word(a, "https://x.com/1")), "");
        EXPECT_EQ(d.heard.refusal, Refusal::conflict) << to_string(a);
    }
    EXPECT_EQ(names(d.word(Action::note, "https://x.com/1")), "incident.note");
    EXPECT_EQ(names(d.word(Action::reopen)), "incident.reopened");
}

TEST(Operator, ReopenStartsANewRunOfRespondAndResolve) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::acknowledge);
    d.word(Action::respond, "https://x.com/1");
    d.word(Action::close);
    d.now = kNoon + 3h;
    auto const said = d.word(Action::reopen);
    EXPECT_EQ(said[0].event.reason, "operator");
    EXPECT_EQ(said[0].event.by, "kim");
    EXPECT_EQ(to(said, EventName::incident_reopened), "chat oncall");
    EXPECT_EQ(d.clock(ClockKind::respond, "x", 2).due, kNoon + 4h);
    EXPECT_EQ(d.clock(ClockKind::resolve, "x", 2).due, kNoon + 5h);
    EXPECT_EQ(d.clock(ClockKind::respond).state, ClockState::met);
    EXPECT_EQ(d.incident().clocks.size(), 5U);
    EXPECT_EQ(names(d.word(Action::acknowledge)), "incident.acknowledged");
    EXPECT_EQ(names(d.word(Action::resolve)), "");  // the new run waits for its own answer
    EXPECT_EQ(d.heard.refusal, Refusal::conflict);
}

TEST(Operator, ReopenIsRefusedWhileAnotherIncidentOfTheBrandIsOpen) {
    SimDesk d;
    d.start("acme-x", kNoon);
    d.word(Action::close);
    d.start("acme-x", kNoon);
    OperatorWord in;
    in.action = Action::reopen;
    in.incident = "acme-20260301-1";
    in.by = "kim";
    d.word(in);
    EXPECT_EQ(d.heard.refusal, Refusal::conflict);
}

TEST(Operator, WhoIsRequiredAndWhichMustExist) {
    SimDesk d;
    OperatorWord in;
    in.incident = "acme-20260301-9";
    d.word(in);
    EXPECT_EQ(d.heard.refusal, Refusal::not_found);
    d.start("acme-x", kNoon);
    in.incident = d.incident().id;
    for (Action const a : {Action::acknowledge, Action::respond, Action::resolve, Action::close,
                           Action::note, Action::check}) {
        in.action = a;
        in.link = "https://x.com/1";
        d.word(in);
        EXPECT_EQ(d.heard.refusal, Refusal::unprocessable) << to_string(a);
    }
    in.by = "kim";
    in.link.clear();
    in.action = Action::note;
    d.word(in);
    EXPECT_EQ(d.heard.refusal, Refusal::unprocessable);  // says nothing
    in.note = "called the warehouse";
    auto const said = d.word(in);
    EXPECT_EQ(names(said), "incident.note");
    EXPECT_EQ(said[0].event.note, "called the warehouse");
}

TEST(Operator, ChecksItemsByNumberOrText) {
    SimDesk d;
    d.start("acme-x", kNoon);
    OperatorWord in;
    in.action = Action::check;
    in.by = "kim";
    in.item = "2";
    auto said = d.word(in);
    EXPECT_EQ(names(said), "incident.checked");
    EXPECT_EQ(said[0].event.item, "Say so in public");
    EXPECT_EQ(said[0].event.done, true);
    EXPECT_EQ(d.incident().checked.at(2).first, "kim");
    in.item = "Say so in public";
    EXPECT_EQ(names(d.word(in)), "");
    in.done = false;
    said = d.word(in);
    EXPECT_EQ(said[0].event.done, false);
    EXPECT_TRUE(d.incident().checked.empty());
    for (std::string const item : {"0", "3", "-1", "Sleep", "", "2x", "99999999999"}) {
        in.item = item;
        d.word(in);
        EXPECT_EQ(d.heard.refusal, Refusal::unprocessable) << item;
    }
}

TEST(Link, KnowsThePlatformsByTheirHosts) {
    using surged::detectors::platform_of_link;
    EXPECT_EQ(platform_of_link("https://x.com/acme/status/1"), "x");
    EXPECT_EQ(platform_of_link("HTTPS://Mobile.Twitter.com/a"), "x");
    EXPECT_EQ(platform_of_link("https://m.facebook.com/1"), "facebook");
    EXPECT_EQ(platform_of_link("https://www.instagram.com/p/1"), "instagram");
    EXPECT_EQ(platform_of_link("https://bsky.app/profile/a/post/1"), "bluesky");
    EXPECT_EQ(platform_of_link("https://old.reddit.com/r/a"), "reddit");
    EXPECT_EQ(platform_of_link("https://youtu.be/1"), "youtube");
    EXPECT_EQ(platform_of_link("https://www.youtube.com:443/watch?v=1"), "youtube");
    EXPECT_EQ(platform_of_link("https://news.ycombinator.com/item?id=1"), "hackernews");
    EXPECT_EQ(platform_of_link("https://ycombinator.com/"), "");
    EXPECT_EQ(platform_of_link("https://mastodon.social/@acme/1"), "");
    EXPECT_EQ(platform_of_link("https://notx.com/1"), "");
    EXPECT_EQ(platform_of_link("https://x.com.evil.example/1"), "");
    EXPECT_EQ(platform_of_link("https://x.com@evil.example/1"), "");
    EXPECT_EQ(platform_of_link("https://evil.example/?u=https://x.com/1"), "");
}

}  // namespace
}  // namespace surged::tests
