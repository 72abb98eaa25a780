#include "daemon/demo/graph_fields.h"

#include <cctype>

namespace surged::daemon::demo {
namespace {

constexpr int kDepthMax = 4;
constexpr std::size_t kFieldsMax = 100;

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    bool list(std::vector<GraphField>& out, int depth) {
        if (depth > kDepthMax) return false;
        do {
            if (++count_ > kFieldsMax || !field(out.emplace_back(), depth)) return false;
        } while (take(','));
        return true;
    }
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

private:
    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    std::string name() {
        std::string out;
        while (take(' ')) {
        }
        while (at_ < text_.size() &&
               (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_'))
            out += text_[at_++];
        return out;
    }

    bool field(GraphField& out, int depth) {
        out.name = name();
        if (out.name.empty()) return false;
        while (take('.'))
            if (!modifier(out)) return false;
        return !take('{') || (list(out.fields, depth + 1) && take('}'));
    }

    bool modifier(GraphField& out) {
        std::string const key = name();
        if (key.empty() || !take('(')) return false;
        auto const end = text_.find(')', at_);
        if (end == std::string_view::npos) return false;
        out.modifiers[key] = text_.substr(at_, end - at_);
        at_ = end + 1;
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0, count_ = 0;
};

}  // namespace

std::optional<std::vector<GraphField>> parse_graph_fields(std::string_view text) {
    std::vector<GraphField> fields;
    Parser parser(text);
    if (!parser.list(fields, 1) || !parser.at_end()) return std::nullopt;
    return fields;
}

}  // namespace surged::daemon::demo
