// Goal: what a backtest says of a recording is what the daemon would have done had it run then.
// Method: eight days of real posts about six airlines through the stand-in of X and the live
// pollers on virtual time, and the same file through run_backtest; counts are checked against a
// reading of the file that shares no code with either.
#include "daemon/app.h"
#include "daemon/backtest.h"
#include "daemon/demo/local_receiver.h"
#include "daemon/demo/replay.h"
#include "daemon/demo/x_stand_in.h"
#include "daemon/sqlite_store.h"
#include "tests/sim_clock.h"
#include "tests/sim_net.h"
#include "tests/temp_dir.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using detectors::WallTime;

constexpr auto* kFile = SHARED_DIR "/data/mentions/airline-2015.ndjson";
constexpr std::uint64_t kSeed = 2015;
// With the minute of its first row, in that order.
struct Stream {
    std::string_view name, first;
};
constexpr std::array<Stream, 6> kStreams{{{"Delta", "2015-02-17T07:36:00Z"},
                                          {"United", "2015-02-17T07:48:00Z"},
                                          {"Southwest", "2015-02-17T08:00:00Z"},
                                          {"US Airways", "2015-02-17T11:14:00Z"},
                                          {"Virgin America", "2015-02-17T16:43:00Z"},
                                          {"American", "2015-02-19T04:25:00Z"}}};

std::string read_file(char const* path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The value of a string member of one row, read as text: no field of this recording before these
// holds a quote.
std::string_view member(std::string_view row, std::string_view name) {
    std::string const key = "\"" + std::string(name) + "\":\"";
    std::size_t const at = row.find(key);
    if (at == std::string_view::npos) return {};
    row.remove_prefix(at + key.size());
    return row.substr(0, row.find('"'));
}

struct Recorded {
    std::uint64_t rows = 0;
    std::set<std::string, std::less<>> ids;
    std::map<std::string, std::set<std::string>, std::less<>> by_stream;
    // Stream -> minute as the file writes it ("2015-02-17T07:36") -> distinct ids.
    std::map<std::string, std::map<std::string, int>, std::less<>> by_minute;
};

Recorded count_by_hand(std::string_view text) {
    Recorded out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const end = std::min(text.find('\n', at), text.size());
        std::string_view const row = text.substr(at, end - at);
        at = end + 1;
        if (row.empty()) continue;
        ++out.rows;
        std::string const id(member(row, "id")), stream(member(row, "stream"));
        out.ids.insert(id);
        if (out.by_stream[stream].insert(id).second)
            ++out.by_minute[stream][std::string(member(row, "created_at").substr(0, 16))];
    }
    return out;
}

// Every airline is a brand of its own with one stream.
std::string config(std::string const& directory, std::string const& every, std::size_t streams) {
    std::string text = "log: { level: error }\nstorage: { directory: " + directory + "/state }\n" +
                       "accounts:\n  x-main: { platform: x, base_url: \"http://x.sim\", "
                       "bearer_token_file: " +
                       directory +
                       "/token }\n"
                       "receivers:\n  hook: { type: webhook, url: \"http://hook.sim/p\", "
                       "secret_file: " +
                       directory +
                       "/secret }\n"
                       "detectors:\n  default: { type: surge }\n"
                       "  busy: { type: threshold, window: 30m, at_least: 40 }\nbrands:\n";
    for (std::size_t i = 0; i < streams; ++i) {
        std::string const name(kStreams[i].name);
        text += "  - name: " + name +
                "\n    notify: { receivers: [hook] }\n    streams:\n      - { name: " + name +
                ", account: x-main, kind: search, query: \"" + name + "\", every: " + every +
                ", detector: [default, busy] }\n";
    }
    return text;
}

// One surge or incident, as both sides tell it.
struct Told {
    WallTime onset{}, at{};
    std::string text() const {
        return "onset " + detectors::rfc3339(onset) + ", told " + detectors::rfc3339(at);
    }
};
// "surge.started Delta" -> in order.
using Story = std::map<std::string, std::vector<Told>>;

std::string_view text_of(simdjson::dom::element const& object, char const* key) {
    std::string_view value;
    return object[key].get(value) == simdjson::SUCCESS ? value : std::string_view{};
}

void add_event(Story& story, std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::element event;
    ASSERT_EQ(parser.parse(json.data(), json.size()).get(event), simdjson::SUCCESS) << json;
    std::string_view const name = text_of(event, "event");
    if (name != "surge.started" && name != "incident.opened") return;
    story[std::string(name) + " " + std::string(text_of(event, "stream"))].push_back(
        {*detectors::parse_time(text_of(event, "onset")),
         *detectors::parse_time(text_of(event, "at"))});
}

// The platform as it was, and a daemon that starts with its first post.
class AirlineWorld {
public:
    explicit AirlineWorld(std::string every)
        : clock(io, kStart),
          net(clock, kSeed),
          every_(std::move(every)),
          x_(book, x_options()),
          hook("whsec_c2ltdWxhdGVkLXNlY3JldA=="),
          log_(clock, daemon::LogLevel::error, daemon::LogFormat::text, stderr) {
        std::ofstream(dir.path() + "/token") << "token";
        std::ofstream(dir.path() + "/secret") << "whsec_c2ltdWxhdGVkLXNlY3JldA==";
        net.host("x.sim", [this](daemon::HttpRequest const& request, WallTime now) {
            return daemon::demo::to_client_response(
                x_.handle(daemon::demo::to_server_request(request), now));
        });
        net.host("hook.sim", [this](daemon::HttpRequest const& request, WallTime now) {
            return daemon::demo::to_client_response(
                hook.handle(daemon::demo::to_server_request(request), now).response);
        });
    }

    // Each stream is configured in the minute of its first post: by the first start, then by
    // reloads. A backtest knows nothing of a stream before its first row either.
    void run(WallTime until, Story& story) {
        auto opened = daemon::open_store(dir.path() + "/state", daemon::OpenMode::simulation);
        ASSERT_TRUE(opened.has_value()) << opened.error().detail;
        store = std::move(*opened);
        daemon::AppDoors doors(io, clock, net, *store, log_);
        doors.listen = false;
        doors.seed = kSeed;
        doors.load = [this] { return load(); };
        doors.on_event = [&](detectors::Event const&, std::string const& json) {
            add_event(story, json);
        };
        for (auto const& [name, first] : kStreams) {
            clock.run_until(*detectors::parse_time(first));
            ++streams_;
            if (app) {
                EXPECT_EQ(app->reload(), "");
            } else {
                app = std::make_unique<daemon::App>(std::move(doors), load().settings);
                ASSERT_TRUE(app->start().has_value());
            }
        }
        clock.run_until(until);
    }
    void stop() {
        app->stop();
        for (int i = 0; i < 100 && !app->stopped(); ++i) clock.settle();
        ASSERT_TRUE(app->stopped());
        EXPECT_EQ(app->fatal(), "");
    }
    [[nodiscard]] daemon::LoadedSettings load() const {
        daemon::LoadedSettings loaded =
            daemon::load_settings_text(config(dir.path(), every_, streams_), "airline.yaml");
        for (auto const& p : loaded.problems->list) EXPECT_TRUE(p.warning) << to_string(p);
        return loaded;
    }

    static inline WallTime const kStart = *detectors::parse_time(kStreams[0].first);

    boost::asio::io_context io{1};
    SimClock clock;
    SimHttpClient net;
    TempDir dir;
    daemon::demo::PostBook book;

private:
    std::string every_;
    std::size_t streams_ = 0;  // configured so far

    // The recording is half a day longer than X's search reaches; a daemon that starts with it
    // never needs more.
    static daemon::demo::XOptions x_options() {
        daemon::demo::XOptions options;
        for (auto const& s : kStreams) options.tags[std::string(s.name)] = std::string(s.name);
        return options;
    }
    daemon::demo::XStandIn x_;

public:
    daemon::demo::LocalReceiver hook;
    std::unique_ptr<daemon::Store> store;
    std::unique_ptr<daemon::App> app;

private:
    daemon::Log log_;
};

// What the curve of a stream says of each minute it covers, in the file's own spelling.
std::map<std::string, int> curve_of(AirlineWorld& world, std::string const& stream) {
    std::map<std::string, int> out;
    std::int64_t const from = detectors::minute_index(AirlineWorld::kStart) / 60;
    for (auto const& hour : world.store->series(stream, from, from + 9 * 24)) {
        auto const points = daemon::series_points(hour.blob);
        for (std::size_t m = 0; m < points.size(); ++m)
            if (points[m].covered && points[m].observed > 0)
                out[detectors::rfc3339(detectors::minute_start(hour.hour * 60 + std::int64_t(m)))
                        .substr(0, 16)] = int(points[m].observed);
    }
    return out;
}

// Same streams, as many each, the same onset within two minutes, and told as late as polling makes
// it: a minute is seen whole by the first poll 30 s after its end.
void expect_same(Story const& live, Story const& recorded, std::chrono::seconds every) {
    std::set<std::string> names;
    for (auto const& [name, told] : live) names.insert(name);
    for (auto const& [name, told] : recorded) names.insert(name);
    for (auto const& name : names) {
        auto const find = [&](Story const& story) {
            auto const it = story.find(name);
            return it == story.end() ? std::vector<Told>{} : it->second;
        };
        auto const a = find(live), b = find(recorded);
        std::string both = name + "\n  live:\n";
        for (auto const& t : a) both += "    " + t.text() + "\n";
        both += "  backtest:\n";
        for (auto const& t : b) both += "    " + t.text() + "\n";
        EXPECT_EQ(a.size(), b.size()) << both;
        for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
            EXPECT_LE(std::chrono::abs(a[i].onset - b[i].onset), 2min) << both;
            EXPECT_GE(a[i].at - b[i].at, -2min) << both;
            // A surge may begin early on minutes that are not final; an end waits for them (10
            // min), and with it whatever begins anew behind it.
            EXPECT_LE(a[i].at - b[i].at, every * 11 / 10 + 2min + 10min) << both;
        }
    }
}

void live_and_recorded(std::string const& every, std::chrono::seconds interval) {
    std::string text = read_file(kFile);
    if (text.empty()) GTEST_SKIP() << "no recording at " << kFile;
    Recorded const by_hand = count_by_hand(text);
    ASSERT_EQ(by_hand.rows, 14'640u);
    ASSERT_EQ(by_hand.ids.size(), 14'485u);

    AirlineWorld world(every);
    auto const replayed = daemon::demo::Replay::load_text(text, {}, world.book);
    ASSERT_EQ(replayed.distinct, 14'485u);
    Story live;
    world.run(replayed.last + 20min, live);
    if (testing::Test::HasFatalFailure()) return;
    std::uint64_t total = 0;
    for (auto const& [name, stream] : world.app->engine().streams()) {
        EXPECT_EQ(stream->mentions, by_hand.by_stream.at(name).size()) << name;
        EXPECT_EQ(stream->late, 0u) << name;
        EXPECT_EQ(curve_of(world, name), by_hand.by_minute.at(name)) << name;
        total += stream->mentions;
    }
    EXPECT_EQ(total, 14'485u);
    EXPECT_TRUE(world.store->verify().intact);
    EXPECT_EQ(world.hook.unsigned_ones(), 0u);
    world.stop();

    Story recorded;
    daemon::BacktestOptions options;
    options.event = [&](std::string_view json) { add_event(recorded, json); };
    std::size_t const size = text.size();
    text.reserve(size + 64);  // as run_backtest asks for
    auto const result = daemon::run_backtest(world.load().settings, {text.data(), size}, options);
    ASSERT_FALSE(result.error) << *result.error;
    EXPECT_EQ(result.summary.mentions, 14'485u);
    EXPECT_EQ(result.summary.duplicates, 155u);
    EXPECT_GE(result.summary.surges, 4u) << "nothing to compare";
    expect_same(live, recorded, interval);
}

// Polled every three minutes: a third of the work.
TEST(Airline, TheLiveDaemonCountsEachPostOnceAndSurgesAsTheBacktestSays) {
    live_and_recorded("3m", 3min);
}
TEST(Airline, NightPolledEachMinute) {
    live_and_recorded("60s", 1min);
}

}  // namespace
}  // namespace surged::tests
