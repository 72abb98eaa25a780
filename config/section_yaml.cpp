// YAML -> Node, from the parser's events: no second tree, and every place is known. What yaml-cpp
// accepts without a word (duplicate keys, merge keys as plain keys, aliases without end, a second
// document, bytes that are not UTF-8, a quote that is never closed) is refused here.
#include "config/section_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

namespace surged::config {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

// Length of the well-formed UTF-8 sequence at `i`, 0 when there is none (overlong forms and
// surrogates too).
std::size_t sequence_length(std::string_view s, std::size_t i) {
    auto const byte = [&](std::size_t k) -> unsigned {
        return i + k < s.size() ? static_cast<unsigned char>(s[i + k]) : 0U;
    };
    auto const more = [&](std::size_t k) { return (byte(k) & 0xC0U) == 0x80U; };
    unsigned const first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return more(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        if (!more(1) || !more(2)) return 0;
        if (first == 0xE0 && byte(1) < 0xA0) return 0;
        if (first == 0xED && byte(1) > 0x9F) return 0;
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        if (!more(1) || !more(2) || !more(3)) return 0;
        if (first == 0xF0 && byte(1) < 0x90) return 0;
        if (first == 0xF4 && byte(1) > 0x8F) return 0;
        return 4;
    }
    return 0;
}

// The text and where its lines begin: yaml-cpp counts columns in bytes, people count characters.
class Lines {
public:
    explicit Lines(std::string_view text) : text_(text), starts_{0} {
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] == '\n') starts_.push_back(i + 1);
    }
    [[nodiscard]] std::size_t offset(YAML::Mark const& mark) const {
        if (mark.line < 0 || static_cast<std::size_t>(mark.line) >= starts_.size())
            return text_.size();
        auto const start = starts_[static_cast<std::size_t>(mark.line)];
        return std::min(text_.size(), start + static_cast<std::size_t>(std::max(mark.column, 0)));
    }
    [[nodiscard]] Place place(YAML::Mark const& mark, std::size_t file) const {
        return mark.is_null() ? Place{file, 0, 0} : place_of(offset(mark), file);
    }
    [[nodiscard]] Place place_of(std::size_t offset, std::size_t file) const {
        auto const next = std::upper_bound(starts_.begin(), starts_.end(), offset);
        // Events come in the order of the text: one long line is counted once, not once a value.
        if (counted_ < *(next - 1) || counted_ > offset) {
            counted_ = *(next - 1);
            column_ = 1;
        }
        for (; counted_ < offset; ++counted_)
            if ((static_cast<unsigned char>(text_[counted_]) & 0xC0U) != 0x80U) ++column_;
        return {file, static_cast<int>(next - starts_.begin()), column_};
    }
    [[nodiscard]] bool tab_indents(YAML::Mark const& mark) const {
        if (mark.line < 0 || static_cast<std::size_t>(mark.line) >= starts_.size()) return false;
        auto const line = text_.substr(starts_[static_cast<std::size_t>(mark.line)]);
        auto const indent = line.substr(0, line.find_first_not_of(" \t"));
        return indent.find('\t') != std::string_view::npos;
    }
    // True when a quoted scalar that begins at `at` runs to the end of the text without its quote.
    [[nodiscard]] bool unclosed(std::size_t at) const {
        if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return false;
        char const quote = text_[at];
        for (std::size_t i = at + 1; i < text_.size(); ++i) {
            if (quote == '"' && text_[i] == '\\')
                ++i;
            else if (text_[i] == quote && quote == '\'' && i + 1 < text_.size() &&
                     text_[i + 1] == quote)
                ++i;
            else if (text_[i] == quote)
                return false;
        }
        return true;
    }

private:
    std::string_view text_;
    std::vector<std::size_t> starts_;
    mutable std::size_t counted_ = 0;  // column_ is the column of this offset
    mutable int column_ = 1;
};

// Ends the walk of the parser; the fault is reported already.
struct Stop {};

class Builder final : public YAML::EventHandler {
public:
    Builder(Lines const& lines, std::size_t file, Source& source)
        : lines_(lines), file_(file), source_(source) {}

    NodePtr take() { return root_; }
    [[nodiscard]] bool empty() const { return root_ == nullptr; }

    void OnDocumentStart(YAML::Mark const& mark) override {
        if (root_ == nullptr) return;
        source_.report(lines_.place(mark, file_),
                       "a second document begins here: a configuration is one document");
        throw Stop{};
    }
    void OnDocumentEnd() override {}
    void OnNull(YAML::Mark const& mark, YAML::anchor_t anchor) override {
        Node node;
        node.at = lines_.place(mark, file_);
        // An empty value is marked where the next token stands: the key is where it is missing.
        if (!open_.empty() && open_.back().key) node.at = open_.back().key->at;
        add(std::move(node), anchor);
    }
    void OnAlias(YAML::Mark const& mark, YAML::anchor_t anchor) override {
        auto const at = lines_.place(mark, file_);
        auto const it = anchors_.find(anchor);
        if (it == anchors_.end()) stop(at, "this alias stands inside what it names");
        Node copy = *it->second;
        copy.at = at;
        spend(copy.size, at);
        put(std::make_shared<Node const>(std::move(copy)), at);
    }
    void OnScalar(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
                  std::string const& value) override {
        if (lines_.unclosed(lines_.offset(mark)))
            stop(lines_.place(mark, file_), "this quote is never closed");
        Node node;
        node.kind = Node::Kind::scalar;
        node.at = lines_.place(mark, file_);
        node.scalar = value;
        node.quoted = tag != "?";
        add(std::move(node), anchor);
    }
    void OnSequenceStart(YAML::Mark const& mark, std::string const& /*tag*/, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        begin(Node::Kind::list, mark, anchor);
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(YAML::Mark const& mark, std::string const& /*tag*/, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        begin(Node::Kind::mapping, mark, anchor);
    }
    void OnMapEnd() override { end(); }

private:
    struct Key {
        std::string text;
        Place at;
        bool usable = true;
    };
    struct Open {
        std::shared_ptr<Node> node;
        YAML::anchor_t anchor = 0;
        std::optional<Key> key;                // of the value that comes next
        std::map<std::string, Place> written;  // keys so far
        std::string path;
    };

    [[noreturn]] void stop(Place at, std::string text) {
        source_.report(at, std::move(text));
        throw Stop{};
    }

    void spend(std::size_t nodes, Place at) {
        source_.nodes += std::min(nodes, kNodes);
        if (source_.nodes > kNodes)
            stop(at, "too large: more than " + std::to_string(kNodes) +
                         " values, aliases counted as often as they are used");
    }

    void begin(Node::Kind kind, YAML::Mark const& mark, YAML::anchor_t anchor) {
        auto const at = lines_.place(mark, file_);
        spend(1, at);
        if (open_.size() >= kDepth)
            stop(at, "nested deeper than " + std::to_string(kDepth) + " levels");
        Open next;
        next.path = path_of_next();
        next.node = std::make_shared<Node>();
        next.node->kind = kind;
        next.node->at = at;
        next.anchor = anchor;
        open_.push_back(std::move(next));
    }

    void end() {
        auto done = std::move(open_.back());
        open_.pop_back();
        remember(done.anchor, done.node);
        put(done.node, done.node->at);
    }

    void add(Node node, YAML::anchor_t anchor) {
        auto const at = node.at;
        spend(1, at);
        auto const made = std::make_shared<Node const>(std::move(node));
        remember(anchor, made);
        put(made, at);
    }

    void remember(YAML::anchor_t anchor, NodePtr const& node) {
        if (anchor != 0) anchors_[anchor] = node;
    }

    void put(NodePtr const& node, Place at) {
        if (open_.empty()) {
            root_ = node;
            return;
        }
        auto& top = open_.back();
        top.node->size += node->size;
        if (top.node->kind == Node::Kind::list) {
            top.node->items.push_back(node);
        } else if (!top.key) {
            top.key = key(top, *node, at);
        } else {
            if (top.key->usable)
                top.node->entries.push_back({std::move(top.key->text), top.key->at, node});
            top.key.reset();
        }
    }

    // The faults of a key; one that is faulty takes its value with it.
    Key key(Open& mapping, Node const& node, Place at) {
        auto const prefix = mapping.path.empty() ? std::string{} : mapping.path + ": ";
        if (node.kind != Node::Kind::scalar) {
            source_.report(at,
                           prefix + "a key must be text, this is " + std::string(describe(node)));
            return {{}, at, false};
        }
        if (node.scalar == "<<" && !node.quoted) {
            source_.report(at, prefix + "merge keys (<<) are not supported: write the keys out");
            return {{}, at, false};
        }
        auto const [first, inserted] = mapping.written.emplace(node.scalar, at);
        if (inserted) return {node.scalar, at, true};
        auto const other = [](Place p) { return "(also at line " + std::to_string(p.line) + ")"; };
        auto const text = prefix + "duplicate key '" + node.scalar + "' ";
        source_.report(first->second, text + other(at));
        source_.report(at, text + other(first->second));
        return {{}, at, false};
    }

    std::string path_of_next() const {
        if (open_.empty()) return {};
        auto const& top = open_.back();
        if (top.node->kind == Node::Kind::list)
            return top.path + "[" + std::to_string(top.node->items.size()) + "]";
        if (!top.key) return top.path;
        return top.path.empty() ? top.key->text : top.path + "." + top.key->text;
    }

    Lines const& lines_;
    std::size_t file_;
    Source& source_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, NodePtr> anchors_;
    NodePtr root_;
};

// Reports the first byte that is no UTF-8 text; true when there is none.
bool valid_text(std::string_view text, Lines const& lines, std::size_t file, Source& source) {
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        source.report({file, 1, 1}, "this is UTF-16: write the file in UTF-8");
        return false;
    }
    for (std::size_t i = 0; i < text.size();) {
        auto const length = sequence_length(text, i);
        if (length == 0 || text[i] == '\0') {
            constexpr std::string_view digits = "0123456789ABCDEF";
            auto const byte = static_cast<unsigned char>(text[i]);
            source.report(lines.place_of(i, file), std::string("not UTF-8 text: byte 0x") +
                                                       digits[byte >> 4U] + digits[byte & 15U]);
            return false;
        }
        i += length;
    }
    return true;
}

}  // namespace

std::string_view describe(Node const& node) {
    switch (node.kind) {
        case Node::Kind::null: return "nothing";
        case Node::Kind::scalar: return "a single value";
        case Node::Kind::list: return "a list";
        case Node::Kind::mapping: return "a mapping";
    }
    return "nothing";
}

NodePtr read_yaml(std::string const& whole, std::size_t file, Source& source) {
    std::string_view view = whole;
    if (view.starts_with(kBom)) view.remove_prefix(kBom.size());
    Lines const lines(view);
    if (!valid_text(view, lines, file, source)) return nullptr;
    Builder builder(lines, file, source);
    try {  // yaml-cpp throws; nothing above this function does
        std::istringstream in{std::string(view)};
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (YAML::Exception const& e) {
        source.report(lines.place(e.mark, file), lines.tab_indents(e.mark)
                                                     ? "not YAML: a tab cannot indent, use spaces"
                                                     : "not YAML: " + e.msg);
        return nullptr;
    } catch (Stop const&) {  // null too, unless the first document was whole
        return builder.take();
    }
    if (builder.empty() || builder.take()->kind == Node::Kind::null) {
        source.report({file, 1, 1}, "the file is empty");
        return nullptr;
    }
    return builder.take();
}

}  // namespace surged::config
