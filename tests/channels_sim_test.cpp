// Goal: late, shuffled, repeated and backfilled mentions give the surges that the same mentions
// give in order; and all channels of a stream together keep its budget of false pages. Method: real
// recordings through the engine, once minute by minute, once through a source that is late and has
// outages; seeded streams with authors and cascades through the judge.
#include "daemon/engine.h"
#include "daemon/ndjson.h"
#include "detectors/tone.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using namespace detectors;
using daemon::Absorbed;
using daemon::Engine;

// --- recordings

struct Recording {
    std::string text;
    MentionBatch batch;
    std::map<std::string, std::vector<Mention>> streams;  // in order of time
};

// The rows from `from` on, of the first `most` streams; those without one are of "all".
bool read(char const* file, WallTime from, std::size_t most, Recording& out) {
    std::ifstream in(std::string(SHARED_DIR "/data/mentions/") + file, std::ios::binary);
    if (!in) return false;
    out.text.assign(std::istreambuf_iterator<char>(in), {});
    out.text.reserve(out.text.size() + daemon::NdjsonReader::kPadding);
    daemon::NdjsonReader reader;
    daemon::each_line(out.text, [&](std::size_t, std::string_view line) {
        auto const row = reader.read_padded(line, out.batch);
        if (!row || row->mention.created_at < from) return;
        std::string const name(row->stream.empty() ? "all" : row->stream);
        if (out.streams.size() < most || out.streams.contains(name))
            out.streams[name].push_back(row->mention);
    });
    for (auto& [name, mentions] : out.streams)
        std::stable_sort(mentions.begin(), mentions.end(), [](Mention const& a, Mention const& b) {
            return a.created_at < b.created_at;
        });
    return true;
}

daemon::Settings settings_of(Recording const& recording) {
    std::string text =
        "receivers:\n  hook: { type: webhook, url: \"http://127.0.0.1:1/h\" }\n"
        "detectors:\n  default: { type: surge, channels: [breadth, tone], false_pages: 1 per 1d }\n"
        "brands:\n  - name: acme\n    notify: { receivers: [hook] }\n    streams:\n";
    for (auto const& [name, mentions] : recording.streams)
        text += "      - { name: \"" + name + "\", platform: x, kind: push }\n";
    daemon::LoadedSettings loaded = daemon::load_settings_text(text, "sim.yaml");
    for (auto const& p : loaded.problems->list) EXPECT_TRUE(p.warning) << to_string(p);
    return std::move(loaded.settings);
}

struct Surge {
    WallTime onset{}, told{};
    std::string kind;
};
struct Story {
    std::vector<Surge> surges;
    std::map<SurgeKind, std::string> states;
    std::uint64_t mentions = 0, late = 0, duplicates = 0;
    std::chrono::seconds watermark{};
};

// When, in minutes after the first, each mention arrives; the coverage at that minute's end.
struct Arrivals {
    std::vector<std::vector<Mention>> at;
    std::vector<bool> up;  // false: nothing comes and nothing is covered
};

Arrivals in_order(std::vector<Mention> const& mentions, WallTime first, std::size_t minutes) {
    Arrivals out{std::vector<std::vector<Mention>>(minutes), std::vector<bool>(minutes, true)};
    for (Mention const& m : mentions)
        out.at[std::size_t(minute_index(m.created_at) - minute_index(first))].push_back(m);
    return out;
}

// Up to eight minutes late, one in eight told twice, an outage of up to five hours about every day.
Arrivals disturbed(std::vector<Mention> const& mentions, WallTime first, std::size_t minutes,
                   std::mt19937& random, int& outages) {
    Arrivals out{std::vector<std::vector<Mention>>(minutes), std::vector<bool>(minutes, true)};
    for (std::size_t m = 600; m + 400 < minutes; ++m)
        if (random() % 1000 == 0) {
            ++outages;
            for (std::size_t const end = m + 20 + random() % 280; m < end; ++m) out.up[m] = false;
        }
    auto const arrive = [&](Mention const& m, std::size_t minute) {
        while (!out.up[std::min(minute, minutes - 1)]) ++minute;
        out.at[std::min(minute, minutes - 1)].push_back(m);
    };
    for (Mention const& m : mentions) {
        auto const own = std::size_t(minute_index(m.created_at) - minute_index(first));
        // A stream's history begins with the first mention that it hears of.
        std::size_t const behind = own < 60 ? 0 : random() % 9;
        arrive(m, own + behind);
        if (random() % 8 == 0) arrive(m, own + random() % 9);
    }
    for (auto& minute : out.at) std::shuffle(minute.begin(), minute.end(), random);
    return out;
}

Story run(Recording const& recording, std::string const& name, Arrivals const& arrivals,
          WallTime first) {
    Story story;
    exporters::Metrics metrics;
    daemon::EngineHooks hooks;
    hooks.log = [](std::string const&, std::string const&) {};
    hooks.published = [&](Event const& e, std::string const&) {
        if (e.name == EventName::surge_started)
            story.surges.push_back(
                {e.onset, e.at, std::string(to_string(e.kind.value_or(SurgeKind::rule)))});
    };
    Engine engine(settings_of(recording), nullptr, metrics, hooks);
    auto& stream = *engine.stream(name);
    engine.end_history(stream, first);
    WallTime covered = first;
    MentionBatch batch;
    for (std::size_t m = 0; m < arrivals.at.size(); ++m) {
        WallTime const now = first + 1min * (m + 1);
        if (!arrivals.up[m]) continue;
        batch.items = arrivals.at[m];
        Absorbed const sum = engine.absorb(stream, batch, now);
        story.mentions += sum.counted;
        story.late += sum.late;
        story.duplicates += sum.duplicate;
        engine.cover(stream, covered, now, now);
        engine.tick(now);
        covered = now;
    }
    story.watermark = stream.intake.watermark();
    stream.intake.set_watermark(0s);
    engine.cover(stream, covered, covered + 1min, covered + 1min);
    for (Channel const& c : kChannels) story.states[c.kind] = stream.judge.channel_state(c.kind);
    return story;
}

void same_in_any_order(char const* file, WallTime from, std::size_t streams,
                       std::size_t surges_at_least) {
    Recording recording;
    if (!read(file, from, streams, recording)) GTEST_SKIP() << file << " is not here";
    std::size_t surges = 0;
    int outages = 0;
    std::uint64_t duplicates = 0;
    std::map<std::string, int> kinds;
    unsigned seed = 1;
    for (auto const& [name, mentions] : recording.streams) {
        SCOPED_TRACE(name + ", seed " + std::to_string(seed));
        std::mt19937 random(seed++);
        WallTime const first = floor_minute(mentions.front().created_at);
        auto const minutes =
            std::size_t(minute_index(mentions.back().created_at) - minute_index(first)) + 20;
        Story const one = run(recording, name, in_order(mentions, first, minutes), first);
        Story const two =
            run(recording, name, disturbed(mentions, first, minutes, random, outages), first);
        EXPECT_EQ(two.mentions, one.mentions);
        EXPECT_EQ(one.late + two.late, 0u);
        duplicates += two.duplicates;
        std::cout << name << ": " << one.surges.size() << " surges, watermark "
                  << one.watermark.count() << " s in order, " << two.watermark.count()
                  << " s disturbed\n";
        for (Channel const& c : kChannels)
            EXPECT_TRUE(two.states.at(c.kind) == one.states.at(c.kind)) << to_string(c.kind);
        surges += one.surges.size();
        ASSERT_EQ(two.surges.size(), one.surges.size());
        for (std::size_t i = 0; i < one.surges.size(); ++i) {
            Surge const &a = one.surges[i], &b = two.surges[i];
            ++kinds[a.kind];
            // A page that is raised before all has come is raised on less.
            EXPECT_LE(std::chrono::abs(a.onset - b.onset), 10min)
                << rfc3339(a.onset) << " " << rfc3339(b.onset);
            EXPECT_GE(b.told, a.told - 10min);
        }
    }
    EXPECT_GE(surges, surges_at_least);
    EXPECT_GT(outages, 2);
    EXPECT_GT(duplicates, 100u);
    for (auto const& [kind, n] : kinds) std::cout << kind << " " << n << "\n";
}

TEST(AnyOrder, Airlines) {
    same_in_any_order("airline-2015.ndjson", WallTime{}, 6, 4);
}
TEST(AnyOrder, Support) {
    same_in_any_order("support-2017.ndjson", WallTime{std::chrono::sys_days{2017y / 10 / 1}}, 1, 1);
}
TEST(AnyOrder, Crises) {
    same_in_any_order("crises-2012-2013.ndjson", WallTime{}, 3, 2);
}
TEST(AnyOrder, NightAllCrises) {
    same_in_any_order("crises-2012-2013.ndjson", WallTime{}, 13, 10);
}

// --- the budget

// Over-dispersed organic mentions with a day's rhythm by a crowd of which some speak often; now
// and then a post that is reposted by a Pareto number of people.
class Stream {
public:
    Stream(unsigned seed, double rate)
        : random_(seed),
          rate_(rate),
          people_(std::max(200.0, rate * 7200)),
          amplitude_(0.3 + 0.5 * uniform()),
          cascades_per_minute_((1 + 6 * uniform()) / 1440),
          smallest_(3 * std::max(1.0, std::pow(rate * 15, 0.75))) {}

    template <typename Say>  // say(author, root; 0: none)
    void minute(int m, Say say) {
        slow_ = 0.997 * slow_ + 0.3 * std::sqrt(1 - 0.997 * 0.997) * normal_(random_);
        fast_ = 0.95 * fast_ + 0.25 * std::sqrt(1 - 0.95 * 0.95) * normal_(random_);
        double const day = std::exp(amplitude_ * std::cos(6.2831853 * m / 1440));
        int const n = poisson(rate_ * day * std::exp(slow_ + fast_));
        for (int i = 0; i < n; ++i) {
            double const u = uniform();
            say(1 + std::uint32_t(people_ * u * u * u), 0U);
        }
        if (uniform() < cascades_per_minute_ * day)
            cascades_.push_back({++roots_, smallest_ * std::pow(std::max(uniform(), 0.002), -0.7)});
        for (Cascade& c : cascades_) {
            double const now = c.left * (1 - std::exp(-1 / 12.0));
            c.left -= now;
            for (int i = poisson(now); i > 0; --i)
                say(1'000'000 + std::uint32_t(uniform() * people_ * 50), c.root);
        }
        std::erase_if(cascades_, [](Cascade const& c) { return c.left < 0.1; });
    }

private:
    struct Cascade {
        std::uint32_t root;
        double left;
    };
    double uniform() { return double(random_() % 10'000'000) / 1e7; }
    int poisson(double mean) {
        return mean > 0 ? std::poisson_distribution<int>(mean)(random_) : 0;
    }
    std::mt19937 random_;
    std::normal_distribution<double> normal_;
    double rate_, people_, amplitude_, cascades_per_minute_, smallest_;
    double slow_ = 0, fast_ = 0;
    std::uint32_t roots_ = 1U << 30U;
    std::vector<Cascade> cascades_;
};

struct Pages {
    double of_budget = 0;
    std::map<SurgeKind, int> by;
};

// False pages after the first four weeks, over the budget of one a week.
Pages false_pages(double rate, int streams, int days, unsigned channels) {
    constexpr int kLearn = 28;
    constexpr WallTime kStart{std::chrono::sys_days{2026y / 3 / 2}};
    Pages out;
    int pages = 0;
    for (int s = 0; s < streams; ++s) {
        Stream stream(unsigned(s + 1), rate);
        DetectorSpec spec;
        spec.name = "default";
        spec.surge.channels = channels;
        Judge judge({spec}, {});
        Intake intake(0s);
        std::vector<Judgement> told;
        judge.end_history(told);
        char id[16], author[16], root[16];
        std::uint32_t serial = 0;
        auto const text = [](char* to, std::uint32_t n) {
            auto const end = std::to_chars(to, to + 16, n).ptr;
            return std::string_view(to, std::size_t(end - to));
        };
        for (int m = 0; m < days * 1440; ++m) {
            WallTime const at = kStart + m * 1min;
            stream.minute(m, [&](std::uint32_t who, std::uint32_t what) {
                Mention mention;
                mention.id = text(id, ++serial);
                mention.author.id = text(author, who);
                if (what != 0) mention.reposts = text(root, what);
                // Every seventh is angry, whoever says it.
                mention.text = who % 7 == 0 ? "terrible" : "it is here";
                mention.lang = "en";
                if (intake.add(at) == Arrival::counted) judge.note(at, mention);
            });
            intake.cover(at, at + 1min);
            told.clear();
            judge.advance(intake, told, nullptr);
            for (Judgement const& j : told)
                if (m >= kLearn * 1440 && j.verdict.transition == Transition::started) {
                    ++pages;
                    ++out.by[j.verdict.kind];
                }
        }
    }
    out.of_budget = double(pages) / (streams * (days - kLearn) / 7.0);
    return out;
}

void keeps_budget(double rate, int streams, int days, double least, double most) {
    for (unsigned channels : {1U, 3U, 7U}) {
        if (channels == 7U && tone_words() == 0) continue;
        Pages const p = false_pages(rate, streams, days, channels);
        std::cout << "rate " << rate << "/min, channels " << channels << ": " << p.of_budget
                  << " of the budget";
        for (auto const& [kind, n] : p.by) std::cout << ", " << to_string(kind) << " " << n;
        std::cout << "\n";
        EXPECT_GE(p.of_budget, least);
        EXPECT_LE(p.of_budget, most);
        if (channels != 1U) {
            EXPECT_GT(p.by.count(SurgeKind::breadth), 0u);
        }
    }
}

TEST(Budget, IsKeptByAllChannelsTogether) {
    keeps_budget(0.3, 4, 98, 0.3, 1.7);  // 40 pages are due: +- 16 %
}
TEST(Budget, NightIsKeptAtEveryRate) {
    for (double rate : {0.02, 0.1, 1.0, 10.0}) keeps_budget(rate, 16, 148, 0.5, 1.5);
}

}  // namespace
}  // namespace surged::tests
