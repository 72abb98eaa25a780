#include "exporters/json_reader.h"

#include <charconv>

namespace surged::exporters {

class JsonParser {
public:
    explicit JsonParser(std::string_view in) : in_(in) {}

    bool document(Json& out) {
        if (!value(out, 0)) return false;
        space();
        return in_.empty();
    }

private:
    void space() {
        while (!in_.empty() &&
               (in_[0] == ' ' || in_[0] == '\t' || in_[0] == '\n' || in_[0] == '\r'))
            in_.remove_prefix(1);
    }
    bool take(char c) {
        space();
        if (in_.empty() || in_[0] != c) return false;
        in_.remove_prefix(1);
        return true;
    }
    bool word(std::string_view w) {
        if (!in_.starts_with(w)) return false;
        in_.remove_prefix(w.size());
        return true;
    }

    bool value(Json& out, int depth) {
        if (++nodes_ > Json::kNodes || depth > Json::kDepth) return false;
        space();
        if (in_.empty()) return false;
        switch (in_[0]) {
            case '{': return object(out, depth);
            case '[': return array(out, depth);
            case '"': out.kind_ = Json::Kind::text; return text(out.text_);
            case 't':
                out.kind_ = Json::Kind::boolean;
                out.flag_ = true;
                return word("true");
            case 'f': out.kind_ = Json::Kind::boolean; return word("false");
            case 'n': return word("null");
            default: out.kind_ = Json::Kind::number; return number(out.text_);
        }
    }

    bool object(Json& out, int depth) {
        out.kind_ = Json::Kind::object;
        in_.remove_prefix(1);
        if (take('}')) return true;
        do {
            space();
            if (in_.empty() || in_[0] != '"') return false;
            std::string key;
            if (!text(key) || !take(':')) return false;
            Json member;
            if (!value(member, depth + 1)) return false;
            out.keys_.push_back(std::move(key));
            out.items_.push_back(std::move(member));
        } while (take(','));
        return take('}');
    }

    bool array(Json& out, int depth) {
        out.kind_ = Json::Kind::array;
        in_.remove_prefix(1);
        if (take(']')) return true;
        do {
            Json item;
            if (!value(item, depth + 1)) return false;
            out.items_.push_back(std::move(item));
        } while (take(','));
        return take(']');
    }

    std::size_t digits() {
        std::size_t n = 0;
        while (n < in_.size() && in_[n] >= '0' && in_[n] <= '9') ++n;
        in_.remove_prefix(n);
        return n;
    }
    bool number(std::string& out) {
        auto const start = in_;
        word("-");
        bool const zero = !in_.empty() && in_[0] == '0';
        auto const whole = digits();
        if (whole == 0 || (zero && whole > 1)) return false;
        if (word(".") && digits() == 0) return false;
        if (word("e") || word("E")) {
            if (!word("+")) word("-");
            if (digits() == 0) return false;
        }
        out = start.substr(0, start.size() - in_.size());
        return true;
    }

    bool hex4(std::uint32_t& out) {
        if (in_.size() < 4) return false;
        auto const [end, ec] = std::from_chars(in_.data(), in_.data() + 4, out, 16);
        if (ec != std::errc{} || end != in_.data() + 4) return false;
        in_.remove_prefix(4);
        return true;
    }
    static void put(std::string& out, std::uint32_t c) {
        auto const byte = [&](std::uint32_t b) { out += static_cast<char>(b); };
        if (c < 0x80) {
            byte(c);
        } else if (c < 0x800) {
            byte(0xC0U | c >> 6U), byte(0x80U | (c & 0x3FU));
        } else if (c < 0x10000) {
            byte(0xE0U | c >> 12U), byte(0x80U | (c >> 6U & 0x3FU)), byte(0x80U | (c & 0x3FU));
        } else {
            byte(0xF0U | c >> 18U), byte(0x80U | (c >> 12U & 0x3FU));
            byte(0x80U | (c >> 6U & 0x3FU)), byte(0x80U | (c & 0x3FU));
        }
    }
    // A lone surrogate becomes U+FFFD: half a character is nobody's text.
    bool unicode(std::string& out) {
        std::uint32_t c = 0, low = 0;
        if (!hex4(c)) return false;
        if (c >= 0xD800 && c < 0xDC00 && in_.starts_with("\\u")) {
            auto const before = in_;
            in_.remove_prefix(2);
            if (!hex4(low)) return false;
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10U) + (low - 0xDC00);
            } else {
                in_ = before;
            }
        }
        put(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
        return true;
    }
    bool text(std::string& out) {
        in_.remove_prefix(1);
        while (!in_.empty()) {
            char const c = in_[0];
            in_.remove_prefix(1);
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c != '\\') {
                out += c;
                continue;
            }
            if (in_.empty()) return false;
            char const escape = in_[0];
            in_.remove_prefix(1);
            switch (escape) {
                case '"':
                case '\\':
                case '/': out += escape; break;
                case 'b': out += '\b'; break;
                case 'f': out += '\f'; break;
                case 'n': out += '\n'; break;
                case 'r': out += '\r'; break;
                case 't': out += '\t'; break;
                case 'u':
                    if (!unicode(out)) return false;
                    break;
                default: return false;
            }
        }
        return false;
    }

    std::string_view in_;
    std::size_t nodes_ = 0;
};

namespace {

Json const& nothing() {
    static Json const kNull;
    return kNull;
}

}  // namespace

std::optional<Json> Json::parse(std::string_view document) {
    Json out;
    if (!JsonParser(document).document(out)) return std::nullopt;
    return out;
}

Json const& Json::operator[](std::string_view key) const {
    for (std::size_t i = 0; i < keys_.size(); ++i)
        if (keys_[i] == key) return items_[i];
    return nothing();
}

Json const& Json::at(std::size_t index) const {
    return kind_ == Kind::array && index < items_.size() ? items_[index] : nothing();
}

std::optional<double> Json::number() const {
    if (kind_ != Kind::number) return std::nullopt;
    double out = 0;
    auto const [end, ec] = std::from_chars(text_.data(), text_.data() + text_.size(), out);
    return ec == std::errc{} && end == text_.data() + text_.size() ? std::optional(out)
                                                                   : std::nullopt;
}

bool Json::flag(bool otherwise) const {
    return kind_ == Kind::boolean ? flag_ : otherwise;
}

}  // namespace surged::exporters
