// Reads one small JSON document: what receivers answer and what they tell us. Pollers, which read
// megabytes, use simdjson on the floor above; here a few kB of a stranger's bytes come at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::exporters {

// RFC 8259, strictly. A value is a tree of its own; asking an absent member gives a null, so a
// chain of questions needs no checks: json["event"]["agent"]["summary"].text(). Of a key that
// stands twice the first counts. Cost: O(length), at most kNodes values, kDepth levels; a document
// beyond either is refused, never cut.
class Json {
public:
    static constexpr std::size_t kNodes = 100'000;  // a page of silences; about 10 MB of memory
    static constexpr int kDepth = 64;

    enum class Kind : std::uint8_t { null, boolean, number, text, array, object };

    [[nodiscard]] static std::optional<Json> parse(std::string_view document);

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] bool is(Kind kind) const { return kind_ == kind; }
    [[nodiscard]] Json const& operator[](std::string_view key) const;  // of an object
    [[nodiscard]] Json const& at(std::size_t index) const;             // of an array
    [[nodiscard]] std::vector<Json> const& items() const { return items_; }

    // Text as it is, a number as it is written (ids beyond 2^53 stay whole); else "".
    [[nodiscard]] std::string const& text() const { return text_; }
    [[nodiscard]] std::optional<double> number() const;
    [[nodiscard]] bool flag(bool otherwise) const;  // of a boolean

private:
    friend class JsonParser;
    Kind kind_ = Kind::null;
    bool flag_ = false;
    std::string text_;
    std::vector<Json> items_;        // of an array, or the values of an object
    std::vector<std::string> keys_;  // of an object
};

}  // namespace surged::exporters
