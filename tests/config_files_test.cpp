// What a configuration takes from other files: includes and secrets.
#include "config_directory.h"
#include "daemon/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace surged::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char const* kHook = "receivers: {hook: {type: webhook, url: 'http://127.0.0.1:1/'}}\n";

std::string brand(std::string const& name) {
    return "brands: [{name: " + name + ", streams: [{name: " + name +
           "-hn, platform: hackernews, kind: search, query: acme}]}]\n";
}

// Errors and the warnings about files; those of the tables, of a single
// receiver and of names that nothing uses left out.
std::vector<std::string> said(daemon::LoadedSettings const& loaded, Directory const& directory) {
    std::vector<std::string> out;
    for (auto const& problem : loaded.problems->list)
        if (!problem.warning || problem.text.find("release") == std::string::npos)
            if (problem.text.find("single receiver") == std::string::npos &&
                problem.text.find("uses this") == std::string::npos &&
                problem.text.find("no stream reads") == std::string::npos)
                out.push_back(replace_all(config::to_string(problem), directory.path(), ""));
    return out;
}

TEST(Include, UnitesMappingsAndAppendsBrandsInByteOrder) {
    Directory const d;
    auto const file =
        d.write("c.yaml", "include: ['conf.d/*.yaml', one.yaml]\n" + brand("main") + kHook);
    d.write("conf.d/b.yaml", brand("b") + "receivers: {b: {type: exec, command: [b]}}\n");
    d.write("conf.d/B.yaml", brand("B") + "log: {level: debug}\n");  // "B" < "a" by byte
    d.write("conf.d/a.yaml", brand("a"));
    d.write("conf.d/.hidden.yaml", "zebra: 1\n");
    d.write("conf.d/notes.txt", "zebra: 1\n");
    d.write("one.yaml", "detectors: {quiet: {false_pages: 1 per 30d}}\n");
    auto const loaded = daemon::load_settings(file);
    EXPECT_THAT(said(loaded, d), IsEmpty());
    std::vector<std::string> names;
    for (auto const& b : loaded.settings.brands) names.push_back(b.rules.name);
    EXPECT_THAT(names, ElementsAre("main", "B", "a", "b"));
    EXPECT_EQ(loaded.settings.receivers.size(), 2U);
    EXPECT_EQ(loaded.settings.log.level, "debug");
}

TEST(Include, APatternThatMatchesNothingIsAWarning) {
    Directory const d;
    auto const file = d.write("c.yaml", "include: ['conf.d/*.yaml']\n" + brand("main") + kHook);
    auto const loaded = daemon::load_settings(file);
    EXPECT_THAT(said(loaded, d), ElementsAre("c.yaml:1:11: warning: include: 'conf.d/*.yaml' "
                                             "matches no file"));
    EXPECT_FALSE(loaded.problems->fatal());
}

TEST(Include, TheNamingFileAndAFileNamedTwiceAreReadOnce) {
    Directory const d;
    auto const file = d.write("c.yaml", "include: ['*.yaml', more.yaml]\n" + brand("main") + kHook);
    d.write("more.yaml", brand("more"));
    auto const loaded = daemon::load_settings(file);
    EXPECT_THAT(said(loaded, d), IsEmpty());
    EXPECT_EQ(loaded.settings.brands.size(), 2U);
}

// Faults come in the order of the files, and what is right in the others is still read.
TEST(Include, AFaultNamesItsFile) {
    Directory const d;
    auto const file =
        d.write("c.yaml", "include: [z.yaml, a.yaml]\nzebra: 1\n" + brand("main") + kHook);
    d.write("z.yaml", "detectors: {d: {false_page: 1}}\n");
    d.write("a.yaml", "\nhttp: {timeout: 5}\n");
    EXPECT_THAT(said(daemon::load_settings(file), d),
                ElementsAre("c.yaml:2:1: error: unknown key 'zebra'",
                            "z.yaml:1:17: error: detectors.d: unknown key 'false_page': did you "
                            "mean 'false_pages'?",
                            "a.yaml:2:17: error: http.timeout: must be a duration such as 90s, "
                            "15m, 1h30m or 7d, got '5'"));
}

std::string with_token(std::string const& path) {
    return "server: {tokens: [{name: a, role: viewer, token_file: \"" + path + "\"}]}\n" +
           brand("main") + kHook;
}

std::string value_of(daemon::LoadedSettings const& loaded) {
    return loaded.settings.server.tokens.at(0).secret.value;
}

TEST(Secrets, OneNewlineIsCut) {
    Directory const d;
    for (auto const& [text, value] : {std::pair<std::string, std::string>{"s3cr3t", "s3cr3t"},
                                      {"s3cr3t\n", "s3cr3t"},
                                      {"s3cr3t\r\n", "s3cr3t"},
                                      {"s3cr3t\n\n", "s3cr3t\n"},
                                      {" s3cr3t ", " s3cr3t "}}) {
        d.write("token", text);
        auto const loaded = daemon::load_settings(d.write("c.yaml", with_token("token")));
        EXPECT_EQ(value_of(loaded), value);
        EXPECT_THAT(said(loaded, d), IsEmpty());
    }
}

// A relative path begins at the file that names it, not at where the program was started.
TEST(Secrets, APathBeginsAtItsFile) {
    Directory const d;
    d.write("conf/secrets/token", "s3cr3t");
    d.write("conf/c.yaml",
            "server: {tokens: [{name: a, role: viewer, token_file: secrets/token}]}");
    auto const loaded = daemon::load_settings(
        d.write("main.yaml", "include: [conf/c.yaml]\n" + brand("a") + kHook));
    EXPECT_EQ(loaded.settings.server.tokens.at(0).secret.file, d.path() + "conf/secrets/token");
    EXPECT_EQ(value_of(loaded), "s3cr3t");
}

TEST(Secrets, ReadByEveryoneIsAWarning) {
    Directory const d;
    d.write("token", "s3cr3t", 0644);
    auto const loaded = daemon::load_settings(d.write("c.yaml", with_token("token")));
    EXPECT_THAT(said(loaded, d),
                ElementsAre("c.yaml:1:55: warning: server.tokens[0].token_file: 'token' can be "
                            "read by everyone on this machine"));
    EXPECT_EQ(value_of(loaded), "s3cr3t");
    EXPECT_THAT(loaded.run_errors, IsEmpty());
}

TEST(Secrets, AVariableIsExpanded) {
    Directory const d;
    d.write("token", "s3cr3t");
    ::setenv("SURGED_TEST_DIRECTORY", d.path().c_str(), 1);
    auto const file = d.write("c.yaml", with_token("${SURGED_TEST_DIRECTORY}/token"));
    EXPECT_EQ(value_of(daemon::load_settings(file)), "s3cr3t");
    ::unsetenv("SURGED_TEST_DIRECTORY");

    auto const loaded = daemon::load_settings(file);
    auto const* const text =
        "c.yaml:1:55: warning: server.tokens[0].token_file: ${SURGED_TEST_DIRECTORY} is not set in "
        "the environment: `surged run` would refuse to start";
    EXPECT_THAT(said(loaded, d), ElementsAre(text));
    EXPECT_FALSE(loaded.problems->fatal());
    ASSERT_EQ(loaded.run_errors.size(), 1U);
    EXPECT_EQ(replace_all(config::to_string(loaded.run_errors[0]), d.path(), ""), text);
}

TEST(Secrets, AreReadAgain) {
    Directory const d;
    d.write("token", "old\n");
    auto loaded = daemon::load_settings(d.write("c.yaml", with_token("token")));
    auto& secret = loaded.settings.server.tokens.at(0).secret;
    EXPECT_FALSE(secret.reload());
    d.write("token", "new\n");
    EXPECT_TRUE(secret.reload());
    EXPECT_EQ(secret.value, "new");
    d.write("token", "");  // being written just now: the old one stays
    EXPECT_FALSE(secret.reload());
    std::filesystem::remove(d.path() + "token");
    EXPECT_FALSE(secret.reload());
    EXPECT_EQ(secret.value, "new");

    config::Values values;
    values.secrets["a"] = secret;
    values.secrets["b"] = {};
    EXPECT_FALSE(values.reload_secrets());
    d.write("token", "newer");
    EXPECT_TRUE(values.reload_secrets());
    EXPECT_EQ(values.secret("a"), "newer");
}

// The value of a secret stands in no message, also when other things are wrong with its file.
TEST(Secrets, TheValueIsInNoMessage) {
    Directory const d;
    d.write("token", "s3cr3t", 0644);
    auto const loaded = daemon::load_settings(
        d.write("c.yaml",
                "server: {tokens: [{name: a, role: viewr, token_file: token}, {name: a, "
                "role: viewer, token_file: token}]}\n" +
                    brand("main") + kHook));
    EXPECT_GE(loaded.problems->list.size(), 5U);
    for (auto const& problem : loaded.problems->list)
        EXPECT_THAT(config::to_string(problem), testing::Not(HasSubstr("s3cr3t")));
}

TEST(Secrets, TwoTokensOfOneValueAreAWarning) {
    Directory const d;
    d.write("token", "s3cr3t");
    d.write("same", "s3cr3t\n");
    auto const loaded = daemon::load_settings(
        d.write("c.yaml",
                "server:\n  tokens:\n    - {name: a, role: viewer, token_file: token}\n"
                "    - {name: b, role: operator, token_file: same}\n" +
                    brand("main") + kHook));
    EXPECT_THAT(said(loaded, d),
                ElementsAre("c.yaml:4:45: warning: server.tokens[1].token_file: the same token as "
                            "'a': who used it cannot be told apart"));
}

}  // namespace
}  // namespace surged::tests
