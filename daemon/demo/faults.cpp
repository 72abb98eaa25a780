#include "daemon/demo/faults.h"

#include "daemon/demo/random.h"

#include <array>
#include <utility>

namespace surged::daemon::demo {

std::string_view to_string(Trouble trouble) {
    constexpr std::array<std::string_view, kTroubles> kNames = {
        "none", "rate_limited", "server_error", "cut",        "slow",           "stall",
        "html", "truncated",    "malformed",    "duplicates", "expired_cursor", "token_expired"};
    return kNames[static_cast<std::size_t>(trouble)];
}

Faults Faults::everything(std::uint64_t seed, double share) {
    double const each = share / 10;
    Faults plan;
    plan.seed = seed;
    plan.server_error = plan.cut = plan.slow = plan.stall = each;
    plan.html = plan.truncated = plan.malformed = each;
    plan.duplicates = plan.expired_cursor = plan.token_expired = each;
    plan.storm_every = 60;
    plan.storm_length = 2;
    return plan;
}

Trouble decide(Faults const& plan, std::uint64_t number) {
    if (plan.storm_every > 0) {
        std::uint64_t const round = number / plan.storm_every;
        std::uint64_t const room =
            plan.storm_every > plan.storm_length ? plan.storm_every - plan.storm_length : 0;
        std::uint64_t const start = scramble(plan.seed + 1, round) % (room + 1);
        std::uint64_t const at = number % plan.storm_every;
        if (at >= start && at < start + plan.storm_length) return Trouble::rate_limited;
    }
    std::array<std::pair<Trouble, double>, 10> const shares = {
        {{Trouble::server_error, plan.server_error},
         {Trouble::cut, plan.cut},
         {Trouble::slow, plan.slow},
         {Trouble::stall, plan.stall},
         {Trouble::html, plan.html},
         {Trouble::truncated, plan.truncated},
         {Trouble::malformed, plan.malformed},
         {Trouble::duplicates, plan.duplicates},
         {Trouble::expired_cursor, plan.expired_cursor},
         {Trouble::token_expired, plan.token_expired}}};
    double draw = lot(plan.seed, number);
    for (auto const& [trouble, share] : shares) {
        if (draw < share) return trouble;
        draw -= share;
    }
    return Trouble::none;
}

}  // namespace surged::daemon::demo
