#include "detectors/time.h"

#include "detectors/archive.h"
#include "detectors/json_writer.h"
#include "detectors/mention.h"

#include <gtest/gtest.h>

namespace surged::detectors {
namespace {

TEST(Time, ReadsWhatPlatformsWrite) {
    auto const expected = WallTime{std::chrono::milliseconds{1772366403250}};
    EXPECT_EQ(parse_time("2026-03-01T12:00:03.250Z"), expected);
    EXPECT_EQ(parse_time("2026-03-01T14:00:03.250999+02:00"), expected);
    EXPECT_EQ(parse_time("2026-03-01t06:30:03.25-0530"), expected);  // Graph API's offset form
    EXPECT_EQ(parse_time("2026-03-01 12:00:03.25"), expected);       // CSV
    EXPECT_EQ(rfc3339(expected), "2026-03-01T12:00:03.250Z");
    EXPECT_EQ(rfc3339(floor_minute(expected)), "2026-03-01T12:00:00Z");
}

TEST(Time, RefusesWhatIsNoTime) {
    for (auto const* bad :
         {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-03-01T24:00:00Z",
          "2026-03-01T12:00:03.Z", "2026-03-01T12:00:03Zx", "1969-12-31T23:59:59Z",
          "2026-03-01T12:00:03+2"})
        EXPECT_EQ(parse_time(bad), std::nullopt) << bad;
}

TEST(Mention, KeysOfNumbersAreTheNumbersAndOthersNeverCollideWithThem) {
    EXPECT_EQ(key_of("9007199254740993"), 9007199254740993ULL);  // beyond 2^53
    EXPECT_EQ(key_of("0"), 0ULL);
    EXPECT_GE(key_of("007"), 1ULL << 63U);
    EXPECT_GE(key_of("9999999999999999999"), 1ULL << 63U);
    EXPECT_GE(key_of("at://did:plc:x/app.bsky.feed.post/3k"), 1ULL << 63U);
    EXPECT_NE(key_of("a"), key_of("b"));
}

TEST(Mention, BatchKeepsItsMemory) {
    MentionBatch batch;
    auto const first = batch.keep("hello");
    EXPECT_EQ(first, "hello");
    std::string const big(1'000'000, 'x');
    EXPECT_EQ(batch.keep(big), big);
    EXPECT_EQ(first, "hello");
    batch.clear();
    EXPECT_EQ(batch.keep("again").data(), first.data());
}

TEST(JsonWriter, EscapesAndRepairs) {
    JsonWriter json;
    json.object().field("a", 31.5).field("b\n", "x\"\\\x01\xff").field("c", true);
    json.key("d").array().value(1).value(2.0).end().text_if("e", "").end();
    EXPECT_EQ(json.text(),
              "{\"a\":31.5,\"b\\n\":\"x\\\"\\\\\\u0001\xEF\xBF\xBD\",\"c\":true,\"d\":[1,2]}");
}

struct Point {
    int x = 0;
    std::vector<std::string> names;
    std::optional<WallTime> at;
};
template <typename A>
void archive(A& a, Point& p) {
    a(p.x, p.names, p.at);
}

TEST(Archive, GoesThereAndBackAndRefusesDamage) {
    Point const p{7, {"a", ""}, WallTime{std::chrono::milliseconds{5}}};
    std::string const blob = to_blob(p);
    Point q;
    ASSERT_TRUE(from_blob(blob, q));
    EXPECT_EQ(to_blob(q), blob);
    for (std::size_t cut = 0; cut < blob.size(); ++cut) {
        Point r;
        EXPECT_FALSE(from_blob(std::string_view(blob).substr(0, cut), r)) << cut;
    }
    Point s;
    EXPECT_FALSE(from_blob(blob + "x", s));
}

}  // namespace
}  // namespace surged::detectors
