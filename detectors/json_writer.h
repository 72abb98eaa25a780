// Writes one JSON document, in the order it is called: events, API answers, request bodies.
#pragma once

#include "detectors/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace surged::detectors {

// Appends to a string that the caller owns. Keys and values are escaped; bytes that are not UTF-8
// become U+FFFD, so the output is always valid. Numbers are the shortest text that reads back the
// same (31.5, not 3.15E1); a double that is not finite becomes null. Misuse (a value without a key
// inside an object, an unclosed document) is a bug of the caller.
//
//   JsonWriter json;  json.object();  json.key("id").value(4711);  json.end();  json.take();
class JsonWriter {
public:
    JsonWriter& object();  // {
    JsonWriter& array();   // [
    JsonWriter& end();     // closes the innermost
    JsonWriter& key(std::string_view name);
    JsonWriter& value(std::string_view text);
    JsonWriter& value(char const* text) { return value(std::string_view(text)); }
    JsonWriter& value(std::string const& text) { return value(std::string_view(text)); }
    JsonWriter& value(double number);
    JsonWriter& value(std::int64_t number);
    JsonWriter& value(std::uint64_t number);
    JsonWriter& value(int number) { return value(std::int64_t{number}); }
    JsonWriter& value(bool flag);
    JsonWriter& value(WallTime t) { return value(rfc3339(t)); }
    JsonWriter& null();
    JsonWriter& raw(std::string_view json);  // a finished JSON value

    // key(name).value(v), left out when v says "not told": empty text, kNoTime.
    JsonWriter& text_if(std::string_view name, std::string_view v);
    JsonWriter& time_if(std::string_view name, WallTime t);
    template <typename T>
    JsonWriter& field(std::string_view name, T const& v) {
        return key(name).value(v);
    }

    [[nodiscard]] std::string const& text() const { return out_; }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    void comma();

    std::string out_;
    std::string open_;   // '{' or '[' of each enclosing level
    bool first_ = true;  // nothing yet on this level
    bool after_key_ = false;
};

// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace surged::detectors
