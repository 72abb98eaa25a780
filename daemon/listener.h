// A platform that pushes, reduced to pure functions: what to connect to; message -> mentions. The
// loop that does the waiting is stream_loop.cpp, once.
#pragma once

#include "daemon/stream_client.h"
#include "detectors/mention.h"
#include "detectors/time.h"

#include <chrono>
#include <cstdint>

namespace surged::daemon {

class Listener {
public:
    virtual ~Listener() = default;
    // Where to connect, and from where on: what accept() has seen is remembered here, for the life
    // of the process. Nothing of it is stored: the poller fills what was missed.
    [[nodiscard]] virtual StreamRequest request() const = 0;
    // Appends the mentions of one message; how many of it could not be read. Messages of kinds it
    // does not know are none.
    virtual std::uint64_t accept(StreamMessage const& message, detectors::MentionBatch& out) = 0;
    // Without a sign of life for so long the connection is dead.
    [[nodiscard]] virtual std::chrono::seconds silence() const = 0;
};

}  // namespace surged::daemon
