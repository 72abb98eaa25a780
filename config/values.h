// Table-driven reading: the keys of a platform, a stream kind or a receiver are data, read and
// documented by one function.
#pragma once

#include "config/section.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::config {

// `file` is a path that is not kept in memory (ca_file); it is found in Values::text.
enum class KeyType { text, url, urls, secret, file, duration, integer, boolean, texts, pairs };

// A name with a dot stands in a mapping of its own: "next.pointer" and "next.param" are the keys of
// `next: {pointer: .., param: ..}`; `required` then means required in that mapping. Keys of one
// mapping stand side by side in their table.
struct KeySpec {
    std::string_view name;
    KeyType type = KeyType::text;
    bool required = false;
    std::string_view help = {};     // one line, for `--help`, the manual page and `init`
    std::string_view choices = {};  // of a text: "newest|oldest"; empty: any
};

// What was read, under the name in the table ("next.pointer" too). A key that was absent is absent
// here; asking for it gives the empty value.
struct Values {
    std::map<std::string, std::string, std::less<>> text;
    std::map<std::string, std::vector<std::string>, std::less<>> lists;
    std::map<std::string, std::vector<std::pair<std::string, std::string>>, std::less<>> pairs;
    std::map<std::string, Secret, std::less<>>
        secrets;  // under the key as written: "bearer_token_file"
    std::map<std::string, std::int64_t, std::less<>>
        numbers;  // integers, booleans (0, 1), durations in seconds

    [[nodiscard]] bool has(std::string_view key) const;
    [[nodiscard]] std::string get(std::string_view key, std::string fallback = {}) const;
    [[nodiscard]] std::string secret(std::string_view key) const;
    [[nodiscard]] std::int64_t number(std::string_view key, std::int64_t fallback) const;
    bool reload_secrets();  // true when any changed
};

// Reads the keys of `specs` into `out`; the caller calls section.finish() when all tables were
// read.
void read_keys(Section& section, std::span<KeySpec const> specs, Values& out);

}  // namespace surged::config
