// Scalars, lists of scalars, mappings of scalars.
#include "config/section_tree.h"
#include "config/units.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace surged::config {
namespace {

// Quoted, so that blanks and emptiness are seen; cut, so that a pasted novel is not.
std::string got(Node const& node) {
    constexpr std::size_t kShown = 60;
    auto const& text = node.scalar;
    if (text.size() <= kShown) return ", got '" + text + "'";
    auto end = kShown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return ", got '" + text.substr(0, end) + "...'";
}

// Blanks, control characters and '\\' have no place in a URL; other bytes must be encoded.
bool url_characters(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c > ' ' && c < 0x7F && c != '\\' && c != '"'; });
}

bool port_number(std::string_view text) {
    unsigned value = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    return ec == std::errc{} && end == text.data() + text.size() && value >= 1 && value <= 65535;
}

bool host_name(std::string_view host) {
    auto const allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    };
    return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), allowed);
}

// "[::1]:80", "host:80", "host": empty when right, else what is wrong.
std::string authority_fault(std::string_view authority) {
    if (authority.find('@') != std::string_view::npos)
        return "must not hold a name or password: secrets come by file";
    std::string_view host = authority;
    std::string_view port;
    bool has_port = false;
    auto const search_from = authority.starts_with('[') ? authority.find(']') : 0;
    if (search_from == std::string_view::npos) return "has no host";
    if (auto const colon = authority.find(':', search_from); colon != std::string_view::npos) {
        host = authority.substr(0, colon);
        port = authority.substr(colon + 1);
        has_port = true;
    }
    if (has_port && !port_number(port)) return "has no valid port";
    if (host.starts_with('[')) {
        auto const inner = host.substr(1, host.size() - 2);
        bool const hex = std::all_of(inner.begin(), inner.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
                   c == ':' || c == '.';
        });
        return host.ends_with(']') && inner.size() >= 2 && hex ? "" : "has no host";
    }
    return host_name(host) ? "" : "has no host";
}

std::string url_fault(std::string_view text) {
    std::string_view rest;
    for (std::string_view const scheme : {"http://", "https://"})
        if (text.starts_with(scheme)) rest = text.substr(scheme.size());
    if (rest.empty()) return "must be a URL that begins with http:// or https://";
    if (!url_characters(text)) return "must be a URL without blanks or characters beyond ASCII";
    return authority_fault(rest.substr(0, rest.find_first_of("/?#")));
}

}  // namespace

std::string Section::text(std::string_view key, std::string fallback) {
    auto const* const value = impl_->scalar(key, "text");
    if (value == nullptr) return fallback;
    if (value->scalar.empty()) impl_->fault(key, value->at, "must not be empty");
    return value->scalar;
}

std::string Section::required_text(std::string_view key) {
    if (!has(key)) impl_->fault("", impl_->node->at, "missing key '" + std::string(key) + "'");
    return text(key);
}

std::string Section::choice(std::string_view key, std::vector<std::string_view> const& allowed,
                            std::string fallback) {
    auto const* const value = impl_->scalar(key, "text");
    if (value == nullptr) return fallback;
    if (std::find(allowed.begin(), allowed.end(), value->scalar) != allowed.end())
        return value->scalar;
    std::string names;
    for (std::size_t i = 0; i < allowed.size(); ++i) {
        if (i > 0) names += i + 1 == allowed.size() ? " or " : ", ";
        names += allowed[i];
    }
    impl_->fault(key, value->at,
                 "must be " + names + got(*value) + did_you_mean(value->scalar, allowed));
    return fallback;
}

double Section::number(std::string_view key, double min, double max, double fallback) {
    auto const* const value = impl_->scalar(key, "a number");
    if (value == nullptr) return fallback;
    auto const parsed = value->quoted ? std::nullopt : parse_number(value->scalar);
    if (!parsed) {
        impl_->fault(key, value->at,
                     value->quoted ? "must be a number without quotes" + got(*value)
                                   : "must be a plain decimal number" + got(*value));
        return fallback;
    }
    if (*parsed >= min && *parsed <= max) return *parsed;
    impl_->fault(key, value->at,
                 (*parsed < min ? "must be at least " + format_number(min)
                                : "must be at most " + format_number(max)) +
                     ", got " + value->scalar);
    return fallback;
}

std::int64_t Section::integer(std::string_view key, std::int64_t min, std::int64_t max,
                              std::int64_t fallback) {
    auto const* const value = impl_->scalar(key, "a whole number");
    if (value == nullptr) return fallback;
    auto const& text = value->scalar;
    std::int64_t parsed = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    bool const whole = ec == std::errc{} && end == text.data() + text.size() && parse_number(text);
    if (!whole || value->quoted) {
        impl_->fault(key, value->at,
                     value->quoted ? "must be a whole number without quotes" + got(*value)
                                   : "must be a plain whole number" + got(*value));
        return fallback;
    }
    if (parsed >= min && parsed <= max) return parsed;
    impl_->fault(key, value->at,
                 (parsed < min ? "must be at least " + std::to_string(min)
                               : "must be at most " + std::to_string(max)) +
                     ", got " + text);
    return fallback;
}

bool Section::boolean(std::string_view key, bool fallback) {
    auto const* const value = impl_->scalar(key, "true or false");
    if (value == nullptr) return fallback;
    if (!value->quoted && value->scalar == "true") return true;
    if (!value->quoted && value->scalar == "false") return false;
    impl_->fault(key, value->at,
                 std::string("must be true or false") + (value->quoted ? " without quotes" : "") +
                     got(*value));
    return fallback;
}

std::chrono::seconds Section::duration(std::string_view key, std::chrono::seconds min,
                                       std::chrono::seconds max, std::chrono::seconds fallback) {
    return duration(key, min, max).value_or(fallback);
}

std::optional<std::chrono::seconds> Section::duration(std::string_view key,
                                                      std::chrono::seconds min,
                                                      std::chrono::seconds max) {
    auto const* const value = impl_->scalar(key, kDurationForm);
    if (value == nullptr) return std::nullopt;
    auto const parsed = parse_duration(value->scalar);
    if (!parsed) {
        impl_->fault(key, value->at, "must be " + std::string(kDurationForm) + got(*value));
        return std::nullopt;
    }
    if (*parsed >= min && *parsed <= max) return parsed;
    impl_->fault(key, value->at,
                 (*parsed < min ? "must be at least " + format_duration(min)
                                : "must be at most " + format_duration(max)) +
                     ", got " + value->scalar);
    return std::nullopt;
}

double Section::percent(std::string_view key, double fallback) {
    auto const* const value = impl_->scalar(key, kPercentForm);
    if (value == nullptr) return fallback;
    auto const parsed = parse_percent(value->scalar);
    if (!parsed) impl_->fault(key, value->at, "must be " + std::string(kPercentForm) + got(*value));
    return parsed.value_or(fallback);
}

std::string Section::url(std::string_view key, bool required, std::string fallback) {
    if (required && !has(key)) {
        impl_->fault("", impl_->node->at, "missing key '" + std::string(key) + "'");
        return fallback;
    }
    auto const* const value = impl_->scalar(key, "a URL");
    if (value == nullptr) return fallback;
    auto const wrong = url_fault(value->scalar);
    if (wrong.empty()) return value->scalar;
    impl_->fault(key, value->at, wrong + got(*value));
    return fallback;
}

std::vector<std::string> Section::urls(std::string_view key) {
    auto out = texts(key);
    auto const* const value = impl_->get(key);
    if (value == nullptr) return out;
    for (auto const& item : value->items) {
        if (item->kind != Node::Kind::scalar) continue;
        auto const i = static_cast<std::size_t>(&item - value->items.data());
        if (auto const wrong = url_fault(item->scalar); !wrong.empty())
            reject_item(key, i, wrong + got(*item));
    }
    return out;
}

std::vector<std::string> Section::texts(std::string_view key) {
    std::vector<std::string> out;
    auto const* const value = impl_->get(key);
    if (value == nullptr || value->kind == Node::Kind::null) return out;
    if (value->kind != Node::Kind::list) {
        impl_->fault(key, value->at, "must be a list, this is " + std::string(describe(*value)));
        return out;
    }
    for (std::size_t i = 0; i < value->items.size(); ++i) {
        auto const& item = *value->items[i];
        if (item.kind != Node::Kind::scalar)
            reject_item(key, i, "must be text, this is " + std::string(describe(item)));
        else if (item.scalar.empty())
            reject_item(key, i, "must not be empty");
        out.push_back(item.scalar);  // a place is kept, so that indices stay true
    }
    return out;
}

std::vector<std::string> Section::text_or_list(std::string_view key) {
    auto const* const value = impl_->get(key);
    if (value == nullptr || value->kind != Node::Kind::scalar) return texts(key);
    return {text(key)};
}

std::vector<std::pair<std::string, std::string>> Section::pairs(std::string_view key) {
    std::vector<std::pair<std::string, std::string>> out;
    auto const mapping = child(key);
    if (!mapping) return out;
    for (auto const& entry : mapping->impl_->node->entries) {
        if (entry.value->kind == Node::Kind::scalar)
            out.emplace_back(entry.key, entry.value->scalar);
        else
            mapping->impl_->fault(entry.key, entry.value->at,
                                  "must be text, this is " + std::string(describe(*entry.value)));
    }
    return out;
}

}  // namespace surged::config
