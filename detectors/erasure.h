// What whoever holds people's words, names or links is told to let go of.
#pragma once

#include "detectors/time.h"

#include <functional>
#include <string_view>

namespace surged::detectors {

// Ids belong to platforms. An empty function covers nothing.
struct Erasure {
    std::function<bool(std::string_view platform, std::string_view mention)> mention;
    // By id or by handle, as the platform writes them.
    std::function<bool(std::string_view platform, std::string_view author)> author;
    WallTime before = WallTime::min();  // and whatever was posted before this (keep_mentions)

    [[nodiscard]] bool covers(std::string_view platform, std::string_view id, WallTime at) const {
        return at < before || (mention && mention(platform, id));
    }
};

}  // namespace surged::detectors
