// Goal: what `surged init` writes is a configuration, for every platform, kind and receiver; it is
// the same by flags and by asking; what does not work is said in words. Method: the command itself
// with streams, the real loader, real files, one real program as a receiver, simulated platforms.
#include "daemon/commands/init.h"

#include "daemon/commands/init_draft.h"
#include "daemon/commands/init_questions.h"
#include "daemon/commands/init_try.h"
#include "daemon/settings.h"
#include "daemon/supervisor.h"
#include "tests/child_process.h"
#include "tests/sim_net.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace surged::daemon {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Ran {
    int code = 0;
    std::string out, err, file;
};

class Init : public testing::Test {
protected:
    Init() {
        std::ofstream(secret_) << "s3cret\n";
        std::filesystem::permissions(secret_, std::filesystem::perms::owner_read);
    }

    Ran run(InitArguments arguments, std::optional<std::string> answers = {}) {
        if (arguments.output.empty()) arguments.output = path_;
        std::istringstream in(answers.value_or(""));
        std::ostringstream out, err;
        Ran ran;
        ran.code = init(arguments, answers ? &in : nullptr, out, err);
        ran.out = out.str();
        ran.err = err.str();
        std::ifstream file(arguments.output);
        ran.file = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
        return ran;
    }

    [[nodiscard]] std::string answer(Question const& q) const {
        if (q.secret()) return secret_;
        return q.example.empty() ? q.fallback : q.example;
    }

    // Everything that a person would be asked, answered by flags.
    InitArguments by_flags(std::string const& platform, std::string const& receiver) {
        InitArguments a;
        a.brand = "acme";
        a.platforms = {platform};
        a.receivers = {receiver};
        a.offline = true;
        for (Question const& q : questions(platform, receiver))
            a.set.push_back(q.scope + "." + std::string(q.key->name) + "=" + answer(q));
        return a;
    }
    // The same by an interview.
    std::string by_words(std::string const& platform, std::string const& receiver) {
        std::string out = "acme\n" + platform + "\n" + receiver + "\n";
        for (Question const& q : questions(platform, receiver)) out += answer(q) + "\n";
        return out;
    }
    static std::vector<Question> questions(std::string const& platform,
                                           std::string const& receiver) {
        std::vector<Question> out;
        Source const source = parse_source(platform);
        for (auto const& some :
             {account_questions(source, "acme"), stream_questions(source, "acme"),
              receiver_questions(receiver, "acme")})
            for (Question const& q : some)
                if (q.required || q.asked) out.push_back(q);
        return out;
    }

    void expect_valid(Ran const& ran, std::string const& what) {
        EXPECT_EQ(ran.code, 0) << what << ": " << ran.err;
        auto const loaded = load_settings(path_);
        for (auto const& p : loaded.problems->list)
            EXPECT_TRUE(p.warning) << what << ": " << to_string(p) << "\n" << ran.file;
        EXPECT_TRUE(loaded.unbuilt.empty()) << what;
        EXPECT_TRUE(loaded.run_errors.empty()) << what;
        EXPECT_THAT(ran.file, Not(HasSubstr("s3cret"))) << what;
    }

    tests::TempDir directory_;
    std::string path_ = directory_.path() + "/surged.yaml";
    std::string secret_ = directory_.path() + "/secret";
};

std::vector<std::string> sources() {
    std::vector<std::string> out;
    for (auto const name : source_names()) {
        auto const kinds = kind_names(name);
        for (auto const kind : kinds) out.push_back(std::string(name) + ":" + std::string(kind));
        if (kinds.empty()) out.emplace_back(name);
    }
    return out;
}

TEST_F(Init, WritesEveryPlatformByFlagsAndByAskingAlike) {
    EXPECT_GE(sources().size(), 19U);
    for (auto const& source : sources()) {
        auto const flags = run(by_flags(source, "webhook"));
        expect_valid(flags, source);
        Source const wanted = parse_source(source);
        auto const loaded = load_settings(path_);
        ASSERT_EQ(loaded.settings.brands.size(), 1U) << flags.file;
        auto const& stream = loaded.settings.brands[0].streams.at(0);
        EXPECT_EQ(stream.kind, wanted.kind) << flags.file;
        EXPECT_EQ(stream.platform, wanted.platform == "push" ? "forum" : wanted.platform);
        std::filesystem::remove(path_);
        InitArguments bare;
        bare.offline = true;
        auto const asked = run(bare, by_words(source, "webhook"));
        EXPECT_EQ(asked.code, 0) << source << asked.err << asked.out;
        EXPECT_EQ(asked.file, flags.file) << source;
        std::filesystem::remove(path_);
    }
}

TEST_F(Init, WritesEveryReceiverByFlagsAndByAskingAlike) {
    EXPECT_EQ(receiver_names().size(), 10U);
    for (auto const name : receiver_names()) {
        std::string const type(name);
        auto const flags = run(by_flags("hackernews", type));
        expect_valid(flags, type);
        EXPECT_EQ(load_settings(path_).settings.receivers.at(type).type, type);
        std::filesystem::remove(path_);
        InitArguments bare;
        bare.offline = true;
        auto const asked = run(bare, by_words("hackernews", type));
        EXPECT_EQ(asked.code, 0) << type << asked.err << asked.out;
        EXPECT_EQ(asked.file, flags.file) << type;
        std::filesystem::remove(path_);
    }
}

TEST_F(Init, WritesSeveralPlatformsWithOneAccountAndOneAnswerForAll) {
    InitArguments a;
    a.brand = "Acme Corp";
    a.platforms = {"x", "x:counts", "hackernews", "mastodon"};
    a.receivers = {"exec"};
    a.set = {"x.bearer_token_file=" + secret_, "query=\"acme corp\" -is:retweet",
             "exec.command=/bin/true", "x.own=acme,acmehelp"};
    a.offline = true;
    auto const ran = run(a);
    expect_valid(ran, "several");
    auto const s = load_settings(path_).settings;
    auto const& streams = s.brands.at(0).streams;
    ASSERT_EQ(streams.size(), 4U) << ran.file;
    EXPECT_EQ(streams[0].name, "Acme Corp-x");
    EXPECT_EQ(streams[1].name, "Acme Corp-x-counts");
    EXPECT_EQ(streams[1].account, streams[0].account);
    EXPECT_EQ(streams[0].values.get("query"), "\"acme corp\" -is:retweet");
    EXPECT_EQ(streams[2].values.get("query"), "\"acme corp\" -is:retweet");
    EXPECT_EQ(streams[3].values.get("tag"), "AcmeCorp");  // what Enter would have meant
    EXPECT_EQ(s.brands[0].rules.own.at("x").size(), 2U);
    EXPECT_THAT(ran.file, HasSubstr("twitter: { acknowledge: 10m, respond: 1h, resolve: 2h }"));
    EXPECT_THAT(ran.out, HasSubstr("surged check --config " + path_ + " --explain"));
}

TEST_F(Init, TellsAllThatIsMissingAndWritesNothing) {
    InitArguments a;
    a.brand = "acme";
    a.platforms = {"x", "facebook"};
    a.receivers = {"email"};
    auto const ran = run(a);
    EXPECT_EQ(ran.code, 2);
    for (char const* key : {"x.bearer_token_file", "facebook.access_token_file", "facebook.page",
                            "email.smarthost", "email.from", "email.to"})
        EXPECT_THAT(ran.err, HasSubstr(std::string("missing --set ") + key)) << key;
    EXPECT_THAT(ran.err, Not(HasSubstr("x.query"))) << "the brand's name will do";
    EXPECT_FALSE(std::filesystem::exists(path_));
    auto const nothing = run({});
    EXPECT_EQ(nothing.code, 2);
    for (char const* flag : {"--brand", "--platform", "--receiver"})
        EXPECT_THAT(nothing.err, HasSubstr(std::string("missing ") + flag));
}

TEST_F(Init, TakesNoSecretAndNoSlip) {
    auto a = by_flags("x", "webhook");
    a.set.push_back("x.bearer_token=AAAAtoken");
    auto const ran = run(a);
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("--set x.bearer_token: nothing takes it: did you mean "
                                   "'x.bearer_token_file'?"));
    EXPECT_THAT(ran.err, Not(HasSubstr("AAAAtoken")));
    EXPECT_FALSE(std::filesystem::exists(path_));
    a = by_flags("x", "webhook");
    a.platforms = {"hackernew"};
    a.receivers = {"pagerdutty"};
    auto const typos = run(a);
    EXPECT_EQ(typos.code, 2);
    EXPECT_THAT(typos.err, HasSubstr("did you mean 'hackernews'?"));
    EXPECT_THAT(typos.err, HasSubstr("did you mean 'pagerduty'?"));
    a = by_flags("x", "webhook");
    a.platforms = {"x:serch"};
    EXPECT_THAT(run(a).err, HasSubstr("did you mean 'search'?"));
}

TEST_F(Init, WritesNothingThatCheckWouldRefuse) {
    auto a = by_flags("x", "webhook");
    a.set.push_back("webhook.timeout=never");
    auto const ran = run(a);
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.err, HasSubstr("nothing was written"));
    EXPECT_THAT(ran.err, HasSubstr("timeout"));
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Init, OverwritesOnlyWhenTold) {
    std::ofstream(path_) << "mine\n";
    auto a = by_flags("hackernews", "webhook");
    auto const refused = run(a);
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("--force"));
    EXPECT_EQ(refused.file, "mine\n");
    a.force = true;
    expect_valid(run(a), "forced");
    EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(Init, StopsWithNothingWhenTheAnswersEnd) {
    auto const words = by_words("x:search", "webhook");
    for (std::size_t cut = 0; cut + 1 < words.size(); ++cut) {
        if (words[cut] != '\n') continue;
        InitArguments a;
        a.offline = true;
        auto const ran = run(a, words.substr(0, cut + 1));
        if (std::count(words.begin() + std::ptrdiff_t(cut) + 1, words.end(), '\n') == 0) break;
        EXPECT_EQ(ran.code, 2) << words.substr(0, cut);
        EXPECT_FALSE(std::filesystem::exists(path_));
    }
}

TEST_F(Init, AsksAgainWhatCannotBe) {
    InitArguments a;
    a.offline = true;
    std::string words = "\nacme\nhackernew\nhackernews\n\npagerdutty\nexec\n\n\n\n/bin/true\n";
    auto const ran = run(a, words);
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("did you mean 'hackernews'?"));
    EXPECT_THAT(ran.out, HasSubstr("did you mean 'pagerduty'?"));
    EXPECT_THAT(ran.out, HasSubstr("hackernews:search, query: "));
    EXPECT_THAT(ran.out, HasSubstr("[acme]"));
    a.force = true;
    a.brand = "acme";
    a.platforms = {"youtube:search"};
    a.receivers = {"exec"};
    a.set = {"exec.command=/bin/true", "youtube.own=UC1", "query=acme"};
    auto const file = run(a, "/nowhere/key\n" + secret_ + "\n");
    EXPECT_EQ(file.code, 0) << file.out << file.err;
    EXPECT_THAT(file.out, HasSubstr("/nowhere/key cannot be read"));
}

TEST_F(Init, WritesTheFileThoughThePlatformIsNotThere) {
    auto a = by_flags("mastodon:tag", "webhook");
    std::string const url = "http://127.0.0.1:" + std::to_string(tests::free_port());
    a.set = {"mastodon.base_url=" + url, "webhook.url=http://127.0.0.1:9/"};
    a.offline = false;
    auto const ran = run(a);
    expect_valid(ran, "unreachable");
    EXPECT_THAT(ran.err, HasSubstr("warning: acme-mastodon: mastodon: it cannot be reached"));
    // Each platform and each receiver is tried, whatever became of the one before.
    a.force = true;
    a.platforms = {"mastodon", "json", "push"};
    a.receivers = {"exec", "webhook"};
    a.set.insert(a.set.end(), {"json.base_url=" + url, "json.path=/items", "push.platform=forum",
                               "exec.command=/bin/true"});
    a.test_page = true;
    auto const all = run(a);
    expect_valid(all, "several");
    EXPECT_THAT(all.err, HasSubstr("warning: acme-json: json: it cannot be reached"));
    EXPECT_THAT(all.out, HasSubstr("acme-push: pushed to /api/v1/streams/acme-push/mentions"));
    EXPECT_THAT(all.out, HasSubstr("exec: took the test page"));
    EXPECT_THAT(all.err, HasSubstr("warning: webhook: did not take the test page"));
}

TEST_F(Init, SendsATestPageThroughTheRealReceiver) {
    auto a = by_flags("hackernews", "exec");
    std::string const page = directory_.path() + "/page.json";
    a.set = {"exec.command=/usr/bin/tee," + page};
    a.test_page = true;
    auto const ran = run(a);
    expect_valid(ran, "test page");
    EXPECT_THAT(ran.out, HasSubstr("exec: took the test page"));
    std::ifstream file(page);
    std::string const text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_THAT(text, HasSubstr("TEST from surged"));
    EXPECT_THAT(text, HasSubstr("\"drill\":true"));
    a.force = true;
    a.set = {"exec.command=/bin/false"};
    auto const failed = run(a);
    EXPECT_EQ(failed.code, 0);
    EXPECT_THAT(failed.err, HasSubstr("warning: exec: did not take the test page"));
}

// What the platform answered, in words, through the product's own poller.
class Try : public testing::Test {
protected:
    Tried ask(int status, std::string const& body) {
        boost::asio::io_context io;
        tests::SimClock clock(io, *detectors::parse_time("2026-03-01T12:00:00Z"));
        tests::SimHttpClient http(clock, 1);
        http.host("hn.algolia.com", [&](HttpRequest const&, WallTime) {
            HttpResponse response;
            response.status = status;
            response.body = body;
            return response;
        });
        auto const loaded = load_settings_text(
            "receivers: { r: { type: exec, command: [/bin/true] } }\n"
            "brands: [{ name: a, streams: [{ name: s, platform: hackernews, kind: search, "
            "query: acme }] }]\n",
            "t.yaml");
        auto const& stream = loaded.settings.brands.at(0).streams.at(0);
        Tried out;
        Supervisor supervisor(io, [](std::string const&, std::exception_ptr) {});
        supervisor.start("try", try_stream(http, clock, loaded.settings.accounts.at(stream.account),
                                           stream, std::chrono::seconds{10}, out));
        while (supervisor.running() != 0) clock.run_for(std::chrono::seconds{20});
        return out;
    }
};

TEST_F(Try, SaysWhatThePlatformAnswered) {
    auto const good = ask(200, R"({"hits":[],"nbHits":0,"page":0,"nbPages":0,"hitsPerPage":100})");
    EXPECT_TRUE(good.ok) << good.words;
    EXPECT_THAT(good.words, HasSubstr("it answers, and finds nothing yet"));
    EXPECT_THAT(ask(401, "{}").words, HasSubstr("it refuses the credential"));
    EXPECT_THAT(ask(403, "{}").words, HasSubstr("the credential may not do this"));
    EXPECT_THAT(ask(429, "{}").words, HasSubstr("asks to slow down"));
    EXPECT_THAT(ask(503, "").words, HasSubstr("it cannot be reached, or fails"));
    EXPECT_THAT(ask(200, "<html>").words, HasSubstr("is this the right server?"));
    EXPECT_FALSE(ask(401, "{}").ok);
}

}  // namespace
}  // namespace surged::daemon
