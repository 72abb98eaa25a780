// Every configuration of tests/data/broken_configs.txt gives exactly the errors written under it.
#include "config_directory.h"
#include "daemon/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <vector>

namespace surged::tests {
namespace {

constexpr char const* kHook = "receivers: {hook: {type: webhook, url: \"http://127.0.0.1:1/\"}}\n";
constexpr char const* kBrand =
    "brands:\n  - name: acme\n    streams:\n"
    "      - {name: hn, platform: hackernews, kind: search, query: acme}\n";

struct Case {
    std::string name;
    std::map<std::string, std::string> files;  // c.yaml is loaded
    std::vector<std::string> expected;
};

std::vector<Case> read_cases() {
    std::vector<Case> out;
    std::istringstream in(read_whole(TEST_DATA "/broken_configs.txt"));
    std::string file;
    bool messages = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("=== ")) {
            out.push_back({line.substr(4), {{"c.yaml", ""}}, {}});
            file = "c.yaml";
            messages = false;
        } else if (out.empty()) {
            continue;  // what the file says of itself
        } else if (messages) {
            out.back().expected.push_back(line);
        } else if (line.starts_with("%file ")) {
            file = line.substr(6);
        } else if (line == "%rest") {
            out.back().files[file] += std::string(kHook) + kBrand;
        } else if (line == "%hook") {
            out.back().files[file] += kHook;
        } else if (line == "%brand") {
            out.back().files[file] += kBrand;
        } else if (line == ">>>") {
            messages = true;
        } else {
            out.back().files[file] += line + "\n";
        }
    }
    return out;
}

// The errors, and the warnings that are expected, as lines without the directory.
std::vector<std::string> said_of(Case const& wanted) {
    Directory const directory;
    directory.write("token", "t\n");
    directory.write("empty", "");
    for (auto const& [name, text] : wanted.files) directory.write(name, text);
    auto const loaded = daemon::load_settings(directory.path() + "c.yaml");
    std::vector<std::string> out;
    for (auto const& problem : loaded.problems->list) {
        auto const line = replace_all(config::to_string(problem), directory.path(), "");
        if (!problem.warning || std::count(wanted.expected.begin(), wanted.expected.end(), line))
            out.push_back(line);
    }
    return out;
}

TEST(BrokenConfig, EveryFaultIsSaidAtItsPlace) {
    auto const cases = read_cases();
    ASSERT_GE(cases.size(), 120U);
    for (auto const& wanted : cases) {
        SCOPED_TRACE(wanted.name);
        ASSERT_FALSE(wanted.expected.empty());
        EXPECT_THAT(said_of(wanted), testing::ElementsAreArray(wanted.expected));
    }
}

// What stands for a right rest is right: an error in a case is the case's own.
TEST(BrokenConfig, TheRestIsRight) {
    auto const loaded = daemon::load_settings_text(std::string(kHook) + kBrand, "c.yaml");
    EXPECT_FALSE(loaded.problems->fatal());
}

// Bytes that cannot stand in a text file of cases.
TEST(BrokenConfig, BytesThatAreNoText) {
    auto const first = [](std::string const& text) {
        auto const loaded = daemon::load_settings_text(text, "c.yaml");
        return loaded.problems->list.empty() ? "" : config::to_string(loaded.problems->list[0]);
    };
    EXPECT_EQ(first("log: {level: \"\xC3\xA9\xC3\"}\n"),
              "c.yaml:1:16: error: not UTF-8 text: byte 0xC3");
    EXPECT_EQ(first("a: b\nc: \xC0\xAF\n"), "c.yaml:2:4: error: not UTF-8 text: byte 0xC0");
    EXPECT_EQ(first("a: \xED\xA0\x80\n"), "c.yaml:1:4: error: not UTF-8 text: byte 0xED");
    EXPECT_EQ(first("a: \xF5\x80\x80\x80\n"), "c.yaml:1:4: error: not UTF-8 text: byte 0xF5");
    EXPECT_EQ(first(std::string("a: b\0c\n", 7)), "c.yaml:1:5: error: not UTF-8 text: byte 0x00");
    EXPECT_EQ(first("\xFF\xFE"
                    "a"),
              "c.yaml:1:1: error: this is UTF-16: write the file in UTF-8");
    // A byte order mark is no fault, and moves no column.
    EXPECT_EQ(first("\xEF\xBB\xBF"
                    "recievers: {}\n" +
                    std::string(kHook) + kBrand),
              "c.yaml:1:1: error: unknown key 'recievers': did you mean 'receivers'?");
}

TEST(BrokenConfig, AFileThatIsNotThere) {
    auto const loaded = daemon::load_settings("/nonexistent/surged.yaml");
    ASSERT_EQ(loaded.problems->list.size(), 1U);
    EXPECT_EQ(config::to_string(loaded.problems->list[0]),
              "/nonexistent/surged.yaml:1:1: error: cannot be read: No such file or directory");
}

// However a file is cut, damaged or turned around, it is read or refused, never a crash.
TEST(BrokenConfig, DamageIsSurvived) {
    auto const whole = read_whole(TEST_DATA "/contract_example.yaml");
    ASSERT_GT(whole.size(), 4000U);
    for (std::size_t i = 1; i < whole.size(); i += 101) {
        (void)daemon::load_settings_text(whole.substr(0, i), "c.yaml");
        auto swapped = whole;
        std::swap(swapped[i], swapped[(i * 7919) % whole.size()]);
        (void)daemon::load_settings_text(swapped, "c.yaml");
        (void)daemon::load_settings_text(whole.substr(i) + whole.substr(0, i), "c.yaml");
    }
}

// A text that lost its end, however little, is not taken for a whole one.
TEST(BrokenConfig, ACutFileIsRefused) {
    std::string const whole = std::string(kHook) + kBrand;
    for (std::size_t i = 0; i + 1 < whole.size(); ++i)
        EXPECT_TRUE(daemon::load_settings_text(whole.substr(0, i), "c.yaml").problems->fatal())
            << whole.substr(0, i);
}

}  // namespace
}  // namespace surged::tests
