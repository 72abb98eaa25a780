// Reading JSON from strangers in one pass: a page, a push row, an error body. The only door to
// simdjson for pollers.
#pragma once

#include "daemon/result.h"
#include "detectors/mention.h"

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

namespace ondemand = simdjson::ondemand;

// Limits on what one mention may bring. A text beyond its limit is cut at a character; an id beyond
// its limit makes the item unreadable, because a cut id is another id.
inline constexpr std::size_t kTextMax = 32 * 1024;
inline constexpr std::size_t kIdMax = 1024;

// One parser and one padded buffer, reused from page to page. On-Demand checks what is walked: a
// syntax error in a field that nobody reads may pass, broken nesting and broken UTF-8 never do.
class JsonDocument {
public:
    // Copies `body` and finds its structure. A byte order mark is skipped; bytes that are not UTF-8
    // and raw control characters are replaced, once, and the result parsed again (at most three
    // times the body). What is not JSON at all is Fault::malformed with a hint of what it was.
    // The document lives until the next open().
    Result<ondemand::document*> open(std::string_view body);

    // After the walk: anything but white space behind the document is Fault::malformed.
    [[nodiscard]] std::optional<Failure> finish();

    // What makes the document no page once it was walked: `error` of the walk (CAPACITY: more than
    // 1000 `items`), what follows behind it, or that its list was not there: then the body's own
    // words, else "no LIST".
    [[nodiscard]] std::optional<Failure> conclude(simdjson::error_code error, bool listed,
                                                  std::string_view list, std::string_view body,
                                                  std::string_view items = "items");

    [[nodiscard]] bool repaired() const { return repaired_; }

private:
    simdjson::error_code iterate();

    ondemand::parser parser_;
    ondemand::document document_;
    std::string buffer_;
    bool repaired_ = false;
};

// Fault::malformed with simdjson's own words.
[[nodiscard]] Failure broken(simdjson::error_code error, std::string_view where = "answer");

// A success that holds no page: "answered 200 with an error: " and the body's words, else `plain`.
[[nodiscard]] Failure no_page(std::string_view body, std::string_view plain);

// What a page appends to a batch, taken back unless it turns out to be one.
class Appended {
public:
    explicit Appended(detectors::MentionBatch& batch)
        : batch_(batch), before_(batch.items.size()) {}
    Appended(Appended const&) = delete;
    Appended& operator=(Appended const&) = delete;
    ~Appended() {
        if (!kept_) batch_.items.resize(before_);
    }
    void keep() { kept_ = true; }

private:
    detectors::MentionBatch& batch_;
    std::size_t before_;
    bool kept_ = false;
};

// True when `error` says that one value is not what was hoped for; false when the text itself is
// broken and nothing behind it can be trusted.
[[nodiscard]] constexpr bool of_the_value(simdjson::error_code error) {
    return error == simdjson::STRING_ERROR || error == simdjson::INCORRECT_TYPE ||
           error == simdjson::NUMBER_ERROR || error == simdjson::NUMBER_OUT_OF_RANGE ||
           error == simdjson::T_ATOM_ERROR || error == simdjson::F_ATOM_ERROR ||
           error == simdjson::N_ATOM_ERROR;
}

// visit(key, value) for each field in the order of the text; what it leaves unread is skipped.
// Escaped keys match their plain spelling. Returns what broke the text, else SUCCESS.
template <typename Visit>
simdjson::error_code each_field(ondemand::object object, Visit&& visit) {
    for (auto field : object) {
        if (field.error()) return field.error();
        std::string_view key;
        auto const key_error = field.unescaped_key().get(key);
        if (key_error && !of_the_value(key_error)) return key_error;
        ondemand::value value;
        if (auto const error = field.value().get(value)) return error;
        if (key_error) continue;  // a key that is no text names nothing we know
        if (simdjson::error_code const error = visit(key, value); error) return error;
    }
    return simdjson::SUCCESS;
}

// The same for a value that may turn out to be something else, which is then left unread.
template <typename Visit>
simdjson::error_code each_field(ondemand::value value, Visit&& visit) {
    ondemand::object object;
    auto const error = value.get_object().get(object);
    if (error) return of_the_value(error) ? simdjson::SUCCESS : error;
    return each_field(object, visit);
}

// visit(item) for each element; as above.
template <typename Visit>
simdjson::error_code each_item(ondemand::value value, Visit&& visit) {
    ondemand::array array;
    auto const error = value.get_array().get(array);
    if (error) return of_the_value(error) ? simdjson::SUCCESS : error;
    for (auto element : array) {
        ondemand::value item;
        if (auto const broken_at = element.get(item)) return broken_at;
        if (simdjson::error_code const stop = visit(item); stop) return stop;
    }
    return simdjson::SUCCESS;
}

[[nodiscard]] inline bool is_list(ondemand::value value) {
    ondemand::json_type type{};
    return !value.type().get(type) && type == ondemand::json_type::array;
}

// Reads the members of one item into a batch and remembers whether anything was unreadable. null
// and a value of another type read as "not told"; a string that is no Unicode (a lone surrogate)
// spoils the item and nothing else.
class ItemReader {
public:
    explicit ItemReader(detectors::MentionBatch& batch) : batch_(batch) {}

    [[nodiscard]] std::string_view text(ondemand::value value, std::size_t max = kTextMax);
    // A string, or a number as it is written: 9007199254740993 keeps every digit.
    [[nodiscard]] std::string_view id(ondemand::value value);
    // RFC 3339, or seconds (or, over 10^11, milliseconds) since 1970 as a number or as digits.
    [[nodiscard]] detectors::WallTime time(ondemand::value value);
    // Whole numbers, also 12.0 and "12"; else, and below zero, -1.
    [[nodiscard]] std::int64_t count(ondemand::value value);
    [[nodiscard]] bool flag(ondemand::value value);  // true only for true
    // Any scalar as it is written, strings unescaped, kept in the batch. "" for null and the rest.
    [[nodiscard]] std::string_view scalar(ondemand::value value, std::size_t max = kTextMax);

    [[nodiscard]] bool ok() const { return ok_; }
    void reset() { ok_ = true; }

    // A string, unescaped but not kept: valid until the document goes.
    [[nodiscard]] std::string_view view(ondemand::value value);

private:
    detectors::MentionBatch& batch_;
    bool ok_ = true;
};

// Seconds or milliseconds since 1970 as digits with an optional fraction, else RFC 3339.
[[nodiscard]] std::optional<detectors::WallTime> read_time(std::string_view text);
[[nodiscard]] std::int64_t read_count(std::string_view text);

// At most `max` bytes of `text`, never half a character.
[[nodiscard]] std::string_view cut_text(std::string_view text, std::size_t max);

// What an error body says in words, for a log: title, detail, message, error, in the shapes
// platforms use. At most 200 printable characters; "" when it says nothing.
[[nodiscard]] std::string error_words(std::string_view body);

// Replaces bytes that are not UTF-8 by U+FFFD and control characters by spaces.
[[nodiscard]] std::string repair_utf8(std::string_view bytes);

}  // namespace surged::daemon
