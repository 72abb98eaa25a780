// A poller's cursor as a few named values in one short text: "w=1750&t=b26v89".
#pragma once

#include "detectors/time.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::daemon {

// A cursor is stored with the mentions it stands for and read again by a later release, so a name
// is never reused with another meaning and an unknown or damaged one is dropped: the worst that a
// damaged cursor may do is a first walk, whose repetitions are recognised by their ids.
class WalkCursor {
public:
    WalkCursor() = default;
    explicit WalkCursor(std::string_view text);

    [[nodiscard]] std::string get(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t fallback = 0) const;
    [[nodiscard]] detectors::WallTime time(std::string_view name) const;  // kNoTime when absent

    WalkCursor& set(std::string_view name, std::string_view value);  // "" removes
    WalkCursor& set(std::string_view name, std::int64_t value);
    WalkCursor& set(std::string_view name, detectors::WallTime value);  // kNoTime removes
    // Removes all but these names.
    WalkCursor& keep_only(std::initializer_list<std::string_view> names);

    [[nodiscard]] std::string text() const;

private:
    std::vector<std::pair<std::string, std::string>> fields_;  // in the order they were set
};

// Ids that grow with time and have no fixed width: the longer is the newer, else bytewise.
[[nodiscard]] bool id_less(std::string_view a, std::string_view b);

// "%41" -> "A", "+" stays; a broken escape stays as it is.
[[nodiscard]] std::string url_decode(std::string_view text);
// The value of `name` in the query of `url`, decoded; "" when absent.
[[nodiscard]] std::string query_value(std::string_view url, std::string_view name);

}  // namespace surged::daemon
