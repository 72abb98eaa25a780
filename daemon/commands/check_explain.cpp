// `surged check --explain`: the rules of a file as a person would tell them.
#include "config/units.h"
#include "daemon/commands/check.h"
#include "daemon/settings.h"
#include "daemon/side_streams.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <ostream>
#include <set>

namespace surged::daemon {
namespace {

using config::format_duration;
using config::format_number;
using detectors::ClockKind;
using detectors::Moment;
using detectors::Policy;
using std::chrono::seconds;

// Posts on one page of an answer, at most, where a platform charges for each (X).
constexpr double kPostsPerRequest = 100;

struct Line {
    seconds at{0};
    bool from_page = false;  // counts from the opening page, else from the onset
    std::string what, to;
};

struct ClockRow {
    ClockKind kind;
    std::string_view name;
    std::optional<seconds> limit;
    bool from_page;
};

std::array<ClockRow, 3> clocks(Policy const& policy) {
    bool const opened = !policy.from_onset;
    return {{{ClockKind::acknowledge, "acknowledge", policy.acknowledge, true},
             {ClockKind::respond, "respond", policy.respond, opened},
             {ClockKind::resolve, "resolve", policy.resolve, opened}}};
}

std::string join(std::vector<std::string> const& names) {
    std::string out;
    for (auto const& name : names) out += (out.empty() ? "" : ", ") + name;
    return out.empty() ? "nobody" : out;
}

std::string told(detectors::BrandRules const& rules, Moment moment) {
    auto const it = rules.notify.find(moment);
    return it == rules.notify.end() ? "nobody" : join(it->second);
}

std::string percent(double share) {
    return format_number(std::round(share * 1000) / 10) + " %";
}

seconds part(seconds whole, double share) {
    return seconds{std::llround(double(whole.count()) * share)};
}

void add_clock(detectors::BrandRules const& rules, Policy const& policy, ClockRow const& clock,
               std::vector<Line>& out) {
    if (!clock.limit) return;
    std::string const name(clock.name);
    for (auto const& point : policy.warn_at) {
        bool const share = point.share > 0;
        auto const at = share ? part(*clock.limit, point.share) : *clock.limit - point.before_end;
        if (at.count() <= 0) continue;
        out.push_back({at, clock.from_page,
                       "warning: " + name + ", " +
                           (share ? percent(point.share) + " used"
                                  : format_duration(point.before_end) + " left"),
                       told(rules, Moment::warning)});
    }
    auto what = name + " is due: breached from here";
    if (policy.repeat_every) what += ", again each " + format_duration(*policy.repeat_every);
    out.push_back({*clock.limit, clock.from_page, what, told(rules, Moment::breached)});
}

void add_step(Policy const& policy, detectors::EscalationStep const& step, std::vector<Line>& out) {
    Line line;
    line.to = join(step.notify);
    line.what = "escalation";
    if (step.after) {
        line.at = *step.after;
        line.from_page = true;
        line.what += ": nobody has acknowledged";
    }
    for (auto const& clock : clocks(policy)) {
        if (step.after || !step.clock || *step.clock != clock.kind) continue;
        if (!clock.limit || (step.before && *step.before >= *clock.limit)) return;
        line.at = step.at_share ? part(*clock.limit, *step.at_share) : *clock.limit - *step.before;
        line.from_page = clock.from_page;
        line.what += ": " + std::string(clock.name) + ", " +
                     (step.at_share ? percent(*step.at_share) + " used"
                                    : format_duration(*step.before) + " left");
    }
    if (!step.after && line.at.count() == 0) return;  // this policy has no such clock
    if (step.repeat) line.what += ", again each " + format_duration(*step.repeat);
    out.push_back(std::move(line));
}

void print(std::vector<Line> lines, std::ostream& out) {
    std::stable_sort(lines.begin(), lines.end(),
                     [](auto const& a, auto const& b) { return a.at < b.at; });
    for (auto const& line : lines) {
        std::array<char, 256> text{};
        std::snprintf(text.data(), text.size(), "    %-5s +%-7s %-48s",
                      line.from_page ? "page" : "onset", format_duration(line.at).c_str(),
                      line.what.c_str());
        out << text.data() << " -> " << line.to << '\n';
    }
}

void explain_timeline(detectors::BrandRules const& rules, std::string const& platform,
                      Policy const& policy, std::vector<std::string> const& streams,
                      std::ostream& out) {
    out << "\n  " << platform << ", policy " << policy.name << " (" << join(streams) << ")\n";
    std::vector<Line> lines;
    lines.push_back({seconds{0}, true, "incident opened", told(rules, Moment::opened)});
    for (auto const& clock : clocks(policy)) add_clock(rules, policy, clock, lines);
    for (auto const& step : rules.escalation) add_step(policy, step, lines);
    print(std::move(lines), out);
    if (policy.acknowledge_expires)
        out << "    acknowledged, but no public answer "
            << format_duration(*policy.acknowledge_expires)
            << " later: the acknowledgement is taken back and it rings again\n";
}

// Pages a week that chance alone is allowed; detectors without a budget are counted apart.
double false_pages_a_week(BrandSettings const& brand, std::size_t& without) {
    double sum = 0;
    for (auto const& stream : brand.streams)
        for (auto const& detector : stream.detectors) {
            if (detector.type == "surge")
                sum += detector.surge.false_pages * 7 * 86400 / double(detector.surge.per.count());
            else
                ++without;
        }
    return sum;
}

void explain_brand(BrandSettings const& brand, std::ostream& out) {
    auto const& rules = brand.rules;
    out << "brand " << rules.name << '\n';
    std::map<std::pair<std::string, std::string>, std::vector<std::string>> groups;
    std::map<std::string, Policy const*> policies;
    for (auto const& stream : brand.streams) {
        groups[{stream.platform, stream.policy.name}].push_back(stream.name);
        policies[stream.policy.name] = &stream.policy;
    }
    for (auto const& [group, streams] : groups)
        explain_timeline(rules, group.first, *policies.at(group.second), streams, out);
    out << "\n  closes by itself " << format_duration(rules.close_after)
        << " after its last surge ended and its last clock was met or came due; watched for "
        << format_duration(rules.watch_after) << " after that\n";
    for (auto const& e : brand.expected_surges)
        out << "  from " << detectors::rfc3339(e.from) << " to " << detectors::rfc3339(e.to)
            << " up to " << format_number(e.ratio) << " times the usual is expected"
            << (e.streams.empty() ? "" : " on " + join(e.streams))
            << (e.why.empty() ? "" : ": " + e.why) << '\n';
    out << "  when a receiver fails: " << join(rules.fallback) << '\n';
    std::size_t without = 0;
    double const pages = false_pages_a_week(brand, without);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.2f", pages);
    out << "  false pages allowed: " << text.data() << " a week, all streams together";
    if (without > 0)
        out << "; " << without << (without == 1 ? " detector has" : " detectors have")
            << " no budget";
    out << "\n\n";
}

// "0.005" and "500", never "499.99999999".
std::string money(double amount, std::string const& currency) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.2f", amount);
    return std::string(text.data()) + " " + currency;
}

void explain_account(AccountSettings const& account, std::size_t streams, double a_day,
                     std::ostream& out) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.0f", std::ceil(a_day));
    out << "  " << account.name;
    if (account.name != account.platform) out << " (" << account.platform << ")";
    out << ": " << streams << (streams == 1 ? " stream" : " streams") << ", at rest " << text.data()
        << " requests a day\n";
    auto const& budget = account.budget;
    for (auto const& rate : budget.requests) {
        out << "    requests: at most " << config::format_rate(rate);
        if (a_day * double(rate.per.count()) / 86400 > rate.amount)
            out << ": LESS than its streams ask at rest, polling will slow down";
        out << '\n';
    }
    if (budget.reads) {
        out << "    reads: at most " << config::format_rate(*budget.reads);
        if (budget.cost > 0)
            out << ", " << money(budget.reads->amount * budget.cost, budget.currency) << " per "
                << format_duration(budget.reads->per) << " at worst";
        out << "; " << percent(budget.reserve) << " kept for streams in surge\n";
    } else if (budget.cost > 0) {
        out << "    reads: without a budget (`reads:`); full pages at every look would cost "
            << money(a_day * kPostsPerRequest * budget.cost, budget.currency) << " a day\n";
    }
}

void explain_reading(Settings const& settings, std::ostream& out) {
    std::map<std::string, std::pair<std::size_t, double>> asked;  // streams, requests a day
    for (auto const& brand : settings.brands)
        for (auto const& stream : brand.streams) {
            if (stream.account.empty()) continue;
            auto& [count, a_day] = asked[stream.account];
            ++count;
            a_day += 86400 / double(stream.every.count());
        }
    // Our own posts are read besides, by an account that is in the list already.
    for (auto const& side : side_sources(settings))
        if (side.use == SideSource::Use::own)
            asked[side.settings.account].second += 86400 / double(side.settings.every.count());
    out << "reading\n";
    if (asked.empty()) out << "  nothing is asked: every stream is pushed\n";
    for (auto const& [name, sum] : asked)
        explain_account(settings.accounts.at(name), sum.first, sum.second, out);
    out << '\n';
}

}  // namespace

void explain_settings(Settings const& settings, std::ostream& out) {
    out << "Times count from the onset, the public's clock, or from the opening page, which comes\n"
           "a little later. Warnings and breaches are only told while their clock is open.\n\n";
    for (auto const& brand : settings.brands) explain_brand(brand, out);
    if (!settings.heartbeat.receivers.empty())
        out << "heartbeat each " << format_duration(settings.heartbeat.every) << " -> "
            << join(settings.heartbeat.receivers) << "\n\n";
    explain_reading(settings, out);
}

}  // namespace surged::daemon
