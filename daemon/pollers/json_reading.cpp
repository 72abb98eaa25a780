#include "daemon/pollers/json_reading.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace surged::daemon {
namespace {

using detectors::WallTime;

constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kErrorBodyMax = 64 * 1024;  // an error page of megabytes is not an error body
constexpr std::size_t kErrorWordsMax = 200;

// Length of the UTF-8 sequence at `in` when it is well formed (no overlong form, no surrogate,
// nothing beyond U+10FFFF), else 0.
std::size_t sequence(std::string_view in) {
    auto const byte = [&](std::size_t i) {
        return i < in.size() ? static_cast<unsigned char>(in[i]) : 0U;
    };
    auto const tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    unsigned const a = byte(0);
    if (a < 0x80) return 1;
    if (a >= 0xC2 && a <= 0xDF && tail(1)) return 2;
    if (a >= 0xE0 && a <= 0xEF && tail(1) && tail(2)) {
        if ((a == 0xE0 && byte(1) < 0xA0) || (a == 0xED && byte(1) > 0x9F)) return 0;
        return 3;
    }
    if (a >= 0xF0 && a <= 0xF4 && tail(1) && tail(2) && tail(3)) {
        if ((a == 0xF0 && byte(1) < 0x90) || (a == 0xF4 && byte(1) > 0x8F)) return 0;
        return 4;
    }
    return 0;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    auto const first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_number(std::string_view token) {
    return !token.empty() && token.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
           (token[0] == '-' || (token[0] >= '0' && token[0] <= '9'));
}

// The words of one member when it is a text; of a list, those of its first element.
std::string_view words_of(simdjson::dom::element const& element) {
    std::string_view words;
    if (element.get(words) == simdjson::SUCCESS) return words;
    simdjson::dom::array list;
    if (element.get(list) == simdjson::SUCCESS)
        for (auto const item : list) return words_of(item);
    simdjson::dom::object object;
    if (element.get(object) == simdjson::SUCCESS)
        for (auto const* key : {"message", "detail", "title", "error"})
            if (object[key].get(words) == simdjson::SUCCESS) return words;
    return {};
}

}  // namespace

simdjson::error_code JsonDocument::iterate() {
    // Capacity for the padding simdjson reads (and ignores) behind the text.
    buffer_.reserve(buffer_.size() + simdjson::SIMDJSON_PADDING);
    return parser_
        .iterate(simdjson::padded_string_view(buffer_.data(), buffer_.size(), buffer_.capacity()))
        .get(document_);
}

Result<ondemand::document*> JsonDocument::open(std::string_view body) {
    document_ = {};  // before its buffer changes
    repaired_ = false;
    if (body.starts_with(kBom)) body.remove_prefix(kBom.size());
    std::string_view const text = trimmed(body);
    if (text.empty()) return Failure(Fault::malformed, "empty answer");
    if (text[0] == '<') return Failure(Fault::malformed, "HTML instead of JSON");
    if (text[0] != '{' && text[0] != '[')
        return Failure(Fault::malformed, "neither an object nor a list");
    buffer_.assign(text);
    simdjson::error_code error = iterate();
    if (error == simdjson::UTF8_ERROR || error == simdjson::UNESCAPED_CHARS) {
        buffer_ = repair_utf8(text);
        repaired_ = true;
        error = iterate();
    }
    if (error) return broken(error);
    return &document_;
}

std::optional<Failure> JsonDocument::finish() {
    if (document_.current_location().error() == simdjson::OUT_OF_BOUNDS) return std::nullopt;
    return Failure(Fault::malformed, "something follows the end of the JSON document");
}

std::optional<Failure> JsonDocument::conclude(simdjson::error_code error, bool listed,
                                              std::string_view list, std::string_view body,
                                              std::string_view items) {
    if (error == simdjson::CAPACITY)
        return Failure(Fault::too_large, "more than 1000 " + std::string(items) + " on a page");
    if (error) return broken(error);
    if (auto trailing = finish()) return trailing;
    if (!listed) return no_page(body, "no " + std::string(list));
    return std::nullopt;
}

Failure no_page(std::string_view body, std::string_view plain) {
    std::string const words = error_words(body);
    return {Fault::malformed,
            words.empty() ? std::string(plain) : "answered 200 with an error: " + words};
}

Failure broken(simdjson::error_code error, std::string_view where) {
    return {Fault::malformed, std::string(where) + ": " + simdjson::error_message(error)};
}

std::string_view ItemReader::view(ondemand::value value) {
    std::string_view text;
    auto const error = value.get_string().get(text);
    if (!error) return text;
    if (error != simdjson::INCORRECT_TYPE) ok_ = false;
    return {};
}

std::string_view ItemReader::text(ondemand::value value, std::size_t max) {
    return batch_.keep(cut_text(view(value), max));
}

std::string_view ItemReader::scalar(ondemand::value value, std::size_t max) {
    simdjson::ondemand::json_type type{};
    if (value.type().get(type)) {
        ok_ = false;
        return {};
    }
    switch (type) {
        case ondemand::json_type::string: return text(value, max);
        case ondemand::json_type::number:
        case ondemand::json_type::boolean: {
            std::string_view const token = trimmed(value.raw_json_token());
            if (type == ondemand::json_type::number && !is_number(token)) ok_ = false;
            return ok_ ? batch_.keep(token) : std::string_view{};
        }
        default: return {};
    }
}

std::string_view ItemReader::id(ondemand::value value) {
    // One byte over the limit is read, so that a long id is seen to be long.
    std::string_view const text = scalar(value, kIdMax + 4);
    if (text.size() > kIdMax) {
        ok_ = false;
        return {};
    }
    return text;
}

WallTime ItemReader::time(ondemand::value value) {
    simdjson::ondemand::json_type type{};
    if (value.type().get(type)) return detectors::kNoTime;
    if (type == ondemand::json_type::number)
        return read_time(trimmed(value.raw_json_token())).value_or(detectors::kNoTime);
    return read_time(view(value)).value_or(detectors::kNoTime);
}

std::int64_t ItemReader::count(ondemand::value value) {
    simdjson::ondemand::json_type type{};
    if (value.type().get(type)) return -1;
    if (type == ondemand::json_type::number) return read_count(trimmed(value.raw_json_token()));
    return read_count(view(value));
}

bool ItemReader::flag(ondemand::value value) {
    bool is = false;
    return value.get_bool().get(is) == simdjson::SUCCESS && is;
}

std::optional<WallTime> read_time(std::string_view text) {
    if (auto const time = detectors::parse_time(text)) return time;
    double number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    double const ms = number > 1e11 ? number : number * 1000;           // 1e11 s is the year 5138
    if (!(ms >= 0 && ms < 253'402'300'800'000.0)) return std::nullopt;  // until 9999
    return WallTime{std::chrono::milliseconds{std::llround(ms)}};
}

std::int64_t read_count(std::string_view text) {
    std::int64_t whole = 0;
    char const* const last = text.data() + text.size();
    auto const [end, error] = std::from_chars(text.data(), last, whole);
    if (error == std::errc{} && end == last) return std::max<std::int64_t>(whole, -1);
    double number = 0;
    auto const [stop, problem] = std::from_chars(text.data(), last, number);
    if (problem != std::errc{} || stop != last || !(number >= 0 && number < 9e18)) return -1;
    return static_cast<std::int64_t>(number);
}

std::string_view cut_text(std::string_view text, std::size_t max) {
    if (text.size() <= max) return text;
    while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0U) == 0x80U) --max;
    return text.substr(0, max);
}

std::string error_words(std::string_view body) {
    if (body.empty() || body.size() > kErrorBodyMax) return {};
    std::string const clean = repair_utf8(body);
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(clean).get(object) != simdjson::SUCCESS) return {};
    std::string words;
    for (auto const* key : {"title", "detail", "message", "error", "error_description", "errors"}) {
        simdjson::dom::element element;
        if (object[key].get(element) != simdjson::SUCCESS) continue;
        std::string_view const found = words_of(element);
        if (found.empty() || words.find(found) != std::string::npos) continue;
        if (!words.empty()) words += ": ";
        words += found;
    }
    for (char& c : words)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return std::string(cut_text(words, kErrorWordsMax));
}

std::string repair_utf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() + 64);
    while (!bytes.empty()) {
        std::size_t const n = sequence(bytes);
        if (n == 0) {
            out += kReplacement;
            bytes.remove_prefix(1);
            continue;
        }
        if (n == 1 && static_cast<unsigned char>(bytes[0]) < 0x20) {
            // Outside of strings white space stays white space; inside it was illegal anyway.
            out += ' ';
        } else {
            out += bytes.substr(0, n);
        }
        bytes.remove_prefix(n);
    }
    return out;
}

}  // namespace surged::daemon
