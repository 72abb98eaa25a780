// Real mention streams with labelled windows, where they are at hand: how many windows are caught,
// how many pages fall outside.
#include "detectors/judge.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace surged {
namespace {

using namespace std::chrono_literals;
using namespace detectors;
namespace fs = std::filesystem;

fs::path const kData = fs::path(SHARED_DIR) / "data" / "nab";

struct Row {
    WallTime start;
    double count;
};
std::vector<Row> rows_of(fs::path const& file) {
    std::vector<Row> out;
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        auto const comma = line.find(',');
        auto const t = parse_time(line.substr(0, comma));
        if (!t) {
            ADD_FAILURE() << file << ": " << line;
            return out;
        }
        out.push_back({*t, std::stod(line.substr(comma + 1))});
    }
    return out;
}

// The labels are a flat JSON object of lists of pairs of times: every string that is a time is one.
std::map<std::string, std::vector<Interval>> windows() {
    std::ifstream in(kData / "windows.json");
    std::stringstream text;
    text << in.rdbuf();
    std::map<std::string, std::vector<Interval>> out;
    std::string name;
    std::optional<WallTime> from;
    std::string const all = text.str();
    for (std::size_t open = all.find('"'); open != std::string::npos;) {
        std::size_t const close = all.find('"', open + 1);
        std::string const word = all.substr(open + 1, close - open - 1);
        if (auto const t = parse_time(word); !t) {
            name = word;
        } else if (!from) {
            from = t;
        } else {
            out[name].push_back({*from, *t});
            from.reset();
        }
        open = all.find('"', close + 1);
    }
    return out;
}

struct Tally {
    int windows = 0, caught = 0, pages = 0, outside = 0;
    double weeks = 0;
};

// A page inside a window catches it; pages outside that follow another by at most 6 h count once;
// the first 750 rows teach only.
Tally run(double days) {
    Tally tally;
    for (auto const& [name, labels] : windows()) {
        auto const rows = rows_of(kData / name);
        if (rows.size() < 1000) {
            ADD_FAILURE() << name << " has no rows";
            continue;
        }
        DetectorSpec spec;
        spec.surge.per = std::chrono::seconds{std::int64_t(days * 86400)};
        Judge judge({spec}, {});
        std::vector<Judgement> told;
        judge.end_history(told);
        std::vector<bool> hit(labels.size());
        WallTime previous{};
        for (std::size_t i = 0; i < rows.size(); ++i) {
            told.clear();
            judge.advance(Bucket{rows[i].start, 300s, rows[i].count}, told, nullptr);
            if (i < 750) continue;
            auto const in = std::find_if(labels.begin(), labels.end(), [&](Interval const& w) {
                return rows[i].start >= w.from && rows[i].start <= w.until;
            });
            if (in == labels.end()) tally.weeks += 300.0 / (7 * 86400);
            for (Judgement const& j : told) {
                if (j.verdict.transition != Transition::started &&
                    j.verdict.transition != Transition::grown)
                    continue;
                tally.pages += j.verdict.transition == Transition::started;
                if (in != labels.end()) hit[std::size_t(in - labels.begin())] = true;
                if (in == labels.end() && rows[i].start - previous > 6h) ++tally.outside;
                previous = rows[i].start;
            }
        }
        tally.windows += int(labels.size());
        tally.caught += int(std::count(hit.begin(), hit.end(), true));
    }
    return tally;
}

TEST(RealStreams, OnePageAWeekCatchesTheLabelledWindows) {
    if (!fs::exists(kData / "windows.json")) GTEST_SKIP() << "no recorded streams in " << kData;
    Tally const t = run(7);
    RecordProperty("caught", t.caught);
    RecordProperty("outside", t.outside);
    EXPECT_EQ(t.windows, 15);
    EXPECT_GE(t.caught, 14);
    EXPECT_LE(t.outside / t.weeks, 0.75) << t.outside << " in " << t.weeks << " weeks";
    EXPECT_GE(t.pages, 25);
    EXPECT_LE(t.pages, 50);
}

TEST(RealStreams, ASmallerBudgetPagesLess) {
    if (!fs::exists(kData / "windows.json")) GTEST_SKIP() << "no recorded streams in " << kData;
    Tally const week = run(7), month = run(30);
    EXPECT_LT(month.pages, week.pages * 0.8);
    EXPECT_LT(month.outside / month.weeks, 30 / 7. * 0.1) << "one in 30 days, and labels err";
    EXPECT_GE(month.caught, 8);
}

}  // namespace
}  // namespace surged
