// Recorded and pushed mentions: one JSON object a line (contract section 4).
#pragma once

#include "daemon/result.h"
#include "detectors/mention.h"

#include <memory>
#include <string>
#include <string_view>

namespace surged::daemon {

// Readable bytes that must follow a line: the reader looks ahead in whole blocks.
inline constexpr std::size_t kNdjsonPadding = 64;
// A line beyond it is refused: a mention is some hundred bytes, and nobody's row may cost a
// megabyte.
inline constexpr std::size_t kNdjsonLineMax = 1U << 20U;

struct NdjsonRow {
    NdjsonRow() = default;
    detectors::Mention mention;         // its text lies in the batch that was given
    std::string_view platform, stream;  // "" when the row does not say
};

// One parser, reused from row to row: nothing is allocated once it has grown. Required: `id` (text
// or number) and `created_at`. Unknown keys are ignored; a field of another type than it should
// have reads as "not told". Failures are Fault::malformed with what is wrong, for the person who
// has to mend the row.
class NdjsonReader {
public:
    NdjsonReader();
    ~NdjsonReader();
    NdjsonReader(NdjsonReader const&) = delete;
    NdjsonReader& operator=(NdjsonReader const&) = delete;

    // `line` has no newline and at least kNdjsonPadding readable bytes behind it; it need not
    // outlive the call.
    Result<NdjsonRow> read(std::string_view line, detectors::MentionBatch& batch);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace surged::daemon
