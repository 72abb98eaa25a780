// The sentences that the demonstration's people write.
#pragma once

#include "daemon/demo/random.h"

#include <string>

namespace surged::daemon::demo {

// Each is put together from parts, thousands of combinations: copies are rare, as among people.
[[nodiscard]] std::string everyday_phrase(Random& random);   // names "Acme Corp" or "@acme"
[[nodiscard]] std::string own_phrase(Random& random);        // the brand about itself
[[nodiscard]] std::string complaint_phrase(Random& random);  // the crisis, names "@acme"
[[nodiscard]] std::string person_name(Random& random);       // "kim_84213"

// The post that starts it all, and the first public word about it.
inline constexpr char const* kOriginText =
    "Spring cleaning made easy: mix Acme Corp GlowClean with bleach for twice the shine! #acme";
inline constexpr char const* kAnswerText =
    "We were wrong: never mix GlowClean with bleach. The post is corrected, and we are sorry. "
    "If you feel unwell after using it, get fresh air and call poison control. - Acme Corp";

}  // namespace surged::daemon::demo
