// One datagram to a local socket: how the service manager and the journal are spoken to.
#pragma once

#include <string_view>

namespace surged::daemon {

// To "/run/..." or "@abstract", shorter than sun_path. False when nobody takes it whole. Never
// blocks. A socket of its own for each: they are rare, and who listens may have been started anew.
bool send_datagram(std::string_view path, std::string_view message);

}  // namespace surged::daemon
