#include "daemon/pollers/walk_cursor.h"

#include "exporters/http_message.h"

#include <algorithm>
#include <charconv>

namespace surged::daemon {
namespace {

// Calls visit(name, value) for each pair of "a=1&b=2", values still encoded.
template <typename Visit>
void each_pair(std::string_view text, Visit&& visit) {
    while (!text.empty()) {
        auto const end = std::min(text.find('&'), text.size());
        std::string_view const pair = text.substr(0, end);
        if (auto const equals = pair.find('='); equals != std::string_view::npos)
            visit(pair.substr(0, equals), pair.substr(equals + 1));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

WalkCursor::WalkCursor(std::string_view text) {
    each_pair(text, [&](std::string_view name, std::string_view value) {
        set(name, std::string_view(url_decode(value)));
    });
}

std::string WalkCursor::get(std::string_view name) const {
    for (auto const& [key, value] : fields_)
        if (key == name) return value;
    return {};
}

bool WalkCursor::has(std::string_view name) const {
    return std::any_of(fields_.begin(), fields_.end(),
                       [&](auto const& field) { return field.first == name; });
}

std::int64_t WalkCursor::number(std::string_view name, std::int64_t fallback) const {
    std::string const text = get(name);
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? value
                                                                                     : fallback;
}

detectors::WallTime WalkCursor::time(std::string_view name) const {
    constexpr std::int64_t kEnd = 253'402'300'800'000;  // year 10000
    std::int64_t const ms = number(name, -1);
    if (ms < 0 || ms >= kEnd) return detectors::kNoTime;
    return detectors::WallTime{std::chrono::milliseconds{ms}};
}

WalkCursor& WalkCursor::set(std::string_view name, std::string_view value) {
    auto const it = std::find_if(fields_.begin(), fields_.end(),
                                 [&](auto const& field) { return field.first == name; });
    if (value.empty()) {
        if (it != fields_.end()) fields_.erase(it);
    } else if (it != fields_.end()) {
        it->second = value;
    } else {
        fields_.emplace_back(name, value);
    }
    return *this;
}

WalkCursor& WalkCursor::set(std::string_view name, std::int64_t value) {
    return set(name, std::string_view(std::to_string(value)));
}

WalkCursor& WalkCursor::set(std::string_view name, detectors::WallTime value) {
    if (value == detectors::kNoTime) return set(name, std::string_view{});
    return set(name, std::int64_t{value.time_since_epoch().count()});
}

WalkCursor& WalkCursor::keep_only(std::initializer_list<std::string_view> names) {
    std::erase_if(fields_, [&](auto const& field) {
        return std::find(names.begin(), names.end(), field.first) == names.end();
    });
    return *this;
}

std::string WalkCursor::text() const {
    std::string out;
    for (auto const& [name, value] : fields_) {
        if (!out.empty()) out += '&';
        out += name + "=" + exporters::url_encode(value);
    }
    return out;
}

bool id_less(std::string_view a, std::string_view b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

std::string url_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        int const high = text[i] == '%' && i + 2 < text.size() ? hex(text[i + 1]) : -1;
        int const low = high >= 0 ? hex(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string query_value(std::string_view url, std::string_view name) {
    auto const question = url.find('?');
    if (question == std::string_view::npos) return {};
    std::string_view query = url.substr(question + 1);
    query = query.substr(0, query.find('#'));
    std::string found;
    each_pair(query, [&](std::string_view key, std::string_view value) {
        if (found.empty() && key == name) found = url_decode(value);
    });
    return found;
}

}  // namespace surged::daemon
