// One line of recorded or pushed mentions (contract section 4) -> a Mention.
#pragma once

#include "daemon/result.h"
#include "detectors/mention.h"

#include <memory>
#include <string>
#include <string_view>

namespace surged::daemon {

// What a row said. The views live as long as the batch it was read into is not cleared.
struct NdjsonRow {
    detectors::Mention mention;
    std::string_view platform, stream;  // "" when the row does not say
};

// Reads rows one by one; a row that is refused spoils no other. Reused from row to row: nothing is
// allocated after the first. About a million rows a second on one core.
class NdjsonReader {
public:
    // Bytes that must be readable (not meaningful) behind a line given to read_padded().
    static constexpr std::size_t kPadding = 64;
    // A row holds one post: its text has 32 KiB, its other fields a few hundred bytes.
    static constexpr std::size_t kRowMax = 256 * 1024;

    NdjsonReader();
    ~NdjsonReader();
    NdjsonReader(NdjsonReader&&) noexcept;
    NdjsonReader& operator=(NdjsonReader&&) noexcept;

    // `line` without its newline; a carriage return at its end and a byte order mark at its
    // beginning are skipped. The mention is not appended to `batch`, only its text is kept there.
    // Fault::malformed says why: "created_at: not a time"; Fault::too_large beyond kRowMax.
    //
    // Required: id, created_at. Times are RFC 3339. Strict where a push has an author who can mend
    // it: a wrong type, an unknown kind, bytes that are not UTF-8 and a second document on the line
    // are refused; unknown keys are ignored.
    Result<NdjsonRow> read_padded(std::string_view line, detectors::MentionBatch& batch);
    // The same for a line with nothing behind it: copies it first.
    Result<NdjsonRow> read(std::string_view line, detectors::MentionBatch& batch);

private:
    struct State;  // keeps simdjson out of this header
    std::unique_ptr<State> state_;
};

// Calls visit(number from 1, line) for each line of `text`, without newlines; empty ones (also of
// white space) are not visited but counted. When `text` has kPadding bytes behind it, each line
// has.
template <typename Visit>
void each_line(std::string_view text, Visit&& visit) {
    std::size_t number = 0;
    while (!text.empty()) {
        std::size_t const end = text.find('\n');
        std::string_view const line = text.substr(0, end);
        ++number;
        if (line.find_first_not_of(" \t\r") != std::string_view::npos) visit(number, line);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

}  // namespace surged::daemon
