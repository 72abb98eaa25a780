#include "daemon/url.h"

#include <algorithm>
#include <charconv>

namespace surged::daemon {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool take_scheme(std::string_view& text, std::string_view scheme) {
    if (text.size() < scheme.size()) return false;
    for (std::size_t i = 0; i < scheme.size(); ++i)
        if (lower(text[i]) != scheme[i]) return false;
    text.remove_prefix(scheme.size());
    return true;
}

bool host_characters(std::string_view host) {
    return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '.' || c == '_' || c == ':' || c == '%';
    });
}

// "host", "host:port", "[v6]:port".
bool read_authority(std::string_view text, Url& url) {
    std::string_view host = text;
    std::string_view port;
    if (!text.empty() && text.front() == '[') {
        auto const end = text.find(']');
        if (end == std::string_view::npos) return false;
        host = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (!text.empty()) {
            if (text.front() != ':') return false;
            port = text.substr(1);
        }
    } else if (auto const colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        if (host.find(':') != std::string_view::npos) return false;
    }
    if (!host_characters(host)) return false;
    url.host.assign(host);
    std::transform(url.host.begin(), url.host.end(), url.host.begin(), lower);
    if (port.empty()) return true;  // "http://host:/" is allowed by RFC 3986
    auto const [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    return error == std::errc{} && end == port.data() + port.size() && url.port != 0;
}

}  // namespace

std::string Url::authority() const {
    std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (tls ? 443 : 80)) out += ":" + std::to_string(port);
    return out;
}

std::string Url::origin() const {
    return (tls ? "https://" : "http://") + authority();
}

std::optional<Url> parse_url(std::string_view text) {
    if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c >= 127; }))
        return {};
    Url url;
    if (take_scheme(text, "https://")) {
        url.tls = true;
    } else if (!take_scheme(text, "http://")) {
        return {};
    }
    url.port = url.tls ? 443 : 80;
    auto const end = text.find_first_of("/?#");
    std::string_view const authority = text.substr(0, end);
    if (authority.find('@') != std::string_view::npos || !read_authority(authority, url)) return {};
    std::string_view target = end == std::string_view::npos ? std::string_view{} : text.substr(end);
    target = target.substr(0, target.find('#'));
    url.target =
        target.empty() || target.front() != '/' ? "/" + std::string(target) : std::string(target);
    return url;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return {};
            out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            out += plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

}  // namespace surged::daemon
