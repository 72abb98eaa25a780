// The report of one incident: what is known of it, and the same as Markdown, HTML and JSON. Pure:
// everything it says is in its input; no clock, no I/O.
#pragma once

#include "detectors/desk.h"
#include "detectors/similar.h"
#include "detectors/surge_facts.h"
#include "detectors/terms.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::exporters {

// A post as the store still holds it. `erased`: it was kept once; text, author and link are gone.
struct ReportPost {
    std::string platform, stream, id, url, author, text, lang;
    detectors::WallTime at = detectors::kNoTime;
    std::int64_t audience = 0;  // 0: not told
    bool reach = false;         // `audience` is a reach, else followers
    std::int64_t echoes = 0;
    bool erased = false;
};

// One stream's curve, from before the onset to after the end; NaN where nothing is known.
struct ReportCurve {
    std::string stream, platform;
    detectors::WallTime from{};
    std::chrono::seconds step{60};
    std::vector<double> observed, expected, upper;  // of each step, of one length
};

// The price of it: observed minus expected, summed over the minutes of its surges.
struct ReportSize {
    bool known = false;
    double excess = 0;        // mentions, >= 0
    double peak = 0;          // the largest ratio that was told; 0: none
    std::int64_t seen = 0;    // stream-minutes that were counted
    std::int64_t unseen = 0;  // stream-minutes of which nothing is known: not in `excess`
};
struct ReportRank {
    std::size_t place = 0, of = 0;  // 1: the largest; `of` counts this one; 0: not ranked
};

struct ReportTheme {  // a group of near copies
    std::size_t copies = 0;
    double share = 0;  // of the texts read
    ReportPost first;  // the earliest of them
};
struct ReportThemes {
    std::size_t read = 0;  // texts that were looked at
    bool cut = false;      // more are kept than were looked at
    bool erased = false;   // mentions came, but no text of them is kept any more
    std::vector<detectors::RisingTerm> terms;  // heaviest first
    std::vector<ReportTheme> groups;           // largest first
};

struct ReportTone {
    std::uint64_t judged = 0, negative = 0, positive = 0;
};
struct ReportPerson {
    ReportPost first;  // the earliest mention of this author in the incident
    std::uint32_t mentions = 0, questions = 0, angry = 0, echoes = 0;
    std::uint32_t spoke_well = 0;  // friendly mentions before it began
};
struct ReportWait {
    std::string platform;  // "": all together
    std::chrono::milliseconds median{0};
};
// The people's side; `known` is false where nobody keeps that book.
struct ReportPeople {
    bool known = false;
    std::uint64_t questions = 0, answered = 0, waiting = 0;
    std::vector<ReportPost> unanswered;  // the oldest and most visible
    std::vector<ReportWait> waits;
    std::vector<ReportPerson> affected, advocates;
    detectors::WallTime answer = detectors::kNoTime;  // what parts `before` from `after`
    ReportTone before, after;
};

struct ReportInput {
    detectors::WallTime made{};            // when this report was made
    std::string external_url;              // of the console, ends in "/"; "" : none
    detectors::Incident incident;          // as the desk knows it, else as the journal tells it
    std::vector<detectors::Event> events;  // its journal entries, ascending
    std::size_t events_left_out = 0;       // in the middle, beyond what a report reads
    std::vector<std::string> checklist;    // of the brand, as it is configured now
    std::optional<detectors::SurgeFacts> facts;
    std::vector<ReportCurve> curves;  // the largest first
    ReportSize size;
    ReportRank by_excess, by_peak;
    detectors::WallTime ranked_since = detectors::kNoTime;  // opening of the oldest one ranked
    ReportThemes themes;
    std::vector<ReportPost> visible;
    std::vector<ReportPost> changed;  // what is kept of posts that vanished or were edited
    ReportPeople people;
    std::vector<detectors::Similar> similar;
    std::vector<std::string> limits;  // what was left out or is not known, as sentences
};

// Sections in the order in which somebody with five minutes reads. Text of strangers is text in
// each of them: escaped, one line, direction marks removed; links are http or https or no links.
//
// CommonMark with tables; no raw HTML. The curve is a line of block characters.
[[nodiscard]] std::string report_md(ReportInput const& in);
// One file: inline style, inline SVG, no script, no request. 360 CSS pixels to wide, light and
// dark, and on paper.
[[nodiscard]] std::string report_html(ReportInput const& in);
// The Content-Security-Policy it works under: nothing but its own style, by its hash.
[[nodiscard]] std::string const& report_policy();
[[nodiscard]] std::string report_json(ReportInput const& in);

}  // namespace surged::exporters
