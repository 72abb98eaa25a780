// The document as plain values, between YAML (section_yaml.cpp) and the typed reading of it
// (section.cpp). Private to config/.
#pragma once

#include "config/section.h"

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::config {

struct Place {
    std::size_t file = 0;      // index into Source::files
    int line = 0, column = 0;  // 1-based, in characters; 0: the file as a whole
};

struct Node;
using NodePtr = std::shared_ptr<Node const>;

struct Entry {
    std::string key;
    Place at;  // of the key
    NodePtr value;
};

// An alias is a copy of the node it names (children are shared), standing at the alias' own place.
struct Node {
    enum class Kind { null, scalar, list, mapping };
    Kind kind = Kind::null;
    Place at;
    std::string scalar;
    bool quoted = false;  // "5" is text, 5 is a number
    std::vector<NodePtr> items;
    std::vector<Entry> entries;  // a key that is there twice is reported and kept once
    std::size_t size = 1;        // nodes below and this one, aliases expanded
};

// Limits of one configuration, includes and all.
inline constexpr std::size_t kFileBytes = std::size_t{16} << 20U;  // 50,000 streams are 8.5 MB
inline constexpr std::size_t kNodes = 2'000'000;  // ends alias bombs; 50,000 streams are 1.3 M
inline constexpr std::size_t kDepth = 64;         // the contract nests eight deep
inline constexpr std::size_t kFiles = 1000;       // includes

// What all Sections of one configuration share.
struct Source {
    std::shared_ptr<Problems> problems = std::make_shared<Problems>();
    std::vector<std::string> files;
    std::size_t nodes = 0;                   // spent of kNodes
    std::set<std::string>* asked = nullptr;  // known_keys.h: every key that a reader asked for

    void report(Place at, std::string text, bool warning = false) const;
    [[nodiscard]] Problem problem(Place at, std::string text) const;
    [[nodiscard]] std::string name(Place at) const;  // "surged.yaml:12"
};

struct Section::Impl {
    std::shared_ptr<Source> source;
    NodePtr node;
    std::string path;                           // "accounts.x-main.budget"
    std::string shape;                          // "accounts.*.budget": whatever the file calls it
    std::set<std::string, std::less<>> known;   // keys somebody read
    std::set<std::string, std::less<>> looked;  // keys somebody looked for: near ones are offered

    [[nodiscard]] std::string dotted(std::string_view key) const;
    [[nodiscard]] Entry const* find(std::string_view key) const;
    // The value, marked as known; null when the key is absent or the mapping is none.
    Node const* get(std::string_view key);
    Node const* scalar(std::string_view key, std::string_view expected);
    void fault(std::string_view key, Place at, std::string const& what, bool warning = false) const;
    [[nodiscard]] Place place(std::string_view key) const;
    [[nodiscard]] Section child(NodePtr value, std::string child_path,
                                std::string child_shape) const;
    [[nodiscard]] std::string shape_of(std::string_view key) const;
    void asked(std::string_view key) const;
    [[nodiscard]] std::string directory() const;  // of the file the mapping stands in
    std::string resolve(std::string_view key, bool required);
    void warn_of_mode(std::string_view key, std::string const& file, unsigned mode);
};

// "a mapping", "a list", "text", "nothing": what a message says was found.
[[nodiscard]] std::string_view describe(Node const& node);

// Text -> tree. Null when it is not YAML, not UTF-8, empty, or too large; the fault is reported.
// Duplicate keys, merge keys, keys that are no scalars and second documents are reported here, once
// each.
NodePtr read_yaml(std::string const& text, std::size_t file, Source& source);

// Reads `include:` of the root and unites the files it names with it (contract section 3).
NodePtr unite_includes(NodePtr const& root, std::string const& path, Source& source);

// The whole file, or the reason why not.
struct FileText {
    std::string text, error;  // error empty: read
    unsigned mode = 0;        // permission bits
};
FileText read_file(std::string const& path, std::size_t limit);

}  // namespace surged::config
