// What the daemon says of itself: one line a thing, on standard error, for the journal, a terminal
// or a machine.
#pragma once

#include "daemon/clock.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace surged::daemon {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, journal, json };

// "debug", "info", "warning", "error"; anything else is info.
[[nodiscard]] LogLevel log_level(std::string_view word);
// "auto": the journal's when standard error is connected to it (JOURNAL_STREAM names it), else
// text.
[[nodiscard]] LogFormat log_format(std::string_view word, char const* journal_stream, int fd);

// Text: "2026-03-01T12:00:00Z warning stream 'acme-x': timeout". JSON: {"time","level","message"}.
// Journal: to journald itself with a priority and the fields of journald.h; where it does not
// listen
// "<4>stream ..." (journald has the time). Never blocks longer than the pipe does; a line is cut at
// 8 KiB; control characters of what platforms said become spaces, so that no body can forge a line.
// Secrets are never given to it.
class Log {
public:
    // `journal`: where journald listens.
    Log(Clock const& clock, LogLevel level, LogFormat format, std::FILE* out,
        std::string journal = "/run/systemd/journal/socket")
        : clock_(clock), level_(level), format_(format), out_(out), journal_(std::move(journal)) {}
    void write(LogLevel level, std::string_view text);
    void debug(std::string_view text) { write(LogLevel::debug, text); }
    void info(std::string_view text) { write(LogLevel::info, text); }
    void warning(std::string_view text) { write(LogLevel::warning, text); }
    void error(std::string_view text) { write(LogLevel::error, text); }
    void set(LogLevel level, LogFormat format) {
        level_ = level;
        format_ = format;
    }

private:
    Clock const& clock_;
    LogLevel level_;
    LogFormat format_;
    std::FILE* out_;
    std::string journal_;
};

}  // namespace surged::daemon
