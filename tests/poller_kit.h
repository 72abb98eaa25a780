// Settings, answers and contexts for tests of pollers.
#pragma once

#include "daemon/poller.h"
#include "daemon/pollers/bluesky.h"
#include "daemon/pollers/facebook.h"
#include "daemon/pollers/json.h"
#include "daemon/pollers/mastodon.h"
#include "daemon/pollers/mastodon_search.h"
#include "daemon/pollers/walk_cursor.h"
#include "daemon/pollers/x.h"
#include "daemon/settings.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace surged::tests {

using namespace std::chrono_literals;
using daemon::Fault, daemon::HttpRequest, daemon::HttpResponse, daemon::PollContext,
    daemon::PollPage, daemon::Poller, daemon::Result, daemon::WallTime;
using detectors::MentionBatch;

// 2026-11-20T14:10:00Z
inline constexpr WallTime kNow{std::chrono::seconds{1'795'183'800}};

inline WallTime at(char const* text) {
    auto const time = detectors::parse_time(text);
    EXPECT_TRUE(time) << text;
    return time.value_or(detectors::kNoTime);
}

inline HttpResponse answer(int status, std::string body, exporters::HttpHeaders headers = {}) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    response.headers = std::move(headers);
    return response;
}

inline PollContext context(WallTime now = kNow, WallTime covered = detectors::kNoTime) {
    PollContext c;
    c.now = c.walk_started = now;
    c.covered_until = covered;
    return c;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline daemon::AccountSettings account(std::string base, Pairs const& secrets = {}) {
    daemon::AccountSettings a;
    a.name = "main";
    a.base_url = std::move(base);
    for (auto const& [key, value] : secrets) a.values.secrets[key].value = value;
    return a;
}

inline daemon::StreamSettings stream(std::string platform, std::string kind, Pairs const& texts) {
    daemon::StreamSettings s;
    s.name = "s";
    s.brand = "acme";
    s.account = "main";
    s.platform = std::move(platform);
    s.kind = std::move(kind);
    for (auto const& [key, value] : texts) s.values.text[key] = value;
    return s;
}

inline std::unique_ptr<Poller> x_search() {
    return daemon::make_x_search(account("https://api.x.com", {{"bearer_token_file", "AAAAtoken"}}),
                                 stream("x", "search", {{"query", "acme -is:retweet"}}));
}
inline std::unique_ptr<Poller> x_mentions(std::string user = "@acme") {
    return daemon::make_x_mentions(
        account("https://api.x.com", {{"bearer_token_file", "AAAAtoken"}}),
        stream("x", "mentions", {{"user", std::move(user)}}));
}
inline std::unique_ptr<Poller> x_counts() {
    return daemon::make_x_counts(account("https://api.x.com", {{"bearer_token_file", "AAAAtoken"}}),
                                 stream("x", "counts", {{"query", "acme"}}));
}
inline std::unique_ptr<Poller> mastodon_tag(std::set<std::string> own = {}) {
    auto s = stream("mastodon", "tag", {{"tag", "#zephyrfail"}});
    s.exclude.own = std::move(own);
    return daemon::make_mastodon_tag(account("https://inst.example"), s);
}
inline std::unique_ptr<Poller> mastodon_mentions() {
    return daemon::make_mastodon_mentions(
        account("https://inst.example", {{"access_token_file", "fedi-token"}}),
        stream("mastodon", "mentions", {}));
}
inline std::unique_ptr<Poller> mastodon_search() {
    return daemon::make_mastodon_search(
        account("https://inst.example", {{"access_token_file", "fedi-token"}}),
        stream("mastodon", "search", {{"query", "zephyr cola"}}));
}
// Logged in unless the test says otherwise.
inline daemon::AccountSettings bluesky_account(bool logged_in = true) {
    auto a = account("https://bsky.example", {{"password_file", "app-pass-word"}});
    a.values.text["identifier"] = "acme.example";
    if (logged_in) {
        a.session->access = "bsky-access-token";
        a.session->refresh = "bsky-refresh-token";
        a.session->subject = "did:plc:acme";
        a.session->expires = kNow + 1h;
    }
    return a;
}
inline std::unique_ptr<Poller> bluesky_search() {
    return daemon::make_bluesky_search(bluesky_account(),
                                       stream("bluesky", "search", {{"query", "zephyr cola"}}));
}
inline std::unique_ptr<Poller> bluesky_mentions(std::string actor = "acme.example") {
    return daemon::make_bluesky_mentions(
        bluesky_account(), stream("bluesky", "mentions", {{"actor", std::move(actor)}}));
}
inline std::unique_ptr<Poller> facebook_page() {
    return daemon::make_facebook_page(
        account("https://graph.facebook.com", {{"access_token_file", "EAABtoken123"},
                                               {"app_secret_file", "meta_app_secret_demo"}}),
        stream("facebook", "page", {{"page", "1020304050"}}));
}
inline std::unique_ptr<Poller> json_items(Pairs const& texts, Pairs const& fields,
                                          Pairs const& params = {}) {
    auto s = stream("json", "items", texts);
    s.values.pairs["fields"] = fields;
    s.values.pairs["params"] = params;
    return daemon::make_json_items(account("https://crm.example/api"), s);
}
inline std::unique_ptr<Poller> json_newest() {
    return json_items({{"path", "/items"},
                       {"items", "/data"},
                       {"next.pointer", "/meta/next"},
                       {"next.param", "cursor"},
                       {"since.param", "since"},
                       {"since.format", "rfc3339"},
                       {"order", "newest"}},
                      {{"id", "/id"}, {"created_at", "/created_at"}, {"text", "/text"}});
}

// One accepted page, or the failure; what it appended.
struct Step {
    Result<PollPage> page = daemon::Failure(Fault::transient, "not asked");
    std::vector<detectors::Mention> mentions;
};
inline Step accept(Poller& poller, std::string_view cursor, HttpResponse const& response,
                   MentionBatch& batch, PollContext const& c = context()) {
    Step step;
    std::size_t const before = batch.items.size();
    step.page = poller.accept(response, cursor, c, batch);
    step.mentions.assign(batch.items.begin() + std::ptrdiff_t(before), batch.items.end());
    return step;
}

inline std::string param(HttpRequest const& request, std::string_view name) {
    return daemon::query_value(request.url, name);
}
inline std::string path_of(HttpRequest const& request) {
    auto const start = request.url.find('/', request.url.find("://") + 3);
    return request.url.substr(start, request.url.find('?') - start);
}

}  // namespace surged::tests
