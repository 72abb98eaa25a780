// Goal: whatever moment kill -9 strikes, each mention is counted once, each event is in the journal
// once, each page arrives. Method: the real binary against stand-ins that this process serves on
// loopback, posts all the while, death after death; the platforms' books and the receivers' say
// what should have come.
#include "daemon/demo/json_stand_in.h"
#include "daemon/demo/serve.h"
#include "daemon/demo/snowflake.h"
#include "daemon/demo/x_stand_in.h"
#include "daemon/sqlite_store.h"
#include "daemon/steady_clock.h"
#include "daemon/supervisor.h"
#include "tests/child_process.h"
#include "tests/temp_dir.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <simdjson.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <type_traits>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using daemon::WallTime;

constexpr char const* kSecret = "whsec_a2lsbC10ZXN0LXNlY3JldC1vZi10aGlydHktdHdv";
constexpr int kBrands = 4;  // brand n is in crisis from its turn on
constexpr auto kLook = 20ms;

std::string brand(int n) {
    return "brand" + std::to_string(n);
}

// What the daemon watches and whom it pages, on a thread of its own: it outlives every life of the
// daemon. Everything below `io_` belongs to that thread; others ask through on_loop().
class Outside {
public:
    explicit Outside(std::uint64_t seed)
        : random_(seed),
          x_(x_book_, x_options()),
          json_(json_book_, json_options()),
          faulty_x_(x_),
          faulty_json_(json_),
          signed_(kSecret),
          timer_(io_) {
        daemon::demo::Faults faults;
        faults.seed = seed;
        faults.cut = faults.duplicates = 0.05;
        faulty_x_.plan(faults);
        faulty_json_.plan(faults);
        auto const now = [this] { return clock_.wall_now(); };
        x_server_ = open(daemon::demo::serve(faulty_x_, clock_, now));
        json_server_ = open(daemon::demo::serve(faulty_json_, clock_, now));
        signed_server_ = open(receive(signed_, signed_ids_));
        all_server_ = open(receive(all_, all_ids_));
        write();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Outside() {
        on_loop([this] {
            closing_ = true;
            timer_.cancel();
            for (auto* server : {&x_server_, &json_server_, &signed_server_, &all_server_})
                (*server)->close();
            supervisor_.stop();
            return 0;
        });
        thread_.join();
        EXPECT_TRUE(deaths_.empty()) << deaths_.front();
    }
    Outside(Outside const&) = delete;
    Outside& operator=(Outside const&) = delete;

    template <typename F>
    std::invoke_result_t<F> on_loop(F f) {
        // Shared: the answer is here before the task has quite ended there.
        auto const task =
            std::make_shared<std::packaged_task<std::invoke_result_t<F>()>>(std::move(f));
        auto result = task->get_future();
        boost::asio::post(io_, [task] { (*task)(); });
        return result.get();
    }
    // The platforms' requests so far: a life that asked is awake.
    [[nodiscard]] std::uint64_t asked() const { return asked_; }
    void crisis(int brands) { crisis_ = brands; }
    void calm() {
        on_loop([this] {
            writing_ = false;
            faulty_x_.plan({});
            faulty_json_.plan({});
            return 0;
        });
    }
    std::map<std::string, std::uint64_t> posted() {
        return on_loop([this] { return posted_; });
    }
    std::set<std::string> delivered(bool to_all) {
        return on_loop([this, to_all] { return to_all ? all_ids_ : signed_ids_; });
    }
    std::uint64_t bad_signatures() {
        return on_loop([this] { return signed_.unsigned_ones(); });
    }
    std::uint64_t repeated() {
        return on_loop([this] { return repeated_; });
    }

    [[nodiscard]] std::string configuration(TempDir const& directory, unsigned short port) const {
        std::ofstream(directory.path() + "/token") << "token";
        std::ofstream(directory.path() + "/secret") << kSecret;
        auto const url = [](auto const& server) {
            return "\"http://127.0.0.1:" + std::to_string(server->port());
        };
        std::string text =
            "server: { listen: \"127.0.0.1:" + std::to_string(port) + "\" }\n" +
            "storage: { directory: " + directory.path() + "/state }\naccounts:\n" +
            "  x-main: { platform: x, base_url: " + url(x_server_) +
            "\", bearer_token_file: " + directory.path() +
            "/token }\n  crm: { platform: json, base_url: " + url(json_server_) +
            "\" }\nreceivers:\n  oncall: { type: webhook, url: " + url(signed_server_) +
            "/page\", secret_file: " + directory.path() +
            "/secret }\n  archive: { type: webhook, url: " + url(all_server_) +
            "/event\", all: true }\nresponse_policies:\n"
            "  fast: { acknowledge: 3s, respond: 6s, resolve: 9s, clock_starts: opened }\n"
            "detectors:\n  cap: { type: threshold, window: 1m, at_least: 20 }\nbrands:\n";
        for (int n = 0; n < kBrands; ++n) {
            text += "  - name: " + brand(n) +
                    "\n    notify: { receivers: [oncall] }\n    close_after: 4s\n    streams:\n";
            text += "      - { name: " + brand(n) +
                    "-x, account: x-main, kind: search, query: " + brand(n) +
                    ", every: 2s, policy: fast, detector: cap }\n";
            if (n == 0)
                text +=
                    "      - { name: tickets, account: crm, kind: items, path: /items, items: "
                    "/data, order: newest,\n"
                    "          fields: { id: /id, created_at: /created_at, text: /text },\n"
                    "          next: { pointer: /meta/next, param: cursor },\n"
                    "          since: { param: since, format: rfc3339 }, every: 1s, policy: "
                    "fast, detector: cap }\n";
        }
        return text;
    }

private:
    static daemon::demo::XOptions x_options() {
        daemon::demo::XOptions options;
        for (int n = 0; n < kBrands; ++n) options.tags[brand(n)] = brand(n) + "-x";
        options.search_limit = 1'000'000;
        return options;
    }
    static daemon::demo::JsonOptions json_options() {
        daemon::demo::JsonOptions options;
        options.limit_per_minute = 1'000'000;
        return options;
    }
    std::unique_ptr<daemon::HttpServer> open(daemon::Handler handler) {
        daemon::Handler counting = [this, handler = std::move(handler)](
                                       daemon::ServerRequest request, daemon::Responder& answer) {
            ++asked_;
            return handler(std::move(request), answer);
        };
        return std::make_unique<daemon::HttpServer>(io_, supervisor_, "127.0.0.1", 0,
                                                    daemon::ServerTls{}, daemon::ServerLimits{},
                                                    std::move(counting));
    }
    daemon::Handler receive(daemon::demo::LocalReceiver& receiver, std::set<std::string>& ids) {
        return [this, &receiver, &ids](daemon::ServerRequest request, daemon::Responder& answer) {
            auto reply = receiver.handle(request, clock_.wall_now());
            if (reply.response.status == 200) {
                auto const& delivery = receiver.deliveries().back();
                ids.insert(delivery.id);
                repeated_ += delivery.repeated ? 1 : 0;
            }
            return daemon::demo::send_reply(std::move(reply), clock_, answer);
        };
    }

    // Some posts of each brand every 20 ms: many of one in crisis, hardly any of the others.
    void write() {
        WallTime const now = clock_.wall_now();
        for (int n = 0; n < kBrands; ++n) {
            int const many = n < crisis_ ? int(random_() % 4 == 0) : int(random_() % 200 == 0);
            for (int i = 0; i < many && writing_; ++i) post_x(n, now);
        }
        if (writing_ && random_() % 4 == 0) post_json(now);
        timer_.expires_after(kLook);
        timer_.async_wait([this](boost::system::error_code error) {
            if (!error && !closing_) write();
        });
    }
    // X's search shows nothing of the last 30 s: what appears now was written before that, and the
    // overlap of the walks has to find it behind newer posts.
    void post_x(int n, WallTime now) {
        daemon::demo::Post post;
        post.created_at = now - 32s - std::chrono::milliseconds(random_() % 30'000);
        post.visible_at = now;
        post.id = mint_.x(post.created_at);
        post.platform = "x";
        post.author.id = std::to_string(random_() % 1000);
        post.author.handle = "user" + post.author.id;
        post.text = "what is going on";
        post.stream = brand(n) + "-x";
        ++posted_[post.stream];
        x_book_.append(std::move(post));
    }
    void post_json(WallTime now) {
        daemon::demo::Post post;
        post.created_at = now - std::chrono::milliseconds(random_() % 20'000);
        post.visible_at = now;
        post.id = "t" + std::to_string(mint_.plain());
        post.platform = "json";
        post.text = "ticket";
        ++posted_["tickets"];
        json_book_.append(std::move(post));
    }

    std::mt19937_64 random_;
    boost::asio::io_context io_{1};
    daemon::SteadyClock clock_{io_};
    std::vector<std::string> deaths_;
    daemon::Supervisor supervisor_{
        io_, [this](std::string const& name, std::exception_ptr) { deaths_.push_back(name); }};
    daemon::demo::PostBook x_book_, json_book_;
    daemon::demo::XStandIn x_;
    daemon::demo::JsonStandIn json_;
    daemon::demo::FaultyStandIn faulty_x_, faulty_json_;
    daemon::demo::LocalReceiver signed_, all_;
    std::set<std::string> signed_ids_, all_ids_;
    std::uint64_t repeated_ = 0;
    std::map<std::string, std::uint64_t> posted_;
    daemon::demo::Minter mint_;
    bool writing_ = true, closing_ = false;
    std::atomic<int> crisis_{0};
    std::atomic<std::uint64_t> asked_{0};
    boost::asio::steady_timer timer_;
    std::unique_ptr<daemon::HttpServer> x_server_, json_server_, signed_server_, all_server_;
    std::thread thread_;
};

std::map<std::string, std::uint64_t> counted(unsigned short port) {
    std::map<std::string, std::uint64_t> out;
    simdjson::dom::parser parser;
    simdjson::dom::element body;
    simdjson::dom::array items;
    if (parser.parse(get(port, "/api/v1/streams")).get(body) != simdjson::SUCCESS ||
        body["items"].get(items) != simdjson::SUCCESS)
        return out;
    for (simdjson::dom::element const s : items)
        out[std::string(std::string_view(s["name"]))] = s["mentions_total"].get_uint64().value();
    return out;
}

// The last sample of every queue of pages is 0.
bool nothing_waits(unsigned short port) {
    std::string const metrics = get(port, "/metrics");
    std::string const name = "\nsurged_notification_queue{";
    int queues = 0;
    for (std::size_t at = metrics.find(name); at != std::string::npos;
         at = metrics.find(name, at + 1), ++queues) {
        std::size_t const value = metrics.find("} ", at);
        if (metrics.substr(value, 4) != "} 0\n") return false;
    }
    return queues == 2;
}

// What an event is about: twice the same would be told twice.
std::string about(daemon::StoredEvent const& e) {
    if (e.name == "incident.opened" || e.name == "incident.closed") return e.name + e.incident;
    if (!e.name.starts_with("clock.") || e.name == "clock.warning") return {};
    simdjson::dom::parser parser;
    simdjson::dom::element const event = parser.parse(e.json).value();
    simdjson::dom::element const clock = event["clock"].value();
    std::string const slot = std::string(std::string_view(clock["platform"])) + "/" +
                             std::string(std::string_view(clock["kind"])) + "/" +
                             std::to_string(clock["run"].get_int64().value());
    return e.name + " " + e.incident + " " + slot;
}

void check_journal(std::string const& directory, Outside& outside) {
    auto opened = daemon::open_store(directory);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    daemon::Store& store = **opened;
    std::string const instance = store.load()->instance;
    auto const archived = outside.delivered(true), paged = outside.delivered(false);
    std::map<std::string, int> once, names;
    std::int64_t last = 0;
    for (auto const& e : store.events(0, 1'000'000)) {
        EXPECT_EQ(e.id, ++last) << "an event is missing";
        ++names[e.name];
        if (auto const key = about(e); !key.empty()) {
            EXPECT_EQ(++once[key], 1) << e.json;
        }
        std::string const id = instance + "-" + std::to_string(e.id);
        EXPECT_TRUE(archived.contains(id)) << "never delivered: " << e.json;
        // A clock that was over on arrival is told by the opening page. A warning is of no use once
        // its breach is told.
        bool const page = e.name == "incident.opened" || e.name == "clock.breached";
        if (page && e.json.find("\"on_arrival\":true") == std::string::npos) {
            EXPECT_TRUE(paged.contains(id)) << "never paged: " << e.json;
        }
    }
    EXPECT_GE(names["incident.opened"], 2) << "too few crises for this to mean anything";
    EXPECT_GE(names["clock.breached"], 3 * names["incident.opened"])
        << "nobody answered any of them";
}

// One life: killed at a random moment after it woke, or while it starts.
void live_and_die(std::vector<std::string> const& arguments, std::string const& log,
                  Outside& outside, std::mt19937_64& random) {
    std::uint64_t const before = outside.asked();
    Child child(arguments, log);
    bool const in_its_sleep = random() % 5 == 0;
    if (in_its_sleep) {
        let_pass(std::chrono::microseconds(random() % 400'000));
    } else {
        EXPECT_TRUE(within(30s, [&] { return outside.asked() > before || !child.running(); }));
        let_pass(std::chrono::microseconds(random() % 1'200'000));
    }
    EXPECT_TRUE(child.running()) << "it ended by itself: " << child.output();
    child.signal(SIGKILL);
    EXPECT_EQ(child.wait(), 1000 + SIGKILL);
}

void kill_many_times(int times, std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    TempDir directory;
    Outside outside(seed);
    unsigned short const port = free_port();
    std::string const config = directory.path() + "/surged.yaml";
    std::ofstream(config) << outside.configuration(directory, port);
    std::vector<std::string> const run{"run", "--config", config};
    std::string const log = directory.path() + "/log";
    for (int i = 0; i < times && !testing::Test::HasFailure(); ++i) {
        outside.crisis(1 + i * kBrands / times);
        live_and_die(run, log, outside, random);
    }
    if (testing::Test::HasFailure()) return;
    std::uint64_t const repeated = outside.repeated();

    outside.calm();
    Child last(run, log);
    auto const posted = outside.posted();
    EXPECT_TRUE(within(40s, [&] { return counted(port) == posted; }));
    EXPECT_EQ(counted(port), posted);
    for (auto const& [stream, n] : posted) EXPECT_GT(n, 10u) << stream;
    // Every clock of every crisis runs out, and every page of it goes out.
    std::size_t stayed = 0, pages = 0;
    EXPECT_TRUE(within(40s, [&] {
        std::size_t const now = outside.delivered(true).size();
        stayed = now == pages ? stayed + 1 : 0;
        pages = now;
        return stayed > 100 && nothing_waits(port);  // for 5 s nothing new, and nothing waits
    })) << pages;
    last.signal(SIGTERM);
    EXPECT_EQ(last.wait(), 0) << last.output();
    Child verify({"journal", "verify", "--storage", directory.path() + "/state"}, log);
    EXPECT_EQ(verify.wait(), 0) << verify.output();
    EXPECT_EQ(outside.bad_signatures(), 0u);
    check_journal(directory.path() + "/state", outside);
    std::printf("seed %llu: %d deaths, %zu events, %llu deliveries again while it died\n",
                static_cast<unsigned long long>(seed), times, pages,
                static_cast<unsigned long long>(repeated));
}

TEST(Kill, NothingIsLostOrCountedTwiceWheneverTheProcessIsKilled) {
    kill_many_times(20, 1);
}
TEST(Kill, NightKill) {
    kill_many_times(200, 2);
}

}  // namespace
}  // namespace surged::tests
