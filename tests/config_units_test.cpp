#include "config/section.h"
#include "config/units.h"
#include "daemon/pollers/pollers.h"

#include <gtest/gtest.h>

namespace surged::config {
namespace {

using std::chrono::seconds;

TEST(Units, Durations) {
    EXPECT_EQ(parse_duration("90s"), seconds{90});
    EXPECT_EQ(parse_duration("15m"), seconds{900});
    EXPECT_EQ(parse_duration("1h30m"), seconds{5400});
    EXPECT_EQ(parse_duration("7d"), seconds{604800});
    EXPECT_EQ(parse_duration("1d2h3m4s"), seconds{93784});
    EXPECT_EQ(parse_duration("0s"), seconds{0});
    EXPECT_EQ(parse_duration("010s"), seconds{10});  // a duration is no number: no octal in it
    for (auto const* bad :
         {"", "s", "90", "-5m", "+5m", "1.5h", "5 m", "5m ", " 5m", "30m1h", "1h1h", "1w", "5M",
          "1h30", "99999999999999999999s", "9223372036854775807d", "366001d"})
        EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
    EXPECT_EQ(format_duration(seconds{60}), "60s");
    EXPECT_EQ(format_duration(seconds{120}), "2m");
    EXPECT_EQ(format_duration(seconds{5400}), "1h30m");
    EXPECT_EQ(format_duration(seconds{86401}), "1d1s");
    EXPECT_EQ(format_duration(seconds{-5400}), "-1h30m");
}

TEST(Units, NumbersAreDecimal) {
    EXPECT_EQ(parse_number("12"), 12);
    EXPECT_EQ(parse_number("-0.5"), -0.5);
    EXPECT_EQ(parse_number("1e6"), 1e6);
    EXPECT_EQ(parse_number("0"), 0);
    for (auto const* bad : {"", "012", "-01", "0x1F", "0o7", "1_000", ".5", ".inf", "-.inf", ".nan",
                            "inf", "nan", "1e999", "12abc", "+1", " 1", "1 "})
        EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
    EXPECT_EQ(format_number(0.005), "0.005");
    EXPECT_EQ(format_number(1e6), "1000000");
}

TEST(Units, Percentages) {
    EXPECT_DOUBLE_EQ(parse_percent("20%").value(), 0.2);
    EXPECT_DOUBLE_EQ(parse_percent("0.5%").value(), 0.005);
    EXPECT_DOUBLE_EQ(parse_percent("100%").value(), 1);
    for (auto const* bad : {"", "%", "20", "20 %", "101%", "-1%", "20%%"})
        EXPECT_EQ(parse_percent(bad), std::nullopt) << bad;
}

TEST(Units, RatesAndPrices) {
    EXPECT_EQ(parse_rate("450 per 15m"), (Rate{450, seconds{900}}));
    EXPECT_EQ(parse_rate("1 per 7d"), (Rate{1, seconds{604800}}));
    EXPECT_EQ(parse_rate("0.5 per 1d"), (Rate{0.5, seconds{86400}}));
    for (auto const* bad : {"", "450", "450 per", "450 / 15m", "0 per 1d", "-1 per 1d", "1 per 0s",
                            "1 per day", "1 per 1d more"})
        EXPECT_EQ(parse_rate(bad), std::nullopt) << bad;
    EXPECT_EQ(format_rate({100000, seconds{2592000}}), "100000 per 30d");
    auto const cost = parse_cost("0.005 USD per read");
    ASSERT_TRUE(cost);
    EXPECT_DOUBLE_EQ(cost->amount, 0.005);
    EXPECT_EQ(cost->currency, "USD");
    for (auto const* bad :
         {"0.005 USD", "USD 0.005 per read", "0.005 usd per read", "0.005 USD per post"})
        EXPECT_FALSE(parse_cost(bad)) << bad;
}

TEST(Nearest, IsWhatWasMeantOrNothing) {
    std::vector<std::string_view> const keys{"receivers", "accounts", "brands", "every", "to"};
    EXPECT_EQ(nearest("recievers", keys), "receivers");  // two letters swapped
    EXPECT_EQ(nearest("receiver", keys), "receivers");
    EXPECT_EQ(nearest("evry", keys), "every");
    EXPECT_EQ(nearest("brnads", keys), "brands");
    EXPECT_EQ(nearest("zebra", keys), "");
    EXPECT_EQ(nearest("", keys), "");
    EXPECT_EQ(nearest("xy", keys), "");  // two letters have everything near
    EXPECT_EQ(nearest(std::string(1000, 'a'), keys), "");
    EXPECT_EQ(nearest("password", {"passphrase", "password_file"}), "password_file");
}

TEST(Platforms, LinksFindTheirPlatform) {
    auto const of = [](std::string_view host) {
        auto const* const row = daemon::platform_of_host(host);
        return row == nullptr ? std::string_view{} : row->name;
    };
    EXPECT_EQ(of("x.com"), "x");
    EXPECT_EQ(of("mobile.twitter.com"), "x");
    EXPECT_EQ(of("www.facebook.com"), "facebook");
    EXPECT_EQ(of("youtu.be"), "youtube");
    EXPECT_EQ(of("notx.com"), "");
    EXPECT_EQ(of("x.com.example"), "");
    EXPECT_EQ(of(""), "");
    EXPECT_EQ(of("mastodon.social"), "");  // any host may be one
}

}  // namespace
}  // namespace surged::config
