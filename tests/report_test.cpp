// Goal: the report of an incident says everything that is known, in each format, to the byte; says
// plainly what is not known; and nothing that a stranger wrote is anything but text in it.
#include "exporters/json_reader.h"
#include "exporters/report/document.h"
#include "exporters/report/facts.h"
#include "exporters/report/figures.h"
#include "exporters/signature.h"
#include "tests/report_world.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace surged::tests {
namespace {

using namespace exporters;
using namespace std::chrono_literals;

std::string whole_file(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// SURGED_GOLDEN=write writes them anew, to be read by a person before they are committed.
void expect_golden(std::string const& name, std::string const& have) {
    std::string const path = std::string(TEST_DATA) + "/report/" + name;
    char const* const mode = std::getenv("SURGED_GOLDEN");
    if (mode != nullptr && std::string_view(mode) == "write") std::ofstream(path) << have;
    std::string const want = whole_file(path);
    if (want == have) return;
    std::istringstream a(want), b(have);
    std::string x, y;
    for (int line = 1; std::getline(b, y); ++line) {
        std::getline(a, x);
        ASSERT_EQ(y, x) << path << ":" << line;
    }
    FAIL() << path << " says more";
}

void expect_all(std::string const& name, ReportInput const& in) {
    expect_golden(name + ".md", report_md(in));
    expect_golden(name + ".html", report_html(in));
    expect_golden(name + ".json", report_json(in));
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t n = 0;
    for (std::size_t i = 0; (i = text.find(part, i)) != std::string_view::npos; i += part.size())
        ++n;
    return n;
}

TEST(Report, TellsACrisisToTheByte) {
    expect_all("crisis", staged_report());
}
TEST(Report, TellsADrillToTheByte) {
    expect_all("drill", staged_drill());
}
TEST(Report, TellsToTheByteHowLittleIsKnown) {
    expect_all("bare", bare_report());
}

TEST(Report, HasEverySectionInEveryFormat) {
    std::vector<std::string> const titles{"What happened",
                                          "How long it took",
                                          "The curve",
                                          "The price",
                                          "Who spoke",
                                          "What they said",
                                          "The most visible posts",
                                          "What we said, and how it was taken",
                                          "Unanswered",
                                          "People to write to",
                                          "What vanished or was edited",
                                          "Checklist",
                                          "Promotion",
                                          "Seen before",
                                          "Verdict",
                                          "Who did what when",
                                          "What this report does not know"};
    for (auto const& in : {staged_report(), bare_report()}) {
        std::string const md = report_md(in), html = report_html(in);
        std::size_t last = 0;
        for (auto const& title : titles) {
            std::size_t const here = md.find("\n## " + title + "\n");
            ASSERT_NE(here, std::string::npos) << title;
            EXPECT_GT(here, last) << title << " comes too early";
            last = here;
            EXPECT_EQ(count(html, ">" + title + "</h2>"), 1u) << title;
        }
        ASSERT_TRUE(Json::parse(report_json(in)).has_value());
    }
    // Of a rehearsal nothing is told that could only have been said in public.
    std::string const drill = report_md(staged_drill());
    EXPECT_EQ(count(drill, "\n## "), 7u);
    EXPECT_NE(drill.find("A surge of acme on X was rehearsed"), std::string::npos);
    auto const json = Json::parse(report_json(staged_report()));
    for (char const* key :
         {"made",        "incident", "runs",    "clocks",    "curves",    "size",       "rank",
          "composition", "themes",   "visible", "tone",      "questions", "unanswered", "affected",
          "advocates",   "changed",  "answers", "checklist", "similar",   "timeline"})
        EXPECT_FALSE((*json)[key].is(Json::Kind::null)) << key;
}

TEST(Report, SaysAtOnceWhetherItWasReal) {
    EXPECT_TRUE(
        report_md(staged_report()).starts_with("# Report of acme-20260301-1\n\nA real incident"));
    std::string const drill = report_md(staged_drill());
    EXPECT_TRUE(drill.starts_with("# DRILL: report of acme-20260301-1-drill\n\nA rehearsal"));
    EXPECT_NE(drill.find("**This was a drill: nothing happened in public.**"), std::string::npos);
    EXPECT_NE(report_html(staged_drill()).find("<title>DRILL: report"), std::string::npos);
}

TEST(Report, ReckonsEachDeadlineFromItsOwnStart) {
    auto const in = staged_report();
    auto const json = Json::parse(report_json(in)).value();
    // Told by hand from the staged times: 12:01:30 to 12:40:20, to 15:00:00; 12:07 to 12:12.
    EXPECT_EQ(json["runs"].at(0)["detected_after"].number(), 5 * 60 + 30);
    EXPECT_EQ(json["runs"].at(1)["detected_after"].number(), 6 * 60);
    EXPECT_EQ(json["clocks"].at(0)["took"].number(), 5 * 60);
    EXPECT_EQ(json["clocks"].at(2)["took"].number(), 38 * 60 + 50);
    std::string const md = report_md(in);
    EXPECT_NE(md.find("| First wave | First public answer | X | 38m 50s | 1h | met in time |"),
              std::string::npos);
    EXPECT_NE(
        md.find("| First wave | Full public answer | X | 2h 58m | 2h | **met 58m 30s LATE** |"),
        std::string::npos);
    EXPECT_NE(
        md.find(
            "| Second wave | First public answer | X | \u2013 | 1h | **BREACHED, never met** |"),
        std::string::npos);
    EXPECT_NE(md.find("| Second wave | Full public answer | X | \u2013 | 2h | **dropped: closed "
                      "before it was due** |"),
              std::string::npos);
    EXPECT_NE(md.find("8 deadlines: 5 met in time, 1 met late, 1 breached and never met."),
              std::string::npos);
}

TEST(Report, SaysPlainlyWhenTheToneDidNotFall) {
    auto in = staged_report();
    // 265 of 420 against 309 of 510: 63.1 % and 60.6 %, 0.8 standard errors apart.
    EXPECT_NE(report_md(in).find("**The tone did NOT fall: no change beyond chance.**"),
              std::string::npos);
    in.people.after = {510, 180, 44};
    EXPECT_NE(report_md(in).find("**The tone turned after the answer.**"), std::string::npos);
    in.people.after = {510, 430, 4};
    EXPECT_NE(report_md(in).find("**The tone did NOT fall: it rose after the answer.**"),
              std::string::npos);
    in.people.after = {19, 1, 4};
    EXPECT_NE(report_md(in).find("**Too few to say whether the answer turned it.**"),
              std::string::npos);
    in.people.answer = detectors::kNoTime;
    EXPECT_NE(report_md(in).find("There is no answer to part it by."), std::string::npos);
    // Two standard errors is where it turns: 50 % of 100 against 36 % is 2.0, against 35 % 2.14.
    EXPECT_EQ(tone_turn({100, 50, 0}, {100, 36, 0}), 0);
    EXPECT_EQ(tone_turn({100, 50, 0}, {100, 35, 0}), -1);
    EXPECT_EQ(tone_turn({100, 0, 0}, {100, 0, 0}), 0);
}

TEST(Report, SaysThatATextIsErasedRatherThanNothing) {
    auto const in = staged_report();
    EXPECT_EQ(count(report_md(in), "text erased"), 3u) << "a theme, a visible post, a question";
    EXPECT_EQ(count(report_html(in), "text erased"), 3u);
    auto gone = in;
    gone.themes = {};
    gone.themes.erased = true;
    gone.changed[0] = erased_post("x", "1750", "12:05:00");
    EXPECT_NE(report_md(gone).find("Every text of it is erased"), std::string::npos);
    EXPECT_EQ(count(report_md(gone), "text erased"), 3u)
        << "a changed post, a visible one, a question";
}

TEST(Report, TellsOursFromTheirsAmongWhatVanished) {
    std::string const md = report_md(staged_report());
    EXPECT_NE(md.find("**1 of 2 was ours.**"), std::string::npos);
    EXPECT_NE(md.find("| 13:05 UTC | theirs | deleted | X |"), std::string::npos);
    EXPECT_NE(md.find("| 13:10 UTC | **ours** | edited | X |"), std::string::npos);
}

TEST(Report, RanksInWords) {
    EXPECT_NE(
        report_md(staged_report())
            .find("By excess mentions it is the third largest of 14; by its peak (41 times the "
                  "usual) the largest of 14 incidents in 2 years."),
        std::string::npos);
    EXPECT_EQ(largest(1), "largest");
    EXPECT_EQ(largest(10), "tenth largest");
    EXPECT_EQ(largest(11), "11th largest");
    EXPECT_EQ(largest(13), "13th largest");
    EXPECT_EQ(largest(22), "22nd largest");
    EXPECT_EQ(largest(101), "101st largest");
    EXPECT_EQ(largest(113), "113th largest");
}

TEST(Report, ReadsFiguresAsPeopleDo) {
    EXPECT_EQ(figure(1234567.8), "1,234,568");
    EXPECT_EQ(figure(999.6), "1,000");
    EXPECT_EQ(figure(-1500), "-1,500");
    EXPECT_EQ(figure(31.5), "31.5");
    EXPECT_EQ(figure(0.25), "0.25");
    EXPECT_EQ(figure(0), "0");
    EXPECT_EQ(figure(std::nan("")), "?");
    EXPECT_EQ(percent(0.004), "under 1 %");
    EXPECT_EQ(percent(0), "0 %");
    EXPECT_EQ(percent(0.365), "37 %");
    EXPECT_EQ(date_time(at("2026-12-31T23:59:59Z")), "31 Dec 2026, 23:59 UTC");
}

// Every text that comes from outside, replaced by what breaks out of lines, tables, tags and links.
ReportInput hostile_report() {
    std::string const evil = kHostile +
                             "<script>alert(1)</script> | **bold** [x](javascript:alert(1)) "
                             "<img src=x onerror=alert(1)> `code` @everyone https://evil.example "
                             "www.evil.example \n# heading\n- item";
    auto in = staged_report();
    auto const spoil = [&](ReportPost& p) {
        p.author = p.text = p.id = evil;
        p.url = "javascript:alert(1)//https://";
        p.erased = false;
    };
    for (auto* list : {&in.visible, &in.changed, &in.people.unanswered})
        for (auto& p : *list) spoil(p);
    for (auto& g : in.themes.groups) spoil(g.first);
    for (auto& t : in.themes.terms) t.term = evil;
    for (auto* list : {&in.people.affected, &in.people.advocates})
        for (auto& p : *list) spoil(p.first);
    for (auto& s : in.similar) s.why = {evil};
    for (auto& item : in.checklist) item = evil;
    for (auto& e : in.events) {
        if (!e.by.empty()) e.by = e.via = e.note = evil;
        if (!e.item.empty()) e.item = evil;
        if (!e.mention.empty()) e.mention = evil;
        if (!e.stream.empty()) e.stream = evil;
        e.link = e.origin = "https://evil.example/\"><script>alert(1)</script>";
        e.verdict = e.verdict.empty() ? "" : evil;
    }
    for (auto& c : in.incident.clocks) c.by = c.link = evil;
    for (auto& s : in.incident.streams) s.name = s.platform = evil;
    for (auto& c : in.curves) c.stream = c.platform = evil;
    in.incident.brand = in.incident.verdict = evil;
    return in;
}

TEST(Report, LetsNothingOfAStrangersBeMarkup) {
    auto const in = hostile_report();
    std::string const html = report_html(in);
    for (char const* bad :
         {"<script", "<img", "javascript:alert(1)\"", "onerror=alert(1)>", "\xE2\x80\xAE"})
        EXPECT_EQ(html.find(bad), std::string::npos) << bad;
    // Every tag is one of ours.
    for (std::size_t i = 0; (i = html.find('<', i)) != std::string::npos; ++i) {
        std::size_t const end = html.find_first_of(" >\n", i + 1);
        std::string const tag = html.substr(i + 1, end - i - 1);
        static std::string const kOurs =
            " !doctype html head meta title style /style /title /head body main h1 /h1 p /p "
            "section "
            "/section h2 /h2 ul /ul li /li div /div table /table thead /thead tbody /tbody tr /tr "
            "th "
            "/th td /td a /a bdi /bdi strong /strong svg /svg desc /desc path /path rect /rect "
            "text "
            "/text /main /body /html ";
        ASSERT_NE(kOurs.find(" " + tag + " "), std::string::npos) << html.substr(i, 80);
    }
    for (std::size_t i = 0; (i = html.find("href=\"", i)) != std::string::npos; ++i)
        EXPECT_TRUE(html.compare(i + 6, 4, "http") == 0) << html.substr(i, 60);
    std::string const md = report_md(in);
    std::istringstream lines(md);
    std::string line;
    while (std::getline(lines, line)) {
        for (std::size_t i = 0; i < line.size(); ++i)
            EXPECT_FALSE(line[i] == '<' && (i == 0 || line[i - 1] != '\\')) << "raw HTML: " << line;
        for (std::size_t i = 0; (i = line.find("](javascript", i)) != std::string::npos; ++i)
            EXPECT_EQ(line[i - 1], '\\') << line;
        EXPECT_EQ(line.find("@everyone") == std::string::npos ||
                      line.find("\\@everyone") != std::string::npos,
                  true)
            << line;
        EXPECT_EQ(line.find("https://evil"), std::string::npos) << "a link by itself: " << line;
    }
    EXPECT_EQ(count(md, "\n# "), 0u) << "one heading of the first rank, at the top";
    EXPECT_EQ(count(md, "\n## "), 17u);
    EXPECT_TRUE(Json::parse(report_json(in)).has_value());
}

TEST(Report, NeedsNothingFromAnywhere) {
    auto const in = staged_report();
    std::string const html = report_html(in);
    for (char const* bad : {"<script", "src=", "@import", "url(", "<link", "style=\"", "onload"})
        EXPECT_EQ(html.find(bad), std::string::npos) << bad;
    // The policy allows exactly the style that is in the file.
    std::size_t const from = html.find("<style>") + 7;
    std::string const style = html.substr(from, html.find("</style>") - from);
    EXPECT_NE(report_policy().find("'sha256-" + base64(sha256(style)) + "'"), std::string::npos);
    EXPECT_TRUE(report_policy().starts_with("default-src 'none'; "));
    EXPECT_EQ(report_policy().find("unsafe"), std::string::npos);
    EXPECT_EQ(count(html, "<svg class=\"chart\""), 2u);
}

TEST(Report, MarksTheTurnsOfTheCurve) {
    std::string const md = report_md(staged_report());
    EXPECT_NE(md.find("a public noticed, b we knew, c our answer, d second wave, e closed"),
              std::string::npos);
    EXPECT_NE(md.find("\u2588"), std::string::npos) << "a peak";
    EXPECT_NE(md.find("\u00B7"), std::string::npos) << "what was not seen";
    std::string const html = report_html(staged_report());
    for (char const* mark :
         {"public noticed", "we knew", "our answer", "second wave", "closed", "not seen"})
        EXPECT_NE(html.find(std::string("<title>") + mark), std::string::npos) << mark;
}

TEST(Report, CutsATimelineInTheMiddleAndSaysSo) {
    auto in = staged_report();
    auto const note = entry_of(detectors::EventName::incident_note, "13:00:00");
    in.events.insert(in.events.begin() + 8, 1000, note);
    std::string const md = report_md(in);
    std::size_t const entries = timeline_of(in).size();
    EXPECT_NE(md.find("| ... | " + std::to_string(entries - kTimelineRows) +
                      " entries are left out here"),
              std::string::npos);
    EXPECT_NE(md.find("closed by lee"), std::string::npos);
    EXPECT_LT(report_html(in).size(), 400'000u);
}

TEST(Report, TakesTheLastWordOfTheChecklist) {
    auto in = staged_report();
    auto untick = entry_of(detectors::EventName::incident_checked, "17:30:00");
    untick.by = "lee";
    untick.item = "Fix it";
    untick.done = false;
    in.events.push_back(untick);
    auto retired = untick;
    retired.item = "Call the board";
    retired.done = true;
    in.events.push_back(retired);
    std::string const md = report_md(in);
    EXPECT_NE(md.find("2 of 5 done."), std::string::npos);
    EXPECT_NE(md.find("| Fix it | **NOT DONE** |  |"), std::string::npos);
    EXPECT_NE(md.find("| Call the board (in no checklist any more) | lee | 17:30 UTC |"),
              std::string::npos);
}

TEST(Report, SaysThatPromotionStaysPaused) {
    auto in = staged_report();
    std::erase_if(in.events, [](auto const& e) {
        return e.name == detectors::EventName::incident_promotion_resumed;
    });
    EXPECT_NE(report_md(in).find("**It is still paused.**"), std::string::npos);
}

}  // namespace
}  // namespace surged::tests
