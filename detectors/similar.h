// Which past incidents this one is like, and why: by what came back with it.
#pragma once

#include "detectors/desk.h"

#include <string>
#include <vector>

namespace surged::detectors {

// An incident to be compared, with the terms that rose in it where its texts are still kept.
struct Remembered {
    Incident const* incident = nullptr;  // not null; outlives the call
    std::vector<std::string> terms;
};

struct Similar {
    std::string id;
    std::vector<std::string> why;  // each reason in words, the strongest first
    friend bool operator==(Similar const&, Similar const&) = default;
};

// The most similar first (ties: the later one), at most `most`. What counts, strongest first: the
// same post of ours at its origin, texts that were copied in both, links in both, conversations
// that go on, terms that rose in both (kSharedTerms or more). The same streams and the same kind
// are a reason only where they tell one incident from another: a kind that is no ordinary crowd, or
// two streams or more. Incidents of other brands, drills, and `of` itself are never similar.
// Cost: O(past x marks squared), marks at most Incident::kMarks.
inline constexpr std::size_t kSharedTerms = 3;
[[nodiscard]] std::vector<Similar> similar_incidents(Remembered const& of,
                                                     std::vector<Remembered> const& past,
                                                     std::size_t most);

}  // namespace surged::detectors
