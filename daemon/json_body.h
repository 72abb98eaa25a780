// A small JSON object that a client sent: the fields of an operator's word.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace surged::daemon {

// Reads one flat JSON object of text, numbers and booleans; nested values are ignored. An empty
// body is an empty object.
class JsonBody {
public:
    static constexpr std::size_t kMax = 64 * 1024;  // a note is a note, not a file
    [[nodiscard]] static std::optional<JsonBody> parse(
        std::string_view body);  // nullopt: not an object, or too large
    [[nodiscard]] std::string text(
        std::string_view key) const;  // numbers as written; "" when absent
    [[nodiscard]] bool flag(std::string_view key, bool fallback) const;

private:
    std::map<std::string, std::string, std::less<>> fields_;
};

// "60", "5m", "1h": the step of a series.
[[nodiscard]] std::optional<std::chrono::seconds> parse_step(std::string_view text);

}  // namespace surged::daemon
