// What a person reads of a small HTML fragment (Mastodon's `content`).
#pragma once

#include "detectors/mention.h"

#include <cstdint>
#include <string_view>

namespace surged::daemon {

// Tags go, <br> and the end of a paragraph become a newline, entities become characters. Hidden
// spans stay, because Mastodon cuts addresses into them. Kept in `batch`; never longer than `html`,
// O(length), no allocation.
std::string_view html_to_text(std::string_view html, detectors::MentionBatch& batch);

// The character of "amp", "#39", "#x27", "eacute": what feeds and posts use; 0 for the rest.
[[nodiscard]] std::uint32_t html_entity(std::string_view name);

// Entities become characters, everything else stays: for titles, in which "<" may be just that.
std::string_view decode_entities(std::string_view text, detectors::MentionBatch& batch);

}  // namespace surged::daemon
