// A link to a public answer: whether it is one, and on which platform the answer stands.
#pragma once

#include <string>
#include <string_view>

namespace surged::detectors {

// http or https, a host, no blanks or control characters, at most 2048 bytes.
[[nodiscard]] bool is_link(std::string_view link);

// The platform of the link's host ("x", "facebook", ...), by the host itself or a subdomain of it
// (m.facebook.com, old.reddit.com); empty for a host that could be anybody's, such as a Mastodon
// server or the brand's own site.
[[nodiscard]] std::string_view platform_of_link(std::string_view link);

}  // namespace surged::detectors
