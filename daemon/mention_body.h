// What is kept of a mention for keep_mentions: the row of contract section 4.
#pragma once

#include "detectors/mention.h"

#include <string>

namespace surged::daemon {

// `at`: its event time; `now`: first sight, where the mention does not say.
[[nodiscard]] std::string mention_body(detectors::Mention const& mention,
                                       std::string const& platform, detectors::WallTime at,
                                       detectors::WallTime now);

}  // namespace surged::daemon
