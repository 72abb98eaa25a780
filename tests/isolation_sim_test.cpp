// Goal: brands share nothing but the process: a flood, a dead credential and a slow receiver of one
// change nothing of what another sees, decides and is told. Method: the whole daemon on virtual
// time, twice: once with a peaceful neighbour, once with one in every kind of trouble.
#include "tests/sim_world.h"

#include <gmock/gmock.h>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using detectors::Event;
using detectors::EventName;
using detectors::WallTime;

constexpr char kTwoBrands[] = R"(
storage: { directory: "{DIR}/state" }
accounts:
  x-main: { platform: x, base_url: "http://x.sim", bearer_token_file: "{DIR}/token" }
  crm: { platform: json, base_url: "http://json.sim" }
receivers:
  hook: { type: webhook, url: "http://hook.sim/p", secret_file: "{DIR}/secret" }
  other: { type: webhook, url: "http://other.sim/p" }
detectors:
  cap: { type: threshold, window: 5m, at_least: 10 }
brands:
  - name: calm
    notify: { receivers: [hook] }
    close_after: 1h
    streams:
      - { name: calm-crm, account: crm, kind: items, path: /items, items: /data, order: newest,
          fields: { id: /id, created_at: /created_at, kind: /kind, text: /text, author.id: /user/id },
          next: { pointer: /meta/next, param: cursor }, since: { param: since, format: rfc3339 },
          every: 1m, detector: cap }
  - name: wild
    notify: { receivers: [other] }
    streams:
      - { name: acme-x, account: x-main, kind: search, query: acme, every: 60s, detector: cap }
      - { name: wild-push, platform: reddit, kind: push, detector: cap }
)";

struct Told {
    std::vector<std::string> names;  // of calm's events, with their stream
    std::vector<WallTime> at;
    std::vector<WallTime> delivered;  // to calm's receiver
    std::uint64_t mentions = 0;
    std::uint64_t wild_mentions = 0, slow = 0, refused = 0, wild_blind = 0;
};

// Five hundred mentions a minute, by a push.
void flood(SimWorld& world, int minute) {
    detectors::MentionBatch batch;
    for (int i = 0; i < 500; ++i) {
        detectors::Mention m;
        m.id = batch.keep("w" + std::to_string(minute) + "-" + std::to_string(i));
        m.created_at = world.clock.wall_now();
        m.text = "wild";
        m.author.id = batch.keep("a" + std::to_string(i % 700));
        batch.items.push_back(m);
    }
    world.app->engine().push("wild-push", batch, 0, world.clock.wall_now());
}

void five_hours(SimWorld& world, bool trouble, Told& out) {
    world.configuration = kTwoBrands;
    SimFaults even;  // every exchange takes as long: what differs between two runs is the neighbour
    even.latency_min = even.latency_max = 50ms;
    world.net.faults(even);
    // The public of the calm brand, by its own dice: one in ten minutes, and a crisis in hour 2.
    std::mt19937_64 dice(42);
    for (int minute = -120; minute < 300; ++minute) {
        bool const crisis = minute >= 120 && minute < 150;
        int const n = crisis ? 5 : minute % 10 == 0 ? 1 : 0;
        for (int i = 0; i < n; ++i)
            world.post_json(kSimStart + minute * 1min + std::chrono::seconds(dice() % 60), 2s);
    }
    if (trouble) {
        world.net.host("x.sim", [&out](auto const&, WallTime) {
            ++out.refused;
            daemon::HttpResponse response;
            response.status = 401;
            response.body = R"({"title":"Unauthorized"})";
            return response;
        });
        world.net.slow("other.sim", true);
    }
    world.start();
    if (testing::Test::HasFatalFailure()) return;
    for (int minute = 0; minute < 300; ++minute) {
        if (trouble) flood(world, minute);
        world.clock.run_until(kSimStart + (minute + 1) * 1min);
    }
    for (Event const& e : world.told) {
        out.wild_blind += e.brand == "wild" && e.name == EventName::stream_blind ? 1 : 0;
        // How often a surge is told to have grown depends on when it was looked at.
        if (e.brand != "calm" || e.name == EventName::surge_grown) continue;
        out.names.push_back(std::string(to_string(e.name)) + " " + e.incident + " " + e.stream);
        out.at.push_back(e.at);
    }
    for (auto const& d : world.hook.deliveries()) out.delivered.push_back(d.at);
    auto const& streams = world.app->engine().streams();
    out.mentions = streams.find("calm-crm")->second->mentions;
    out.wild_mentions = streams.find("wild-push")->second->mentions;
    out.slow = world.net.count(SimFault::slow);
    world.stop();
}

TEST(Isolation, TroubleOfOneBrandChangesNothingOfAnother) {
    Told calm, troubled;
    {
        SimWorld world(7, kSimStart);
        five_hours(world, false, calm);
    }
    {
        SimWorld world(7, kSimStart);
        five_hours(world, true, troubled);
    }
    // The trouble was real.
    EXPECT_EQ(troubled.wild_mentions, 150'000u);
    EXPECT_GT(troubled.refused, 5u);
    EXPECT_GT(troubled.slow, 3u);
    EXPECT_GE(troubled.wild_blind, 1u);
    EXPECT_EQ(calm.wild_mentions, 0u);

    ASSERT_FALSE(calm.names.empty());
    EXPECT_THAT(calm.names, testing::Contains(testing::StartsWith("incident.opened")));
    EXPECT_THAT(calm.names, testing::Contains(testing::StartsWith("clock.breached")));
    EXPECT_EQ(troubled.names, calm.names);
    EXPECT_EQ(troubled.mentions, calm.mentions);
    ASSERT_EQ(troubled.at.size(), calm.at.size());
    // Polls are jittered by shared dice: a decision may come most of a poll sooner or
    // later.
    for (std::size_t i = 0; i < calm.at.size(); ++i)
        EXPECT_LE(std::chrono::abs(troubled.at[i] - calm.at[i]), 45s) << calm.names[i];
    ASSERT_EQ(troubled.delivered.size(), calm.delivered.size());
    for (std::size_t i = 0; i < calm.delivered.size(); ++i)
        EXPECT_LE(std::chrono::abs(troubled.delivered[i] - calm.delivered[i]), 45s);
}

}  // namespace
}  // namespace surged::tests
