// The parameters of one request, in order, repeated ones included.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::daemon::demo {

// "%41" -> "A"; a "%" without two hex digits stays as it is; "+" -> " " where `form` says so.
[[nodiscard]] std::string percent_decode(std::string_view text, bool form);

class Params {
public:
    // Of a query string or form body, without "?". Beyond kMost pairs the rest is dropped.
    explicit Params(std::string_view query);
    static constexpr std::size_t kMost = 200;  // no platform's request has more than some twenty

    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::string_view get(std::string_view name) const;  // the first; "" when absent
    [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
    // The whole number; none when absent or not one.
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view name) const;
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> const& pairs() const {
        return pairs_;
    }

private:
    std::vector<std::pair<std::string, std::string>> pairs_;
};

// All of `text` as a decimal number; none for anything else, "-" allowed in front.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);
// "a,b , c" -> a b c; empty parts are left out.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text, char separator = ',');

}  // namespace surged::daemon::demo
