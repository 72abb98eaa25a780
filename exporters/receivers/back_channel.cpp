#include "exporters/receivers/back_channel.h"

#include "exporters/signature.h"

#include <charconv>

namespace surged::exporters {

using detectors::WallTime;

namespace {

std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            unsigned byte = 0;
            if (i + 2 >= text.size()) return std::nullopt;
            auto const* const from = text.data() + i + 1;
            auto const [end, ec] = std::from_chars(from, from + 2, byte, 16);
            if (ec != std::errc{} || end != from + 2) return std::nullopt;
            out += static_cast<char>(byte);
            i += 2;
        }
    }
    return out;
}

}  // namespace

HookAnswer BackChannel::hook(HookRequest const&, WallTime) const {
    return hook_refused(404, "this receiver takes no hooks");
}

std::optional<Listening> BackChannel::listen(std::string const&) const {
    return std::nullopt;
}

Overheard BackChannel::overhear(HttpResponse const&, std::string const& state, WallTime) const {
    Overheard out;
    out.state = state;
    return out;
}

std::optional<HttpRequest> BackChannel::reply(Said const&, std::string const&) const {
    return std::nullopt;
}

std::optional<std::string> form_field(std::string_view form, std::string_view name) {
    while (!form.empty()) {
        auto const end = std::min(form.find('&'), form.size());
        auto const pair = form.substr(0, end);
        form.remove_prefix(std::min(end + 1, form.size()));
        auto const equals = std::min(pair.find('='), pair.size());
        if (decoded(pair.substr(0, equals)) == name)
            return decoded(pair.substr(std::min(equals + 1, pair.size())));
    }
    return std::nullopt;
}

HookAnswer hook_refused(int status, std::string fault) {
    HookAnswer answer;
    answer.status = status;
    answer.fault = std::move(fault);
    return answer;
}

HookAnswer hook_taken(int status) {
    HookAnswer answer;
    answer.status = status;
    return answer;
}

std::string run_of(detectors::Incident const& incident) {
    return std::to_string(incident.run) + "." + std::to_string(incident.acknowledge_run);
}

std::string acknowledge_link(std::string_view base, std::string_view receiver,
                             detectors::Incident const& incident, std::string_view key,
                             WallTime now) {
    if (base.empty() || key.empty()) return {};
    auto const run = run_of(incident), until = unix_seconds(now + kLinkLives);
    auto const mac = link_mac(key, receiver, incident.id, run, until);
    std::string link(base);
    link.append("hooks/ntfy/").append(url_encode(receiver));
    return with_query(std::move(link),
                      {{"incident", incident.id}, {"run", run}, {"until", until}, {"mac", mac}});
}

std::string link_mac(std::string_view key, std::string_view receiver, std::string_view incident,
                     std::string_view run, std::string_view until) {
    // Lengths first: no two sets of fields give the same text.
    std::string text = "surged-acknowledge";
    for (auto const field : {receiver, incident, run, until})
        text.append("\n").append(std::to_string(field.size())).append(":").append(field);
    return hex(hmac_sha256(key, text));
}

}  // namespace surged::exporters
