#include "exporters/receivers/chat.h"

#include "exporters/receivers/text.h"
#include "exporters/receivers/words.h"

#include <algorithm>

namespace surged::exporters {

using detectors::EventName;
using detectors::IncidentState;

namespace {

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

bool is_loud(Page const& page) {
    if (page.catch_up)  // news to whoever reads it only now
        return page.incident != nullptr && page.incident->state == IncidentState::open;
    switch (page.event.name) {
        case EventName::incident_opened:
        case EventName::incident_reopened:
        case EventName::incident_unacknowledged:
        case EventName::clock_breached: return true;
        default: return false;
    }
}

Mood mood_of(Page const& page) {
    switch (page.event.name) {
        case EventName::incident_responded:
        case EventName::incident_resolved:
        case EventName::incident_closed:
        case EventName::clock_met:
        case EventName::stream_restored: return Mood::good;
        case EventName::evidence_deleted:
        case EventName::evidence_edited: return Mood::warning;
        default: break;
    }
    if (page.incident != nullptr && page.incident->state >= IncidentState::resolved)
        return Mood::good;
    switch (page.event.name) {
        case EventName::surge_started:
        case EventName::surge_grown:
        case EventName::incident_opened:
        case EventName::incident_reopened:
        case EventName::incident_unacknowledged:
        case EventName::incident_wrong_account:
        case EventName::clock_breached: return Mood::alarm;
        case EventName::incident_stream_joined:
        case EventName::clock_warning:
        case EventName::stream_blind:
        case EventName::stream_gap:
        case EventName::budget_low:
        case EventName::receiver_failed: return Mood::warning;
        default: return Mood::quiet;
    }
}

}  // namespace

ChatPage chat_page(Page const& page, detectors::WallTime now) {
    ChatPage out;
    out.title = headline(page, now);
    out.url = incident_url(page);
    out.plan_url = page.plan_url.empty() ? page.event.plan_url : page.plan_url;
    out.incident = page.event.incident;
    // The links stand behind buttons, where nothing can be hidden in them.
    Page words = page;
    words.external_url.clear();
    words.plan_url.clear();
    words.event.plan_url.clear();
    out.body = description(words, now);
    out.mood = mood_of(page);
    out.loud = is_loud(page);
    out.can_acknowledge = page.incident != nullptr &&
                          page.incident->acknowledged_at == detectors::kNoTime &&
                          page.incident->state < IncidentState::resolved;
    if (!link_ok(out.url)) out.url.clear();
    if (!link_ok(out.plan_url)) out.plan_url.clear();
    return out;
}

std::string_view html_escape(char c) {
    switch (c) {
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        default: return {};
    }
}

std::string_view markdown_escape(char c) {
    switch (c) {
        case '\\': return "\\\\";
        case '*': return "\\*";
        case '_': return "\\_";
        case '~': return "\\~";
        case '|': return "\\|";
        case '`': return "\\`";
        case '<': return "\\<";
        case '>': return "\\>";
        case '#': return "\\#";
        case '[': return "\\[";
        case ']': return "\\]";
        default: return {};
    }
}

std::string_view no_escape(char) {
    return {};
}

std::string fit(std::string_view text, std::size_t limit, Escape escape) {
    std::string out;
    std::size_t fits = 0;  // of `out`: where it may end and still leave room for the ellipsis
    while (!text.empty()) {
        std::size_t n = 1;  // text is UTF-8: what follows a lead belongs to it
        while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0U) == 0x80U) ++n;
        auto const written = n == 1 ? escape(text[0]) : std::string_view{};
        auto const piece = written.empty() ? text.substr(0, n) : written;
        if (out.size() + piece.size() > limit) {
            out.resize(fits);
            return out.append(kEllipsis);
        }
        out += piece;
        if (out.size() + kEllipsis.size() <= limit) fits = out.size();
        text.remove_prefix(n);
    }
    return out;
}

bool link_ok(std::string_view url) {
    if (!url.starts_with("https://") && !url.starts_with("http://")) return false;
    constexpr std::string_view kBad = "\"'<>\\^`{|}";
    return url.size() <= 2000 && std::all_of(url.begin(), url.end(), [&](char c) {
               return c > ' ' && c < '\x7F' && kBad.find(c) == std::string_view::npos;
           });
}

}  // namespace surged::exporters
