#include "daemon/log.h"

#include "daemon/journald.h"
#include "detectors/json_writer.h"

#include <array>
#include <sys/stat.h>

namespace surged::daemon {
namespace {

constexpr std::size_t kLine = 8 * 1024;
constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 4> kPriorities{"<7>", "<6>", "<4>", "<3>"};  // syslog(3)

}  // namespace

LogLevel log_level(std::string_view word) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i] == word) return static_cast<LogLevel>(i);
    return LogLevel::info;
}

LogFormat log_format(std::string_view word, char const* journal_stream, int fd) {
    if (word == "json") return LogFormat::json;
    if (word == "journal") return LogFormat::journal;
    if (word == "text" || journal_stream == nullptr) return LogFormat::text;
    // systemd.exec(5): JOURNAL_STREAM holds device and inode of the stream; a redirected one is
    // another.
    struct stat st {};
    if (fstat(fd, &st) != 0) return LogFormat::text;
    std::string const mine = std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino);
    return mine == journal_stream ? LogFormat::journal : LogFormat::text;
}

void Log::write(LogLevel level, std::string_view text) {
    if (level < level_) return;
    std::string clean(text.substr(0, kLine));
    for (char& c : clean)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    auto const index = static_cast<std::size_t>(level);
    std::string line;
    switch (format_) {
        case LogFormat::text:
            line = detectors::rfc3339(clock_.wall_now()) + " " + std::string(kNames[index]) + " " +
                   clean;
            break;
        case LogFormat::journal:
            if (write_journal(journal_, kPriorities[index][1], clean)) return;
            line = std::string(kPriorities[index]) + clean;
            break;
        case LogFormat::json: {
            detectors::JsonWriter json;
            json.object().field("time", clock_.wall_now()).field("level", kNames[index]);
            json.field("message", clean).end();
            line = json.take();
            break;
        }
    }
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), out_);
    std::fflush(out_);
}

}  // namespace surged::daemon
