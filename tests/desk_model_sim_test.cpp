// Model check of the desk: every sequence of its inputs up to a depth, and random ones beyond it,
// against a reader of the journal that knows nothing of the desk. Whatever the order: no clock is
// missed, none fires twice in one run, only a reopening leads out of `closed`, and the journal
// alone tells the same state.
#include "daemon/event_json.h"
#include "tests/sim_desk.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>
#include <tuple>

namespace surged::tests {
namespace {

using ClockId = std::tuple<std::string, ClockKind, int>;  // platform, kind, run

// What somebody who reads the journal knows of an incident.
struct Read {
    IncidentState state = IncidentState::open;
    std::map<ClockId, ClockView> clocks;
    std::map<ClockId, int> breaches, warnings, ends;
    WallTime last = kNoTime;
};

class Reader {
public:
    void read(Event const& e) {
        Read& r = incidents[e.incident];
        ASSERT_TRUE(set_back || r.last == kNoTime || e.at >= r.last) << "back in time";
        r.last = e.at;
        bool const said_after_the_end =
            e.name == EventName::surge_started || e.name == EventName::surge_grown ||
            e.name == EventName::surge_ended || e.name == EventName::incident_note;
        ASSERT_TRUE(r.state != IncidentState::closed || said_after_the_end ||
                    e.name == EventName::incident_reopened)
            << to_string(e.name) << " of a closed incident";
        for (ClockView const& c : e.clocks) {
            ClockId const id{c.platform, c.kind, c.run};
            if (auto const it = r.clocks.find(id); it != r.clocks.end()) {
                ASSERT_LE(c.due, it->second.due) << "a deadline moved later";
            }
            r.clocks[id] = c;
        }
        if (e.clock) read_clock(r, e);
        switch (e.name) {
            case EventName::incident_opened:
            case EventName::incident_reopened: r.state = IncidentState::open; break;
            case EventName::incident_acknowledged:
                r.state = std::max(r.state, IncidentState::acknowledged);
                break;
            case EventName::incident_unacknowledged:
                if (r.state == IncidentState::acknowledged) r.state = IncidentState::open;
                break;
            case EventName::incident_responded: r.state = IncidentState::responded; break;
            case EventName::incident_resolved: r.state = IncidentState::resolved; break;
            case EventName::incident_closed: r.state = IncidentState::closed; break;
            default: break;
        }
    }

    std::map<std::string, Read> incidents;
    bool set_back = false;  // the wall clock was: its events follow it

private:
    static void read_clock(Read& r, Event const& e) {
        ClockView const& c = *e.clock;
        ClockId const id{c.platform, c.kind, c.run};
        r.clocks[id] = c;
        ASSERT_EQ(r.ends[id], 0) << "a clock spoke after its end";
        if (e.name == EventName::clock_warning) {
            ASSERT_LE(++r.warnings[id], 2);
            ASSERT_EQ(r.breaches[id], 0);
        } else if (e.name == EventName::clock_breached) {
            ASSERT_EQ(++r.breaches[id], 1) << "fired twice";
            ASSERT_EQ(c.at, c.due) << "not the true time";
            ASSERT_LE(c.due, e.at);
        } else {
            ++r.ends[id];
        }
    }
};

// The inputs. Times are such that several clocks stand before, at and after their ends.
enum class Input : std::uint8_t {
    surge_x,
    surge_facebook,
    surge_late,   // began hours ago: clocks that are over on arrival
    surge_again,  // shares a conversation with whatever was before
    down,
    acknowledge,
    respond,
    resolve,
    close,
    reopen,
    own_post,
    before_due,  // one second before the next thing that is due
    at_due,
    after_due,
    sleep,      // suspended for thirteen hours
    step_back,  // the wall clock is set back by two
    restart,
    drill,
    kCount
};
constexpr unsigned kInputs = unsigned(Input::kCount);

BrandRules model_rules() {
    BrandRules rules = acme_rules();
    rules.close_after = 6h;
    for (auto& [name, role] : rules.streams) {
        role.policy.acknowledge_expires = 40min;
        if (name == "acme-x") role.policy.repeat_every = 20min;
    }
    EscalationStep after;
    after.after = 25min;
    after.notify = {"lead"};
    rules.escalation = {after};
    return rules;
}

struct World {
    SimDesk sim{model_rules()};
    Reader reader;
    WallTime latest = kNoon;  // the wall clock may go back; what was told is not taken back
    std::uint64_t told = 0;
    bool through_json = false;

    void step(Input input) {
        hear(act(input));
        if (!testing::Test::HasFatalFailure()) check();
    }

    SimDesk::Said act(Input input) {
        sim.now += 1min;
        switch (input) {
            case Input::surge_x: return sim.start("acme-x", sim.now - 3min);
            case Input::surge_facebook: return sim.start("acme-facebook", sim.now - 5min);
            case Input::surge_late: return sim.start("acme-x2", sim.now - 5h);
            case Input::surge_again: {
                SurgeStarted in;
                in.stream = "acme-x";
                in.verdict = surge_since(sim.now - 2min);
                in.conversations = {"big"};
                auto said = sim.start(in);
                sim.mentions("acme-x", "big", 5);
                return said;
            }
            case Input::down: {
                auto said = sim.end("acme-x");
                for (auto const* stream : {"acme-facebook", "acme-x2"})
                    for (auto& n : sim.end(stream)) said.push_back(std::move(n));
                return said;
            }
            case Input::acknowledge: return sim.word(Action::acknowledge);
            case Input::respond: return sim.word(Action::respond, "https://acme.example/1");
            case Input::resolve: return sim.word(Action::resolve, "https://acme.example/2");
            case Input::close: return sim.word(Action::close);
            case Input::reopen: return sim.word(Action::reopen);
            case Input::own_post: {
                OwnPost post;
                post.platform = "x";
                post.id = std::to_string(sim.now.time_since_epoch().count());
                post.in_reply_to = post.conversation = "big";
                return sim.post(post);
            }
            case Input::before_due: return to_due(-1s);
            case Input::at_due: return to_due(0s);
            case Input::after_due: return to_due(1s);
            case Input::sleep: return sim.tick_at(sim.now + 13h);
            case Input::step_back: reader.set_back = true; return sim.tick_at(sim.now - 2h);
            case Input::restart: return restart();
            case Input::drill: return sim.start("acme-x", sim.now, true);
            case Input::kCount: break;
        }
        return {};
    }

    SimDesk::Said to_due(std::chrono::seconds offset) {
        auto said = sim.tick();  // the minute that went by; posts that have become answers
        WallTime const due = sim.desk.next_due();
        if (due == kNoTime || due + offset <= sim.now) return said;
        auto const more = sim.tick_at(due + offset);
        EXPECT_EQ(offset < 0s, names(more).empty()) << names(more);
        said.insert(said.end(), more.begin(), more.end());
        return said;
    }

    SimDesk::Said restart() {
        std::string const blob = sim.desk.save();
        Desk fresh(sim.desk.rules());
        EXPECT_TRUE(fresh.restore(blob));
        EXPECT_EQ(fresh.save(), blob);
        EXPECT_EQ(fresh.next_due(), sim.desk.next_due());
        sim.desk = std::move(fresh);
        return sim.tick();
    }

    void hear(SimDesk::Said const& said) {
        latest = std::max(latest, sim.now);
        for (Notice const& n : said) {
            if (!n.journal) continue;
            ++told;
            Event e = n.event;
            if (through_json) {
                auto const back = daemon::event_from_json(to_json(e));
                ASSERT_TRUE(back.has_value());
                e = *back;
            }
            reader.read(e);
            if (testing::Test::HasFatalFailure()) return;
        }
    }

    void check() {
        WallTime const due = sim.desk.next_due();
        ASSERT_TRUE(due == kNoTime || due > sim.now) << "something is due and was not told";
        int open[2] = {0, 0};
        ASSERT_EQ(reader.incidents.size(), sim.desk.incidents().size());
        for (Incident const& i : sim.desk.incidents()) {
            Read const& r = reader.incidents.at(i.id);
            ASSERT_EQ(to_string(r.state), to_string(i.state)) << "by the journal / by the desk";
            if (i.state != IncidentState::closed) ++open[i.drill ? 1 : 0];
            ASSERT_EQ(r.clocks.size(), i.clocks.size());
            for (Clock const& c : i.clocks) check_clock(i, r, c);
        }
        ASSERT_LE(open[0], 1);
        ASSERT_LE(open[1], 1);
    }

    void check_clock(Incident const& i, Read const& r, Clock const& c) const {
        ClockId const id{c.platform, c.kind, c.run};
        auto const it = r.clocks.find(id);
        ASSERT_NE(it, r.clocks.end());
        ASSERT_EQ(to_string(it->second.state), to_string(c.state)) << clock_key(c);
        ASSERT_EQ(it->second.due, c.due);
        ASSERT_EQ(it->second.at, c.at);
        auto const count = [&](std::map<ClockId, int> const& of) {
            auto const found = of.find(id);
            return found == of.end() ? 0 : found->second;
        };
        if (c.state == ClockState::running) {
            ASSERT_GT(c.due, sim.now) << "missed";
            ASSERT_EQ(count(r.breaches), 0);
            ASSERT_NE(i.state, IncidentState::closed);
        } else if (c.state == ClockState::breached) {
            ASSERT_LE(c.due, latest) << "too early";
            ASSERT_EQ(count(r.breaches), 1);
            ASSERT_NE(i.state, IncidentState::closed);
        } else {
            ASSERT_EQ(count(r.ends), 1);
            ASSERT_EQ(c.state == ClockState::met, c.state != ClockState::dropped && c.at < c.due);
        }
    }

    // Left alone, everything comes to its end: whoever still surges stays open with every clock
    // rung, all others close.
    void leave_alone() {
        sim.now = latest;
        hear(sim.tick_at(latest + 30 * 24h));
        if (testing::Test::HasFatalFailure()) return;
        check();
        for (Incident const& i : sim.desk.incidents()) {
            for (Clock const& c : i.clocks) EXPECT_NE(c.state, ClockState::running);
            bool const surging = std::any_of(i.streams.begin(), i.streams.end(),
                                             [](IncidentStream const& s) { return s.surging; });
            EXPECT_TRUE(surging || i.state == IncidentState::closed) << i.id;
        }
    }
};

struct Sums {
    std::uint64_t sequences = 0, events = 0;
};

std::string words(std::vector<unsigned> const& path) {
    std::string out = "inputs:";
    for (unsigned const i : path) out += " " + std::to_string(i);
    return out;
}

// Every sequence: the world is a value, so a prefix is walked once.
void every(World const& from, unsigned depth, std::vector<unsigned>& path, Sums& sums) {
    for (unsigned i = 0; i < kInputs && !testing::Test::HasFailure(); ++i) {
        World world = from;
        path.push_back(i);
        world.step(Input(i));
        ++sums.sequences;
        if (testing::Test::HasFailure()) ADD_FAILURE() << words(path);
        if (depth > 1) {
            every(world, depth - 1, path, sums);
        } else {
            sums.events += world.told;
        }
        path.pop_back();
    }
}

void exhaust(unsigned depth, std::uint64_t at_least) {
    Sums sums;
    std::vector<unsigned> path;
    every(World{}, depth, path, sums);
    EXPECT_GE(sums.sequences, at_least);
    std::cout << sums.sequences << " sequences of up to " << depth << " of " << kInputs
              << " inputs, " << sums.events << " events at their leaves\n";
}

void walks(std::uint64_t seed, std::uint64_t count) {
    std::mt19937_64 random(seed);
    std::uint64_t events = 0;
    std::set<std::string> seen;
    for (std::uint64_t n = 0; n < count && !testing::Test::HasFailure(); ++n) {
        World world;
        world.through_json = n % 50 == 0;
        std::vector<unsigned> path;
        for (int i = 0; i < 8 && !testing::Test::HasFailure(); ++i) {
            // A sequence that begins with no surge is short: half of them begin with one.
            unsigned const input = unsigned(random() % (i == 0 && n % 2 == 0 ? 4 : kInputs));
            path.push_back(input);
            world.step(Input(input));
        }
        if (!testing::Test::HasFailure()) world.leave_alone();
        if (testing::Test::HasFailure()) ADD_FAILURE() << "seed " << seed << ", " << words(path);
        events += world.told;
        for (auto const& [id, r] : world.reader.incidents)
            for (auto const& [clock, c] : r.clocks)
                seen.insert(std::string(to_string(c.kind)) + " " + std::string(to_string(c.state)));
    }
    // A walk that meets no breach proves nothing about breaches. (Acknowledgements are of now: one
    // that is late is met_late; each kind ends in each way.)
    for (auto const* kind : {"acknowledge", "respond", "resolve"})
        for (auto const* end : {" breached", " met", " met_late", " dropped"})
            EXPECT_TRUE(seen.contains(std::string(kind) + end)) << kind << end;
    std::cout << count << " walks of 8 inputs, seed " << seed << ", " << events << " events\n";
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr unsigned kDepth = 3;
constexpr std::uint64_t kWalks = 10'000;  // some tenths of a millisecond each
#else
constexpr unsigned kDepth = 4;
constexpr std::uint64_t kWalks = 100'000;  // a tenth of a millisecond each
#endif

TEST(DeskModel, EveryShortSequence) {
    exhaust(kDepth, 6'000);
}

TEST(DeskModel, RandomSequencesOfEight) {
    walks(1, kWalks);
}

TEST(DeskModel, NightEverySequenceOfFive) {
    exhaust(5, 2'000'000);
}

TEST(DeskModel, NightRandomSequencesOfEight) {
    walks(7, 1'000'000);
}

// --- the edges of a deadline, by hand

struct Edge {
    std::chrono::seconds offset;
    bool restart;
    std::chrono::seconds jump;  // of the wall clock, just before
};

TEST(DeskEdges, BeforeAtAndAfterTheEndOfAClock) {
    struct Deadline {
        ClockKind kind;
        std::chrono::seconds limit;  // from noon: onset and page are one instant here
    };
    for (Deadline const d : {Deadline{ClockKind::acknowledge, 10min},
                             {ClockKind::respond, 1h},
                             {ClockKind::resolve, 2h}})
        for (auto const offset : {-1s, 0s, 1s})
            for (bool const restart : {false, true})
                for (auto const jump : {-3600s, 0s}) {
                    SCOPED_TRACE(std::string(to_string(d.kind)) + " " +
                                 std::to_string(offset.count()));
                    SimDesk sim;
                    sim.start("acme-x", kNoon);
                    sim.tick_at(kNoon + d.limit - 2s);
                    if (jump != 0s) {
                        EXPECT_EQ(names(sim.tick_at(sim.now + jump)), "");
                    }
                    if (restart) {
                        Desk other(sim.desk.rules());
                        ASSERT_TRUE(other.restore(sim.desk.save()));
                        sim.desk = std::move(other);
                    }
                    auto const said = sim.tick_at(kNoon + d.limit + offset);
                    bool const over = offset >= 0s;
                    EXPECT_EQ(find(said, EventName::clock_breached) != nullptr, over);
                    if (over) {
                        EXPECT_EQ(find(said, EventName::clock_breached)->event.at, kNoon + d.limit)
                            << "the true time";
                    }
                    sim.word(d.kind == ClockKind::acknowledge ? Action::acknowledge
                             : d.kind == ClockKind::respond   ? Action::respond
                                                              : Action::resolve,
                             d.kind == ClockKind::acknowledge ? "" : "https://x.com/acme/1");
                    EXPECT_EQ(to_string(sim.clock(d.kind).state),
                              to_string(over ? ClockState::met_late : ClockState::met));
                }
}

TEST(DeskEdges, ASuspendedMachineTellsEveryDeadlineOnceWithItsTrueTime) {
    SimDesk sim;
    sim.start("acme-x", kNoon);
    auto const said = sim.tick_at(kNoon + 3h);
    std::vector<std::string> breaches;
    for (Notice const& n : said)
        if (n.event.name == EventName::clock_breached) breaches.push_back(rfc3339(n.event.at));
    EXPECT_EQ(breaches, (std::vector<std::string>{"2026-03-01T12:10:00Z", "2026-03-01T13:00:00Z",
                                                  "2026-03-01T14:00:00Z"}));
    EXPECT_EQ(names(sim.tick_at(kNoon + 3h)), "");
    EXPECT_EQ(names(sim.tick_at(kNoon)), "")
        << "back in time: nothing is taken back, nor told twice";
    EXPECT_EQ(names(sim.tick_at(kNoon + 3h)), "");
}

TEST(DeskEdges, APlatformThatJoinsLateBringsItsOwnClocksAndMovesNone) {
    SimDesk sim;
    sim.start("acme-x", kNoon);
    sim.now = kNoon + 30min;
    auto said = sim.start("acme-facebook", kNoon + 20min);
    EXPECT_EQ(sim.clock(ClockKind::respond, "x").due, kNoon + 1h);
    EXPECT_EQ(sim.clock(ClockKind::respond, "facebook").due, kNoon + 20min + 4h);
    // A second stream of x whose surge began earlier: due earlier, never later.
    said = sim.start("acme-x2", kNoon - 10min);
    EXPECT_EQ(sim.clock(ClockKind::respond, "x").due, kNoon + 50min);
    sim.start("acme-x2", kNoon + 25min);
    EXPECT_EQ(sim.clock(ClockKind::respond, "x").due, kNoon + 50min);
}

TEST(DeskEdges, AClockThatIsOverOnArrivalIsCarriedByTheOpeningPage) {
    for (auto const& [ago, over] : {std::pair{59min + 59s, 0}, {3600s + 0s, 1}, {3601s + 0s, 1}}) {
        SimDesk sim;
        auto const said = sim.start("acme-x", kNoon - ago);
        int breaches = 0;
        for (Notice const& n : said) {
            if (n.event.name != EventName::clock_breached) continue;
            ++breaches;
            EXPECT_TRUE(n.event.on_arrival);
            EXPECT_TRUE(n.to.empty()) << "not sent apart";
        }
        EXPECT_EQ(breaches, over) << ago.count();
        EXPECT_EQ(to(said, EventName::incident_opened),
                  over != 0 || ago > 30min ? "am chat lead mail oncall" : "am chat oncall");
    }
}

}  // namespace
}  // namespace surged::tests
