// What Alertmanager itself makes of our bodies: the real program of the distribution, on loopback.
#include "exporters/receivers/alertmanager.h"
#include "tests/net_world.h"
#include "tests/sample_page.h"

#include <boost/asio/ip/address_v4.hpp>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace surged::tests {
namespace {

namespace fs = std::filesystem;
using detectors::ClockState;
using exporters::AlertmanagerReceiver;
using exporters::Answer;
using namespace std::chrono_literals;

char const* const kProgram = "/usr/bin/prometheus-alertmanager";

class AlertmanagerNet : public testing::Test {
protected:
    void SetUp() override {
        if (!fs::exists(kProgram)) GTEST_SKIP() << kProgram << " is not installed";
        auto path = (fs::temp_directory_path() / "surged-am-XXXXXX").string();
        ASSERT_NE(mkdtemp(path.data()), nullptr);
        directory_ = path;
        std::ofstream(directory_ / "am.yml")
            << "route: {receiver: none}\nreceivers: [{name: none}]\n";
        {
            tcp::acceptor const probe(world_.io,
                                      tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
            address_ = "127.0.0.1:" + std::to_string(probe.local_endpoint().port());
        }
        start();
        config::Values v;
        v.lists["urls"] = {url()};
        receiver_ = std::make_unique<AlertmanagerReceiver>(v);
        now_ = std::chrono::floor<std::chrono::seconds>(world_.clock.wall_now());
        incident_ = sample_incident();
        incident_.opened = now_ - 300s;
        incident_.onset = now_ - 600s;
        incident_.clocks[0].due = now_ + 300s;
        incident_.clocks[1].due = now_ - 60s;
        incident_.clocks[1].run = 1;
    }
    void TearDown() override {
        stop();
        if (!directory_.empty()) fs::remove_all(directory_);
    }

    [[nodiscard]] std::string url() const { return "http://" + address_; }

    void start() {
        std::vector<std::string> words{kProgram,
                                       "--config.file=" + (directory_ / "am.yml").string(),
                                       "--storage.path=" + (directory_ / "data").string(),
                                       "--web.listen-address=" + address_,
                                       "--cluster.listen-address=",
                                       "--log.level=error"};
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        ASSERT_EQ(posix_spawn(&child_, kProgram, nullptr, nullptr, argv.data(), environ), 0);
        ASSERT_TRUE(world_.run(ready(world_.in(15s)))) << "Alertmanager did not start";
    }
    void stop() {
        if (child_ <= 0) return;
        kill(child_, SIGTERM);
        waitpid(child_, nullptr, 0);
        child_ = 0;
    }
    awaitable<bool> ready(daemon::Instant give_up) {
        while (world_.clock.now() < give_up) {
            exporters::HttpRequest request;
            request.url = url() + "/-/ready";
            auto const response = co_await client_.fetch(std::move(request), give_up);
            if (response && response->status == 200) co_return true;
            co_await world_.clock.sleep_until(world_.in(50ms));
        }
        co_return false;
    }

    daemon::Result<exporters::HttpResponse> fetch(exporters::HttpRequest request) {
        return world_.run(client_.fetch(std::move(request), world_.in(10s)));
    }
    void post(std::vector<exporters::HttpRequest> requests) {
        ASSERT_EQ(requests.size(), 1u);
        auto const response = fetch(requests[0]);
        ASSERT_TRUE(response);
        auto const answer = receiver_->judge(*response);
        EXPECT_EQ(answer.kind, Answer::Kind::delivered) << answer.detail << "\n"
                                                        << requests[0].body;
    }
    void post_state() {
        bool const closed = incident_.state == detectors::IncidentState::closed;
        std::vector<detectors::Incident const*> const all{&incident_}, none;
        post(receiver_->render_state(closed ? none : all, closed ? all : none, "https://s.example/",
                                     "", world_.clock.wall_now()));
    }
    // "SurgedIncident active {alertname=...,brand=...} startsAt", one line per alert, sorted.
    std::string listed() {
        exporters::HttpRequest request;
        request.url = url() + "/api/v2/alerts";
        auto const response = fetch(std::move(request));
        if (!response) return "no answer";
        simdjson::dom::parser parser;
        auto const body = simdjson::padded_string(response->body);
        auto const list = parser.parse(body).get_array().value();
        std::vector<std::string> lines;
        for (auto const alert : list) {
            std::string line(alert["status"]["state"].get_string().value());
            auto const labels = alert["labels"].get_object().value();
            for (auto const& [name, value] : labels)
                line += " " + std::string(name) + "=" + std::string(value.get_string().value());
            auto const from = detectors::parse_time(alert["startsAt"].get_string().value());
            line += " since " + std::to_string((now_ - from.value()).count() / 1000) + "s";
            lines.push_back(line);
        }
        std::sort(lines.begin(), lines.end());
        std::string out;
        for (auto const& line : lines) out += line + "\n";
        return out;
    }

    NetWorld world_;
    daemon::Resolver resolver_{world_.io, world_.clock};
    daemon::BeastHttpClient client_{world_.io, world_.clock, resolver_};
    fs::path directory_;
    std::string address_;
    pid_t child_ = 0;
    std::unique_ptr<AlertmanagerReceiver> receiver_;
    detectors::WallTime now_{};
    detectors::Incident incident_;
};

std::string const kIncident =
    "active alertname=SurgedIncident brand=acme drill=false incident=acme-20260301-1 since 300s\n";
std::string const kBreach =
    "active alertname=SurgedClockBreached brand=acme drill=false incident=acme-20260301-1 "
    "kind=respond platform=x since 60s\n";

TEST_F(AlertmanagerNet, FollowsAnIncidentFromTheOpeningToTheClosing) {
    EXPECT_EQ(listed(), "");
    post(receiver_->render(sample_page(incident_), world_.clock.wall_now()));
    EXPECT_EQ(listed(), kIncident);

    incident_.clocks[1].state = ClockState::breached;
    post(receiver_->render(sample_page(incident_), world_.clock.wall_now()));
    EXPECT_EQ(listed(), kBreach + kIncident);

    incident_.clocks[1].state = ClockState::met_late;
    incident_.clocks[1].at = now_;
    post_state();
    EXPECT_EQ(listed(), kIncident);

    // It keeps alerts in memory alone: the lease brings back what a restart forgot.
    stop();
    start();
    EXPECT_EQ(listed(), "");
    post_state();
    EXPECT_EQ(listed(), kIncident);

    incident_.state = detectors::IncidentState::closed;
    incident_.closed = now_;
    post(receiver_->render(sample_page(incident_, detectors::EventName::incident_closed),
                           world_.clock.wall_now()));
    EXPECT_EQ(listed(), "");
    post_state();  // said again for a while: stays ended
    EXPECT_EQ(listed(), "");
}

TEST_F(AlertmanagerNet, TakesHostileTextAndClocksThatWereSetBack) {
    incident_.owner = kHostile;
    incident_.state = detectors::IncidentState::acknowledged;
    auto page = sample_page(incident_);
    page.event.note = kHostile;
    page.plan_url = kHostile;
    post(receiver_->render(page, world_.clock.wall_now()));
    EXPECT_EQ(listed(), kIncident);
    incident_.opened = now_ + 3600s;
    incident_.id = "my brand-20260301-1";
    post_state();
    incident_.state = detectors::IncidentState::closed;
    incident_.closed = now_ - 3600s;
    post_state();
    EXPECT_EQ(listed(), kIncident);
}

TEST_F(AlertmanagerNet, ABlindStreamIsAnAlertUntilItIsRestored) {
    exporters::Page page;
    page.event.brand = "acme";
    page.event.stream = "acme x";
    page.event.name = detectors::EventName::stream_blind;
    page.event.at = now_ - 60s;
    post(receiver_->render(page, world_.clock.wall_now()));
    EXPECT_EQ(
        listed(),
        "active alertname=SurgedStreamBlind brand=acme drill=false stream=acme x since 60s\n");
    page.event.name = detectors::EventName::stream_restored;
    page.event.at = now_;
    post(receiver_->render(page, world_.clock.wall_now()));
    EXPECT_EQ(listed(), "");
}

}  // namespace
}  // namespace surged::tests
