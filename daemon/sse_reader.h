// Server-sent events off the wire (https://html.spec.whatwg.org/multipage/server-sent-events.html):
// bytes in any pieces -> events.
#pragma once

#include "daemon/stream_client.h"

#include <deque>
#include <string>
#include <string_view>

namespace surged::daemon {

// Lines end in LF, CR LF or CR. Comments, `id` and `retry` are read over: platforms that we listen
// to send no ids. Several `data` lines are joined by newlines. An event without data is none.
class SseReader {
public:
    explicit SseReader(std::size_t message_max) : max_(message_max) {}
    // False once a line or an event is longer than the most: nothing behind it can be trusted.
    bool put(std::string_view bytes);
    [[nodiscard]] bool has() const { return !ready_.empty(); }
    StreamMessage take();  // requires has()

private:
    void line(std::string_view text);

    std::size_t max_;
    std::string line_;
    bool after_cr_ = false, any_data_ = false;
    StreamMessage event_;
    std::deque<StreamMessage> ready_;
};

}  // namespace surged::daemon
