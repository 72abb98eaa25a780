// The manual pages and completions say what the program is: no command, option or key is missing,
// none is made up.
#include "daemon/commands/manual.h"

#include "daemon/commands/command_line.h"
#include "daemon/commands/completions.h"
#include "daemon/settings_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace surged {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

fs::path const kTree = fs::path(TEST_DATA).parent_path().parent_path();

std::string read(fs::path const& path) {
    std::ifstream in(path);
    EXPECT_TRUE(in) << path;
    return {std::istreambuf_iterator<char>(in), {}};
}

daemon::CommandText tree() {
    static daemon::CommandLine line;
    static bool const made = (daemon::add_commands(line), true);
    (void)made;
    return daemon::command_tree(line.app);
}

std::string page(std::string const& name) {
    std::istringstream in(read(kTree / "deploy/man" / (name + ".in")));
    std::ostringstream out, err;
    EXPECT_EQ(daemon::manual(tree(), "page", in, out, err), 0) << err.str();
    return out.str();
}

// Font changes and macros aside: what a reader of the entry's first line sees.
std::string plain(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
        } else if (text.substr(i + 1).starts_with("f")) {
            i += 2;  // \fB
        }
        // else \-: the next character as it is
    }
    return out;
}

// "from" and "to" of ".BR from \", \" to \" (time, required)\"", one word of most.
std::vector<std::string> names_of(std::string_view entry) {
    auto text = plain(entry);
    if (text.starts_with(".I")) return {"*"};
    if (text.starts_with(".B")) text = text.substr(text.find(' '));
    std::vector<std::string> out;
    std::string word;
    for (char const c : text.substr(0, text.find('(')) + " ") {
        if ((c >= 'a' && c <= 'z') || c == '_' || c == '.') {
            word += c;
        } else if (!word.empty()) {
            out.push_back(word);
            word.clear();
        }
    }
    return out;
}

// The keys of the entries (.TP) below each comment `keys: PLACE`.
std::set<std::string> keys_of(std::string const& text) {
    std::set<std::string> out;
    std::string where, line;
    bool counting = false, entry = false;
    for (std::istringstream in(text); std::getline(in, line);) {
        if (line.starts_with(".\\\" keys:")) {
            where = line.size() > 10 ? line.substr(10) + "." : "";
            counting = true;
        } else if (line.starts_with(".S")) {
            counting = false;
        } else if (entry && counting) {
            for (auto const& name : names_of(line)) out.insert(where + name);
        }
        entry = line == ".TP";
    }
    return out;
}

// "own" has the names of platforms, `fields` those of a mention: the file's, not the reader's.
std::string shape(std::string const& key) {
    for (auto const& [prefix, as] :
         {std::pair<std::string, std::string>{"brands[].own.", "brands[].own.*"},
          {"brands[].streams[].fields.", ""},
          {"brands[].streams[].params.", ""}})
        if (key.starts_with(prefix)) return as;
    return key;
}

std::set<std::string> keys_of_readers() {
    std::set<std::string> out;
    auto const add = [&](fs::path const& file) {
        for (auto const& key : daemon::keys_read(read(file), file.string()))
            if (auto const made = shape(key); !made.empty()) out.insert(made);
    };
    add(fs::path(TEST_DATA) / "contract_example.yaml");
    add(fs::path(TEST_DATA) / "every_section.yaml");
    for (auto const& file : fs::directory_iterator(kTree / "deploy/examples")) add(file.path());
    return out;
}

std::vector<std::string> missing(std::set<std::string> const& of, std::set<std::string> const& in) {
    std::vector<std::string> out;
    std::set_difference(of.begin(), of.end(), in.begin(), in.end(), std::back_inserter(out));
    return out;
}

TEST(Manual, NamesEveryKeyThatTheReadersKnowAndNoOther) {
    auto const read = keys_of_readers();
    auto told = keys_of(page("surged.yaml.5"));
    // "next.pointer" stands for the mapping `next`, too.
    for (auto const& key : std::set<std::string>(told))
        for (auto const* mapping : {"brands[].streams[].next", "brands[].streams[].since"})
            if (key.starts_with(std::string(mapping) + ".")) told.insert(mapping);
    EXPECT_THAT(missing(read, told), IsEmpty()) << "the readers know keys that the page does not";
    EXPECT_THAT(missing(told, read), IsEmpty()) << "the page has keys that no reader knows";
    EXPECT_GT(read.size(), 120U);
}

TEST(Manual, NamesEveryCommandAndEveryOption) {
    auto const text = plain(page("surged.8"));
    auto const all = tree();
    for (auto const* command : daemon::flattened(all)) {
        if (command->path == "surged") continue;
        EXPECT_THAT(text, HasSubstr(".SS " + command->path));
        for (auto const& option : command->options) {
            if (option.positional || option.names.back() == "--help") continue;
            EXPECT_THAT(text, HasSubstr(option.names.back())) << command->path;
        }
    }
    EXPECT_THAT(text, Not(HasSubstr("surged manual\n")));
}

TEST(Manual, HasNoPlaceLeftOpen) {
    for (auto const* name : {"surged.8", "surged.yaml.5"})
        EXPECT_THAT(page(name), Not(HasSubstr("@"))) << name;
    std::istringstream in("@NOBODY@\n");
    std::ostringstream out, err;
    EXPECT_EQ(daemon::manual(tree(), "page", in, out, err), 2);
    EXPECT_EQ(daemon::manual(tree(), "tcsh", in, out, err), 2);
}

TEST(Manual, WritesTextThatNoFormatterMistakes) {
    EXPECT_EQ(daemon::roff("--for"), "\\-\\-for");
    EXPECT_EQ(daemon::roff(".TH is a request, 'this' too"),
              "\\&.TH is a request, \\(aqthis\\(aq too");
    EXPECT_EQ(daemon::roff("with `channel`"), "with \\fBchannel\\fP");
    EXPECT_EQ(daemon::roff("a\\b"), "a\\eb");
}

TEST(CommandTree, KnowsWhatAValueIs) {
    auto const all = tree();
    auto const options = [&](std::string const& path) {
        for (auto const* command : daemon::flattened(all))
            if (command->path == path) return command->options;
        ADD_FAILURE() << path;
        return std::vector<daemon::OptionText>{};
    };
    auto const find = [&](std::string const& path, std::string const& name) {
        for (auto const& option : options(path))
            if (option.names.back() == name) return option;
        ADD_FAILURE() << path << " " << name;
        return daemon::OptionText{};
    };
    EXPECT_EQ(find("surged run", "--config").value, "FILE");
    EXPECT_TRUE(find("surged run", "--config").required);
    EXPECT_EQ(find("surged journal verify", "--storage").value, "DIRECTORY");
    EXPECT_THAT(find("surged incidents report", "--format").choices,
                testing::ElementsAre("md", "html", "json"));
    EXPECT_EQ(find("surged streams", "--json").value, "");
    EXPECT_EQ(find("surged streams", "--server").fallback, "http://127.0.0.1:9477");
    EXPECT_TRUE(find("surged incidents ack", "ID").positional);
}

}  // namespace
}  // namespace surged
