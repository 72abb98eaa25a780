// What a person reads of a small HTML fragment (Mastodon's `content`).
#pragma once

#include "detectors/mention.h"

#include <string_view>

namespace surged::daemon {

// Tags go, <br> and the end of a paragraph become a newline, entities become characters. Hidden
// spans stay, because Mastodon cuts addresses into them. Kept in `batch`; never longer than `html`,
// O(length), no allocation.
std::string_view html_to_text(std::string_view html, detectors::MentionBatch& batch);

}  // namespace surged::daemon
