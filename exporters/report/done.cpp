// What was done and by whom: checklist, promotion, verdict, the timeline; and what is not known.
#include "detectors/desk_text.h"
#include "exporters/receivers/text.h"
#include "exporters/receivers/words.h"
#include "exporters/report/document.h"
#include "exporters/report/facts.h"
#include "exporters/report/figures.h"

#include <algorithm>

namespace surged::exporters {

using detectors::clock_time;
using detectors::Event;
using detectors::EventName;
using detectors::kNoTime;

namespace {

Text entry_text(Event const& e) {
    Event shown = e;
    bool const linked = !web_link(e.link).empty();
    if (linked) shown.link.clear();  // beside the words, not in them
    Text text;
    text.foreign(entry_words(shown));
    if (linked) text.say(" (").link("link", e.link).say(")");
    if (e.late) text.say(" (found late)");
    return text;
}

}  // namespace

Section checklist(ReportInput const& in) {
    Section out{"checklist", "Checklist", {}};
    auto const checks = checks_of(in);
    if (checks.empty()) {
        out.paragraph("The brand has no checklist.");
        return out;
    }
    auto const done = std::count_if(checks.begin(), checks.end(),
                                    [](ReportCheck const& c) { return !c.by.empty(); });
    out.paragraph(std::to_string(done) + " of " + std::to_string(checks.size()) + " done.");
    std::vector<std::vector<Text>> rows;
    for (ReportCheck const& c : checks) {
        Text by;
        if (c.by.empty())
            by.strong("NOT DONE");
        else
            by.foreign(brief(c.by, 100));
        Text item;
        item.foreign(brief(c.item, 300));
        if (c.retired) item.say(" (in no checklist any more)");
        rows.push_back({std::move(item), std::move(by),
                        c.at == kNoTime ? "" : clock_time(c.at, in.incident.onset)});
    }
    out.table({"Item", "By", "When"}, std::move(rows));
    return out;
}

Section promotion(ReportInput const& in) {
    Section out{"promotion", "Promotion", {}};
    std::vector<Text> items;
    bool paused = false;
    for (Event const& e : in.events) {
        if (e.name == EventName::incident_promotion_paused)
            items.push_back("Paused " + clock_time(e.at, in.incident.onset) + ".");
        else if (e.name == EventName::incident_promotion_resumed)
            items.push_back("Resumed " + clock_time(e.at, in.incident.onset) + ".");
        else
            continue;
        paused = e.name == EventName::incident_promotion_paused;
    }
    if (items.empty())
        out.paragraph("No promotion was paused by surged.");
    else
        out.list(std::move(items));
    if (paused) out.paragraph(Text().strong("It is still paused."));
    return out;
}

Section seen_before(ReportInput const& in) {
    Section out{"similar", "Seen before", {}};
    if (in.similar.empty()) {
        out.paragraph("No past incident is like it by what is kept of them.");
        return out;
    }
    std::vector<Text> items;
    for (auto const& s : in.similar) {
        Text item;
        item.say("like ").link(
            s.id, web_link(in.external_url).empty() ? "" : in.external_url + "incidents/" + s.id,
            true);
        item.say(", because ");
        for (std::size_t i = 0; i < s.why.size(); ++i)
            item.say(i == 0 ? "" : "; ").foreign(s.why[i]);
        items.push_back(std::move(item));
    }
    out.list(std::move(items));
    return out;
}

Section verdict(ReportInput const& in) {
    Section out{"verdict", "Verdict", {}};
    Event const* const closed = closing_of(in);
    Text text;
    if (in.incident.state != detectors::IncidentState::closed) {
        text.strong("None yet: it is not closed.");
    } else {
        std::string const& v = in.incident.verdict;
        text.strong(v.empty()         ? "None was given."
                    : v == "real"     ? "Real: a crisis."
                    : v == "false"    ? "False: no crisis, a false page."
                    : v == "expected" ? "Expected: something announced."
                                      : "Given:");
        if (!v.empty() && v != "real" && v != "false" && v != "expected") text.say(" ").foreign(v);
        if (closed != nullptr && !closed->by.empty())
            text.say(" Closed by ")
                .foreign(brief(closed->by, 100))
                .say(", " + date_time(closed->at) + ".");
        if (closed != nullptr && !closed->note.empty())
            text.say(" Note: ").foreign(brief(closed->note, 1000));
    }
    out.paragraph(std::move(text));
    return out;
}

Section timeline(ReportInput const& in) {
    Section out{"timeline", "Who did what when", {}};
    auto const entries = timeline_of(in);
    if (entries.empty()) {
        out.paragraph("The journal holds nothing of it.");
        return out;
    }
    // The beginning and the end say most: what lies between goes first.
    std::size_t const half = kTimelineRows / 2;
    std::size_t const left_out =
        entries.size() > kTimelineRows ? entries.size() - kTimelineRows : 0;
    std::vector<std::vector<Text>> rows;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (left_out > 0 && i == half) {
            rows.push_back({"...",
                            plural(left_out, "entry is", "entries are") +
                                " left out here; the journal has them.",
                            ""});
            i += left_out;
        }
        Event const& e = *entries[i];
        rows.push_back({clock_time(e.at, in.incident.onset), entry_text(e),
                        Text().foreign(brief(source_of(e), 160))});
    }
    out.table({"When", "What", "Source"}, std::move(rows));
    return out;
}

Section not_known(ReportInput const& in) {
    Section out{"limits", "What this report does not know", {}};
    std::vector<Text> items;
    for (std::string const& limit : in.limits) items.emplace_back(limit);
    if (in.events_left_out > 0)
        items.emplace_back(plural(in.events_left_out, "entry", "entries") +
                           " in the middle of its journal: a report reads the first and the last.");
    items.emplace_back(
        "Mentions that no stream of ours returned: private messages, protected accounts, "
        "platforms that are not watched.");
    out.list(std::move(items));
    return out;
}

}  // namespace surged::exporters
