// Random walks through the desk: whatever happens in whatever order, no clock is missed, none rings
// twice, and nothing leaves `closed` but a reopening.
#include "tests/sim_desk.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>
#include <tuple>

namespace surged::tests {
namespace {

using ClockId = std::tuple<std::string, std::string, ClockKind, int>;  // incident, platform, ...

// What the walks met: a walk that never meets a breach proves nothing about breaches.
struct Met {
    std::map<std::string, int> names;
    int repeats = 0, rungs = 0, arrivals = 0, restored = 0, refused = 0, gaps = 0, quiet = 0;
    int brought_forward = 0;
};

struct Heeded {
    int warnings = 0, breaches = 0, ends = 0;
    bool moved = false;
    WallTime due{};
};

BrandRules rules_of(unsigned variant) {
    BrandRules rules = acme_rules();
    rules.close_after = 6h;
    for (auto& [name, role] : rules.streams) {
        if (variant & 1U) role.policy.repeat_every = 20min;
        if (variant & 2U) role.policy.acknowledge_expires = 40min;
        if (variant & 8U && name == "acme-facebook") role.policy.from_onset = false;
    }
    if (variant & 4U) {
        EscalationStep after, share, before;
        after.after = 25min;
        after.repeat = 30min;
        after.notify = {"lead"};
        share.at_share = 0.8;
        share.clock = ClockKind::respond;
        share.notify = {"lead", "boss"};
        before.before = 15min;
        before.clock = ClockKind::resolve;
        before.notify = {"boss"};
        rules.escalation = {after, share, before};
    }
    if (variant & 16U) rules.pause_promotion = {"scheduler"};
    return rules;
}

class Walk {
public:
    Walk(std::uint64_t seed, Met& met) : random_(seed), met_(met), sim_(rules_of(draw(32))) {}

    void run() {
        unsigned const steps = 8 + draw(23);
        for (unsigned i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
    }

private:
    unsigned draw(unsigned below) { return static_cast<unsigned>(random_() % below); }

    std::string stream() {
        constexpr std::array names = {"acme-x", "acme-x", "acme-x2", "acme-facebook"};
        return names.at(draw(4));
    }
    WallTime onset() {
        return sim_.now - std::chrono::minutes(draw(8) == 0 ? draw(300) : draw(12));
    }

    void step() {
        before_.clear();
        for (Incident const& i : sim_.desk.incidents()) before_[i.id] = i.state;
        bool const drill = draw(8) == 0;
        switch (draw(16)) {
            case 0:
            case 1:
            case 2: start(drill); break;
            case 3: heed(sim_.end(stream(), drill)); break;
            case 4: heed(sim_.grow(stream(), 900, draw(4) == 0)); break;
            case 5: heed(say(Action::acknowledge)); break;
            case 6: heed(say(Action::respond, "https://x.com/1")); break;
            case 7: heed(say(Action::resolve, draw(2) == 0 ? "" : "https://facebook.com/1")); break;
            case 8:
                heed(say(draw(3) == 0 ? Action::close : Action::note, "https://acme.example/1"));
                break;
            case 9: heed(say(Action::reopen)); break;
            case 10: post(); break;
            case 11: restore(); break;
            default: pass_time(); break;
        }
        check();
    }

    void start(bool drill) {
        SurgeStarted in;
        in.stream = stream();
        in.verdict = surge_since(onset());
        in.drill = drill;
        if (draw(3) == 0) in.conversations = {"big"};
        heed(sim_.start(in));
        sim_.mentions(in.stream, draw(2) == 0 ? "big" : "other", int(draw(6)));
    }

    SimDesk::Said say(Action action, std::string const& link = {}) {
        OperatorWord in;
        in.action = action;
        in.by = "kim";
        in.note = "words";
        in.link = action == Action::acknowledge || action == Action::reopen ? "" : link;
        auto const& all = sim_.desk.incidents();
        if (all.empty())
            in.incident = "acme-20260301-1";
        else
            in.incident = all[draw(unsigned(all.size()))].id;
        auto said = sim_.word(in);
        if (sim_.heard.refusal != Refusal::none) {
            ++met_.refused;
            EXPECT_FALSE(sim_.heard.detail.empty());
        }
        return said;
    }

    void post() {
        OwnPost in;
        in.platform = draw(3) == 0 ? "facebook" : "x";
        in.id = std::to_string(draw(1000));
        in.at = sim_.now - std::chrono::minutes(draw(30));
        in.in_reply_to = draw(2) == 0 ? "big" : "nobody";
        in.conversation = in.in_reply_to;
        heed(sim_.post(in));
    }

    void restore() {
        std::string const blob = sim_.desk.save();
        Desk other(sim_.desk.rules());
        ASSERT_TRUE(other.restore(blob));
        ASSERT_EQ(other.save(), blob);
        ASSERT_EQ(other.next_due(), sim_.desk.next_due());
        // What the blob forgot would show in what the two do from here on.
        Desk one = sim_.desk, two = other;
        SimDesk::Said said, said_too;
        one.tick(sim_.now + 12h, said);
        two.tick(sim_.now + 12h, said_too);
        ASSERT_EQ(said.size(), said_too.size());
        for (std::size_t i = 0; i < said.size(); ++i) {
            ASSERT_EQ(to_json(said[i].event), to_json(said_too[i].event));
            ASSERT_EQ(said[i].to, said_too[i].to);
            ASSERT_EQ(said[i].repeat_of, said_too[i].repeat_of);
        }
        sim_.desk = std::move(other);
        ++met_.restored;
    }

    void pass_time() {
        WallTime const due = sim_.desk.next_due();
        unsigned const how = draw(6);
        if (how == 0) {
            ++met_.gaps;
            heed(sim_.tick_at(sim_.now + std::chrono::minutes(draw(3000))));
        } else if (how == 1 || due == kNoTime) {
            heed(sim_.tick_at(sim_.now + std::chrono::seconds(draw(1200))));
        } else if (due > sim_.now) {
            // Exactly: a moment before there is nothing to say, at the moment there is.
            heed(sim_.tick());  // own posts that have become answers
            WallTime const then = sim_.desk.next_due();
            if (then == kNoTime) return;
            auto said = sim_.tick_at(then - 1ms);
            EXPECT_EQ(names(said), "");
            said = sim_.tick_at(then);
            EXPECT_NE(names(said), "");
            heed(said);
        }
    }

    void heed(SimDesk::Said const& said) {
        std::set<std::string> gone;  // closed in the course of this input
        for (auto const& [id, state] : before_)
            if (state == IncidentState::closed) gone.insert(id);
        for (Notice const& n : said) {
            heed(n, gone);
            if (n.event.name == EventName::incident_closed) gone.insert(n.event.incident);
            if (n.event.name == EventName::incident_reopened) gone.erase(n.event.incident);
        }
        for (Notice const& n : said)
            if (n.event.name == EventName::incident_unacknowledged && n.journal)
                taken_back_.insert(n.event.incident);
    }

    void heed(Notice const& n, std::set<std::string> const& gone) {
        Event const& e = n.event;
        std::string const name(to_string(e.name));
        EXPECT_FALSE(e.summary.empty());
        EXPECT_EQ(std::set<std::string>(n.to.begin(), n.to.end()).size(), n.to.size());
        EXPECT_LE(e.at, sim_.now);
        if (n.journal) {
            ++met_.names[name];
            if (e.reason == "quiet") ++met_.quiet;
            WallTime& last = last_at_.try_emplace(e.incident, e.at).first->second;
            EXPECT_GE(e.at, last) << name;
            last = e.at;
        }
        if (gone.contains(e.incident)) {
            static std::set<EventName> const allowed = {
                EventName::surge_started,    EventName::surge_grown,
                EventName::surge_ended,      EventName::incident_note,
                EventName::incident_checked, EventName::incident_reopened};
            EXPECT_TRUE(allowed.contains(e.name)) << name << " after closing";
        }
        if (!n.journal && n.repeat_of.starts_with("escalation/")) ++met_.rungs;
        if (e.clock) heed_clock(n);
    }

    void heed_clock(Notice const& n) {
        ClockView const& c = *n.event.clock;
        Heeded& h = heeded_[{n.event.incident, c.platform, c.kind, c.run}];
        EXPECT_EQ(h.ends, 0) << "a clock spoke after its end";
        if (!n.journal) {
            if (n.repeat_of.starts_with("escalation/")) return;
            ++met_.repeats;
            EXPECT_EQ(c.state, ClockState::breached);
            EXPECT_EQ(h.breaches, 1);
            return;
        }
        if (n.event.on_arrival) {
            ++met_.arrivals;
            EXPECT_TRUE(n.to.empty());
        }
        switch (n.event.name) {
            case EventName::clock_warning:
                EXPECT_LE(++h.warnings, 2);
                EXPECT_EQ(h.breaches, 0);
                break;
            case EventName::clock_breached:
                EXPECT_EQ(++h.breaches, 1);
                EXPECT_LE(c.due, n.event.at);
                EXPECT_EQ(c.at, c.due);
                break;
            default: ++h.ends; decided_[{n.event.incident, c.platform, c.kind, c.run}] = n.event.at;
        }
    }

    // What must hold of the desk as it stands, against what was said.
    void check() {
        WallTime const due = sim_.desk.next_due();
        EXPECT_TRUE(due == kNoTime || due > sim_.now);
        int open[2] = {0, 0};
        for (Incident const& i : sim_.desk.incidents()) {
            if (i.state != IncidentState::closed) ++open[i.drill ? 1 : 0];
            EXPECT_EQ(i.drill, i.id.ends_with("-drill"));
            check_state(i);
            for (Clock const& c : i.clocks) check_clock(i, c);
        }
        EXPECT_LE(open[0], 1);
        EXPECT_LE(open[1], 1);
        taken_back_.clear();
    }

    void check_state(Incident const& i) {
        auto const was = before_.find(i.id);
        if (was == before_.end() || i.state >= was->second) return;
        // From the end, or by a second wave after everybody was answered.
        bool const reopened = was->second >= IncidentState::responded && i.reopened == sim_.now;
        EXPECT_TRUE(reopened || taken_back_.contains(i.id))
            << i.id << " went from " << to_string(was->second) << " to " << to_string(i.state);
    }

    void check_clock(Incident const& i, Clock const& c) {
        ClockId const id{i.id, c.platform, c.kind, c.run};
        Heeded& h = heeded_[id];
        if (h.due == WallTime{}) h.due = c.due;
        if (c.due != h.due) {
            EXPECT_LT(c.due, h.due) << "a due time moved later";
            h.due = c.due;
            h.moved = true;
            ++met_.brought_forward;
        }
        bool const ended = !is_open(c);
        EXPECT_EQ(h.ends, ended ? 1 : 0);
        WallTime const until = ended ? decided_[id] : sim_.now;
        // An answer found at the very instant of a warning or breach goes before it.
        EXPECT_LE(h.breaches, c.due <= until ? 1 : 0) << "too early";
        EXPECT_GE(h.breaches, c.due < until || (!ended && c.due == until) ? 1 : 0) << "missed";
        EXPECT_TRUE(ended || i.state != IncidentState::closed);
        auto const passed = std::count_if(c.warn_times.begin(), c.warn_times.end(),
                                          [&](WallTime t) { return t <= until; });
        auto const before = std::count_if(c.warn_times.begin(), c.warn_times.end(),
                                          [&](WallTime t) { return t < until; });
        EXPECT_TRUE(h.moved || (h.warnings <= passed && h.warnings >= (ended ? before : passed)))
            << h.warnings << " of " << passed;
        EXPECT_TRUE(c.kind == ClockKind::acknowledge || c.run <= i.run);
    }

    std::mt19937_64 random_;
    Met& met_;
    SimDesk sim_;
    std::map<std::string, IncidentState> before_;
    std::map<std::string, WallTime> last_at_;
    std::set<std::string> taken_back_;
    std::map<ClockId, Heeded> heeded_;
    std::map<ClockId, WallTime> decided_;
};

void walk(std::uint64_t first, std::uint64_t count) {
    Met met;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Walk(seed, met).run();
        if (testing::Test::HasFailure()) return;
    }
    for (auto const* name :
         {"surge.started", "surge.grown", "surge.ended", "incident.opened",
          "incident.stream_joined", "incident.acknowledged", "incident.unacknowledged",
          "incident.responded", "incident.resolved", "incident.reopened", "incident.closed",
          "incident.note", "incident.own_post", "incident.promotion_paused",
          "incident.promotion_resumed", "clock.warning", "clock.breached", "clock.met",
          "clock.dropped"})
        EXPECT_GT(met.names[name], int(count / 1000)) << name;
    for (int const n : {met.repeats, met.rungs, met.arrivals, met.restored, met.refused, met.gaps,
                        met.quiet, met.brought_forward})
        EXPECT_GT(n, int(count / 1000));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kWalks = 6'000;  // one to two milliseconds each
#else
constexpr std::uint64_t kWalks = 50'000;
#endif

TEST(DeskWalk, NoClockIsMissedAndNoneRingsTwice) {
    walk(1, kWalks);
}

TEST(DeskWalk, NightWalk) {
    walk(1'000'000, 1'000'000);
}

}  // namespace
}  // namespace surged::tests
