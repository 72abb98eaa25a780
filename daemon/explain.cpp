// Why a minute did or did not page: GET streams/NAME/explain, `surged explain`.
#include "daemon/views.h"
#include "detectors/event.h"
#include "detectors/json_writer.h"
#include "detectors/surge.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::array<char const*, Grounds::kWindows> kWindow{"5m", "15m", "1h", "6h", "24h"};
constexpr double kDaysMax = 36500;

// As people say numbers: three figures, no exponent.
std::string number(double v) {
    std::array<char, 32> text{};
    double const size = std::fabs(v);
    int const places = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
    std::snprintf(text.data(), text.size(), "%.*f", places, v);
    std::string out(text.data());
    if (out.find('.') != std::string::npos) {
        out.erase(out.find_last_not_of('0') + 1);
        if (out.back() == '.') out.pop_back();
    }
    return out;
}
// Four figures: enough for a chart, not more than what was kept.
double shown(double v) {
    if (v == 0 || !std::isfinite(v)) return v;
    double const unit = std::pow(10, 3 - std::floor(std::log10(std::fabs(v))));
    return std::round(v * unit) / unit;
}
double days(float rarity) {
    return std::min(detectors::days_of(double(rarity)), kDaysMax);
}
// "once in 12 days", "3 times a day".
std::string how_often(float rarity) {
    double const d = days(rarity);
    if (d >= kDaysMax) return "less than once in a hundred years";
    if (d >= 0.95) return "once in " + number(d) + (number(d) == "1" ? " day" : " days");
    if (d < 0.02) return "all the time";
    return number(std::round(1 / d)) + " times a day";
}
std::string span(float minutes) {
    return duration_text(std::chrono::seconds{std::int64_t(std::lround(double(minutes) * 60))});
}

// "120 mentions in 5m, 4 times the 30 expected"
std::string evidence(Grounds const& g) {
    std::string text = number(double(g.observed)) + " mentions in about " + span(g.minutes) + ", ";
    if (g.expected > 0.01F)
        text += number(double(g.observed / g.expected)) + " times the " +
                number(double(g.expected)) + " expected";
    else
        text += "where hardly any were expected";
    return text;
}

std::string sentence(Grounds const& g) {
    std::string const what = evidence(g);
    std::string const rare = how_often(std::max(g.burst, g.sustained));
    std::string const due = how_often(g.due);
    if (g.history && g.outcome != Outcome::calm)
        return "No page: this is history read at the first start, which teaches and never pages.";
    switch (g.outcome) {
        case Outcome::calm:
            return "No page: " + what + ", which this stream shows about " + rare +
                   "; a page is due at " + due + ".";
        case Outcome::started:
            return "Paged: " + what + ", which this stream shows about " + rare +
                   "; a page is due at " + due + ".";
        case Outcome::grown:
            return "Told again: the surge is twice as strong as when it was last told, " + what +
                   ".";
        case Outcome::ended:
            return "The surge ended: for half an hour the last hour was below 1.5 times the "
                   "expected.";
        case Outcome::new_normal:
            return "The surge ended: after three days what it brought is taken as the usual.";
        case Outcome::under_way:
            return "No new page: the surge that was told is still under way, " + what + ".";
        case Outcome::told_lately:
            return "No page although it was due (" + what + ", about " + rare +
                   "): what was told in the last day has not doubled since.";
        case Outcome::too_few:
            return "No page although it is rare (" + what + ", about " + rare +
                   "): fewer mentions than min_mentions asks for.";
    }
    return {};
}

std::string_view word(Outcome outcome) {
    static constexpr std::array<std::string_view, 8> kWords{
        "calm", "started", "grown", "ended", "new_normal", "under_way", "told_lately", "too_few"};
    return kWords[std::size_t(outcome)];
}

void put_grounds(JsonWriter& json, SeriesPoint const& p, Grounds const& g) {
    double const usual = double(g.level) * double(g.multiplier);
    json.field("outcome", word(g.outcome)).field("level", shown(double(g.level)));
    if (usual > 0) json.field("season", shown(double(p.expected) / usual));
    json.field("announced", shown(double(g.multiplier))).field("learning", g.learning);
    json.field("history", g.history);
    json.key("channels").array();
    auto const channel = [&](char const* name, float rarity, bool speaks) {
        json.object().field("name", name).field("speaks", speaks);
        if (speaks) json.field("return_days", shown(days(rarity)));
        json.field("page_at_days", shown(days(g.due))).end();
    };
    channel("burst", g.burst, g.warm);
    channel("sustained", g.sustained, true);
    json.end().key("windows").array();
    for (std::size_t k = 0; k < Grounds::kWindows; ++k)
        json.object().field("window", kWindow[k]).field("above", shown(double(g.windows[k]))).end();
    json.end().key("strongest").object().field("channel", g.by_burst ? "burst" : "sustained");
    json.field("window", span(g.minutes)).field("observed", shown(double(g.observed)));
    json.field("expected", shown(double(g.expected))).end();
}

// A rule, or a minute from before grounds were kept.
std::string plain(SeriesPoint const& p) {
    bool const over = p.observed > p.upper;
    std::string const observed = number(double(p.observed)) + " mentions ";
    return over ? observed + "were more than the " + number(double(p.upper)) +
                      " at which this stream pages (" + number(double(p.expected)) +
                      " were expected)"
                : observed + "were within what this stream's history explains (" +
                      number(double(p.expected)) + " expected, a page from " +
                      number(double(p.upper)) + ")";
}

void put_surge(JsonWriter& json, StreamState const& stream, WallTime at) {
    if (!stream.judge.surging()) return;
    Verdict const& v = stream.judge.last();
    if (!v.surging || v.onset == kNoTime || at < floor_minute(v.onset)) return;
    json.key("surge").object().field("onset", v.onset).time_if("onset_from", v.onset_from);
    json.time_if("onset_until", v.onset_until).end();
}

}  // namespace

std::string explain_json(Engine const& engine, StreamState const& stream, WallTime at) {
    WallTime const newest = stream.intake.covered_until();
    if (at == kNoTime && newest != kNoTime) at = floor_minute(newest) - kMinute;
    JsonWriter json;
    json.object().field("stream", stream.settings.name);
    if (at == kNoTime) {
        json.field("why", "nothing was read yet").end();
        return json.take();
    }
    std::int64_t const minute = minute_index(at);
    SeriesPoint const p = engine.series_hour(stream, minute / 60)[std::size_t(minute % 60)];
    json.field("at", minute_start(minute)).field("covered", p.covered);
    if (!p.covered) {
        json.field("why",
                   "this minute was not covered: not asked yet, an outage, or before the history");
        json.end();
        return json.take();
    }
    json.field("observed", shown(double(p.observed)));
    json.field("expected", shown(double(p.expected)));
    json.field("upper", shown(double(p.upper))).field("score", shown(double(p.score)));
    Grounds const g = unpack(p.grounds);
    if (g.stated) put_grounds(json, p, g);
    put_surge(json, stream, at);
    json.key("detectors").array();
    for (auto const& spec : stream.settings.detectors)
        json.object().field("name", spec.name).field("type", spec.type).end();
    json.end();
    std::string why = g.stated ? sentence(g) : plain(p);
    if (g.stated && g.multiplier > 1)
        why += " A surge of up to " + number(double(g.multiplier)) + " times is announced.";
    if (g.stated && g.learning) why += " The history is shorter than a day.";
    json.field("why", why).end();
    return json.take();
}

}  // namespace surged::daemon
