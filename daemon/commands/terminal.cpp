#include "daemon/commands/terminal.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace surged::daemon {

using detectors::Instant;

namespace {

constexpr std::chrono::milliseconds kEvery{200};  // what an eye can follow

std::string short_number(double value) {
    std::array<char, 32> text{};
    char const* const format = value >= 1e6 ? "%.1fM" : value >= 1e4 ? "%.0fk" : "%.0f";
    std::snprintf(text.data(), text.size(), format,
                  value >= 1e6   ? value / 1e6
                  : value >= 1e4 ? value / 1e3
                                 : value);
    return text.data();
}

}  // namespace

bool is_terminal(int descriptor) {
    char const* const kind = std::getenv("TERM");
    return isatty(descriptor) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

bool wants_colour(int descriptor) {
    char const* const no = std::getenv("NO_COLOR");
    return (no == nullptr || *no == '\0') && is_terminal(descriptor);
}

std::string toned(std::string_view text, Tone tone, bool colour) {
    std::string_view code;
    switch (tone) {
        case Tone::plain: break;
        case Tone::good: code = "32"; break;
        case Tone::watch: code = "33"; break;
        case Tone::bad: code = "31"; break;
        case Tone::soft: code = "2"; break;
        case Tone::strong: code = "1"; break;
    }
    std::string const inner(text);
    if (!colour || code.empty() || inner.empty()) return inner;
    return "\x1b[" + std::string(code) + "m" + inner + "\x1b[0m";
}

Tone tone_of(std::string_view word) {
    for (std::string_view const bad :
         {"surge", "blind", "breached", "critical", "failing", "error", "open"})
        if (word == bad) return Tone::bad;
    for (std::string_view const watch :
         {"learning", "warning", "running", "met_late", "late", "acknowledged", "waiting"})
        if (word == watch) return Tone::watch;
    for (std::string_view const good : {"calm", "met", "ok", "responded", "resolved"})
        if (word == good) return Tone::good;
    for (std::string_view const soft : {"closed", "dropped"})
        if (word == soft) return Tone::soft;
    return Tone::plain;
}

std::string progress_line(std::string_view name, std::uint64_t rows, std::uint64_t of,
                          std::chrono::milliseconds elapsed) {
    double const share = of == 0 ? 1 : double(rows) / double(of);
    double const seconds = double(elapsed.count()) / 1000;
    std::string line(name);
    if (!line.empty()) line += ": ";
    line += std::to_string(int(100 * share)) + "% of " + std::to_string(of) + " rows";
    if (seconds < 1 || rows == 0) return line;
    double const rate = double(rows) / seconds;
    auto const left = std::chrono::seconds{std::int64_t(double(of - rows) / rate + 0.5)};
    return line + ", " + short_number(rate) + " rows/s, " + detectors::human_duration(left) +
           " left";
}

Progress::Progress(std::function<Instant()> now, bool shown)
    : now_(std::move(now)), shown_(shown) {}

void Progress::update(std::string const& name, std::uint64_t rows, std::uint64_t of) {
    if (!shown_) return;
    Instant const now = now_();
    bool const anew = began_ == Instant{} || name != name_;
    if (anew) {
        name_ = name;
        began_ = now;
    }
    if (!anew && now - drawn_ < kEvery) return;
    drawn_ = now;
    visible_ = true;
    auto const elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
    std::fprintf(stderr, "\r\x1b[K%s", progress_line(name, rows, of, elapsed).c_str());
    std::fflush(stderr);
}

void Progress::finish() {
    if (!visible_) return;
    visible_ = false;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
}

}  // namespace surged::daemon
