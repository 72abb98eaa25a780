// Words, tags and handles inside a text, as platforms' search finds them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon::demo {

// Lower case, with the accents of Latin letters (U+00C0 to U+017F) taken off: what X's search
// compares.
[[nodiscard]] std::string fold(std::string_view text);

// Is `phrase` in `text` from one word boundary to another? Both folded already. An empty phrase is
// nowhere.
[[nodiscard]] bool has_phrase(std::string_view text, std::string_view phrase);
// Is "#name" or "@name" (by `sign`) in `text`? Both folded already.
[[nodiscard]] bool has_signed(std::string_view text, char sign, std::string_view name);

// A "#tag", "@handle" or link in a text; offsets count code points, the end is exclusive.
struct Entity {
    char sign = 0;     // '#', '@', or 'u' for a link
    std::string text;  // without the sign
    std::size_t start = 0, end = 0;
};
[[nodiscard]] std::vector<Entity> entities(std::string_view text);

}  // namespace surged::daemon::demo
