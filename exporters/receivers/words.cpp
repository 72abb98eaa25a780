#include "exporters/receivers/words.h"

#include "detectors/desk_text.h"
#include "exporters/receivers/clock_words.h"
#include "exporters/receivers/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace surged::exporters {

using detectors::clock_time;
using detectors::ClockKind;
using detectors::ClockState;
using detectors::ClockView;
using detectors::Event;
using detectors::EventName;
using detectors::Incident;
using detectors::IncidentState;
using detectors::kNoTime;
using detectors::WallTime;
using std::chrono::seconds;

namespace {

// A person's text inside ours.
constexpr std::size_t kQuote = 160, kParagraph = 1000;

std::string quote(std::string_view text) {
    return brief(text, kQuote);
}

// 412, 31.5, 0.25: as many digits as a person reads.
std::string figure(double value) {
    std::array<char, 64> text{};
    int const digits = value >= 100 || value == std::floor(value) ? 0 : value >= 1 ? 1 : 2;
    auto const [end, ec] = std::to_chars(text.data(), text.data() + text.size(), value,
                                         std::chars_format::fixed, digits);
    return ec == std::errc{} ? std::string(text.data(), end) : "?";
}

std::string ratio_words(double ratio) {
    return (ratio >= 10 ? figure(std::floor(ratio)) : figure(ratio)) + "x";
}

std::string by(Event const& event) {
    return event.by.empty() ? "" : " by " + quote(event.by);
}

std::string joined(std::vector<std::string> const& words) {
    std::string out;
    for (auto const& word : words) {
        if (!out.empty()) out += ", ";
        out += word;
    }
    return out;
}

// The platforms of the incident, each once, in the order in which they joined.
std::string platforms(Page const& page) {
    std::vector<std::string> names;
    auto const add = [&](std::string const& platform) {
        auto name = platform_name(platform);
        if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(std::move(name));
    };
    if (page.incident != nullptr)
        for (auto const& stream : page.incident->streams) add(stream.platform);
    if (names.empty()) add(page.event.platform);
    return joined(names);
}

// The stream of this platform (of any, when none is named) with the most mentions.
detectors::IncidentStream const* strongest(Incident const& incident, std::string const& platform) {
    detectors::IncidentStream const* best = nullptr;
    for (auto const& stream : incident.streams)
        if ((platform.empty() || stream.platform == platform) &&
            (best == nullptr || stream.observed > best->observed))
            best = &stream;
    return best;
}

// "412 mentions on X in 10m, 13x the usual 31.5"; a clock's event borrows the incident's figures.
std::string figures(Page const& page) {
    auto event = page.event;
    auto const* stream = event.observed || page.incident == nullptr
                             ? nullptr
                             : strongest(*page.incident, event.platform);
    if (stream != nullptr) {
        event.platform = stream->platform;
        event.observed = stream->observed;
        event.expected = stream->expected;
        event.ratio = stream->ratio;
    }
    auto const where = event.platform.empty() ? "" : " on " + platform_name(event.platform);
    if (event.kind == detectors::SurgeKind::unanswered)
        return "a question under our own post" + where + " has no answer";
    if (!event.observed) return "a surge" + where;
    auto out = figure(*event.observed) + (*event.observed == 1 ? " mention" : " mentions") + where;
    if (event.window) out += " in " + detectors::human_duration(*event.window);
    if (event.ratio && event.expected && *event.expected > 0)
        out += ", " + ratio_words(*event.ratio) + " the usual " + figure(*event.expected);
    return out;
}

std::string percent(double share) {
    return figure(std::round(share * 100)) + "%";
}

std::string authors_words(std::int64_t authors) {
    return std::to_string(authors) + (authors == 1 ? " author" : " authors");
}

// What makes a surge another thing than a crowd, in plain words; a crowd needs none.
std::string kind_words(detectors::Composition const& c) {
    if (c.kind == "amplified") return "mostly a few posts carried on by reposts";
    if (c.kind != "flood") return {};
    bool const few = c.authors > 0 && c.top_author >= 0.5;
    if (few) return "looks like a flood: one account wrote most of it";
    if (c.new_accounts >= 0.5) return "looks like a flood of new accounts";
    if (c.copies >= 0.5) return "looks like a flood of copies of one text";
    return "looks like a flood of few accounts (" + authors_words(c.authors) + ")";
}

// For the line of a lock screen: only what changes what one would do.
std::string short_kind(Event const& event) {
    return event.composition ? kind_words(*event.composition) : "";
}

std::string urgent_words(Page const& page, WallTime now) {
    auto const clock = most_urgent(present_clocks(page));
    return clock ? clock_words(*clock, now) : "";
}

// The deadline's own clock began before we spoke: a warning or the breach itself was past already.
bool told_late(Page const& page) {
    auto const& event = page.event;
    if (event.late) return true;
    if (event.name == EventName::incident_stream_joined) return false;  // others' clocks were told
    for (auto const& clock : event.clocks)
        if (clock.state == ClockState::breached) return true;
    if (page.incident == nullptr) return false;
    for (auto const& clock : page.incident->clocks) {
        if (clock.kind == ClockKind::acknowledge || clock.run != page.incident->run) continue;
        if (clock.due <= event.at) return true;
        if (!clock.warn_times.empty() && clock.warn_times.front() <= event.at) return true;
    }
    return false;
}

std::string late_words(Page const& page, WallTime now) {
    switch (page.event.name) {
        case EventName::surge_started:
        case EventName::incident_opened:
        case EventName::incident_reopened:
        case EventName::incident_stream_joined: break;
        default: return {};
    }
    if (page.catch_up || page.event.onset == kNoTime || !told_late(page)) return {};
    auto const minutes = std::max<std::int64_t>(
        0, std::chrono::floor<std::chrono::minutes>(now - page.event.onset).count());
    return "late: the public noticed " + std::to_string(minutes) +
           (minutes == 1 ? " minute ago" : " minutes ago");
}

std::string sentences(std::vector<std::string> const& parts) {
    std::string out;
    for (auto const& part : parts) {
        if (part.empty()) continue;
        if (!out.empty()) out += "; ";
        out += part;
    }
    return out;
}

std::string state_words(Incident const& incident, WallTime now) {
    auto const owner = incident.owner.empty() ? "" : " by " + quote(incident.owner);
    switch (incident.state) {
        case IncidentState::open: return "nobody has it yet";
        case IncidentState::acknowledged: return "acknowledged" + owner;
        case IncidentState::responded: return "answered in public";
        case IncidentState::resolved: return "resolved";
        case IncidentState::closed: break;
    }
    return "closed" +
           (incident.closed == kNoTime ? "" : " since " + clock_time(incident.closed, now));
}

// What somebody must know who hears of the incident only now.
std::string present_state(Page const& page, WallTime now) {
    auto const& incident = *page.incident;
    return sentences({figures(page) + " since " + clock_time(incident.onset, now),
                      state_words(incident, now), urgent_words(page, now)});
}

std::string clock_event_words(Page const& page, WallTime now) {
    auto const clock = present_clock(page);
    if (!clock) return "a deadline";
    auto const words = clock_words(*clock, now);
    switch (page.event.name) {
        case EventName::clock_warning:
            return is_open(*clock) ? sentences({words, figures(page)}) : words;
        case EventName::clock_breached:
            if (!is_open(*clock)) return "was overdue: " + words;
            return (page.repeat ? "STILL OVERDUE: " : "OVERDUE: ") + words;
        default: return words;
    }
}

std::string reopened_words(Event const& event) {
    if (event.reason == "second_wave")
        return "BACK, a second wave" + (event.note.empty() ? "" : " (" + event.note + ")") + ": ";
    if (event.reason == "long_tail") return "BACK, the long tail: ";
    return "REOPENED" + by(event) + ": ";
}

std::string closed_words(Page const& page) {
    auto const& event = page.event;
    auto out = "closed" + by(event);
    if (event.reason == "quiet") out += ", it has been quiet";
    if (!event.verdict.empty()) out += ", verdict " + quote(event.verdict);
    if (page.incident != nullptr && page.incident->opened < event.at)
        out += ", after " + span_words(page.incident->opened, event.at);
    return out;
}

std::string evidence_words(Event const& event, std::string_view what) {
    auto const whose = event.whose == "ours" ? "one of our posts" : "a post of theirs";
    auto const where = event.platform.empty() ? "" : " on " + platform_name(event.platform);
    return whose + where + " was " + std::string(what) +
           (event.mention.empty() ? "" : ": " + quote(event.mention));
}

std::string with(std::string_view lead, std::string_view text) {
    return text.empty() ? std::string(lead) : std::string(lead) + ": " + quote(text);
}

std::string with_origin(Event const& event) {
    return event.origin.empty() ? "" : with("it began with our own post", event.origin);
}

std::string incident_words(Page const& page, WallTime now) {
    auto const& event = page.event;
    auto const urgent = urgent_words(page, now);
    switch (event.name) {
        case EventName::surge_started:
        case EventName::incident_opened:
            return sentences({figures(page), short_kind(event), with_origin(event),
                              late_words(page, now), urgent});
        case EventName::incident_reopened:
            return sentences({reopened_words(event) + figures(page), short_kind(event),
                              late_words(page, now), urgent});
        case EventName::incident_stream_joined:
            return sentences({"now on " + platform_name(event.platform) + " too: " + figures(page),
                              late_words(page, now), urgent});
        case EventName::surge_grown: return sentences({"GROWING: " + figures(page), urgent});
        case EventName::surge_ended:
            return "calmer: the surge on " + platform_name(event.platform) + " has ended";
        case EventName::incident_acknowledged:
            return sentences({(event.by.empty() ? "somebody" : quote(event.by)) + " has it" +
                                  (event.via.empty() ? "" : " (" + quote(event.via) + ")"),
                              urgent});
        case EventName::incident_unacknowledged:
            return sentences({"NOBODY HAS IT ANY MORE: the acknowledgement ran out", urgent});
        case EventName::incident_responded:
            return with("answered in public" + by(event), event.link);
        case EventName::incident_resolved: return with("resolved" + by(event), event.link);
        case EventName::incident_closed: return closed_words(page);
        case EventName::incident_note: return with("note" + by(event), event.note);
        case EventName::incident_checked:
            return with((event.done.value_or(true) ? "done" : "not done after all") + by(event),
                        event.item);
        case EventName::incident_own_post:
            return with("we posted on " + platform_name(event.platform),
                        event.link.empty() ? event.mention : event.link);
        case EventName::incident_wrong_account: return with("WRONG ACCOUNT", event.link);
        case EventName::incident_promotion_paused: return "promotion is paused";
        case EventName::incident_promotion_resumed: return "promotion goes on";
        case EventName::clock_warning:
        case EventName::clock_breached:
        case EventName::clock_met:
        case EventName::clock_dropped: return clock_event_words(page, now);
        case EventName::evidence_deleted: return evidence_words(event, "deleted");
        case EventName::evidence_edited: return evidence_words(event, "edited");
        default: return {};
    }
}

std::string stream_words(Event const& event, WallTime now) {
    auto const stream = "stream " + quote(event.stream);
    auto const until =
        event.covered_until == kNoTime ? "" : " since " + clock_time(event.covered_until, now);
    switch (event.name) {
        case EventName::stream_blind: return with("BLIND: " + stream + until, event.reason);
        case EventName::stream_restored: return with(stream + " is read again", event.reason);
        case EventName::stream_gap: return with("a gap in " + stream, event.reason);
        case EventName::stream_learning: return with(stream + " is learning", event.reason);
        case EventName::stream_new_normal: return with(stream + " has a new normal", event.reason);
        case EventName::budget_low:
            return with("the reading budget is nearly used up", event.reason);
        case EventName::receiver_failed: return with("A RECEIVER FAILED", event.reason);
        case EventName::silence_started: return with("pages are silenced" + by(event), event.note);
        case EventName::silence_ended: return with("the silence has ended", event.note);
        case EventName::config_reloaded: return "the configuration was reloaded";
        case EventName::drill_started: return "a drill begins";
        case EventName::drill_ended: return "the drill has ended";
        default: return with("note" + by(event), event.note);
    }
}

bool loud(Page const& page) {
    switch (page.event.name) {
        case EventName::incident_opened:
        case EventName::incident_reopened:
        case EventName::surge_grown:
        case EventName::clock_breached: break;
        default:
            if (!page.catch_up) return false;
    }
    if (page.incident != nullptr)
        return page.incident->severity == detectors::Severity::critical &&
               page.incident->state != IncidentState::closed;
    return page.event.severity == detectors::Severity::critical;
}

void line(std::string& out, std::string const& text) {
    if (text.empty()) return;
    if (!out.empty()) out += '\n';
    out += text;
}

// "371 authors, the busiest 1%; 0% reposts, 5% copies, 2% by new accounts: many people speaking".
std::string composition_words(detectors::Composition const& c) {
    std::string out;
    if (c.authors > 0)
        out = authors_words(c.authors) + ", the busiest " + percent(c.top_author) + "; ";
    out += percent(c.reposts) + " reposts, " + percent(c.copies) + " copies, " +
           percent(c.new_accounts) + " by new accounts";
    if (c.kind == "organic" && c.authors > 0) return out + ": many people speaking";
    auto const kind = kind_words(c);
    return kind.empty() ? out : out + ": " + kind;
}

// "412 mentions on X in 10 min, 31.5 expected (13x)" belongs to figures(); how fast it grows to
// this.
std::string doubling_words(Page const& page) {
    if (!page.event.doubling) return {};
    auto out = "Doubling every " + detectors::human_duration(*page.event.doubling);
    double const error = page.incident == nullptr ? 0 : page.incident->doubling_error;
    bool const same = page.incident != nullptr && page.incident->doubling == page.event.doubling;
    if (same && error >= 1)
        out += ", give or take " +
               detectors::human_duration(seconds{static_cast<std::int64_t>(std::ceil(error))});
    return out;
}

void surge_lines(std::string& out, Page const& page, WallTime now) {
    auto const& event = page.event;
    auto const where = platforms(page);
    if (event.onset != kNoTime)
        line(out, "Since " + clock_time(event.onset, now) + " (" + span_words(event.onset, now) +
                      " ago)" + (where.empty() ? "" : " on " + where));
    if (event.observed) line(out, figures(page));
    line(out, doubling_words(page));
    if (event.return_days && *event.return_days > 0)
        line(out, "As much as this comes about once in " + figure(*event.return_days) + " days");
    if (event.composition) line(out, composition_words(*event.composition));
    if (!page.visible_url.empty())
        line(out, "Most visible: " + brief(page.visible_url, kParagraph));
    if (page.incident == nullptr || page.incident->streams.size() < 2) return;
    for (auto const& stream : page.incident->streams)
        line(out, "- " + quote(stream.name) + ": " + figure(stream.observed) + " mentions, " +
                      ratio_words(stream.ratio) + " the usual" + (stream.surging ? "" : ", over"));
}

}  // namespace

namespace {

std::string what_words(Page const& page, WallTime now) {
    auto const& event = page.event;
    std::string what;
    if (page.catch_up && page.incident != nullptr) {
        what = present_state(page, now);
        // The first page after a silence says what it held.
        if (event.name == EventName::silence_ended && !event.reason.empty())
            what = quote(event.reason) + "; " + what;
    } else if (!event.incident.empty()) {
        what = incident_words(page, now);
    }
    if (!what.empty()) return what;
    return event.summary.empty() ? stream_words(event, now) : brief(event.summary, kHeadline);
}

}  // namespace

std::string headline(Page const& page, WallTime now) {
    auto const& event = page.event;
    std::string out;
    if (event.drill) out += "DRILL ";
    if (loud(page)) out += "CRITICAL ";
    out += (event.brand.empty() ? "surged" : quote(event.brand)) + ": " + what_words(page, now);
    return cut(out, kHeadline);
}

std::string entry_words(Event const& event) {
    Page page;
    page.event = event;
    if (event.name == EventName::incident_acknowledged) page.event.via.clear();
    // Its deadlines have an entry of their own each.
    page.event.clocks.clear();
    return brief(what_words(page, event.at), kParagraph);
}

std::string description(Page const& page, WallTime now) {
    auto const& event = page.event;
    std::string out;
    if (event.drill) line(out, "This is a drill.");
    if (!event.incident.empty()) surge_lines(out, page, now);
    line(out, late_words(page, now));
    if (page.incident != nullptr) line(out, "State: " + state_words(*page.incident, now));
    for (auto const& clock : present_clocks(page)) line(out, "- " + clock_words(clock, now));
    if (!event.note.empty()) line(out, "Note" + by(event) + ": " + brief(event.note, kParagraph));
    if (!event.link.empty()) line(out, "Link: " + brief(event.link, kParagraph));
    if (!event.reason.empty()) line(out, "Reason: " + brief(event.reason, kParagraph));
    auto const& plan = page.plan_url.empty() ? event.plan_url : page.plan_url;
    if (!plan.empty()) line(out, "Plan: " + brief(plan, kParagraph));
    if (auto const url = incident_url(page); !url.empty()) line(out, "Incident: " + url);
    return out;
}

std::string incident_url(Page const& page) {
    auto const& id = page.event.incident;
    if (id.empty() || page.external_url.empty()) return {};
    return page.external_url + "incidents/" + url_encode(id);  // a brand's name may hold a space
}

Page state_page(Incident const& incident, std::string external_url, std::string plan_url) {
    Page page;
    page.incident = &incident;
    page.catch_up = true;
    page.external_url = std::move(external_url);
    page.plan_url = std::move(plan_url);
    auto& event = page.event;
    event.name = EventName::incident_opened;
    event.at = incident.opened;
    event.incident = incident.id;
    event.brand = incident.brand;
    event.drill = incident.drill;
    event.onset = incident.onset;
    event.severity = incident.severity;
    event.composition = incident.composition;
    event.return_days = incident.return_days;
    event.doubling = incident.doubling;
    if (auto const* stream = strongest(incident, "")) {  // speaks for the incident
        event.stream = stream->name;
        event.platform = stream->platform;
        event.observed = stream->observed;
        event.expected = stream->expected;
        event.ratio = stream->ratio;
    }
    return page;
}

}  // namespace surged::exporters
