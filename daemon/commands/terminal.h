// Manners at a terminal: colour only where a person looks and wants it, progress on one line.
#pragma once

#include "detectors/time.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace surged::daemon {

// A person may read this descriptor: it is a terminal, and not one that says it is dumb.
[[nodiscard]] bool is_terminal(int descriptor);
// The same, unless NO_COLOR is set and not empty (no-color.org).
[[nodiscard]] bool wants_colour(int descriptor);

enum class Tone : std::uint8_t { plain, good, watch, bad, soft, strong };
// `text` between the escape sequences of its tone; as it is for `plain` or when not `colour`.
[[nodiscard]] std::string toned(std::string_view text, Tone tone, bool colour);
// How a state, severity or outcome word of the API is shown: blind, surge, breached are bad ...
[[nodiscard]] Tone tone_of(std::string_view word);

// "1 per 3d: 42% of 100000 rows, 1.2M rows/s, 3s left". Rate and remaining time once a second has
// passed.
[[nodiscard]] std::string progress_line(std::string_view name, std::uint64_t rows, std::uint64_t of,
                                        std::chrono::milliseconds elapsed);

// One line on standard error that is written over, at most five times a second; nothing where that
// is no terminal. The clock is a function, read at each update.
class Progress {
public:
    Progress(std::function<detectors::Instant()> now, bool shown);
    ~Progress() { finish(); }
    Progress(Progress const&) = delete;
    Progress& operator=(Progress const&) = delete;

    // A new name begins a new measurement.
    void update(std::string const& name, std::uint64_t rows, std::uint64_t of);
    void finish();  // takes the line away

private:
    std::function<detectors::Instant()> now_;
    bool shown_;
    std::string name_;
    detectors::Instant began_{}, drawn_{};
    bool visible_ = false;
};

}  // namespace surged::daemon
