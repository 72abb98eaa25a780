// What deadlines would have been met had somebody always answered so long after the page.
#pragma once

#include "detectors/clock.h"
#include "detectors/event.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace surged::detectors {

// Hears the events of a run in which nobody answered (a backtest) and asks each clock anew, by the
// clocks' own rules. The reaction counts from the event that told of the clock: the page, or the
// news of the platform's first stream when it joined later. A clock that was past when it was
// created is one that no reaction meets. Memory: 200 bytes a clock.
class Reactions {
public:
    void hear(Event const& event);

    struct Sum {
        int met = 0, of = 0;
    };
    // `platform` empty: all of them.
    [[nodiscard]] Sum met(ClockKind kind, std::string_view platform,
                          std::chrono::seconds after) const;
    // A reaction quicker than this meets every clock that could be met at all; none: there is none.
    [[nodiscard]] std::optional<std::chrono::seconds> needed(ClockKind kind,
                                                             std::string_view platform) const;
    [[nodiscard]] std::vector<std::string> platforms() const;  // that have a clock, by name

private:
    struct Due {
        WallTime known{}, at{};  // from when on it was due then
    };
    struct Asked {
        WallTime told{};
        std::vector<Due> due;
        [[nodiscard]] WallTime last_chance() const;  // an answer before it is in time
    };
    using Key = std::tuple<std::string, std::string, ClockKind, int>;  // incident, platform, run
    std::map<Key, Asked> clocks_;
};

}  // namespace surged::detectors
