// The curve, the price, the rank, and who made it.
#include "detectors/desk_text.h"
#include "exporters/receivers/text.h"
#include "exporters/report/document.h"
#include "exporters/report/facts.h"
#include "exporters/report/figures.h"

#include <algorithm>
#include <cmath>

namespace surged::exporters {

using detectors::Clock;
using detectors::clock_time;
using detectors::ClockKind;
using detectors::ClockState;
using detectors::Event;
using detectors::EventName;
using detectors::kNoTime;
using detectors::WallTime;

namespace {

// The times of this stream's surges, as they were told.
std::vector<ChartSpan> surges(ReportInput const& in, ReportCurve const& curve, WallTime end) {
    std::vector<ChartSpan> out;
    bool open = false;
    for (Event const& e : in.events) {
        if (e.name == EventName::incident_closed && open) out.back().to = e.at, open = false;
        if (e.stream != curve.stream) continue;
        if (e.name == EventName::surge_started && !open) {
            out.push_back({e.onset == kNoTime ? e.at : e.onset, end, "surge", ChartTone::surge});
            open = true;
        } else if (e.name == EventName::surge_ended && open) {
            out.back().to = e.at;
            open = false;
        }
    }
    return out;
}

std::vector<ChartSpan> unseen(ReportCurve const& curve) {
    std::vector<ChartSpan> out;
    for (std::size_t i = 0; i < curve.observed.size(); ++i) {
        if (std::isfinite(curve.observed[i])) continue;
        std::size_t const first = i;
        while (i + 1 < curve.observed.size() && !std::isfinite(curve.observed[i + 1])) ++i;
        // What lies before the first sight of the stream or after the report is no gap in it.
        if (first == 0 || i + 1 == curve.observed.size()) continue;
        out.push_back({curve.from + first * curve.step, curve.from + (i + 1) * curve.step,
                       "not seen", ChartTone::unknown});
    }
    return out;
}

std::vector<ChartMark> marks(ReportInput const& in, ReportCurve const& curve) {
    std::vector<ChartMark> out;
    for (ReportRun const& run : runs_of(in)) {
        std::string const wave = run.reason == "second_wave" ? "second wave"
                                 : run.number > 1            ? "reopened"
                                                             : "public noticed";
        out.push_back({run.onset, wave, ChartTone::surge});
        if (run.number == 1) out.push_back({run.told, "we knew", ChartTone::incident});
        if (run.closed != kNoTime) out.push_back({run.closed, "closed", ChartTone::unknown});
    }
    for (Clock const& c : in.incident.clocks)
        if (c.platform == curve.platform && c.kind == ClockKind::respond &&
            (c.state == ClockState::met || c.state == ClockState::met_late))
            out.push_back({c.at, "our answer", ChartTone::good});
    return out;
}

double peak(ReportCurve const& curve) {
    double most = 0;
    for (double const v : curve.observed)
        if (std::isfinite(v)) most = std::max(most, v);
    return most;
}

Chart chart_of(ReportInput const& in, ReportCurve const& curve, std::size_t number) {
    Chart chart;
    std::string const step = lasting(curve.step);
    chart.id = "curve-" + std::to_string(number);
    chart.title = "Mentions of " + curve.stream;
    chart.unit = curve.step == std::chrono::minutes{1} ? "a minute" : "per " + step;
    WallTime const end = curve.from + std::int64_t(curve.observed.size()) * curve.step;
    chart.about = figure(peak(curve)) + " mentions in " + step + " at the most, from " +
                  date_time(curve.from) + " to " + date_time(end);
    for (std::size_t i = 0; i < curve.observed.size(); ++i)
        chart.points.push_back({curve.from + std::int64_t(i) * curve.step, curve.observed[i],
                                curve.expected[i], curve.upper[i]});
    chart.spans = surges(in, curve, end);
    for (ChartSpan& gap : unseen(curve)) chart.spans.push_back(std::move(gap));
    chart.marks = marks(in, curve);
    chart.gap = 2 * curve.step;
    return chart;
}

std::string rank_words(ReportRank const& rank) {
    return rank.place == rank.of && rank.of > 1
               ? "the smallest of " + std::to_string(rank.of)
               : "the " + largest(rank.place) + " of " + std::to_string(rank.of);
}

// "two years", "five months": how long we have been counting.
std::string since_words(ReportInput const& in) {
    auto const days =
        std::chrono::floor<std::chrono::days>(in.incident.opened - in.ranked_since).count();
    if (days >= 700) return plural(std::uint64_t(days + 183) / 365, "year", "years");
    if (days >= 60) return plural(std::uint64_t(days + 15) / 30, "month", "months");
    return plural(std::uint64_t(std::max<std::int64_t>(1, days)), "day", "days");
}

std::string_view kind_words(std::string_view kind) {
    if (kind == "flood")
        return "It looks like a flood: few or new accounts, or copies of one text.";
    if (kind == "amplified") return "It was amplified: few posts, carried on by many.";
    return "It was organic: many people speaking.";
}

}  // namespace

Section curve(ReportInput const& in) {
    Section out{"curve", "The curve", {}};
    if (in.curves.empty())
        out.paragraph("No minute of its streams is kept any more: there is no curve.");
    std::size_t number = 0;
    for (ReportCurve const& c : in.curves) {
        out.paragraph(
            Text()
                .strong(platform_name(c.platform))
                .say(", stream ")
                .foreign(c.stream)
                .say(": " + figure(peak(c)) + " mentions in " + lasting(c.step) + " at the most."));
        out.chart(chart_of(in, c, ++number));
    }
    return out;
}

Section size_and_rank(ReportInput const& in) {
    Section out{"size", "The price", {}};
    if (!in.size.known) {
        out.paragraph("How many mentions it cost is not known: its minutes are not kept any more.");
    } else {
        Text text;
        text.strong(
            plural(std::uint64_t(in.size.excess + 0.5), "excess mention", "excess mentions"));
        text.say(
            ": what was observed minus what its history explains, from the onset of its surges "
            "to their end.");
        if (in.size.unseen > 0)
            text.say(" " +
                     plural(std::uint64_t(in.size.unseen), "minute of a stream was",
                            "minutes of its streams were") +
                     " not seen and count for nothing: it may be more.");
        out.paragraph(std::move(text));
    }
    Text rank;
    if (in.by_excess.of > 1) rank.say("By excess mentions it is " + rank_words(in.by_excess));
    if (in.by_peak.of > 1)
        rank.say((rank.empty() ? "By its peak (" : "; by its peak (") + times(in.size.peak) +
                 " the usual) " + (in.by_excess.of > 1 ? "" : "it is ") + rank_words(in.by_peak));
    if (rank.empty())
        rank.say("It is the only one that can be compared: there is no rank.");
    else
        rank.say(" incidents in " + since_words(in) + ".");
    out.paragraph(std::move(rank));
    return out;
}

Section who_spoke(ReportInput const& in) {
    Section out{"who", "Who spoke", {}};
    auto const& made = in.facts ? std::optional(in.facts->composition) : in.incident.composition;
    if (!made || made->kind.empty()) {
        out.paragraph("Nobody told who wrote or what: only counts are known.");
        return out;
    }
    Text lead;
    lead.strong(kind_words(made->kind));
    if (in.facts && made->kind != "organic" && in.facts->organic > 0)
        lead.say(" That does not make the rest less real: " + percent(in.facts->organic) +
                 " of the mentions, about " +
                 figure(std::round(in.facts->organic * in.facts->mentions)) +
                 ", are none of this.");
    out.paragraph(std::move(lead));
    std::vector<std::vector<Text>> rows;
    if (in.facts) {
        rows.push_back({"Mentions", figure(in.facts->mentions)});
        rows.push_back({"Organic: no repost, no copy, no new account, no author's fourth",
                        percent(in.facts->organic)});
    }
    if (made->authors > 0) {
        rows.push_back({"Authors", figure(double(made->authors))});
        rows.push_back({"By the busiest author", percent(made->top_author)});
    }
    rows.push_back({"Reposts", percent(made->reposts)});
    rows.push_back({"Copies of a text", percent(made->copies)});
    rows.push_back({"By accounts younger than 30 days", percent(made->new_accounts)});
    if (in.facts && !in.facts->languages.empty()) {
        std::string list;
        for (auto const& [language, share] : in.facts->languages)
            list += (list.empty() ? "" : ", ") + language + " " + percent(share);
        rows.push_back({"Languages", list});
    }
    out.table({"What", "How much"}, std::move(rows));
    if (in.facts && in.facts->error > 0)
        out.paragraph("Shares are of a sample: give or take " + percent(2 * in.facts->error) + ".");
    return out;
}

}  // namespace surged::exporters
