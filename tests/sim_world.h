// The whole daemon on virtual time: real engine, loops, desk, outbox and store; simulated clock,
// network and platforms.
#pragma once

#include "daemon/app.h"
#include "daemon/demo/json_stand_in.h"
#include "daemon/demo/local_receiver.h"
#include "daemon/demo/platform.h"
#include "daemon/demo/x_stand_in.h"
#include "daemon/sqlite_store.h"
#include "tests/sim_clock.h"
#include "tests/sim_net.h"
#include "tests/temp_dir.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace surged::tests {

// A store that dies at a moment of the test's choosing: what was committed stays, nothing is
// written after.
class MortalStore final : public daemon::Store {
public:
    explicit MortalStore(std::unique_ptr<daemon::Store> inner) : inner_(std::move(inner)) {}
    void die() { dead_ = true; }
    void full(bool is) { full_ = is; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

    daemon::Result<daemon::Restored> load() override { return inner_->load(); }
    daemon::Result<bool> commit(daemon::Commit const& changes) override {
        if (dead_ || full_) {
            ++refused_;
            return daemon::Failure(daemon::Fault::transient, "simulated: database or disk is full");
        }
        return inner_->commit(changes);
    }
    bool seen(std::string const& s, detectors::MentionKey k) override { return inner_->seen(s, k); }
    std::vector<daemon::MentionRow> newest(std::string const& s, std::size_t n) override {
        return inner_->newest(s, n);
    }
    std::vector<daemon::StoredEvent> events(std::int64_t a, std::size_t n,
                                            std::string const& i) override {
        return inner_->events(a, n, i);
    }
    std::vector<std::string> incidents(std::string const& a, std::size_t n) override {
        return inner_->incidents(a, n);
    }
    std::vector<daemon::SeriesHour> series(std::string const& s, std::int64_t a,
                                           std::int64_t b) override {
        return inner_->series(s, a, b);
    }
    std::vector<daemon::MentionRow> mentions(std::string const& s, daemon::WallTime a,
                                             daemon::WallTime b, std::size_t n) override {
        return inner_->mentions(s, a, b, n);
    }
    daemon::Result<bool> prune(daemon::WallTime a, daemon::WallTime b, std::size_t n) override {
        return dead_ || full_
                   ? daemon::Result<bool>(daemon::Failure(daemon::Fault::transient, "simulated"))
                   : inner_->prune(a, b, n);
    }
    daemon::JournalCheck verify() override { return inner_->verify(); }
    std::map<std::string, std::uint64_t> sizes() override { return inner_->sizes(); }

private:
    std::unique_ptr<daemon::Store> inner_;
    bool dead_ = false, full_ = false;
    std::uint64_t refused_ = 0;
};

// Two platforms, two receivers, one brand. Everything follows from the seed.
class SimWorld {
public:
    SimWorld(std::uint64_t seed, daemon::WallTime start)
        : random_(seed),
          clock(io, start),
          net(clock, seed ^ 0x5bd1e995),
          x_(x_book, x_options()),
          json_(json_book, daemon::demo::JsonOptions{}),
          x(x_, daemon::demo::Faults{}),
          json(json_, daemon::demo::Faults{}),
          hook("whsec_" + std::string("c2ltdWxhdGVkLXNlY3JldA==")),
          log_(clock, daemon::LogLevel::error, daemon::LogFormat::text, stderr) {
        write("token", "token");
        write("secret", "whsec_c2ltdWxhdGVkLXNlY3JldA==");
        net.host("x.sim", [this](auto const& request, daemon::WallTime now) {
            return ask(x, request, now);
        });
        net.host("json.sim", [this](auto const& request, daemon::WallTime now) {
            return ask(json, request, now);
        });
        auto const receive = [](daemon::demo::LocalReceiver& r) {
            return [&r](daemon::HttpRequest const& request, daemon::WallTime now) {
                return daemon::demo::to_client_response(
                    r.handle(daemon::demo::to_server_request(request), now).response);
            };
        };
        net.host("hook.sim", receive(hook));
        net.host("other.sim", receive(other));
    }

    // --- the daemon ---
    void start() {
        auto opened = daemon::open_store(dir.path() + "/state", daemon::OpenMode::simulation);
        ASSERT_TRUE(opened.has_value()) << opened.error().detail;
        store = std::make_unique<MortalStore>(std::move(*opened));
        daemon::LoadedSettings loaded = daemon::load_settings_text(config(), "sim.yaml");
        for (auto const& p : loaded.problems->list) ASSERT_TRUE(p.warning) << to_string(p);
        daemon::AppDoors doors(io, clock, net, *store, log_);
        doors.listen = false;
        doors.seed = random_();
        doors.on_event = [this](detectors::Event const& e, std::string const&) {
            told.push_back(e);
        };
        app = std::make_unique<daemon::App>(std::move(doors), std::move(loaded.settings));
        ASSERT_TRUE(app->start().has_value());
    }
    // As kill -9: nothing of what was not committed is there afterwards.
    void kill() {
        store->die();
        stop();
    }
    void stop() {
        app->stop();
        for (int i = 0; i < 100 && !app->stopped(); ++i) clock.settle();
        ASSERT_TRUE(app->stopped()) << "a loop does not end when it is cancelled";
        ASSERT_EQ(app->fatal(), "");
        app.reset();
        store.reset();
    }

    // --- what the public writes ---
    void post_x(daemon::WallTime at, std::chrono::seconds lag) {
        daemon::demo::Post post;
        post.id = std::to_string(
            (std::uint64_t(at.time_since_epoch().count() - 1288834974657LL) << 22U) + next_++);
        post.platform = "x";
        post.created_at = at;
        post.visible_at = at + lag;
        post.author.id = std::to_string(1000 + random_() % 5000);
        post.author.handle = "user" + post.author.id;
        post.text = "what is going on with acme";
        post.stream = "acme-x";
        x_book.append(std::move(post));
        ++posted_x;
    }
    void post_json(daemon::WallTime at, std::chrono::seconds lag) {
        daemon::demo::Post post;
        post.id = "t-" + std::to_string(next_++);
        post.platform = "json";
        post.created_at = at;
        post.visible_at = at + lag;
        post.author.id = "a" + std::to_string(random_() % 500);
        post.text = "ticket";
        json_book.append(std::move(post));
        ++posted_json;
    }
    double uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }
    std::uint64_t poisson(double mean) {
        return mean <= 0 ? 0 : std::poisson_distribution<std::uint64_t>(mean)(random_);
    }

    std::mt19937_64 random_;
    boost::asio::io_context io{1};
    SimClock clock;
    SimHttpClient net;
    TempDir dir;
    daemon::demo::PostBook x_book, json_book;

private:
    daemon::demo::XStandIn x_;
    daemon::demo::JsonStandIn json_;

public:
    daemon::demo::FaultyStandIn x, json;
    daemon::demo::LocalReceiver hook, other;
    std::unique_ptr<MortalStore> store;
    std::unique_ptr<daemon::App> app;
    std::vector<detectors::Event> told;
    std::string configuration;  // instead of ours; {DIR} is the world's directory
    std::uint64_t posted_x = 0, posted_json = 0;

private:
    static daemon::demo::XOptions x_options() {
        daemon::demo::XOptions options;
        options.tags["acme"] = "acme-x";
        return options;
    }

    // A mishap of the connection is, for who asked, an answer that did not come.
    static daemon::HttpResponse ask(daemon::demo::FaultyStandIn& place,
                                    daemon::HttpRequest const& request, daemon::WallTime now) {
        daemon::demo::Reply reply = place.handle(daemon::demo::to_server_request(request), now);
        daemon::HttpResponse response = daemon::demo::to_client_response(std::move(reply.response));
        if (reply.mishap != daemon::demo::Mishap::none) {
            response.status = 502;  // the simulated network has cuts and timeouts of its own
            response.body.resize(response.body.size() / 2);
        }
        return response;
    }

    void write(std::string const& name, std::string const& text) {
        std::FILE* f = std::fopen((dir.path() + "/" + name).c_str(), "w");
        std::fputs(text.c_str(), f);
        std::fclose(f);
    }

    [[nodiscard]] std::string config() const {
        if (!configuration.empty()) {
            std::string text = configuration;
            for (std::size_t at = 0; (at = text.find("{DIR}", at)) != std::string::npos;)
                text.replace(at, 5, dir.path());
            return text;
        }
        return "storage: { directory: " + dir.path() + "/state }\n" +
               "accounts:\n"
               "  x-main: { platform: x, base_url: \"http://x.sim\", bearer_token_file: " +
               dir.path() +
               "/token }\n"
               "  crm: { platform: json, base_url: \"http://json.sim\" }\n"
               "receivers:\n"
               "  hook: { type: webhook, url: \"http://hook.sim/p\", secret_file: " +
               dir.path() +
               "/secret }\n"
               "  other: { type: webhook, url: \"http://other.sim/p\", all: true }\n"
               "brands:\n"
               "  - name: acme\n"
               "    notify: { opened: [hook], reopened: [hook], warning: [hook], breached: [hook], "
               "closed: [hook], grown: [hook] }\n"
               "    fallback: [other]\n"
               "    close_after: 2h\n"
               "    streams:\n"
               "      - { name: acme-x, account: x-main, kind: search, query: acme, every: 60s }\n"
               "      - { name: acme-crm, account: crm, kind: items, path: /items, items: /data, "
               "order: newest,\n"
               "          fields: { id: /id, created_at: /created_at, kind: /kind, text: /text, "
               "author.id: /user/id },\n"
               "          next: { pointer: /meta/next, param: cursor }, since: { param: since, "
               "format: rfc3339 }, every: 2m }\n";
    }

    daemon::Log log_;
    std::uint64_t next_ = 1;
};

}  // namespace surged::tests
