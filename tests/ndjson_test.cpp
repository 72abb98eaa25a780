#include "daemon/ndjson.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::tests {
namespace {

using daemon::each_line, daemon::Fault, daemon::NdjsonReader;
using detectors::MentionBatch;
using detectors::MentionKind;

// The row of the contract, whole.
constexpr char const* kRow =
    R"({"id":"1750","platform":"x","stream":"acme-x","created_at":"2026-03-01T12:00:03.250Z",)"
    R"("kind":"reply","author":{"id":"77","handle":"kim","followers":1200,)"
    R"("created_at":"2019-01-01T00:00:00Z"},"text":"caf\u00e9 \"x\"","lang":"en",)"
    R"("url":"https://x.com/kim/status/1750","in_reply_to":"1740","quotes":"1741",)"
    R"("reposts":"1742","conversation":"1740","reach":1200,"seen_at":"2026-03-01T12:00:09Z",)"
    R"("unknown":{"a":[1,2]}})";

TEST(Ndjson, ReadsEveryField) {
    NdjsonReader reader;
    MentionBatch batch;
    auto const row = reader.read(kRow, batch);
    ASSERT_TRUE(row) << row.error().detail;
    EXPECT_EQ(row->platform, "x");
    EXPECT_EQ(row->stream, "acme-x");
    auto const& m = row->mention;
    EXPECT_EQ(m.id, "1750");
    EXPECT_EQ(detectors::rfc3339(m.created_at), "2026-03-01T12:00:03.250Z");
    EXPECT_EQ(detectors::rfc3339(m.seen_at), "2026-03-01T12:00:09Z");
    EXPECT_EQ(m.kind, MentionKind::reply);
    EXPECT_EQ(m.author.id, "77");
    EXPECT_EQ(m.author.handle, "kim");
    EXPECT_EQ(m.author.followers, 1200);
    EXPECT_EQ(detectors::rfc3339(m.author.created_at), "2019-01-01T00:00:00Z");
    EXPECT_EQ(m.text, "caf\u00e9 \"x\"");
    EXPECT_EQ(m.lang, "en");
    EXPECT_EQ(m.url, "https://x.com/kim/status/1750");
    EXPECT_EQ(m.in_reply_to, "1740");
    EXPECT_EQ(m.quotes, "1741");
    EXPECT_EQ(m.reposts, "1742");
    EXPECT_EQ(m.conversation, "1740");
    EXPECT_EQ(m.reach, 1200);
    EXPECT_TRUE(batch.empty()) << "whose stream it is decides the caller";
}

TEST(Ndjson, TwoKeysAreEnough) {
    NdjsonReader reader;
    MentionBatch batch;
    auto const row = reader.read(
        "\xEF\xBB\xBF{\"id\":9007199254740993,\"created_at\":"
        "\"2026-03-01T14:00:03+02:00\",\"lang\":null}\r",
        batch);
    ASSERT_TRUE(row) << row.error().detail;
    EXPECT_EQ(row->mention.id, "9007199254740993") << "a number keeps every digit";
    EXPECT_EQ(detectors::rfc3339(row->mention.created_at), "2026-03-01T12:00:03Z");
    EXPECT_EQ(row->mention.kind, MentionKind::post);
    EXPECT_EQ(row->mention.reach, -1);
    EXPECT_EQ(row->mention.author.followers, -1);
    EXPECT_EQ(row->mention.seen_at, detectors::kNoTime);
}

TEST(Ndjson, RefusesWithTheReason) {
    struct Case {
        char const* row;
        char const* reason;
    };
    std::string const t = R"("created_at":"2026-03-01T12:00:00Z")";
    NdjsonReader reader;
    MentionBatch batch;
    auto const reason = [&](std::string const& row) {
        auto const result = reader.read(row, batch);
        return result ? std::string("accepted") : result.error().detail;
    };
    EXPECT_EQ(reason("{" + t + "}"), "id: missing");
    EXPECT_EQ(reason("{\"id\":\"\"," + t + "}"), "id: missing");
    EXPECT_EQ(reason("{\"id\":null," + t + "}"), "id: missing");
    EXPECT_EQ(reason("{\"id\":[1]," + t + "}"), "id: must be text");
    EXPECT_EQ(reason("{\"id\":1.5," + t + "}"), "id: must be text");
    EXPECT_EQ(reason("{\"id\":\"" + std::string(1025, 'a') + "\"," + t + "}"),
              "id: longer than 1024 bytes");
    EXPECT_EQ(reason(R"({"id":"1"})"), "created_at: missing");
    EXPECT_EQ(reason(R"({"id":"1","created_at":"yesterday"})"), "created_at: not a time");
    EXPECT_EQ(reason(R"({"id":"1","created_at":1772366400})"), "created_at: must be text");
    EXPECT_EQ(reason("{\"id\":\"1\"," + t + ",\"kind\":\"rant\"}"),
              "kind: must be post, reply, comment, quote or repost");
    EXPECT_EQ(reason("{\"id\":\"1\"," + t + ",\"author\":\"kim\"}"), "author: must be an object");
    EXPECT_EQ(reason("{\"id\":\"1\"," + t + ",\"author\":{\"followers\":\"many\"}}"),
              "author.followers: must be a number");
    EXPECT_EQ(reason("{\"id\":\"1\"," + t + ",\"text\":\"\\ud800\"}"), "text: not Unicode text");
    EXPECT_EQ(reason("{\"id\":\"1\"," + t + ",\"text\":\"\xff\"}"), "not UTF-8");
    EXPECT_EQ(reason("{\"id\":\"1\"," + t + "} {}"), "more than one JSON value");
    for (char const* row : {"", " ", "[1]", "7", "\"a\"", "null", "{\"id\":\"1\"", "{\"id\" \"1\"}",
                            "<html>", "{\"id\":\"1\",}", "{\"id\":\"1"})
        EXPECT_EQ(reason(row).substr(0, 17), "not a JSON object") << row;
    auto const large = reader.read("{\"text\":\"" + std::string(300'000, 'a') + "\"}", batch);
    EXPECT_EQ(large.error().fault, Fault::too_large);
    EXPECT_EQ(reason("{\"id\":\"1\"," + t + "}"), "accepted") << "one bad row spoils no other";
}

TEST(Ndjson, CutsALongTextAtACharacter) {
    NdjsonReader reader;
    MentionBatch batch;
    std::string text(32'767, 'a');
    auto const row = reader.read(
        "{\"id\":\"1\",\"created_at\":\"2026-03-01T12:00:00Z\",\"text\":\"" + text + "\u00e9\"}",
        batch);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->mention.text, text) << "half of the last letter would not fit";
}

TEST(Ndjson, NumbersLinesAsAnEditorDoes) {
    std::vector<std::pair<std::size_t, std::string>> seen;
    each_line("a\n\n  \r\nb\r\nc",
              [&](std::size_t n, std::string_view line) { seen.emplace_back(n, line); });
    EXPECT_EQ(seen,
              (std::vector<std::pair<std::size_t, std::string>>{{1, "a"}, {4, "b\r"}, {5, "c"}}));
}

TEST(Ndjson, ReadsTheRecordedCrises) {
    NdjsonReader reader;
    MentionBatch batch;
    std::size_t rows = 0;
    for (auto const& [name, expected] :
         {std::pair{"airline-2015", 14640}, std::pair{"crises-2012-2013", 56988},
          std::pair{"support-2017", 5000}}) {
        std::string const recording = name;
        std::ifstream file(SHARED_DIR "/data/mentions/" + recording + ".ndjson");
        if (!file) GTEST_SKIP() << "recorded mentions are not on this machine";
        std::stringstream whole;
        whole << file.rdbuf();
        std::string text = whole.str();
        text.reserve(text.size() + NdjsonReader::kPadding);
        std::size_t good = 0;
        each_line(text, [&](std::size_t number, std::string_view line) {
            auto const row = reader.read_padded(line, batch);
            if (row)
                ++good;
            else
                ADD_FAILURE() << recording << ":" << number << ": " << row.error().detail;
            if (batch.items.empty() && number % 1000 == 0) batch.clear();
        });
        EXPECT_EQ(good, std::size_t(expected)) << name;
        rows += good;
    }
    EXPECT_EQ(rows, 76'628u);
}

// How fast, for a release build: the number is printed, not asserted.
TEST(Ndjson, NightSpeed) {
    NdjsonReader reader;
    MentionBatch batch;
    std::string text;
    for (int i = 0; i < 200'000; ++i) text.append(kRow).append("\n");
    text.reserve(text.size() + NdjsonReader::kPadding);
    auto const started = std::clock();
    std::size_t rows = 0;
    each_line(text, [&](std::size_t, std::string_view line) {
        rows += reader.read_padded(line, batch) ? 1 : 0;
        if (rows % 1000 == 0) batch.clear();
    });
    double const spent = double(std::clock() - started) / CLOCKS_PER_SEC;
    std::printf("%.2f million rows a second\n", double(rows) / spent / 1e6);
    EXPECT_EQ(rows, 200'000u);
}

}  // namespace
}  // namespace surged::tests
