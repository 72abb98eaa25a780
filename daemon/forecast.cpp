#include "daemon/forecast.h"

#include "detectors/event.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::array<std::int64_t, 5> kNeighbours{1, 3, 7, 14, 30};  // days per false page
constexpr double kShortest = 1;  // weeks: a rate from less says nothing

DetectorSpec const* surge_of(StreamSettings const& stream) {
    auto const it = std::find_if(stream.detectors.begin(), stream.detectors.end(),
                                 [](DetectorSpec const& s) { return s.type == "surge"; });
    return it == stream.detectors.end() ? nullptr : &*it;
}

// The budget as one page in so long.
std::chrono::seconds per_page(SurgeParams const& params) {
    return std::chrono::seconds{std::int64_t(double(params.per.count()) / params.false_pages)};
}

int pages_of(DetectorSpec spec, std::chrono::seconds per, std::vector<Tick> const& ticks) {
    spec.surge.false_pages = 1;
    spec.surge.per = per;
    auto const detector = make_detector(spec);
    int pages = 0;
    for (Tick const& tick : ticks)
        pages += detector->tick(tick).transition == Transition::started ? 1 : 0;
    return pages;
}

}  // namespace

void Forecast::add(StreamSettings const& stream, WallTime start, std::chrono::seconds length,
                   double count, double multiplier) {
    DetectorSpec const* const spec = surge_of(stream);
    if (spec == nullptr) return;
    auto& recorded = streams_.try_emplace(stream.name, Recorded{*spec, {}}).first->second;
    recorded.ticks.push_back({start, length, count, std::max(1.0, multiplier)});
}

std::vector<Forecast::Stream> Forecast::run() const {
    std::vector<Stream> out;
    for (auto const& [name, recorded] : streams_) {
        std::chrono::seconds seen{0};
        for (Tick const& tick : recorded.ticks) seen += tick.length;
        Stream stream{name, double(seen.count() - kDay) / double(7 * kDay), {}};
        std::chrono::seconds const chosen = per_page(recorded.spec.surge);
        std::vector<std::chrono::seconds> budgets{chosen};
        for (std::int64_t const days : kNeighbours) budgets.emplace_back(days * kDay);
        std::sort(budgets.begin(), budgets.end());
        budgets.erase(std::unique(budgets.begin(), budgets.end()), budgets.end());
        for (auto const per : budgets)
            stream.lines.push_back(
                {per, pages_of(recorded.spec, per, recorded.ticks), per == chosen});
        out.push_back(std::move(stream));
    }
    return out;
}

std::string forecast_text(std::vector<Forecast::Stream> const& streams) {
    std::string out;
    std::array<char, 160> line{};
    for (auto const& stream : streams) {
        if (stream.weeks < kShortest) continue;
        std::snprintf(line.data(), line.size(), "', %.1f weeks after its first day:\n",
                      stream.weeks);
        out += "pages of stream '" + stream.name + line.data();
        for (auto const& l : stream.lines) {
            std::snprintf(line.data(), line.size(), "  %s 1 per %-6s %4d pages, %.2f per week\n",
                          l.chosen ? "*" : " ", duration_text(l.per).c_str(), l.pages,
                          l.pages / stream.weeks);
            out += line.data();
        }
    }
    return out;
}

}  // namespace surged::daemon
