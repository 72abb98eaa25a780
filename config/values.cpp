#include "config/values.h"

namespace surged::config {
bool Values::has(std::string_view key) const {
    return text.contains(key) || lists.contains(key) || pairs.contains(key) ||
           secrets.contains(key) || numbers.contains(key);
}

std::string Values::get(std::string_view key, std::string fallback) const {
    auto const it = text.find(key);
    return it == text.end() ? std::move(fallback) : it->second;
}

std::string Values::secret(std::string_view key) const {
    auto const it = secrets.find(key);
    return it == secrets.end() ? std::string{} : it->second.value;
}

std::int64_t Values::number(std::string_view key, std::int64_t fallback) const {
    auto const it = numbers.find(key);
    return it == numbers.end() ? fallback : it->second;
}

}  // namespace surged::config
