#include "daemon/json_body.h"

#include "config/units.h"

#include <simdjson.h>

#include <charconv>

namespace surged::daemon {

std::optional<JsonBody> JsonBody::parse(std::string_view body) {
    JsonBody out;
    if (body.size() > kMax) return std::nullopt;
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return out;
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    simdjson::dom::object object;
    if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
        root.get(object) != simdjson::SUCCESS)
        return std::nullopt;
    for (auto const [key, value] : object) {
        std::string& field = out.fields_[std::string(key)];
        if (value.is_string()) {
            field = std::string(value.get_string().value_unsafe());
        } else if (value.is_bool()) {
            field = value.get_bool().value_unsafe() ? "true" : "false";
        } else if (value.is_int64()) {
            field = std::to_string(value.get_int64().value_unsafe());
        } else if (value.is_double()) {
            field = config::format_number(value.get_double().value_unsafe());
        } else {
            out.fields_.erase(std::string(key));
        }
    }
    return out;
}

std::string JsonBody::text(std::string_view key) const {
    auto const it = fields_.find(key);
    return it == fields_.end() ? std::string{} : it->second;
}

bool JsonBody::flag(std::string_view key, bool fallback) const {
    auto const it = fields_.find(key);
    return it == fields_.end() ? fallback : it->second == "true";
}

std::optional<std::chrono::seconds> parse_step(std::string_view text) {
    long long count = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (ec == std::errc{} && end == text.data() + text.size() && count > 0 && count < 366LL * 86400)
        return std::chrono::seconds{count};
    return config::parse_duration(text);
}

}  // namespace surged::daemon
