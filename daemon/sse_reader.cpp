#include "daemon/sse_reader.h"

#include <algorithm>
#include <utility>

namespace surged::daemon {

void SseReader::line(std::string_view text) {
    if (text.empty()) {
        if (any_data_) ready_.push_back(std::move(event_));
        event_ = StreamMessage{};
        any_data_ = false;
        return;
    }
    auto const colon = std::min(text.find(':'), text.size());
    std::string_view const name = text.substr(0, colon);
    std::string_view value = text.substr(std::min(colon + 1, text.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "event") event_.event = value;
    if (name != "data") return;
    if (any_data_) event_.data += '\n';
    any_data_ = true;
    event_.data += value;
}

bool SseReader::put(std::string_view bytes) {
    for (char const c : bytes) {
        bool const second = after_cr_ && c == '\n';  // CR LF is one end of line
        after_cr_ = c == '\r';
        if (second) continue;
        if (c == '\n' || c == '\r') {
            line(line_);
            line_.clear();
            continue;
        }
        if (line_.size() + event_.data.size() >= max_) return false;
        line_ += c;
    }
    return true;
}

StreamMessage SseReader::take() {
    StreamMessage message = std::move(ready_.front());
    ready_.pop_front();
    return message;
}

}  // namespace surged::daemon
