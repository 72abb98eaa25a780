// The configuration as a whole: what the contract's example and the smallest file become.
#include "config_directory.h"
#include "daemon/pollers/pollers.h"
#include "daemon/settings.h"
#include "exporters/receivers/receivers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace surged::tests {
namespace {

using detectors::ClockKind;
using detectors::Moment;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string errors_of(daemon::LoadedSettings const& loaded) {
    std::string out;
    for (auto const& problem : loaded.problems->list)
        if (!problem.warning) out += config::to_string(problem) + "\n";
    return out;
}

// The contract's example beside the secrets it names.
daemon::LoadedSettings load_example(Directory const& directory) {
    auto const text = replace_all(read_whole(TEST_DATA "/contract_example.yaml"), "/etc/surged/",
                                  directory.path());
    for (auto const* const name : {"oncall", "x", "fb", "fb-app", "bsky", "reddit", "yt", "pd",
                                   "pd-lead", "slack", "smtp", "hold"})
        directory.write(std::string("secrets/") + name, std::string("secret of ") + name + "\n");
    directory.write("tls/cert.pem", "certificate");
    directory.write("tls/key.pem", "key");
    return daemon::load_settings(directory.write("surged.yaml", text));
}

TEST(Config, TheContractsExampleIsTheContracts) {
    auto const contract = read_whole(SHARED_DIR "/design/contract.md");
    if (contract.empty()) GTEST_SKIP() << "the contract is not beside this tree";
    EXPECT_NE(contract.find("```yaml\n" + read_whole(TEST_DATA "/contract_example.yaml") + "```"),
              std::string::npos);
}

TEST(Config, TheContractsExampleIsValid) {
    Directory const directory;
    auto const loaded = load_example(directory);
    EXPECT_EQ(errors_of(loaded), "");
    EXPECT_THAT(loaded.run_errors, IsEmpty());
    auto const& s = loaded.settings;
    EXPECT_EQ(s.server.host, "127.0.0.1");
    EXPECT_EQ(s.server.port, 9477);
    EXPECT_EQ(s.server.external_url, "https://127.0.0.1:9477/");
    ASSERT_EQ(s.server.tokens.size(), 1U);
    EXPECT_EQ(s.server.tokens[0].secret.value, "secret of oncall");
    EXPECT_EQ(s.server.tokens[0].role, daemon::Role::operator_);
    EXPECT_EQ(s.server.key_file, directory.path() + "tls/key.pem");
    EXPECT_EQ(s.storage.directory, "/var/lib/surged");
    EXPECT_EQ(s.storage.keep_incidents, hours{730 * 24});
    EXPECT_THAT(s.heartbeat.receivers, ElementsAre("mail"));
    EXPECT_EQ(s.receivers.size(), 6U);
    EXPECT_EQ(s.receivers.at("am").values.lists.at("urls")[0], "http://127.0.0.1:9093");
    EXPECT_EQ(s.receivers.at("scheduler").values.secret("secret_file"), "secret of hold");
}

TEST(Config, TheExamplesAccountsAndPolicies) {
    Directory const directory;
    auto const s = load_example(directory).settings;
    auto const& x = s.accounts.at("x-main");
    EXPECT_EQ(x.base_url, "https://api.x.com");
    EXPECT_EQ(x.values.secret("bearer_token_file"), "secret of x");
    ASSERT_TRUE(x.budget.reads);
    EXPECT_EQ(*x.budget.reads, (daemon::Rate{100000, hours{720}}));
    EXPECT_THAT(x.budget.requests, ElementsAre(daemon::Rate{450, minutes{15}}));
    EXPECT_DOUBLE_EQ(x.budget.cost, 0.005);
    EXPECT_EQ(x.budget.currency, "USD");
    EXPECT_DOUBLE_EQ(x.budget.reserve, 0.2);
    EXPECT_EQ(s.accounts.at("fedi").base_url, "https://mastodon.social");
    EXPECT_EQ(s.accounts.at("fb-acme").values.get("version"), "v26.0");

    auto const& twitter = s.policies.at("twitter");
    EXPECT_EQ(twitter.acknowledge, minutes{10});
    EXPECT_EQ(twitter.respond, hours{1});
    EXPECT_EQ(twitter.resolve, hours{2});
    EXPECT_EQ(twitter.repeat_every, minutes{15});
    EXPECT_FALSE(twitter.acknowledge_expires);
    EXPECT_TRUE(twitter.from_onset);
    EXPECT_EQ(s.policies.at("facebook").acknowledge_expires, hours{2});
}

TEST(Config, TheExamplesBrand) {
    Directory const directory;
    auto const s = load_example(directory).settings;
    ASSERT_EQ(s.brands.size(), 1U);
    auto const& rules = s.brands[0].rules;
    EXPECT_THAT(rules.own.at("x"), UnorderedElementsAre("acme", "acmehelp"));
    EXPECT_THAT(rules.notify.at(Moment::breached), ElementsAre("oncall", "lead", "chat", "mail"));
    ASSERT_EQ(rules.escalation.size(), 1U);
    EXPECT_EQ(rules.escalation[0].after, minutes{20});
    EXPECT_THAT(rules.fallback, ElementsAre("mail"));
    EXPECT_THAT(rules.pause_promotion, ElementsAre("scheduler"));
    EXPECT_EQ(rules.watch_after, hours{60 * 24});
    EXPECT_THAT(rules.raise.words, ElementsAre("recall", "lawsuit"));
    EXPECT_EQ(rules.streams.at("acme-x").policy.name, "twitter");
    EXPECT_EQ(rules.streams.at("acme-hn").policy.name, "facebook");

    ASSERT_EQ(s.brands[0].streams.size(), 3U);
    auto const& x = s.brands[0].streams[0];
    EXPECT_EQ(x.platform, "x");
    EXPECT_EQ(x.values.get("query"), "(\"acme corp\" OR @acme) -is:retweet");
    EXPECT_EQ(x.every, seconds{60});
    EXPECT_EQ(x.blind_after, minutes{5});
    EXPECT_THAT(x.exclude.authors, ElementsAre("acmefan_bot"));
    EXPECT_THAT(x.exclude.own, UnorderedElementsAre("acme", "acmehelp"));
    auto const& facebook = s.brands[0].streams[1];
    EXPECT_EQ(facebook.values.get("page"), "1234567");
    EXPECT_EQ(facebook.blind_after, minutes{20});
    ASSERT_EQ(facebook.detectors.size(), 2U);
    EXPECT_EQ(facebook.detectors[1].unanswered.within, hours{2});
    auto const& hn = s.brands[0].streams[2];
    EXPECT_EQ(hn.account, "hackernews");
    EXPECT_TRUE(s.accounts.at("hackernews").made);
    EXPECT_EQ(hn.detectors.at(0).surge.per, hours{7 * 24});
}

// Contract, Defaults: one brand, one stream that needs no credential, one receiver.
TEST(Config, TheSmallestFileIsComplete) {
    auto const loaded = daemon::load_settings_text(
        "receivers: {hook: {type: webhook, url: 'http://127.0.0.1:1/'}}\n"
        "brands: [{name: acme, streams: [\n"
        "  {name: hn, platform: hackernews, kind: search, query: acme}]}]\n",
        "c.yaml");
    EXPECT_EQ(errors_of(loaded), "");
    auto const& s = loaded.settings;
    EXPECT_EQ(s.server.external_url, "http://127.0.0.1:9477/");
    auto const& rules = s.brands.at(0).rules;
    for (auto const moment : {Moment::opened, Moment::breached, Moment::blind, Moment::deleted})
        EXPECT_THAT(rules.notify.at(moment), ElementsAre("hook"));
    EXPECT_EQ(rules.close_after, hours{24});
    auto const& stream = s.brands[0].streams.at(0);
    EXPECT_EQ(stream.every, seconds{60});
    EXPECT_EQ(stream.blind_after, minutes{5});
    EXPECT_EQ(stream.policy.acknowledge, minutes{30});
    EXPECT_EQ(stream.policy.resolve, hours{12});
    ASSERT_EQ(stream.policy.warn_at.size(), 2U);
    EXPECT_DOUBLE_EQ(stream.policy.warn_at[1].share, 0.8);
    ASSERT_EQ(stream.detectors.size(), 1U);
    EXPECT_EQ(stream.detectors[0].type, "surge");
    EXPECT_DOUBLE_EQ(stream.detectors[0].surge.false_pages, 1);
    EXPECT_EQ(stream.detectors[0].surge.per, hours{7 * 24});
    EXPECT_NE(s.stream("hn"), nullptr);
    EXPECT_EQ(s.stream("hm"), nullptr);
    EXPECT_NE(s.brand("acme"), nullptr);
    // A brand with a single receiver is warned.
    std::string warnings;
    for (auto const& p : loaded.problems->list) warnings += config::to_string(p) + "\n";
    EXPECT_THAT(warnings, testing::HasSubstr("c.yaml:2:10: warning: brands[0]: has a single "
                                             "receiver ('hook'): when it fails nobody is told\n"));
}

// What the tables do not make is a warning and a name for `run` to refuse, and nothing else is.
TEST(Config, WhatIsNotBuiltIsNamed) {
    Directory const directory;
    auto const loaded = load_example(directory);
    std::size_t missing = 0;
    for (auto const& [name, receiver] : loaded.settings.receivers) {
        bool const built = exporters::receiver_row(receiver.type)->make != nullptr;
        EXPECT_EQ(receiver.built, built);
        missing += built ? 0U : 1U;
    }
    for (auto const& stream : loaded.settings.brands.at(0).streams) {
        auto const* const kind = kind_of(*daemon::platform(stream.platform), stream.kind);
        EXPECT_EQ(stream.built, kind->make != nullptr);
        missing += stream.built ? 0U : 1U;
    }
    for (auto const& detector : loaded.settings.stream("acme-facebook")->detectors)
        missing += detector.built ? 0U : 1U;
    EXPECT_EQ(loaded.unbuilt.size(), missing);
    EXPECT_GE(loaded.problems->warnings(), missing);
    if (!loaded.settings.receivers.at("chat").built) {
        EXPECT_THAT(loaded.unbuilt, testing::Contains("receiver 'chat' (slack)"));
    }
}

// Every platform, kind and key of the contract, each used once.
TEST(Config, EveryPlatformAndReceiverIsKnown) {
    Directory const directory;
    directory.write("t", "token");
    auto const loaded =
        daemon::load_settings(directory.write("c.yaml", read_whole(TEST_DATA "/every_kind.yaml")));
    EXPECT_EQ(errors_of(loaded), "");
    auto const& streams = loaded.settings.brands.at(0).streams;
    std::size_t kinds = 0;
    for (auto const& row : daemon::platforms()) kinds += row.kinds.size();
    EXPECT_EQ(streams.size(), kinds + 2);  // and two that are pushed
    EXPECT_EQ(loaded.settings.receivers.size(), exporters::receiver_rows().size() + 1);
    EXPECT_EQ(loaded.settings.stream("yt-search")->every, seconds{864});  // the platform's floor
    EXPECT_EQ(loaded.settings.stream("news")->every, minutes{5});
    EXPECT_EQ(loaded.settings.stream("news")->blind_after, minutes{15});
    EXPECT_EQ(loaded.settings.stream("pushed")->heartbeat, minutes{5});
    EXPECT_EQ(loaded.settings.stream("pushed")->account, "");
    EXPECT_EQ(loaded.settings.stream("bsky-search")->policy.name, "twitter");
    EXPECT_EQ(loaded.settings.stream("fedi-open")->account, "mastodon@m.example");
    EXPECT_EQ(loaded.settings.accounts.at("mastodon@m.example").base_url, "https://m.example");
}

// How the keys of a json stream stand in its values: its poller reads them so.
TEST(Config, TheKeysOfAJsonStream) {
    Directory const directory;
    directory.write("t", "token");
    auto const loaded =
        daemon::load_settings(directory.write("c.yaml", read_whole(TEST_DATA "/every_kind.yaml")));
    ASSERT_EQ(errors_of(loaded), "");
    auto const& v = loaded.settings.stream("crm")->values;
    EXPECT_EQ(v.get("path"), "/mentions");
    EXPECT_EQ(v.get("items"), "/data");
    EXPECT_EQ(v.get("next.pointer"), "/meta/next");
    EXPECT_EQ(v.get("next.param"), "cursor");
    EXPECT_EQ(v.get("since.param"), "since");
    EXPECT_EQ(v.get("since.format"), "unix");
    EXPECT_EQ(v.get("order"), "oldest");
    EXPECT_THAT(v.pairs.at("params"), ElementsAre(testing::Pair("brand", "acme")));
    EXPECT_THAT(v.pairs.at("fields"),
                ElementsAre(testing::Pair("id", "/id"), testing::Pair("created_at", "/at"),
                            testing::Pair("author.id", "/user/id")));
    auto const& bare = loaded.settings.stream("pushed")->values;
    EXPECT_FALSE(bare.has("next.pointer"));
}

TEST(Config, TheRulesOfABrandInEveryForm) {
    Directory const directory;
    directory.write("t", "token");
    auto const loaded =
        daemon::load_settings(directory.write("c.yaml", read_whole(TEST_DATA "/every_kind.yaml")));
    ASSERT_EQ(errors_of(loaded), "");
    auto const& brand = loaded.settings.brands.at(0);
    ASSERT_EQ(brand.rules.escalation.size(), 2U);
    EXPECT_DOUBLE_EQ(brand.rules.escalation[0].at_share.value(), 0.8);
    EXPECT_EQ(brand.rules.escalation[0].clock, ClockKind::respond);
    EXPECT_EQ(brand.rules.escalation[1].before, minutes{10});
    EXPECT_EQ(brand.rules.escalation[1].clock, ClockKind::resolve);
    EXPECT_EQ(brand.rules.escalation[1].repeat, minutes{15});
    // fallback, by default: everybody the brand speaks to, each once.
    EXPECT_THAT(brand.rules.fallback, ElementsAre("hook", "mail", "chat"));
    EXPECT_THAT(brand.rules.notify.at(Moment::grown), ElementsAre("hook", "mail"));
    ASSERT_EQ(brand.expected_surges.size(), 1U);
    EXPECT_EQ(detectors::rfc3339(brand.expected_surges[0].to), "2026-03-01T13:00:00Z");
    EXPECT_DOUBLE_EQ(brand.expected_surges[0].ratio, 5);
    auto const& policy = loaded.settings.policies.at("only-respond");
    EXPECT_FALSE(policy.acknowledge);
    EXPECT_FALSE(policy.from_onset);
    ASSERT_EQ(policy.warn_at.size(), 2U);
    EXPECT_EQ(policy.warn_at[1].before_end, minutes{10});
}

}  // namespace
}  // namespace surged::tests
