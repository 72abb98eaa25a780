// `surged check`: what it prints, where, and how it exits.
#include "config_directory.h"
#include "daemon/commands/check.h"
#include "daemon/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace surged::tests {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

struct Ran {
    int code = 0;
    std::string out, err;
};

Ran run_check(std::string const& path, bool explain) {
    std::ostringstream out;
    std::ostringstream err;
    int const code = daemon::check(path, explain, out, err);
    return {code, out.str(), err.str()};
}

constexpr char const* kText =
    "receivers:\n"
    "  hook: {type: webhook, url: 'http://127.0.0.1:1/'}\n"
    "  mail: {type: webhook, url: 'http://127.0.0.1:2/'}\n"
    "accounts:\n"
    "  x: {platform: x, bearer_token_file: token, budget: {reads: 30000 per 30d, cost: 0.005 USD "
    "per read, requests: 1 per 15m}}\n"
    "  more: {platform: x, bearer_token_file: token, budget: {cost: 0.005 USD per read}}\n"
    "response_policies:\n"
    "  twitter: {acknowledge: 10m, respond: 1h, warn_at: [50%, 5m]}\n"
    "brands:\n"
    "  - name: acme\n"
    "    notify: {opened: [hook], warning: [mail], breached: [hook, mail]}\n"
    "    escalation: [{after: 20m, notify: [mail]}]\n"
    "    streams:\n"
    "      - {name: a, account: x, kind: search, query: acme}\n"
    "      - {name: b, account: more, kind: search, query: acme, every: 2m}\n";

TEST(Check, AFaultIsOnStandardErrorAndExitsTwo) {
    Directory const d;
    auto const file = d.write("c.yaml", "recievers: {}\n" + std::string(kText));
    d.write("token", "t");
    auto const ran = run_check(file, true);
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, testing::StartsWith(file + ":1:1: error: unknown key 'recievers': did you "
                                                    "mean 'receivers'?\n"));
}

TEST(Check, AValidFileSaysSoLastAndExitsZero) {
    Directory const d;
    auto const file = d.write("c.yaml", kText);
    d.write("token", "t", 0644);
    auto const ran = run_check(file, false);
    EXPECT_EQ(ran.code, 0);
    auto const warnings = std::count(ran.err.begin(), ran.err.end(), '\n');
    EXPECT_GE(warnings, 2);  // the token, named by two accounts
    EXPECT_EQ(ran.out, file + ": valid, " + std::to_string(warnings) + " warnings\n");
}

TEST(Check, ExplainIsATimeline) {
    Directory const d;
    auto const file = d.write("c.yaml", kText);
    d.write("token", "t");
    auto const ran = run_check(file, true);
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(
        ran.out,
        HasSubstr(
            "brand acme\n\n"
            "  x, policy twitter (a, b)\n"
            "    page  +0s      incident opened                                  -> hook\n"
            "    page  +5m      warning: acknowledge, 50 % used                  -> mail\n"
            "    page  +5m      warning: acknowledge, 5m left                    -> mail\n"
            "    page  +10m     acknowledge is due: breached from here           -> hook, mail\n"
            "    page  +20m     escalation: nobody has acknowledged              -> mail\n"
            "    onset +30m     warning: respond, 50 % used                      -> mail\n"
            "    onset +55m     warning: respond, 5m left                        -> mail\n"
            "    onset +1h      respond is due: breached from here               -> hook, mail\n"));
    EXPECT_THAT(ran.out, HasSubstr("  false pages allowed: 2.00 a week, all streams together\n"));
    EXPECT_THAT(ran.out, HasSubstr("  x: 1 stream, at rest 1440 requests a day\n"
                                   "    requests: at most 1 per 15m: LESS than its streams ask at "
                                   "rest, polling will slow down\n"
                                   "    reads: at most 30000 per 30d, 150.00 USD per 30d at worst; "
                                   "20 % kept for streams in surge\n"));
    // 720 requests a day of 100 posts each at 0.005 USD
    EXPECT_THAT(ran.out, HasSubstr("  more (x): 1 stream, at rest 720 requests a day\n"
                                   "    reads: without a budget (`reads:`); full pages at every "
                                   "look would cost 360.00 USD a day\n"));
    EXPECT_THAT(ran.out, HasSubstr(file + ": valid, "));
    EXPECT_THAT(ran.out, EndsWith("\n"));
}

}  // namespace
}  // namespace surged::tests
