// One file and what it includes, as one mapping: contract section 3.
#include "config/known_keys.h"
#include "config/section_tree.h"

#include <algorithm>
#include <array>
#include <glob.h>
#include <set>
#include <sys/stat.h>

namespace surged::config {
namespace {

// What describes the one process: said in one place, so that nobody has to look in several.
constexpr std::array<std::string_view, 4> kOnce{"server", "storage", "log", "http"};

// Which file a path leads to, whatever it is called.
using FileId = std::pair<dev_t, ino_t>;
std::optional<FileId> file_id(std::string const& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return std::nullopt;
    return FileId{info.st_dev, info.st_ino};
}

std::vector<std::string> matches(std::string const& pattern) {
    std::vector<std::string> out;
    glob_t found{};
    if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
        for (std::size_t i = 0; i < found.gl_pathc; ++i) out.emplace_back(found.gl_pathv[i]);
    ::globfree(&found);
    std::sort(out.begin(), out.end());  // by byte: the same order under every locale
    return out;
}

class Union {
public:
    Union(Node root, Source& source) : root_(std::move(root)), source_(source) {}

    void add(Node const& file) {
        for (auto const& entry : file.entries) {
            if (entry.key == "include")
                source_.report(entry.at,
                               "'include' is read one level deep: this file is included already");
            else if (auto* const there = find(entry.key))
                unite(*there, entry);
            else
                root_.entries.push_back(entry);
        }
    }
    NodePtr take() { return std::make_shared<Node const>(std::move(root_)); }

private:
    Entry* find(std::string_view key) {
        for (auto& entry : root_.entries)
            if (entry.key == key) return &entry;
        return nullptr;
    }

    void twice(std::string const& what, Place first, Place second) {
        source_.report(first, what + " (also at " + source_.name(second) + ")");
        source_.report(second, what + " (also at " + source_.name(first) + ")");
    }

    void unite(Entry& there, Entry const& more) {
        if (std::find(kOnce.begin(), kOnce.end(), more.key) != kOnce.end()) {
            twice("'" + more.key + "' may stand in one file only", there.at, more.at);
            return;
        }
        if (more.value->kind == Node::Kind::null) return;
        if (there.value->kind == Node::Kind::null) {
            there = more;
            return;
        }
        if (there.value->kind != more.value->kind || more.value->kind == Node::Kind::scalar) {
            twice("'" + more.key + "' cannot be united", there.at, more.at);
            return;
        }
        Node joined = *there.value;
        joined.items.insert(joined.items.end(), more.value->items.begin(), more.value->items.end());
        for (auto const& entry : more.value->entries) {
            auto const same = std::find_if(joined.entries.begin(), joined.entries.end(),
                                           [&](auto const& e) { return e.key == entry.key; });
            if (same == joined.entries.end())
                joined.entries.push_back(entry);
            else
                twice(more.key + ": duplicate key '" + entry.key + "'", same->at, entry.at);
        }
        there.value = std::make_shared<Node const>(std::move(joined));
    }

    Node root_;
    Source& source_;
};

// One file into the tree; null when it cannot be read, and the fault is at `at` or in the file.
NodePtr read_part(std::string const& path, Place at, Source& source) {
    auto const read = read_file(path, kFileBytes);
    if (!read.error.empty()) {
        source.report(at, "include: cannot read '" + path + "': " + read.error);
        return nullptr;
    }
    source.files.push_back(path);
    auto const file = source.files.size() - 1;
    auto node = read_yaml(read.text, file, source);
    if (node != nullptr && node->kind != Node::Kind::mapping) {
        source.report(node->at,
                      "must be a mapping at its top, this is " + std::string(describe(*node)));
        return nullptr;
    }
    return node;
}

Parsed finish(NodePtr const& node, std::shared_ptr<Source> source) {
    Parsed out;
    out.problems = source->problems;
    out.problems->files = source->files;
    if (node == nullptr) return out;
    auto impl = std::make_unique<Section::Impl>();
    impl->node = node;
    impl->source = std::move(source);
    impl->known.emplace("include");
    impl->asked("include");
    out.root = std::make_unique<Section>(std::move(impl));
    return out;
}

Parsed parse(std::string const& text, std::string const& name,
             std::set<std::string>* asked = nullptr) {
    auto source = std::make_shared<Source>();
    source->asked = asked;
    source->files.push_back(name);
    auto node = read_yaml(text, 0, *source);
    if (node != nullptr && node->kind != Node::Kind::mapping) {
        source->report(node->at,
                       "must be a mapping at its top, this is " + std::string(describe(*node)));
        node = nullptr;
    }
    if (node != nullptr) node = unite_includes(node, name, *source);
    return finish(node, std::move(source));
}

}  // namespace

NodePtr unite_includes(NodePtr const& root, std::string const& path, Source& source) {
    auto const include = std::find_if(root->entries.begin(), root->entries.end(),
                                      [](auto const& e) { return e.key == "include"; });
    if (include == root->entries.end()) return root;
    auto const& patterns = *include->value;
    if (patterns.kind != Node::Kind::list) {
        source.report(patterns.at,
                      "include: must be a list, this is " + std::string(describe(patterns)));
        return root;
    }
    auto const slash = path.rfind('/');
    auto const directory = slash == std::string::npos ? std::string{} : path.substr(0, slash + 1);
    std::set<FileId> read;  // the naming file may match its own pattern: once is enough
    if (auto const id = file_id(path)) read.insert(*id);
    Union all(*root, source);
    for (auto const& item : patterns.items) {
        if (item->kind != Node::Kind::scalar || item->scalar.empty()) {
            source.report(item->at, "include: must be a pattern of file names");
            continue;
        }
        auto const pattern =
            item->scalar.starts_with('/') ? item->scalar : directory + item->scalar;
        bool const wildcard = item->scalar.find_first_of("*?[") != std::string::npos;
        auto const found = matches(pattern);
        if (found.empty())
            source.report(item->at,
                          wildcard ? "include: '" + pattern + "' matches no file"
                                   : "include: there is no file '" + pattern + "'",
                          wildcard);
        for (auto const& name : found) {
            if (auto const id = file_id(name); id && !read.insert(*id).second) continue;
            if (source.files.size() > kFiles) {
                source.report(item->at, "include: more than " + std::to_string(kFiles) + " files");
                return all.take();
            }
            if (auto const node = read_part(name, item->at, source)) all.add(*node);
        }
    }
    return all.take();
}

Parsed parse_text(std::string const& text, std::string const& file_name_for_messages) {
    return parse(text, file_name_for_messages);
}

Parsed parse_text_noting(std::string const& text, std::string const& file_name_for_messages,
                         std::set<std::string>& asked) {
    return parse(text, file_name_for_messages, &asked);
}

Parsed parse_file(std::string const& path) {
    auto const read = read_file(path, kFileBytes);
    if (read.error.empty()) return parse(read.text, path);
    auto source = std::make_shared<Source>();
    source->files.push_back(path);
    source->report({0, 0, 0}, "cannot be read: " + read.error);
    return finish(nullptr, std::move(source));
}

}  // namespace surged::config
