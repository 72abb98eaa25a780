#include "daemon/poll_loop.h"
#include "detectors/archive.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::int64_t kSlices = 60;  // of a window: it forgets in sixtieths, never too early
constexpr auto kLongWindow = 1h;      // shorter ones pace, they do not run out
constexpr double kLow = 0.8, kNoLongerLow = 0.7;
constexpr double kFirstPage = 100;  // reads of a page before any was seen
constexpr double kQuarter = 0.25;
constexpr std::uint64_t kAskingMax = 1000;  // of a saved pace: more is a damaged blob
constexpr auto kOnTheirWay = 1s;            // until answers on their way say what they cost
constexpr auto kBehindOthers = 50ms;        // somebody came first and will ask at once
// Kinds of streams whose endpoints a platform limits one by one. A limit of such a name binds the
// streams of that kind, any other binds the account.
constexpr std::array<std::string_view, 5> kEndpoints{"search", "mentions", "counts", "own",
                                                     "lookup"};

bool binds(std::string_view limit, std::string_view kind) {
    if (limit.empty() || limit == kind) return true;
    return std::find(kEndpoints.begin(), kEndpoints.end(), limit) == kEndpoints.end();
}

milliseconds slice_length(Rate const& rate) {
    return std::max(milliseconds{1}, milliseconds{rate.per} / kSlices);
}
std::int64_t slice_of(WallTime t, Rate const& rate) {
    return t.time_since_epoch() / slice_length(rate);
}
// When nothing of the slice is inside the window any more.
WallTime expiry(std::int64_t slice, Rate const& rate) {
    return WallTime{slice_length(rate) * (slice + 1)} + rate.per;
}

double used_at(AccountPace::Window const& window, WallTime now) {
    double used = 0;
    for (auto const& [slice, spent] : window.slices)
        if (expiry(slice, window.rate) > now) used += spent;
    return used;
}

}  // namespace

AccountPace::AccountPace(BudgetSettings budget) : budget_(std::move(budget)) {
    if (budget_.reads) windows_.push_back({"reads", *budget_.reads});
    for (Rate const& rate : budget_.requests) windows_.push_back({"requests", rate});
    std::erase_if(windows_, [](Window const& w) { return w.rate.per <= 0s || w.rate.amount <= 0; });
    if (budget_.reads) page_reads_ = std::min(kFirstPage, budget_.reads->amount / 10);
}

double AccountPace::next_cost(Window const& window) const {
    return window.kind == "reads" ? page_reads_ : 1;
}

milliseconds AccountPace::window_wait(Window const& window, WallTime now, bool surging) const {
    double const allowed = window.rate.amount * (surging ? 1 : 1 - budget_.reserve);
    // Requests on their way are spent as soon as they are sent; only their reads are still to come.
    double const coming = window.kind == "reads" ? double(on_their_way_) * page_reads_ : 0;
    double const used = used_at(window, now) + coming;
    double const cost = next_cost(window);
    double over = used + cost - allowed;
    if (over > 1e-9) {
        if (over <= coming) return kOnTheirWay;
        WallTime until = now + 1min;  // a single page may be more than is allowed at all
        for (auto const& [slice, spent] : window.slices) {
            if (expiry(slice, window.rate) <= now) continue;
            until = expiry(slice, window.rate);
            over -= spent;
            if (over <= 1e-9) break;
        }
        return until - now;
    }
    if (surging || window.rate.per < kLongWindow || used < kLow * allowed) return 0ms;
    if (last_spent_ == detectors::kNoTime) return 0ms;
    // What is left shall last until the window gives something back.
    WallTime back = now;
    for (auto const& [slice, spent] : window.slices) {
        back = expiry(slice, window.rate);
        if (back > now && spent > 0) break;
    }
    double const usual = window.kind == "reads" ? std::max(usual_reads_, 1.0) : 1;
    double const each = double((back - now).count()) * usual / std::max(allowed - used, usual);
    WallTime const next = last_spent_ + milliseconds{std::llround(each)};
    return std::clamp<milliseconds>(next - now, 0ms, std::max<milliseconds>(back - now, 0ms));
}

milliseconds AccountPace::wait(WallTime now, bool surging, std::string_view kind) const {
    milliseconds wait{0};
    for (auto const& [whose, until] : throttled_)
        if (binds(whose, kind) && until > now) wait = std::max<milliseconds>(wait, until - now);
    for (RateLimit const& limit : limits_) {
        bool const used_up = limit.low > 0 ? limit.remaining <= limit.low
                                           : limit.remaining - double(on_their_way_) < 1;
        if (used_up && binds(limit.kind, kind) && limit.reset != RateLimit::kNever &&
            limit.reset > now)
            wait = std::max<milliseconds>(wait, limit.reset - now);
    }
    for (Window const& window : windows_) wait = std::max(wait, window_wait(window, now, surging));
    return wait;
}

void AccountPace::spend(WallTime now, std::uint64_t requests, std::uint64_t reads,
                        std::string_view kind) {
    if (requests > 0) last_spent_ = now;
    if (requests == 0) {
        page_reads_ = std::max(page_reads_, double(reads));
        usual_reads_ += (double(reads) - usual_reads_) / 8;
    }
    for (RateLimit& limit : limits_)
        if (limit.low == 0 && limit.remaining >= 1 && binds(limit.kind, kind))
            limit.remaining -= double(requests);
    for (Window& window : windows_)
        spend(window, now, double(window.kind == "reads" ? reads : requests));
}

void AccountPace::lost(WallTime now) {
    for (Window& window : windows_)
        if (window.kind == "reads") spend(window, now, page_reads_);
}

void AccountPace::spend(Window& window, WallTime now, double amount) {
    while (!window.slices.empty() && expiry(window.slices.front().first, window.rate) <= now)
        window.slices.pop_front();
    if (amount > 0) {
        std::int64_t const slice = slice_of(now, window.rate);
        // A clock that went back spends into the newest slice: forgotten later, never earlier.
        if (window.slices.empty() || window.slices.back().first < slice)
            window.slices.emplace_back(slice, 0);
        window.slices.back().second += amount;
    }
    window.used = used_at(window, now);
    window.started = window.slices.empty()
                         ? detectors::kNoTime
                         : WallTime{slice_length(window.rate) * window.slices.front().first};
}

void AccountPace::told(std::vector<RateLimit> const& limits) {
    for (RateLimit const& limit : limits) {
        auto const known = std::find_if(limits_.begin(), limits_.end(),
                                        [&](RateLimit const& l) { return l.kind == limit.kind; });
        if (known == limits_.end())
            limits_.push_back(limit);
        else
            *known = limit;
    }
}

void AccountPace::throttled(WallTime until, std::string_view kind) {
    // Only where the platform limits by endpoint; elsewhere a refusal is everybody's.
    bool const by_endpoint = std::any_of(limits_.begin(), limits_.end(), [&](RateLimit const& l) {
        return !kind.empty() && l.kind == kind;
    });
    std::string const whose(by_endpoint ? kind : std::string_view{});
    for (auto& [name, end] : throttled_)
        if (name == whose) {
            end = std::max(end, until);
            return;
        }
    throttled_.emplace_back(whose, until);
}

int AccountPace::slowdown(WallTime now) const {
    for (RateLimit const& limit : limits_)
        if (limit.of > 0 && limit.remaining < kQuarter * limit.of &&
            (limit.reset == RateLimit::kNever || limit.reset > now))
            return 2;
    for (Window const& window : windows_)
        if (window.rate.per >= kLongWindow &&
            used_at(window, now) > (1 - kQuarter) * window.rate.amount * (1 - budget_.reserve))
            return 2;
    return 1;
}

std::pair<std::string, double> AccountPace::used_ratio(WallTime now) const {
    std::pair<std::string, double> dearest{"", 0};
    for (Window const& window : windows_) {
        double const ratio = used_at(window, now) / window.rate.amount;
        if (dearest.first.empty() || ratio > dearest.second) dearest = {window.kind, ratio};
    }
    return dearest;
}

std::optional<std::pair<std::string, double>> AccountPace::newly_low(WallTime now) {
    std::pair<std::string, double> dearest{"", 0};
    for (Window const& window : windows_) {
        double const ratio = used_at(window, now) / window.rate.amount;
        if (window.rate.per >= kLongWindow && ratio > dearest.second)
            dearest = {window.kind, ratio};
    }
    double const allowed = std::max(1 - budget_.reserve, 0.01);
    if (dearest.second < kNoLongerLow * allowed) low_ = false;
    if (low_ || dearest.second < kLow * allowed) return std::nullopt;
    low_ = true;
    return dearest;
}

bool AccountPace::newly_refused(bool refused) {
    bool const first = refused && !refused_;
    refused_ = refused;
    return first;
}

AccountPace::Turn::Turn(AccountPace& pace) : pace_(pace), number_(pace.next_turn_++) {
    pace_.queue_.push_back({number_, WallTime::max()});
}

milliseconds AccountPace::Turn::wait(WallTime now, bool surging, std::string_view kind) {
    milliseconds wait = pace_.wait(now, surging, kind);
    for (Queued& place : pace_.queue_) {
        if (place.number == number_) {
            place.ready = now + wait;
            break;
        }
        // Who came earlier and only has to wake up goes first.
        if (wait == 0ms && place.ready <= now) wait = kBehindOthers;
    }
    return wait;
}

void AccountPace::Turn::take() {
    done();
    asking_ = true;
    ++pace_.on_their_way_;
}

void AccountPace::Turn::done() {
    if (queued_)
        std::erase_if(pace_.queue_, [&](Queued const& place) { return place.number == number_; });
    if (asking_) --pace_.on_their_way_;
    queued_ = asking_ = false;
}

namespace {
struct SavedWindow {
    std::string kind;
    std::chrono::seconds per{0};
    std::vector<std::int64_t> slices;
    std::vector<double> spent;
};
template <typename A>
void archive(A& a, SavedWindow& w) {
    a(w.kind, w.per, w.slices, w.spent);
}
struct SavedPace {
    std::uint32_t version = 2;
    std::vector<SavedWindow> windows;
    WallTime last_spent = detectors::kNoTime;
    double page_reads = 0, usual_reads = 1;
    std::uint64_t on_their_way = 0;  // from version 2 on
};
template <typename A>
void archive(A& a, SavedPace& p) {
    a(p.version, p.windows, p.last_spent, p.page_reads, p.usual_reads);
    if (p.version >= 2) a(p.on_their_way);
}
}  // namespace

std::string AccountPace::save() const {
    SavedPace saved;
    saved.last_spent = last_spent_;
    saved.page_reads = page_reads_;
    saved.usual_reads = usual_reads_;
    saved.on_their_way = on_their_way_;
    for (Window const& window : windows_) {
        SavedWindow w{window.kind, window.rate.per, {}, {}};
        for (auto const& [slice, spent] : window.slices) {
            w.slices.push_back(slice);
            w.spent.push_back(spent);
        }
        saved.windows.push_back(std::move(w));
    }
    return detectors::to_blob(saved);
}

bool AccountPace::restore(std::string_view blob) {
    SavedPace saved;
    if (!detectors::from_blob(blob, saved) || saved.version < 1 || saved.version > 2) return false;
    last_spent_ = saved.last_spent;
    page_reads_ = std::max(page_reads_, saved.page_reads);
    usual_reads_ = saved.usual_reads;
    // A window whose length was changed begins anew; one whose amount changed goes on.
    for (Window& window : windows_)
        for (SavedWindow const& w : saved.windows) {
            if (w.kind != window.kind || w.per != window.rate.per ||
                w.slices.size() != w.spent.size())
                continue;
            window.slices.clear();
            for (std::size_t i = 0; i < w.slices.size(); ++i)
                window.slices.emplace_back(w.slices[i], w.spent[i]);
            window.used = 0;
            for (double const spent : w.spent) window.used += spent;
        }
    // What was asked and not answered when this was saved may have been charged for.
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(saved.on_their_way, kAskingMax); ++i)
        lost(last_spent_);
    return true;
}

}  // namespace surged::daemon
