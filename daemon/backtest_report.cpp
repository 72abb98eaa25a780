#include "daemon/backtest_report.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace surged::daemon {

using namespace detectors;
using exporters::BacktestReport;
using exporters::Chart;
using exporters::ChartTone;

namespace {

constexpr std::size_t kTrackMost = 1U << 20U;
constexpr std::size_t kCloseUps =
    20;  // pages whose hours are drawn: 50 kB each, and enough to read
constexpr std::chrono::hours kBefore{6}, kAfter{6}, kLongest{72};  // of a close-up
constexpr std::chrono::hours kLearning{24};
constexpr std::array<std::int64_t, 5> kBudgetDays{1, 3, 7, 30, 90};

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
struct Asked {
    ClockKind kind;
    std::array<seconds, 3> after;
};
constexpr std::array<Asked, 3> kReactions{
    {{ClockKind::acknowledge, {minutes{5}, minutes{15}, minutes{60}}},
     {ClockKind::respond, {minutes{30}, hours{1}, hours{4}}},
     {ClockKind::resolve, {hours{1}, hours{4}, hours{12}}}}};

seconds per_page(SurgeParams const& surge) {
    return seconds{std::int64_t(double(surge.per.count()) / surge.false_pages)};
}

std::string budget_words(seconds per) {
    return "1 per " + duration_text(per);
}

// The budgets of the file's `surge` detectors, each once.
std::set<seconds> budgets_of(Settings const& settings) {
    std::set<seconds> out;
    for (auto const& brand : settings.brands)
        for (auto const& stream : brand.streams)
            for (DetectorSpec const& spec : stream.detectors)
                if (spec.type == "surge") out.insert(per_page(spec.surge));
    return out;
}

std::string judged_by(StreamSettings const& stream) {
    std::string out;
    for (DetectorSpec const& spec : stream.detectors) {
        if (!out.empty()) out += ", ";
        out += spec.type;
        if (spec.type == "surge") out += " with " + budget_words(per_page(spec.surge));
    }
    return out;
}

}  // namespace

// --- what is drawn

void Track::add(Judged const& j) {
    length_ = std::max(length_, j.length);
    if (points_.size() >= kTrackMost) halve();
    Point const p{std::int32_t(minute_index(j.start)), float(j.observed), float(j.expected),
                  float(j.upper)};
    if (skipped_ > 0 && !points_.empty()) {
        if (p.observed > points_.back().observed) points_.back() = p;
    } else {
        points_.push_back(p);
    }
    skipped_ = (skipped_ + 1) % merged_;
}

void Track::halve() {
    std::size_t n = 0;
    for (std::size_t i = 0; i + 1 < points_.size(); i += 2)
        points_[n++] = points_[i].observed >= points_[i + 1].observed ? points_[i] : points_[i + 1];
    points_.resize(n);
    merged_ *= 2;
    skipped_ = 0;
}

std::vector<exporters::ChartPoint> Track::points(WallTime from, WallTime to) const {
    std::vector<exporters::ChartPoint> out;
    for (Point const& p : points_) {
        WallTime const at = minute_start(p.minute);
        if (at >= from && at <= to) out.push_back({at, p.observed, p.expected, p.upper});
    }
    return out;
}

// --- what is heard

void BacktestRecording::listen(BacktestOptions& options) {
    options.told = [this](Event const& event) { hear(event); };
    options.judged = [this](StreamSettings const& stream, Judged const& judged) {
        tracks_[stream.name].add(judged);
    };
}

void BacktestRecording::surge(Event const& e) {
    if (e.name == EventName::surge_started) {
        surges_.push_back({e.stream, e.incident, e.onset == kNoTime ? e.at : e.onset, kNoTime});
        return;
    }
    for (auto it = surges_.rbegin(); it != surges_.rend(); ++it)
        if (it->stream == e.stream && it->to == kNoTime) {
            it->to = e.at;
            return;
        }
}

void BacktestRecording::hear(Event const& e) {
    reactions_.hear(e);
    auto const page_of = [&] {
        return std::find_if(pages_.rbegin(), pages_.rend(),
                            [&](auto const& p) { return p.id == e.incident; });
    };
    switch (e.name) {
        case EventName::surge_started: surge(e); break;
        case EventName::surge_ended: {
            surge(e);
            auto const page = page_of();
            if (page != pages_.rend()) page->ended = e.at;
            break;
        }
        case EventName::incident_opened:
        case EventName::incident_reopened: {
            BacktestReport::Incident page;
            page.id = e.incident;
            page.brand = e.brand;
            page.severity = e.severity ? std::string(to_string(*e.severity)) : "";
            page.paged = e.at;
            page.onset = e.onset;
            page.ratio = e.ratio.value_or(0);
            page.reopened = e.name == EventName::incident_reopened;
            if (!e.stream.empty()) page.streams.push_back(e.stream);
            pages_.push_back(std::move(page));
            break;
        }
        case EventName::incident_stream_joined: {
            auto const page = page_of();
            if (page == pages_.rend() || e.stream.empty()) break;
            auto& names = page->streams;
            if (std::find(names.begin(), names.end(), e.stream) == names.end())
                names.push_back(e.stream);
            break;
        }
        default: break;
    }
}

// --- what is told

Chart BacktestRecording::chart(std::string const& stream, Track const& track, WallTime from,
                               WallTime to) const {
    Chart out;
    out.title = stream;
    out.points = track.points(from, to);
    out.unit = "mentions in " + duration_text(track.length());
    out.gap = 3 * track.spacing();
    out.from = from;
    out.to = to;
    int surges = 0;
    for (auto const& page : pages_)
        if (std::find(page.streams.begin(), page.streams.end(), stream) != page.streams.end())
            out.marks.push_back({page.paged, page.id, ChartTone::incident});
    for (Surge const& s : surges_) {
        WallTime const end = s.to == kNoTime ? to : s.to;
        if (s.stream != stream || end < from || s.from > to) continue;
        out.spans.push_back({s.from, end, "surge", ChartTone::surge, true});
        ++surges;
    }
    out.about = "Mentions of " + stream + " from " + rfc3339(from) + " to " + rfc3339(to) +
                ": observed, expected, and from where it pages; surges: " + std::to_string(surges);
    return out;
}

void BacktestRecording::add_closeups(BacktestReport& report) const {
    int number = 0;
    for (auto& page : report.incidents) {
        if (std::size_t(&page - report.incidents.data()) >= kCloseUps) break;
        WallTime const begin =
            page.onset == kNoTime ? page.paged : std::min(page.onset, page.paged);
        WallTime const end = page.ended == kNoTime ? report.until : page.ended;
        WallTime const from = std::max(report.from, begin - kBefore);
        WallTime const to = std::min({report.until, end + kAfter, begin + kLongest});
        for (auto const& name : page.streams) {
            auto const track = tracks_.find(name);
            if (track == tracks_.end()) continue;
            page.charts.push_back(chart(name, track->second, from, to));
            page.charts.back().id = "page-" + std::to_string(++number);
            page.charts.back().most = 300;  // half a day of minutes needs no more
        }
    }
}

void BacktestRecording::add_reactions(BacktestReport& report) const {
    report.platforms = reactions_.platforms();
    for (Asked const& asked : kReactions) {
        if (reactions_.met(asked.kind, {}, seconds{0}).of == 0) continue;
        for (seconds const after : asked.after) {
            BacktestReport::Reaction row{asked.kind, after, {}};
            for (auto const& p : report.platforms) {
                auto const sum = reactions_.met(asked.kind, p, after);
                row.by_platform.push_back({sum.met, sum.of});
            }
            report.reactions.push_back(std::move(row));
        }
        BacktestReport::Needed needed{asked.kind, {}};
        for (auto const& p : report.platforms)
            needed.by_platform.push_back(reactions_.needed(asked.kind, p));
        report.needed.push_back(std::move(needed));
    }
}

BacktestReport BacktestRecording::report(BacktestSummary const& summary) const {
    BacktestReport out;
    out.from = summary.from;
    out.until = summary.until;
    out.rows = summary.rows;
    out.mentions = summary.mentions;
    if (out.from != kNoTime)
        out.weeks = std::chrono::duration<double>(out.until - out.from - kLearning) /
                    std::chrono::duration<double>(hours{7 * 24});
    out.incidents = pages_;
    for (auto const& [name, track] : tracks_) {
        BacktestReport::Stream stream;
        stream.name = name;
        if (StreamSettings const* const s = settings_.stream(name)) {
            stream.platform = s->platform;
            stream.brand = s->brand;
            stream.judged_by = judged_by(*s);
        }
        stream.surges =
            std::uint64_t(std::count_if(surges_.begin(), surges_.end(),
                                        [&](Surge const& s) { return s.stream == stream.name; }));
        stream.chart = chart(name, track, out.from, out.until);
        stream.chart.id = "stream-" + std::to_string(out.streams.size() + 1);
        out.streams.push_back(std::move(stream));
    }
    add_closeups(out);
    add_reactions(out);
    return out;
}

// --- other budgets

Settings with_budget(Settings settings, std::chrono::seconds per) {
    for (auto& brand : settings.brands)
        for (auto& stream : brand.streams)
            for (DetectorSpec& spec : stream.detectors)
                if (spec.type == "surge") {
                    spec.surge.false_pages = 1;
                    spec.surge.per = per;
                }
    return settings;
}

std::vector<BacktestReport::Budget> budget_runs(
    Settings const& settings, std::string_view data, BacktestOptions const& options,
    BacktestReport::Budget written,
    std::function<void(std::string const& run, std::uint64_t rows, std::uint64_t of)> const&
        progress) {
    auto const own = budgets_of(settings);
    std::vector<std::pair<seconds, BacktestReport::Budget>> found;
    written.chosen = true;
    // Several budgets in one file stand before all others: they are none of them.
    seconds const chosen = own.size() == 1 ? *own.begin() : seconds{0};
    written.words = own.size() == 1 ? budget_words(chosen) : "as written";
    found.emplace_back(chosen, std::move(written));
    for (std::int64_t const days : kBudgetDays) {
        seconds const per{days * 86400};
        if (own.empty() || per == chosen) continue;
        BacktestReport::Budget budget;
        budget.words = budget_words(per);
        BacktestOptions again;
        again.stream = options.stream;
        again.format = options.format;
        again.told = [&](Event const& e) {
            budget.surges += e.name == EventName::surge_started ? 1 : 0;
            budget.pages += e.name == EventName::incident_opened ? 1 : 0;
            budget.pages += e.name == EventName::incident_reopened ? 1 : 0;
        };
        if (progress)
            again.progress = [&](std::uint64_t rows, std::uint64_t of) {
                progress(budget.words, rows, of);
            };
        // The data was read whole once: it is not refused now.
        (void)run_backtest(with_budget(settings, per), data, again);
        found.emplace_back(per, std::move(budget));
    }
    std::stable_sort(found.begin(), found.end(),
                     [](auto const& a, auto const& b) { return a.first < b.first; });
    std::vector<BacktestReport::Budget> out;
    for (auto& [per, budget] : found) out.push_back(std::move(budget));
    return out;
}

}  // namespace surged::daemon
