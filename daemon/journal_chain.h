// How the journal is chained: enough for anybody to check it with another program.
#pragma once

#include "detectors/time.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace surged::daemon {

using JournalHash = std::array<unsigned char, 32>;  // SHA-256

// What an entry's hash is made of.
struct ChainedEntry {
    std::int64_t id = 0;
    detectors::WallTime at{};
    std::string_view name, brand, incident, json;
};

// hash(n) = SHA-256(hash(n-1) || id || at || name || brand || incident || json), where
//   hash(0)   is 32 zero bytes,
//   id, at    are 8 bytes, big-endian two's complement; `at` in milliseconds since 1970 UTC,
//   each text is its length in 4 bytes, big-endian, then its bytes as stored.
// Entries are taken in ascending order of id. In surged.db they are the columns of these names in
// the table `journal`; the number of entries, the last id and the last hash stand in `meta` as
// journal_entries, journal_last, journal_head, so that a journal whose end was cut off is seen too.
//
// The chain has no key: it shows loss, rot and any edit that does not compute every later hash and
// `meta` anew. Against a patient forger keep the head that `journal verify` prints somewhere else.
[[nodiscard]] JournalHash chained(JournalHash const& previous, ChainedEntry const& entry);

[[nodiscard]] std::string hex(JournalHash const& hash);
[[nodiscard]] std::string_view bytes_of(JournalHash const& hash);  // views `hash`

}  // namespace surged::daemon
