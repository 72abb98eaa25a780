// Recorded mentions (NDJSON, contract section 4) as posts of X: what a platform would have served
// had we asked at the time.
#pragma once

#include "daemon/demo/posts.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace surged::daemon::demo {

struct ReplayOptions {
    std::vector<std::string> streams;    // only rows of these; empty: every row
    std::string stream;                  // tag of rows that name none; "" leaves them untagged
    std::chrono::milliseconds shift{0};  // added to every created_at
    // From post to visibility; drawn for each post from the seed.
    std::chrono::milliseconds delay_least{10'000}, delay_most{15'000};
    std::uint64_t seed = 1;
    std::vector<std::string> own;  // handles or author ids of the brand
};

struct ReplayReport {
    std::string error;            // "" when the recording could be read
    std::uint64_t rows = 0;       // of the recording, blank lines apart
    std::uint64_t taken = 0;      // that became posts
    std::uint64_t bad = 0;        // neither: no object, no id, no time, longer than a line may be
    std::uint64_t first_bad = 0;  // its row, from 1; 0: none
    std::uint64_t distinct = 0;   // ids among those taken
    std::map<std::string, std::uint64_t> per_stream;  // taken
    WallTime first = kNoTime, last = kNoTime;         // created_at after the shift, of those taken
    // Id in the file -> id on the platform, where they differ.
    std::unordered_map<std::string, std::string> renamed;
};

// Each row taken is one post: an id that is in the file twice is served twice. An X id tells the
// time, so ids move with the shift; one that is no snowflake of its row's time is minted anew. Rows
// of one id keep one id, and in_reply_to, quotes, reposts and conversation follow. Bounded by the
// book's capacity and kLineMax.
class Replay {
public:
    static constexpr std::size_t kLineMax = 1U << 20U;  // a mention is some hundred bytes

    static ReplayReport load_file(std::string const& path, ReplayOptions const& options,
                                  PostBook& book);
    static ReplayReport load_text(std::string_view ndjson, ReplayOptions const& options,
                                  PostBook& book);
};

}  // namespace surged::daemon::demo
