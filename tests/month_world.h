// A month of one platform on virtual time: the real loop and pollers against its stand-in behind
// every fault it knows, outages, full disks and kills, everything from one seed. What was posted
// within the platform's reach is counted once, what was not lies in a gap that was told; budgets
// are those of the platform's own books.
#pragma once

#include "daemon/demo/posts.h"
#include "daemon/demo/random.h"
#include "daemon/poll_loop.h"
#include "daemon/supervisor.h"
#include "tests/sim_door.h"
#include "tests/sim_net.h"
#include "tests/web_kit.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <set>

namespace surged::tests {

using daemon::AccountPace, daemon::AccountSettings, daemon::PollOutcome, daemon::Rate;
using daemon::demo::Post, daemon::demo::PostBook, daemon::demo::Random, daemon::demo::Trouble;
using detectors::kNoTime, detectors::MentionKind, detectors::rfc3339;

inline constexpr auto kMonth = std::chrono::days{30};

// What must survive of a stream.
class Sink final : public daemon::PollSink {
public:
    explicit Sink(std::uint64_t seed) : random_(seed) {}

    bool record(std::string const& stream, PollPage const& page, MentionBatch const& batch,
                PollContext const&, WallTime from, WallTime until) override {
        if (random_.chance(0.002)) {
            ++disk_full;
            return false;
        }
        State& s = streams[stream];
        for (auto const& m : batch.items) s.sights += s.ids.emplace(m.id).second ? 0 : 1;
        for (auto const& bucket : page.counts) s.minutes[bucket.start] = bucket.count;
        s.cursor = page.cursor;
        s.longest_cursor = std::max(s.longest_cursor, page.cursor.size());
        if (until == kNoTime) return true;
        if (s.covered_until == kNoTime) s.covered_from = from;
        if (s.covered_until != kNoTime && from > s.covered_until)
            s.gaps.emplace_back(s.covered_until, from);
        s.covered_until = std::max(s.covered_until, until);
        return true;
    }
    void polled(PollOutcome const& outcome) override {
        ++outcomes[outcome.failure ? std::string(to_string(outcome.failure->fault)) : "ok"];
    }
    void spending(std::string const&) override { on_spending(); }
    void budget_low(std::string const&, std::string const&, double) override { ++low; }
    [[nodiscard]] bool surging(std::string const&) const override { return false; }
    [[nodiscard]] std::string cursor(std::string const& stream) const override {
        auto const it = streams.find(stream);
        return it == streams.end() ? "" : it->second.cursor;
    }
    [[nodiscard]] WallTime covered_until(std::string const& stream) const override {
        auto const it = streams.find(stream);
        return it == streams.end() ? kNoTime : it->second.covered_until;
    }

    struct State {
        std::string cursor;
        std::set<std::string> ids;
        std::map<WallTime, double> minutes;  // of a counts stream: their latest values
        WallTime covered_from = kNoTime, covered_until = kNoTime;
        std::vector<std::pair<WallTime, WallTime>> gaps;
        std::uint64_t sights = 0;
        std::size_t longest_cursor = 0;
    };
    std::map<std::string, State> streams;
    std::map<std::string, int> outcomes;
    int disk_full = 0, low = 0;
    std::function<void()> on_spending = [] {};

private:
    Random random_;
};

using Make = std::unique_ptr<Poller> (*)(AccountSettings const&, daemon::StreamSettings const&);

// A daemon that polls one platform, dies without warning and comes back.
class World {
public:
    World(std::uint64_t seed, daemon::demo::StandIn& stand_in, std::string platform)
        : random(seed),
          net(clock, seed + 1, unkind()),
          sink(seed + 2),
          door(stand_in, daemon::demo::Faults::everything(seed + 3, 0.12), kSimStart + kMonth / 3),
          platform_(std::move(platform)) {
        sink.on_spending = [this] { spent_ = pace_->save(); };
        net.host("p.sim", [this](HttpRequest const& request, WallTime now) {
            if (on_request) on_request(now);
            if (now >= outage_from && now < outage_until) {
                ++refused_in_outage;
                return answer(503, "<html>down</html>");
            }
            auto const asked = daemon::demo::to_server_request(request);
            requests[endpoint(asked.path)].add(now, 1);
            daemon::demo::Reply reply = door.handle(asked, now);
            if (on_reply) on_reply(reply.response, now);
            HttpResponse response = daemon::demo::to_client_response(std::move(reply.response));
            if (reply.mishap != daemon::demo::Mishap::none) {
                response.status = 502;
                response.body.resize(response.body.size() / 2);
            }
            return response;
        });
    }
    ~World() { stop(); }

    void stream(std::string const& name, std::string kind, std::chrono::seconds every,
                Pairs const& texts, Make make) {
        auto s = tests::stream(platform_, std::move(kind), texts);
        s.name = name;
        s.every = every;
        makers_.emplace_back(std::move(s), make);
    }
    void run(std::chrono::hours length, std::chrono::hours mean_life) {
        WallTime const end = clock.wall_now() + length;
        start();
        while (clock.wall_now() < end) {
            double const hours = -std::log(random_unit()) * double(mean_life.count());
            clock.run_until(std::min(end, clock.wall_now() + std::chrono::milliseconds{
                                                                 1 + std::int64_t(hours * 3.6e6)}));
            if (clock.wall_now() >= end) break;
            stop();
            ++crashes;
            start();
        }
        stop();
    }
    double random_unit() { return std::uniform_real_distribution<double>(1e-9, 1)(random); }

    boost::asio::io_context io{1};
    SimClock clock{io};
    std::mt19937_64 random;
    SimHttpClient net;
    Sink sink;
    Door door;  // each kind of trouble has come before the burst, or comes then
    std::function<void(WallTime)> on_request;
    std::function<void(daemon::ServerResponse&, WallTime)> on_reply;
    // Which of the platform's limits a request counts against.
    std::function<std::string(std::string_view)> endpoint = [](std::string_view) { return "all"; };
    std::map<std::string, Meter> requests;
    WallTime outage_from = WallTime::max(), outage_until = WallTime::max();
    std::vector<std::pair<std::string, double>> quotas;
    daemon::BudgetSettings budget;
    int crashes = 0, refused_in_outage = 0;
    std::function<AccountSettings()> make_account = [] { return account("http://p.sim"); };

private:
    static SimFaults unkind() {
        SimFaults faults;
        faults.transient = faults.cut = faults.timeout = faults.slow = 0.01;
        return faults;
    }
    void start() {
        // A new process has a new session; what was spent when its last request went out it knows.
        auto fresh = std::make_unique<AccountPace>(budget);
        for (auto const& [kind, calls] : quotas) fresh->add_quota(kind, Rate{calls, 86400s});
        if (!spent_.empty()) {
            EXPECT_TRUE(fresh->restore(spent_));
        }
        pace_ = std::move(fresh);
        auto const a = make_account();
        daemon::PollEnv const env{clock, net, random, sink, *pace_, 10s, 1s};
        for (auto const& [settings, make] : makers_)
            supervisor_.start(settings.name,
                              daemon::run_poll_loop(env, settings, make(a, settings)));
    }
    void stop() {
        supervisor_.stop();
        clock.settle();
        EXPECT_EQ(supervisor_.running(), 0u);
    }

    std::string platform_, spent_;
    std::unique_ptr<AccountPace> pace_;
    std::vector<std::pair<daemon::StreamSettings, Make>> makers_;
    daemon::Supervisor supervisor_{
        io, [](std::string const& name, std::exception_ptr) { ADD_FAILURE() << name << " died"; }};
};

struct Said {
    std::string id;
    WallTime at, visible;
};

// Of the burst, an hour long; an outage of nine hours hides it.
inline constexpr WallTime kBurst = kSimStart + kMonth / 2;

// Quiet nights, busy days and one burst.
inline std::vector<WallTime> times(Random& random, WallTime from, WallTime until, double per_hour,
                                   double burst) {
    std::vector<WallTime> out;
    for (WallTime t = from; t < until;) {
        double const hour = double((t.time_since_epoch() / 1min) % 1440) / 60;
        double rate = per_hour * (hour < 6 ? 0.2 : 1.2);
        if (t >= kBurst && t < kBurst + 1h) rate = burst;
        auto const step =
            std::chrono::milliseconds{1 + std::int64_t(-std::log(random.unit()) * 3.6e6 / rate)};
        // The burst begins when it begins, however quiet it was before.
        t = t < kBurst && t + step > kBurst ? kBurst : t + step;
        if (t < until) out.push_back(t);
    }
    return out;
}

inline Post post_at(Random& random, WallTime at, std::string id) {
    Post post;
    post.id = std::move(id);
    post.created_at = at;
    post.author.id = std::to_string(random.below(500));
    post.author.handle = "kim_" + post.author.id;
    post.text = "what is it with acme & its caps " + post.id;
    return post;
}

// What is owed and missing; returns how many were owed.
inline std::size_t expect_all(Sink::State const& s, std::vector<Said> const& said, WallTime end,
                              std::chrono::hours behind = 3h) {
    std::size_t owed = 0, in_gaps = 0;
    std::set<std::string> posted;
    int shown = 0;
    for (Said const& one : said) {
        posted.insert(one.id);
        bool const gap = std::any_of(s.gaps.begin(), s.gaps.end(), [&](auto const& g) {
            return one.at >= g.first && one.at < g.second;
        });
        in_gaps += gap ? 1 : 0;
        // The last hours may hold what the next walks would find.
        if (one.at < s.covered_from || gap || one.visible >= end - 1h - behind) continue;
        ++owed;
        if (!s.ids.contains(one.id) && ++shown < 5)
            ADD_FAILURE() << "lost: " << one.id << " of " << rfc3339(one.at) << ", shown at "
                          << rfc3339(one.visible) << ", covered until " << rfc3339(s.covered_until);
    }
    for (auto const& id : s.ids) EXPECT_TRUE(posted.contains(id)) << "nobody ever posted " << id;
    EXPECT_GE(s.covered_until, end - behind) << "coverage fell behind";
    EXPECT_LT(s.longest_cursor, 16'000u);
    EXPECT_GT(owed, 300u);
    EXPECT_LT(in_gaps, said.size() / 2) << "a gap is no excuse for everything";
    for (auto const& [from, until] : s.gaps)
        std::cout << "  gap from " << rfc3339(from) << " to " << rfc3339(until) << "\n";
    std::size_t const reach = std::size_t(std::count_if(
        said.begin(), said.end(), [&](Said const& one) { return one.at >= s.covered_from; }));
    std::cout << "  posted " << said.size() << ", of these before its reach " << said.size() - reach
              << "; counted " << s.ids.size() << ", in " << s.gaps.size() << " gaps " << in_gaps
              << ", owed " << owed << ", given again " << s.sights << "\n";
    return owed;
}

// The month was unkind, in every way: `walks` where answers have several pages.
inline void expect_unkind(World& world, bool walks = true) {
    std::size_t requests = 0;
    for (auto const& [name, meter] : world.requests) requests += meter.size();
    std::cout << "  requests " << requests << ", refused in the outage " << world.refused_in_outage
              << ", process killed " << world.crashes << ", disk full " << world.sink.disk_full
              << "; platform:";
    for (std::size_t i = 1; i < daemon::demo::kTroubles; ++i) {
        auto const trouble = static_cast<Trouble>(i);
        std::cout << " " << to_string(trouble) << " " << world.door.count(trouble);
        if (!walks && (trouble == Trouble::duplicates || trouble == Trouble::expired_cursor))
            continue;
        EXPECT_GT(world.door.count(trouble), 0u) << to_string(trouble);
    }
    std::cout << "; network:";
    for (auto const& [name, fault] :
         {std::pair("refused", SimFault::transient), std::pair("cut", SimFault::cut),
          std::pair("timeout", SimFault::timeout), std::pair("slow", SimFault::slow)}) {
        std::cout << " " << name << " " << world.net.count(fault);
        EXPECT_GT(world.net.count(fault), 0u) << name;
    }
    std::cout << std::endl;
    EXPECT_GT(world.crashes, 3);
    EXPECT_GT(world.refused_in_outage, 0);
    EXPECT_GT(world.sink.outcomes["malformed"], 0);
    EXPECT_GT(world.sink.outcomes["transient"], 0);
    EXPECT_GT(world.sink.outcomes["throttled"], 0);
}

}  // namespace surged::tests
