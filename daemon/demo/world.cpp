#include "daemon/demo/world.h"

#include <fstream>
#include <utility>

namespace surged::daemon::demo {
namespace {

constexpr std::string_view kToken = "demo-token";  // of every stand-in: nothing outside takes it
constexpr std::string_view kSecret = "whsec_c3VyZ2VkLWRlbW8tcmVjZWl2ZXItc2VjcmV0";

ServerLimits limits() {
    ServerLimits l;
    l.idle = std::chrono::seconds{
        600};  // a demo machine may sleep; a kept connection costs nothing here
    return l;
}

}  // namespace

World::World(boost::asio::io_context& io, Supervisor& supervisor, Clock& clock, std::uint64_t seed,
             bool all)
    : clock_(clock),
      scenario_([&] {
          ScenarioOptions options(clock.wall_now());
          options.seed = seed;
          // A crisis that nobody needs a detector for after ten minutes, and a detector within the
          // first.
          options.crisis_first = 8;
          options.doubling = std::chrono::seconds{90};
          options.crisis_most = 240;
          return options;
      }()),
      more_(all ? std::make_unique<MorePosts>(clock.wall_now(), seed,
                                              ScenarioOptions(WallTime{}).history)
                : nullptr),
      receiver_(std::string(kSecret)) {
    ScenarioBooks& books = scenario_.books();
    XOptions x;
    x.bearer_token = kToken;
    x.users = Scenario::x_users();
    open(io, supervisor, "x", std::make_unique<XStandIn>(books.x, std::move(x)));
    GraphOptions graph;
    graph.access_token = kToken;
    graph.page_id = Scenario::kPage;
    open(io, supervisor, "facebook",
         std::make_unique<GraphStandIn>(books.facebook, std::move(graph)));
    MastodonOptions mastodon;
    mastodon.token = kToken;
    auto instance = std::make_unique<MastodonStandIn>(books.mastodon, std::move(mastodon));
    MastodonStandIn const* const streams = instance.get();
    open(io, supervisor, "mastodon", std::move(instance), streams);
    BlueskyOptions bluesky;
    bluesky.password = kToken;
    bluesky.identifier = Scenario::kBlueskyHandle;
    bluesky.did = Scenario::kBlueskyDid;
    open(io, supervisor, "bluesky",
         std::make_unique<BlueskyStandIn>(books.bluesky, std::move(bluesky)));
    open(io, supervisor, "json", std::make_unique<JsonStandIn>(books.json, JsonOptions{}));
    for (std::size_t i = 0; all && i < more_places().size(); ++i) {
        MorePlace const& row = more_places()[i];
        open(io, supervisor, std::string(row.platform),
             row.make(more_->book(i), std::string(kToken)));
    }
    receiver_server_ = std::make_unique<HttpServer>(
        io, supervisor, "127.0.0.1", 0, ServerTls{}, limits(),
        serve(receiver_, clock_, [this] { return clock_.wall_now(); }));
}

void World::open(boost::asio::io_context& io, Supervisor& supervisor, std::string const& name,
                 std::unique_ptr<StandIn> stand_in, MastodonStandIn const* streams) {
    Place& place = places_[name];
    place.stand_in = std::move(stand_in);
    place.faults = std::make_unique<FaultyStandIn>(*place.stand_in);
    auto const world_now = [this] {
        WallTime const now = clock_.wall_now();
        scenario_.advance(now);
        if (more_) more_->advance(now);
        return now;
    };
    Handler handler = streams != nullptr ? serve(*place.faults, *streams, clock_, world_now)
                                         : serve(*place.faults, clock_, world_now);
    place.server = std::make_unique<HttpServer>(io, supervisor, "127.0.0.1", 0, ServerTls{},
                                                limits(), std::move(handler));
}

std::string World::url(std::string const& name) const {
    return "http://127.0.0.1:" + std::to_string(places_.at(name).server->port());
}

void World::close() {
    for (auto& [name, place] : places_) place.server->close();
    receiver_server_->close();
}

std::string World::configuration(std::string const& listen, std::string const& directory) const {
    auto const write = [&](char const* name, std::string_view value) {
        std::string path = directory + "/" + name;
        std::ofstream(path) << value << "\n";
        return path;
    };
    std::string const token = write("token", kToken);
    std::string const secret = write("webhook-secret", kSecret);
    std::string text = "server: { listen: \"" + listen + "\" }\n";
    text += "storage: { directory: " + directory + "/state }\n";
    text += "accounts:\n";
    text += "  x-demo: { platform: x, base_url: \"" + url("x") + "\", bearer_token_file: " + token +
            " }\n";
    text += "  fb-demo: { platform: facebook, base_url: \"" + url("facebook") +
            "\", access_token_file: " + token + " }\n";
    // With a token its stream listens besides.
    text += "  fedi-demo: { platform: mastodon, base_url: \"" + url("mastodon") + "\"" +
            (more_ ? ", access_token_file: " + token : "") + " }\n";
    text += "  bsky-demo: { platform: bluesky, base_url: \"" + url("bluesky") +
            "\", identifier: " + std::string(Scenario::kBlueskyHandle) +
            ", password_file: " + token + " }\n";
    text += "  crm-demo: { platform: json, base_url: \"" + url("json") + "\" }\n";
    std::string more_streams;
    for (MorePlace const& row : more_places()) {
        if (!more_) break;
        std::string const name(row.platform);
        std::string const account = row.account(url(name), token);
        if (!account.empty()) text += "  " + name + "-demo: { " + account + " }\n";
        more_streams += "      - { name: acme-" + name + ", " +
                        (account.empty() ? "" : "account: " + name + "-demo, ") +
                        row.stream(url(name)) + " }\n";
    }
    text += "receivers:\n  oncall: { type: webhook, url: \"http://127.0.0.1:" +
            std::to_string(receiver_server_->port()) + "/page\", secret_file: " + secret + " }\n";
    text += "brands:\n  - name: acme\n    plan_url: https://wiki.example/acme-crisis\n";
    text += "    own: { x: [acme, acmehelp], facebook: [\"" + std::string(Scenario::kPage) +
            "\"], mastodon: [acme], bluesky: [" + std::string(Scenario::kBlueskyHandle) + "] }\n";
    text += "    notify: { receivers: [oncall] }\n    streams:\n";
    text += "      - { name: acme-x, account: x-demo, kind: search, query: '" +
            std::string(Scenario::kXQuery) + "', every: 10s }\n";
    text += "      - { name: acme-facebook, account: fb-demo, kind: page, page: \"" +
            std::string(Scenario::kPage) + "\", every: 60s }\n";
    text += "      - { name: acme-mastodon, account: fedi-demo, kind: tag, tag: " +
            std::string(Scenario::kTag) + ", every: 30s }\n";
    text +=
        "      - { name: acme-bluesky, account: bsky-demo, kind: search, query: acme, every: 30s "
        "}\n";
    text +=
        "      - { name: acme-crm, account: crm-demo, kind: items, path: /items, items: /data, "
        "order: newest,\n"
        "          fields: { id: /id, created_at: /created_at, kind: /kind, text: /text, lang: "
        "/lang, url: /url,\n"
        "                    author.id: /user/id, author.handle: /user/handle, in_reply_to: "
        "/in_reply_to,\n"
        "                    conversation: /conversation },\n"
        "          next: { pointer: /meta/next, param: cursor }, since: { param: since, format: "
        "rfc3339 },\n"
        "          every: 30s }\n";
    return text + more_streams;
}

}  // namespace surged::daemon::demo
