#include "detectors/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

namespace surged::detectors {
namespace {

// Length of the valid UTF-8 sequence at the front of `s` (1 to 4), or 0. Overlong forms, surrogates
// and code points beyond U+10FFFF are invalid (RFC 3629).
std::size_t utf8_length(std::string_view s) {
    auto const at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    auto const follows = [&](std::size_t i) { return i < s.size() && (at(i) & 0xC0U) == 0x80U; };
    unsigned const c = at(0);
    if (c < 0x80) return 1;
    if (c >= 0xC2 && c <= 0xDF) return follows(1) ? 2 : 0;
    if (c >= 0xE0 && c <= 0xEF) {
        if (!follows(1) || !follows(2)) return 0;
        if (c == 0xE0 && at(1) < 0xA0) return 0;
        if (c == 0xED && at(1) > 0x9F) return 0;
        return 3;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        if (!follows(1) || !follows(2) || !follows(3)) return 0;
        if (c == 0xF0 && at(1) < 0x90) return 0;
        if (c == 0xF4 && at(1) > 0x8F) return 0;
        return 4;
    }
    return 0;
}

void append_escaped(std::string& out, unsigned char c) {
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    out += "\\u00";
    out += kHex[c >> 4U];
    out += kHex[c & 15U];
}

template <typename Number>
void append_number(std::string& out, Number number) {
    std::array<char, 32> text{};
    auto const [end, ec] = std::to_chars(text.data(), text.data() + text.size(), number);
    out.append(text.data(), ec == std::errc{} ? end : text.data());
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (std::size_t i = 0; i < text.size();) {
        auto const c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == '"' || c == '\\') {
            append_escaped(out, c);
            ++i;
            continue;
        }
        std::size_t const n = utf8_length(text.substr(i));
        if (n == 0) {
            out += "\xEF\xBF\xBD";
            ++i;
        } else {
            out.append(text, i, n);
            i += n;
        }
    }
    out += '"';
}

void JsonWriter::comma() {
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (!first_) out_ += ',';
    first_ = false;
}

JsonWriter& JsonWriter::object() {
    comma();
    out_ += '{';
    open_ += '{';
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::array() {
    comma();
    out_ += '[';
    open_ += '[';
    first_ = true;
    return *this;
}

JsonWriter& JsonWriter::end() {
    out_ += open_.back() == '{' ? '}' : ']';
    open_.pop_back();
    first_ = false;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    comma();
    append_json_string(out_, name);
    out_ += ':';
    after_key_ = true;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    comma();
    append_json_string(out_, text);
    return *this;
}

JsonWriter& JsonWriter::value(double number) {
    if (!std::isfinite(number)) return null();
    comma();
    append_number(out_, number);
    return *this;
}

JsonWriter& JsonWriter::value(std::int64_t number) {
    comma();
    append_number(out_, number);
    return *this;
}

JsonWriter& JsonWriter::value(std::uint64_t number) {
    comma();
    append_number(out_, number);
    return *this;
}

JsonWriter& JsonWriter::value(bool flag) {
    return raw(flag ? "true" : "false");
}

JsonWriter& JsonWriter::null() {
    return raw("null");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
}

JsonWriter& JsonWriter::text_if(std::string_view name, std::string_view v) {
    return v.empty() ? *this : key(name).value(v);
}

JsonWriter& JsonWriter::time_if(std::string_view name, WallTime t) {
    return t == kNoTime ? *this : key(name).value(t);
}

}  // namespace surged::detectors
