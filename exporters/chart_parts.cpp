#include "exporters/chart_parts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace surged::exporters {

using std::chrono::seconds;

namespace {

constexpr int kValueSteps = 4;
constexpr std::int64_t kTimeSteps = 8;
constexpr int kRows = 3;
constexpr double kNarrow = 320, kWide = 640;  // pixels
constexpr double kLetter = 7.2;               // pixels of a bold letter of 12 px, generous
constexpr double kBetween = 8;

constexpr std::array<std::int64_t, 23> kSteps{
    60,          120,         300,         600,          900,         1800,
    3600,        7200,        10800,       21600,        43200,       86400,
    2 * 86400,   7 * 86400,   14 * 86400,  28 * 86400,   56 * 86400,  91 * 86400,
    182 * 86400, 364 * 86400, 728 * 86400, 1820 * 86400, 3640 * 86400};

std::string day_text(WallTime at, bool year) {
    static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::chrono::year_month_day const day{std::chrono::floor<std::chrono::days>(at)};
    std::string out = std::to_string(unsigned(day.day())) + " " +
                      kMonths[(unsigned(day.month()) - 1) % kMonths.size()];
    if (year) out += " " + std::to_string(int(day.year()));
    return out;
}

std::string clock_text(WallTime at) {
    auto const minutes =
        std::chrono::floor<std::chrono::minutes>(at - std::chrono::floor<std::chrono::days>(at));
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%02d:%02d", int(minutes.count() / 60),
                  int(minutes.count() % 60));
    return text.data();
}

// The ends of a label on a page `width` pixels wide.
std::pair<double, double> extent(Label const& label, double width) {
    double const at = label.across * width;
    double const long_ = kLetter * double(label.text.size()) + kBetween;
    return label.across > kTurn ? std::pair{at - long_, at} : std::pair{at, at + long_};
}

bool fits(Label const& label, int row, std::vector<PlacedLabel> const& others, double width) {
    auto const [left, right] = extent(label, width);
    if (left < 0 || right - kBetween > width) return false;
    return std::none_of(others.begin(), others.end(), [&, l = left, r = right](auto const& other) {
        auto const [other_left, other_right] = extent(other, width);
        return other.row == row && l < other_right && other_left < r;
    });
}

}  // namespace

ValueAxis value_axis(double highest) {
    if (!(highest > 0)) highest = 1;
    double const raw = highest / kValueSteps;
    double const power = std::pow(10.0, std::floor(std::log10(raw)));
    double step = 10 * power;
    for (double const m : {1.0, 2.0, 5.0})
        if (m * power >= raw * (1 - 1e-9)) {
            step = m * power;
            break;
        }
    ValueAxis out;
    int const steps = std::max(1, int(std::ceil(highest / step * (1 - 1e-9))));
    out.top = step * steps;
    for (int i = 0; i <= steps; ++i) out.ticks.push_back(step * i);
    return out;
}

std::string value_text(double value) {
    double scaled = value;
    char const* unit = "";
    if (value >= 1e6) {
        scaled = value / 1e6;
        unit = "M";
    } else if (value >= 1e3) {
        scaled = value / 1e3;
        unit = "k";
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.4g%s", scaled, unit);
    return text.data();
}

std::vector<TimeTick> time_axis(WallTime from, WallTime to) {
    auto const span = std::chrono::floor<seconds>(to - from).count();
    std::int64_t step = kSteps.back();
    for (std::int64_t const s : kSteps)
        if (span <= s * kTimeSteps) {
            step = s;
            break;
        }
    bool const year = span > 300 * 86400LL;
    auto const start = std::chrono::ceil<seconds>(from).time_since_epoch().count();
    std::vector<TimeTick> out;
    for (std::int64_t t = (start + step - 1) / step * step; WallTime{seconds{t}} <= to; t += step) {
        WallTime const at{seconds{t}};
        out.push_back({at, t % 86400 == 0 ? day_text(at, year) : clock_text(at)});
    }
    return out;
}

std::vector<Sample> thinned(std::vector<Sample> const& samples, std::size_t most) {
    if (samples.size() <= most) return samples;
    // Three of each stretch at most: lowest, highest, a break.
    std::size_t const stretches = std::max<std::size_t>(1, most / 3);
    std::vector<Sample> out;
    for (std::size_t i = 0; i < stretches; ++i) {
        std::size_t const begin = samples.size() * i / stretches;
        std::size_t const end = samples.size() * (i + 1) / stretches;
        std::array<std::size_t, 3> kept{end, end, end};  // lowest, highest, break
        for (std::size_t k = begin; k < end; ++k) {
            double const v = samples[k].value;
            if (!std::isfinite(v)) {
                if (kept[2] == end) kept[2] = k;
                continue;
            }
            if (kept[0] == end || v < samples[kept[0]].value) kept[0] = k;
            if (kept[1] == end || v > samples[kept[1]].value) kept[1] = k;
        }
        std::sort(kept.begin(), kept.end());
        for (std::size_t k = 0; k < kept.size(); ++k)
            if (kept[k] != end && (k == 0 || kept[k] != kept[k - 1]))
                out.push_back(samples[kept[k]]);
    }
    return out;
}

std::vector<PlacedLabel> placed(std::vector<Label> const& wanted) {
    std::vector<PlacedLabel> out;
    std::vector<char> done(wanted.size(), 0);
    for (bool const wide : {false, true})
        for (std::size_t i = 0; i < wanted.size(); ++i)
            for (int row = 0; row < kRows && done[i] == 0; ++row) {
                bool const room = fits(wanted[i], row, out, kWide) &&
                                  (wide || fits(wanted[i], row, out, kNarrow));
                if (!room) continue;
                out.push_back({wanted[i], row, wide});
                done[i] = 1;
            }
    return out;
}

}  // namespace surged::exporters
