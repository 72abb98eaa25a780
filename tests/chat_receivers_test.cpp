// Goal: what each chat is sent, to the byte, for every stage of a crisis; that the tool takes it;
// that no stranger's text does anything there; and what each of its answers means.
#include "exporters/json_reader.h"
#include "exporters/receivers/chat.h"
#include "tests/staged_crisis.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace surged::tests {
namespace {

using exporters::Answer;
using exporters::fit;
using exporters::Json;
using exporters::Page;

std::vector<std::string> const kChats{"slack", "slack-bot", "teams", "discord", "telegram", "ntfy"};

std::string whole_file(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class Chat : public testing::TestWithParam<std::string> {};

// One file a receiver: METHOD URL, the headers, the body. SURGED_GOLDEN=write writes them anew, to
// be read by a person before they are committed.
TEST_P(Chat, SaysEachStageOfACrisisToTheByte) {
    auto kind = make_kind(GetParam());
    auto const receiver = make_receiver(kind);
    std::map<std::string, std::string> memory;  // by incident
    std::string told;
    each_stage([&](Stage const& stage, Page& page, detectors::WallTime now) {
        page.memory = memory[page.event.incident];
        page.acknowledge_url = "https://surged.example/hooks/ntfy/phone?mac=1";
        told += "== " + stage.name + "\n";
        for (auto const& request : receiver->render(page, now)) {
            told += request.method + " " + request.url + "\n";
            for (auto const& [name, value] : request.headers) told += name + ": " + value + "\n";
            told += request.body + "\n";
            auto const answer = receiver->judge(kind.tool->handle(request));
            EXPECT_EQ(answer.kind, Answer::Kind::delivered) << stage.name << ": " << answer.detail;
            if (answer.remember) memory[page.event.incident] = *answer.remember;
        }
    });
    EXPECT_EQ(kind.tool->refused, 0);
    EXPECT_EQ(kind.tool->shown.size(), 13u) << "one message a stage";
    auto const path = std::string(TEST_DATA) + "/receivers/" + GetParam() + ".txt";
    char const* const mode = std::getenv("SURGED_GOLDEN");
    if (mode != nullptr && std::string_view(mode) == "write") std::ofstream(path) << told;
    std::istringstream want(whole_file(path)), have(told);
    std::string a, b;
    for (int line = 1; std::getline(have, b); ++line) {
        std::getline(want, a);
        ASSERT_EQ(b, a) << path << ":" << line;
    }
    EXPECT_FALSE(std::getline(want, a)) << "more is expected: " << a;
}

// A stranger's words in every place where words may stand; the stand-in refuses markup, pings and
// what is too long.
TEST_P(Chat, LetsNoStrangersTextDoAnything) {
    auto kind = make_kind(GetParam());
    auto const receiver = make_receiver(kind);
    for (std::string text :
         {kHostile, std::string("<!channel> <@U024BE7LH> <https://evil|click> @everyone @here"),
          std::string("</b><a href=\"https://evil\">x</a> & &lt; [a](https://evil) **b** ~~c~~"),
          std::string(20'000, '&'), std::string(20'000, '<') + "\xF0\x9F\x94\xA5",
          std::string("\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5") + std::string(9000, '_')}) {
        for (int i = 0; i < 4; ++i) text += text.substr(0, 5000);
        auto incident = sample_incident();
        incident.owner = text;
        incident.state = detectors::IncidentState::acknowledged;
        incident.streams[0].name = text;
        incident.streams.push_back(incident.streams[0]);
        auto page = sample_page(incident, detectors::EventName::incident_note);
        page.event.by = page.event.via = page.event.note = page.event.link = text;
        page.event.reason = page.event.item = page.event.mention = page.event.summary = text;
        page.event.brand = text;
        page.plan_url = "https://wiki.example/\"><script>" + text;
        page.acknowledge_url = "https://x.example/\r\nX: 1";
        for (auto const& request : receiver->render(page, at("2026-03-01T12:07:30Z"))) {
            EXPECT_EQ(receiver->judge(kind.tool->handle(request)).kind, Answer::Kind::delivered)
                << request.body;
            EXPECT_LT(request.body.size(), 28u * 1024u);
            for (auto const& [name, value] : request.headers)
                EXPECT_EQ(value.find_first_of("\r\n"), std::string::npos) << name;
            EXPECT_EQ(request.body.find("<script"), std::string::npos);
            EXPECT_EQ(request.body.find("X: 1"), std::string::npos);
            EXPECT_TRUE(FakeBody(request.body).ok());
        }
    }
    EXPECT_EQ(kind.tool->refused, 0);
}

TEST_P(Chat, SaysNothingOfARepeatThatIsOutdated) {
    auto const receiver = make_receiver(make_kind(GetParam()));
    auto incident = sample_incident();
    incident.clocks[1].state = detectors::ClockState::met;
    auto page = clock_page(incident, detectors::EventName::clock_breached, 1);
    page.repeat = true;
    EXPECT_TRUE(receiver->render(page, at("2026-03-01T14:00:00Z")).empty());
    incident.clocks[1].state = detectors::ClockState::breached;
    EXPECT_FALSE(receiver->render(page, at("2026-03-01T14:00:00Z")).empty());
}

INSTANTIATE_TEST_SUITE_P(Each, Chat, testing::ValuesIn(kChats), [](auto const& p) {
    auto name = p.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

// kind, answer, what it means, when to come again, part of the detail.
struct Verdict {
    std::string kind;
    int status;
    std::string body;
    std::string retry_header;
    Answer::Kind means;
    int after;  // seconds; -1: not said
    std::string detail;
};

TEST(ChatAnswers, MeanWhatTheToolSays) {
    constexpr auto kDone = Answer::Kind::delivered, kAgain = Answer::Kind::retry,
                   kNever = Answer::Kind::refused;
    std::vector<Verdict> const table{
        {"slack", 200, "ok", "", kDone, -1, ""},
        {"slack", 200, "invalid_blocks", "", kNever, -1, "invalid_blocks"},
        {"slack", 200, "<html>portal</html>", "", kAgain, -1, "portal"},
        {"slack", 400, "invalid_payload", "", kNever, -1, "HTTP 400: invalid_payload"},
        {"slack", 403, "action_prohibited", "", kNever, -1, "action_prohibited"},
        {"slack", 404, "no_service", "", kNever, -1, "no_service"},
        {"slack", 410, "channel_is_archived", "", kNever, -1, "channel_is_archived"},
        {"slack", 429, "", "30", kAgain, 30, "HTTP 429"},
        {"slack", 500, "rollup_error", "", kAgain, -1, "rollup_error"},
        {"slack-bot", 200, R"({"ok":true,"channel":"C1","ts":"1.2"})", "", kDone, -1, ""},
        {"slack-bot", 200, R"({"ok":false,"error":"channel_not_found"})", "", kNever, -1,
         "Slack: channel_not_found"},
        {"slack-bot", 200, R"({"ok":false,"error":"invalid_auth"})", "", kNever, -1,
         "invalid_auth"},
        {"slack-bot", 200, R"({"ok":false,"error":"ratelimited"})", "7", kAgain, 7, "ratelimited"},
        {"slack-bot", 200, R"({"ok":false,"error":"message_not_found"})", "", kAgain, -1,
         "a new message is due"},
        {"slack-bot", 200, "<html>", "", kAgain, -1, "without an answer"},
        {"slack-bot", 429, R"({"ok":false,"error":"ratelimited"})", "12", kAgain, 12, "HTTP 429"},
        {"slack-bot", 503, "", "", kAgain, -1, "HTTP 503"},
        {"teams", 202, "", "", kDone, -1, ""},
        {"teams", 200, "1", "", kDone, -1, ""},
        {"teams", 200,
         "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error "
         "429 with ContextId tcid=0",
         "9", kAgain, 9, "HTTP 429"},
        {"teams", 200, "... Microsoft Teams endpoint returned HTTP error 413 with ...", "", kNever,
         -1, "HTTP 413"},
        {"teams", 200, "Webhook Bad Request - Null or empty event", "", kNever, -1, "Bad Request"},
        {"teams", 200, R"({"error":{"code":"WorkflowTriggerThrottled"}})", "", kAgain, -1,
         "Throttled"},
        {"teams", 200, R"({"error":{"code":"DirectApiAuthorizationRequired"}})", "", kNever, -1,
         "Authorization"},
        {"teams", 401, R"({"error":{"code":"x"}})", "", kNever, -1, "HTTP 401"},
        {"teams", 429, "", "60", kAgain, 60, "HTTP 429"},
        {"discord", 200, R"({"id":"1"})", "", kDone, -1, ""},
        {"discord", 204, "", "", kDone, -1, ""},
        {"discord", 429, R"({"message":"x","retry_after":64.57,"global":false})", "64", kAgain, 65,
         "HTTP 429"},
        {"discord", 429, "cloudflare", "12", kAgain, 12, "cloudflare"},
        {"discord", 429, R"({"retry_after":-1})", "", kAgain, -1, "HTTP 429"},
        {"discord", 404, R"({"message":"Unknown Webhook","code":10015})", "", kNever, -1,
         "Unknown Webhook"},
        {"discord", 401, "", "", kNever, -1, "HTTP 401"},
        {"discord", 400, R"({"code":50035})", "", kNever, -1, "50035"},
        {"discord", 502, "", "", kAgain, -1, "HTTP 502"},
        {"telegram", 200, R"({"ok":true,"result":{"message_id":5}})", "", kDone, -1, ""},
        {"telegram", 200, "portal", "", kAgain, -1, "without an answer"},
        {"telegram", 429,
         R"({"ok":false,"error_code":429,"description":"Too Many Requests: retry after 30",)"
         R"("parameters":{"retry_after":30}})",
         "", kAgain, 30, "HTTP 429: Too Many Requests: retry after 30"},
        {"telegram", 400,
         R"({"ok":false,"description":"group chat was upgraded","parameters":)"
         R"({"migrate_to_chat_id":-1001234567890123}})",
         "", kNever, -1, "set chat_id to -1001234567890123"},
        {"telegram", 403, R"({"ok":false,"description":"Forbidden: bot was kicked"})", "", kNever,
         -1, "bot was kicked"},
        {"telegram", 401, R"({"ok":false,"description":"Unauthorized"})", "", kNever, -1,
         "Unauthorized"},
        {"telegram", 500, "", "", kAgain, -1, "HTTP 500"},
        {"ntfy", 200, R"({"id":"x"})", "", kDone, -1, ""},
        {"ntfy", 429, R"({"code":42901,"error":"limit reached: too many requests"})", "", kAgain,
         -1, "HTTP 429: limit reached"},
        {"ntfy", 429, R"({"code":42908,"error":"limit reached: daily message quota reached"})", "",
         kAgain, 900, "daily message quota"},
        {"ntfy", 413, R"({"code":41301,"error":"too large"})", "", kNever, -1, "too large"},
        {"ntfy", 403, R"({"code":40301,"error":"forbidden"})", "", kNever, -1, "forbidden"},
        {"ntfy", 507, "", "", kAgain, -1, "HTTP 507"},
    };
    for (auto const& row : table) {
        SCOPED_TRACE(row.kind + " " + std::to_string(row.status) + " " + row.body);
        auto const receiver = make_receiver(make_kind(row.kind));
        exporters::HttpHeaders headers;
        if (!row.retry_header.empty()) headers.emplace_back("Retry-After", row.retry_header);
        auto const answer = receiver->judge(answered(row.status, row.body, headers));
        EXPECT_EQ(answer.kind, row.means);
        EXPECT_EQ(answer.retry_after ? answer.retry_after->count() : -1, row.after);
        EXPECT_NE(answer.detail.find(row.detail), std::string::npos) << answer.detail;
    }
}

// The first message is posted and remembered; afterwards it is kept up to date, and its thread says
// what happened. What wakes people shows in the channel too.
TEST(SlackBot, KeepsOneMessagePerIncidentUpToDate) {
    auto kind = make_kind("slack-bot");
    auto const receiver = make_receiver(kind);
    auto const& slack = dynamic_cast<FakeSlackApi&>(*kind.tool);
    auto incident = sample_incident();
    std::string memory;
    auto const tell = [&](Page page, std::string const& now) {
        page.memory = memory;
        auto kind_of = Answer::Kind::delivered;
        for (auto const& request : receiver->render(page, at(now))) {
            auto const answer = receiver->judge(kind.tool->handle(request));
            if (answer.remember) memory = *answer.remember;
            kind_of = answer.kind;
            if (kind_of != Answer::Kind::delivered) break;
        }
        return kind_of;
    };
    tell(sample_page(incident), "2026-03-01T12:07:30Z");
    EXPECT_EQ(memory, "C024BE91L 1503435956.100000");
    incident.clocks[0].state = detectors::ClockState::breached;
    tell(clock_page(incident, detectors::EventName::clock_breached, 0), "2026-03-01T12:17:00Z");
    incident.state = detectors::IncidentState::acknowledged;
    incident.acknowledged_at = at("2026-03-01T12:20:00Z");
    incident.owner = "kim";
    tell(sample_page(incident, detectors::EventName::incident_acknowledged),
         "2026-03-01T12:20:00Z");
    ASSERT_EQ(slack.messages.size(), 3u);
    auto const& first = slack.messages.at("1503435956.100000");
    EXPECT_EQ(first.edits, 2);
    EXPECT_NE(first.text.find("acknowledged by kim"), std::string::npos) << first.text;
    EXPECT_TRUE(slack.messages.at("1503435956.100001").broadcast);
    EXPECT_FALSE(slack.messages.at("1503435956.100002").broadcast);
    EXPECT_EQ(slack.messages.at("1503435956.100002").thread, "1503435956.100000");
    EXPECT_EQ(memory, "C024BE91L 1503435956.100000") << "answers in the thread are not remembered";
    // Somebody deleted it: the next page makes a new one.
    dynamic_cast<FakeSlackApi&>(*kind.tool).messages.clear();
    auto const closed = sample_page(incident, detectors::EventName::incident_closed);
    EXPECT_EQ(tell(closed, "2026-03-01T14:00:00Z"), Answer::Kind::retry);
    EXPECT_EQ(memory, "");
    EXPECT_EQ(tell(closed, "2026-03-01T14:00:01Z"), Answer::Kind::delivered);
    EXPECT_EQ(memory, "C024BE91L 1503435956.100000");
}

TEST(Fit, CutsNeitherCharactersNorEscapes) {
    using exporters::html_escape;
    using exporters::markdown_escape;
    EXPECT_EQ(fit("a<b>&", 100, html_escape), "a&lt;b&gt;&amp;");
    EXPECT_EQ(fit("<<<<", 16, html_escape), "&lt;&lt;&lt;&lt;");
    EXPECT_EQ(fit("<<<<", 15, html_escape), "&lt;&lt;&lt;\xE2\x80\xA6");
    EXPECT_EQ(fit("<<<<", 14, html_escape), "&lt;&lt;\xE2\x80\xA6");
    EXPECT_EQ(fit("ab\xF0\x9F\x94\xA5x", 6, exporters::no_escape), "ab\xE2\x80\xA6");
    EXPECT_EQ(fit("ab\xF0\x9F\x94\xA5", 6, exporters::no_escape), "ab\xF0\x9F\x94\xA5");
    EXPECT_EQ(fit("[a](b)*", 100, markdown_escape), "\\[a\\](b)\\*");
    EXPECT_EQ(fit("", 3, html_escape), "");
    for (std::size_t limit = 3; limit < 40; ++limit)
        EXPECT_LE(fit("&\xF0\x9F\x94\xA5<&\xC3\xA4>&&&&&", limit, html_escape).size(), limit);
}

TEST(Links, AreUrlsAndNothingElse) {
    using exporters::link_ok;
    EXPECT_TRUE(link_ok("https://wiki.example/plan?x=1&y=%20#z"));
    for (std::string_view const bad : {"", "javascript:alert(1)", "https://a b", "https://a\"",
                                       "https://a>", "ftp://a", "https://\xC3\xA4", "https://a\n"})
        EXPECT_FALSE(link_ok(bad)) << bad;
    EXPECT_FALSE(link_ok("https://a/" + std::string(2000, 'a')));
}

TEST(JsonReader, ReadsWhatIsJsonAndNothingElse) {
    auto const json = Json::parse(
        R"( {"a":{"b":[1,-2.5e1,"x\n\u00e4\ud83d\udd25",true,null]},"id":9007199254740993,"id":1} )");
    ASSERT_TRUE(json);
    auto const& list = (*json)["a"]["b"];
    EXPECT_EQ(list.items().size(), 5u);
    EXPECT_EQ(list.at(1).number(), -25);
    EXPECT_EQ(list.at(2).text(), "x\n\xC3\xA4\xF0\x9F\x94\xA5");
    EXPECT_TRUE(list.at(3).flag(false));
    EXPECT_TRUE(list.at(4).is(Json::Kind::null));
    EXPECT_EQ((*json)["id"].text(), "9007199254740993");
    EXPECT_EQ((*json)["none"]["at"].at(3)["all"].text(), "");
    EXPECT_EQ(Json::parse(R"("\ud83dx")")->text(), "\xEF\xBF\xBDx");
    for (std::string_view const bad :
         {"",    "{",   "{\"a\"}", "{\"a\":}",  "[1,]",     "[1 2]", "01",    "1.",  "-", "1e",
          "nul", "\"a", "\"\\x\"", "\"\\u12\"", "\"\x01\"", "{} {}", "{a:1}", "'a'", "[", "\"\\"})
        EXPECT_FALSE(Json::parse(bad)) << bad;
    EXPECT_FALSE(Json::parse(std::string(100, '[') + std::string(100, ']'))) << "too deep";
    EXPECT_TRUE(Json::parse(std::string(60, '[') + std::string(60, ']')));
    std::string wide = "[0";
    for (std::size_t i = 0; i < Json::kNodes; ++i) wide += ",0";
    EXPECT_FALSE(Json::parse(wide + "]")) << "too many";
}

}  // namespace
}  // namespace surged::tests
