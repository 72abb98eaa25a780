// The HTTP face of the real daemon, route by route: what section 6 of the contract promises to
// scripts, browsers and pushers. Every expectation is typed from the contract.
#include "tests/byte_search.h"
#include "tests/daemon_process.h"

#include <zlib.h>

namespace surged::tests {
namespace {

char const* const kConfig = R"(
server: { listen: "127.0.0.1:{PORT}" }
storage: { directory: "{DIR}/state" }
receivers:
  hook: { type: webhook, url: "http://127.0.0.1:9/page" }
  other: { type: webhook, url: "http://127.0.0.1:9/other" }
detectors:
  cap: { type: threshold, window: 5m, at_least: 20 }
brands:
  - name: acme
    checklist: ["Fix it", "Say so in public"]
    streams:
      - { name: acme-push, platform: x, kind: push, detector: cap }
      - { name: side, platform: facebook, kind: push, detector: cap }
)";

std::string gzip(std::string const& text) {
    std::string out(text.size() + 1000, '\0');
    z_stream z{};
    EXPECT_EQ(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = uInt(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = uInt(out.size());
    EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

// A refusal as RFC 9457 words it: type, title, status, and the sentence in `detail`.
void expect_problem(HttpReply const& reply, int status, std::string const& part) {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.headers.count("content-type"), 1u);
    if (reply.headers.count("content-type") == 0) return;
    EXPECT_EQ(reply.headers.at("content-type"), "application/problem+json");
    Json const json(reply.body);
    ASSERT_TRUE(json.ok()) << reply.body;
    EXPECT_EQ(json.at("/status"), std::to_string(status));
    EXPECT_EQ(json.at("/type"), "about:blank");
    EXPECT_NE(json.at("/title"), "(none)");
    EXPECT_TRUE(contains(json.at("/detail"), part)) << reply.body;
}

std::string counts(HttpReply const& reply) {
    EXPECT_EQ(reply.status, 202) << reply.body;
    Json const json(reply.body);
    return "accepted " + json.at("/accepted") + " duplicate " + json.at("/duplicate") + " late " +
           json.at("/late") + " rejected " + json.at("/rejected");
}

std::size_t occurrences(std::string_view text, std::string_view part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + part.size()))
        ++n;
    return n;
}

TEST(ApiNet, AnswersTheRoutesOfTheProcess) {
    Daemon const daemon(kConfig);
    EXPECT_EQ(daemon.get("/healthz").status, 200);
    EXPECT_EQ(daemon.get("/readyz").status, 200);
    auto const metrics = daemon.get("/metrics");
    EXPECT_EQ(metrics.status, 200);
    EXPECT_EQ(metrics.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    auto const console = daemon.get("/");
    EXPECT_EQ(console.status, 200);
    EXPECT_TRUE(contains(console.headers.at("content-type"), "text/html"));
    EXPECT_TRUE(console.headers.contains("content-security-policy"));
    EXPECT_EQ(daemon.get("/incidents/acme-20260301-1").status, 200);

    auto const status = daemon.get("/api/v1/status");
    EXPECT_EQ(status.status, 200);
    EXPECT_TRUE(Json(status.body).ok());
    EXPECT_EQ(Json(status.body).at("/receivers/0/name"), "hook");

    Json const streams(daemon.get("/api/v1/streams").body);
    EXPECT_EQ(streams.keys(""), "items");
    EXPECT_EQ(streams.size("/items"), 2u);
    EXPECT_EQ(streams.at("/items/1/name"), "side");
    EXPECT_EQ(Json(daemon.get("/api/v1/incidents").body).at(""), R"({"items":[]})");

    // HEAD: what GET says, without the body.
    auto const head = ask(daemon.port, "HEAD", "/healthz");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(head.headers.at("content-length"),
              std::to_string(daemon.get("/healthz").body.size()));
}

TEST(ApiNet, DescribesItself) {
    Daemon const daemon(kConfig);
    auto const reply = daemon.get("/openapi.json");
    EXPECT_EQ(reply.headers.at("content-type"), "application/json");
    Json const json(reply.body);
    ASSERT_TRUE(json.ok());
    EXPECT_TRUE(json.at("/openapi").starts_with("3."));
    EXPECT_EQ(json.keys("/info"), "title version");
    std::string const paths = " " + json.keys("/paths") + " ";
    for (std::string const path :
         {"/metrics", "/healthz", "/readyz", "/-/reload", "/openapi.json", "/api/v1/status",
          "/api/v1/streams", "/api/v1/streams/{name}", "/api/v1/streams/{name}/series",
          "/api/v1/streams/{name}/explain", "/api/v1/streams/{name}/mentions", "/api/v1/incidents",
          "/api/v1/incidents/{name}", "/api/v1/incidents/{name}/{action}", "/api/v1/forget",
          "/api/v1/receivers/{name}/test", "/api/v1/events"})
        EXPECT_TRUE(contains(paths, " " + path + " ")) << path << " not in" << paths;
    EXPECT_EQ(json.at("/paths/~1api~1v1~1streams~1{name}~1mentions/post/summary"),
              "Push mentions (NDJSON, gzip)");
}

TEST(ApiNet, RefusesWithAProblemThatSaysWhy) {
    Daemon const daemon(kConfig);
    expect_problem(daemon.get("/nowhere"), 404, "/nowhere");
    expect_problem(daemon.get("/api/v1/streams/ghost"), 404, "ghost");
    expect_problem(daemon.get("/api/v1/streams/ghost/series"), 404, "ghost");
    expect_problem(daemon.get("/api/v1/streams/ghost/explain"), 404, "ghost");
    expect_problem(daemon.post("/api/v1/streams/ghost/mentions", ""), 404, "ghost");
    expect_problem(daemon.get("/api/v1/incidents/ghost"), 404, "ghost");
    expect_problem(daemon.post("/api/v1/incidents/ghost/acknowledge", R"({"by":"kim"})"), 404,
                   "ghost");
    expect_problem(daemon.post("/api/v1/incidents/ghost/dance", R"({"by":"kim"})"), 404, "dance");
    expect_problem(daemon.post("/api/v1/receivers/ghost/test", ""), 404, "ghost");

    auto const wrong = ask(daemon.port, "DELETE", "/api/v1/streams");
    expect_problem(wrong, 405, "/api/v1/streams");
    EXPECT_EQ(wrong.headers.at("allow"), "GET, HEAD");
    auto const read = daemon.get("/api/v1/streams/acme-push/mentions");
    expect_problem(read, 405, "POST");
    EXPECT_EQ(read.headers.at("allow"), "POST");
    auto const reload = daemon.get("/-/reload");
    expect_problem(reload, 405, "POST");
    EXPECT_EQ(reload.headers.at("allow"), "POST");

    expect_problem(daemon.post("/api/v1/incidents/ghost/acknowledge", "nonsense"), 422, "JSON");
    expect_problem(daemon.get("/api/v1/streams/side/series?from=yesterday"), 422, "from");
    expect_problem(daemon.get("/api/v1/streams/side/series?to=1"), 422, "to");
    expect_problem(daemon.get("/api/v1/streams/side/series?step=7"), 422, "step");
    expect_problem(
        daemon.get("/api/v1/streams/side/series?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z"),
        422, "before");
    expect_problem(daemon.get("/api/v1/streams/side/explain?at=noon"), 422, "at");
    expect_problem(daemon.post("/api/v1/streams/side/mentions", "x", {{"Content-Encoding", "br"}}),
                   415, "gzip");
    expect_problem(
        daemon.post("/api/v1/streams/side/mentions", "x", {{"Content-Encoding", "gzip"}}), 422,
        "gzip");
    // 70 MB that travel as 70 kB.
    expect_problem(daemon.post("/api/v1/streams/side/mentions", gzip(std::string(70u << 20u, '\n')),
                               {{"Content-Encoding", "gzip"}}),
                   413, "64 MiB");
    EXPECT_EQ(
        daemon.post("/api/v1/streams/side/mentions", std::string((16u << 20u) + 1, '\n')).status,
        413);
    EXPECT_EQ(daemon.get("/healthz").status, 200);
}

TEST(ApiNet, CountsEveryPushedLine) {
    Daemon const daemon(kConfig);
    std::string const target = "/api/v1/streams/side/mentions";
    EXPECT_EQ(counts(daemon.post(target, mentions("a", 10, 1200s))),
              "accepted 10 duplicate 0 late 0 rejected 0");
    // Two known, three new, one twice in this body, and three lines that are no mentions.
    EXPECT_EQ(counts(daemon.post(target, mentions("a", 2, 1200s) + mentions("b", 3) +
                                             mentions("b", 1) + "{\"id\":\"9\"}\nnot json\n[]\n")),
              "accepted 3 duplicate 3 late 0 rejected 3");
    EXPECT_EQ(counts(daemon.post(target, gzip(mentions("c", 7) + "{}\n"),
                                 {{"Content-Encoding", "gzip"}})),
              "accepted 7 duplicate 0 late 0 rejected 1");
    // A heartbeat: nothing was said, and that is known now.
    EXPECT_EQ(counts(daemon.post(target, "")), "accepted 0 duplicate 0 late 0 rejected 0");
    // No newline at the end, carriage returns: still one line each.
    std::string last = replaced(mentions("d", 2), "\n", "\r\n");
    last.resize(last.size() - 2);
    EXPECT_EQ(counts(daemon.post(target, last)), "accepted 2 duplicate 0 late 0 rejected 0");

    Json const stream(daemon.get("/api/v1/streams/side").body);
    EXPECT_EQ(stream.at("/mentions_total"), "22");
    auto const page = daemon.get("/metrics").body;
    EXPECT_TRUE(contains(
        page, "surged_mentions_total{stream=\"side\",platform=\"facebook\",brand=\"acme\"} 22\n"));
    EXPECT_TRUE(contains(
        page, "surged_mentions_discarded_total{stream=\"side\",reason=\"duplicate\"} 3\n"));
    EXPECT_TRUE(contains(
        page, "surged_mentions_discarded_total{stream=\"side\",reason=\"malformed\"} 4\n"));

    // A minute waits a while for stragglers; of a quarter of an hour ago everything is judged: what
    // comes for it now is late, counted and accepted.
    std::string const late =
        R"({"id":"late1","created_at":")" + detectors::rfc3339(wall_now() - 15min) + "\"}\n";
    EXPECT_EQ(counts(daemon.post(target, late)), "accepted 1 duplicate 0 late 1 rejected 0");
    EXPECT_EQ(Json(daemon.get("/api/v1/streams/side").body).at("/mentions_total"), "23");
    EXPECT_TRUE(
        contains(daemon.get("/metrics").body, "surged_mentions_late_total{stream=\"side\"} 1\n"));
}

TEST(ApiNet, ShowsStreamsAndTheirCurves) {
    Daemon const daemon(kConfig);
    (void)daemon.open_incident();
    Json const stream(daemon.get("/api/v1/streams/acme-push").body);
    EXPECT_EQ(stream.keys(""),
              "name brand platform kind state mentions_total observed expected upper score "
              "covered_until last_success interval");
    EXPECT_EQ(stream.at("/brand"), "acme");
    EXPECT_EQ(stream.at("/platform"), "x");
    EXPECT_EQ(stream.at("/kind"), "push");
    EXPECT_EQ(stream.at("/state"), "surge");
    EXPECT_EQ(stream.at("/mentions_total"), "60");
    EXPECT_TRUE(detectors::parse_time(stream.at("/covered_until")).has_value());

    auto const now = std::chrono::floor<std::chrono::minutes>(wall_now());
    Json const series(
        daemon
            .get("/api/v1/streams/acme-push/series?from=" + detectors::rfc3339(now - 10min) +
                 "&to=" + detectors::rfc3339(now) + "&step=1m")
            .body);
    EXPECT_EQ(series.keys(""), "from step observed expected upper covered");
    EXPECT_EQ(series.at("/from"), detectors::rfc3339(now - 10min));
    EXPECT_EQ(series.at("/step"), "60");
    for (char const* column : {"/observed", "/expected", "/upper", "/covered"})
        EXPECT_EQ(series.size(column), 10u) << column;
    // Before the first mention nothing is known: not covered, and no number stands for it.
    EXPECT_EQ(series.at("/covered/0"), "false");
    EXPECT_EQ(series.at("/observed/0"), "null");
    EXPECT_EQ(series.at("/covered/8"), "true");
    EXPECT_EQ(series.at("/observed/8"), "20") << "60 within three minutes";

    Json const why(
        daemon.get("/api/v1/streams/acme-push/explain?at=" + detectors::rfc3339(now - 2min)).body);
    EXPECT_EQ(why.at("/stream"), "acme-push");
    EXPECT_EQ(why.at("/covered"), "true");
    EXPECT_EQ(why.at("/detectors/0/type"), "threshold");
    EXPECT_NE(why.at("/why"), "(none)");
}

TEST(ApiNet, TakesAnIncidentFromItsOpeningToItsEnd) {
    Daemon const daemon(kConfig);
    std::string const id = daemon.open_incident();
    std::string const target = "/api/v1/incidents/" + id;
    Json const opened(daemon.get(target).body);
    EXPECT_EQ(opened.at("/brand"), "acme");
    EXPECT_EQ(opened.at("/state"), "open");
    EXPECT_EQ(opened.at("/drill"), "false");
    EXPECT_EQ(opened.keys("/streams/0"), "name platform onset observed expected state");
    EXPECT_EQ(opened.at("/streams/0/state"), "surge");
    EXPECT_EQ(opened.size("/clocks"), 3u);
    EXPECT_EQ(opened.keys("/clocks/0"), "platform kind run due state");
    for (char const* list : {"/own_posts", "/unanswered", "/advocates", "/visible", "/timeline"})
        EXPECT_NE(opened.at(list), "(none)") << list;
    EXPECT_EQ(opened.at("/checklist/1/item"), "Say so in public");
    EXPECT_EQ(opened.at("/timeline/0/incident"), id);
    EXPECT_EQ(Json(daemon.get("/api/v1/incidents?state=open&brand=acme").body).size("/items"), 1u);
    EXPECT_EQ(Json(daemon.get("/api/v1/incidents?state=closed").body).size("/items"), 0u);
    EXPECT_EQ(Json(daemon.get("/api/v1/incidents?brand=other").body).size("/items"), 0u);

    auto const act = [&](std::string const& action, std::string const& body) {
        return daemon.post(target + "/" + action, body);
    };
    expect_problem(act("acknowledge", "{}"), 422, "by");
    auto const first = act("acknowledge", R"({"by":"kim"})");
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(Json(first.body).at("/state"), "acknowledged");
    EXPECT_EQ(Json(first.body).at("/owner"), "kim");
    EXPECT_EQ(Json(first.body).at("/clocks/0/state"), "met");
    EXPECT_EQ(Json(first.body).at("/clocks/0/by"), "kim");
    auto const again = act("acknowledge", R"({"by":"lee"})");
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body, first.body) << "acknowledging twice changes nothing";

    expect_problem(act("respond", R"({"by":"kim"})"), 422, "link");
    expect_problem(act("respond", R"({"by":"kim","link":"ftp://x.com/acme"})"), 422, "link");
    expect_problem(
        act("respond", R"({"by":"kim","link":"https://a.example/","platform":"youtube"})"), 422,
        "youtube");
    expect_problem(act("resolve", R"({"by":"kim"})"), 409, "link");
    expect_problem(act("reopen", R"({"by":"kim"})"), 409, "closed");
    auto const said = act("respond", R"({"by":"kim","link":"https://x.com/acme/status/1"})");
    EXPECT_EQ(said.status, 200);
    EXPECT_EQ(Json(said.body).at("/state"), "responded");
    EXPECT_EQ(Json(said.body).at("/clocks/1/link"), "https://x.com/acme/status/1");
    EXPECT_EQ(Json(act("resolve", R"({"by":"kim"})").body).at("/state"), "resolved");

    EXPECT_EQ(act("note", R"({"by":"kim","note":"the tap was open"})").status, 200);
    expect_problem(act("note", R"({"by":"kim"})"), 422, "note");
    auto const ticked = act("check", R"({"by":"kim","item":1,"done":true})");
    EXPECT_EQ(ticked.status, 200) << ticked.body;
    EXPECT_EQ(Json(ticked.body).at("/checklist/0/by"), "kim");
    auto const unticked = act("check", R"({"by":"kim","item":1,"done":false})");
    EXPECT_EQ(Json(unticked.body).keys("/checklist/0"), "item");
    expect_problem(act("check", R"({"by":"kim","item":3})"), 422, "3");

    expect_problem(act("close", R"({"by":"kim","verdict":"maybe"})"), 422, "verdict");
    auto const closed = act("close", R"({"by":"kim","verdict":"real"})");
    EXPECT_EQ(Json(closed.body).at("/state"), "closed");
    expect_problem(act("close", R"({"by":"kim"})"), 409, "closed");
    expect_problem(act("acknowledge", R"({"by":"kim"})"), 409, "closed");
    EXPECT_EQ(Json(act("reopen", R"({"by":"kim"})").body).at("/state"), "open");
    std::string const timeline = Json(daemon.get(target).body).at("/timeline");
    for (std::string const name : {"opened", "acknowledged", "responded", "resolved", "note",
                                   "checked", "closed", "reopened"})
        EXPECT_TRUE(contains(timeline, "\"incident." + name + "\"")) << name;
    EXPECT_EQ(occurrences(timeline, "\"incident.acknowledged\""), 1u);
}

TEST(ApiNet, AsksForTokensAndTheirRoles) {
    std::string const config = replaced(kConfig, "server: { listen: \"127.0.0.1:{PORT}\" }", R"(
server:
  listen: "127.0.0.1:{PORT}"
  tokens:
    - { name: see, token_file: "{DIR}/see", role: viewer }
    - { name: act, token_file: "{DIR}/act", role: operator }
    - { name: feed, token_file: "{DIR}/feed", role: push, streams: [side] }
    - { name: feeds, token_file: "{DIR}/feeds", role: push }
)");
    Daemon daemon(config, false);
    for (char const* name : {"see", "act", "feed", "feeds"})
        daemon.secret(name, std::string("secret-") + name);
    daemon.start();
    auto const as = [](std::string const& name) {
        return Headers{{"Authorization", "Bearer secret-" + name}};
    };
    std::string const streams = "/api/v1/streams", side = "/api/v1/streams/side/mentions";
    for (char const* open : {"/healthz", "/readyz", "/metrics"})
        EXPECT_EQ(daemon.get(open).status, 200) << open;
    for (std::string const closed : {"/", "/incidents/x", "/openapi.json", "/api/v1/status",
                                     "/api/v1/streams", "/api/v1/incidents", "/api/v1/events"}) {
        auto const reply = daemon.get(closed);
        expect_problem(reply, 401, "token");
        EXPECT_TRUE(reply.headers.at("www-authenticate").starts_with("Bearer")) << closed;
    }
    // A browser is shown a page to sign in on; the cookie lets in what its token may, and a write
    // by it must come from our own page.
    Headers const browser{{"Accept", "text/html,*/*"}};
    auto const shown = daemon.get("/", browser);
    EXPECT_EQ(shown.status, 401);
    EXPECT_TRUE(contains(shown.body, "action=\"/-/login\""));
    std::string const origin = daemon.url();
    auto const login = [&](std::string const& token) {
        return daemon.post("/-/login", "to=%2F&token=" + token, {{"Origin", origin}});
    };
    EXPECT_EQ(login("secret-wrong").status, 401);
    EXPECT_EQ(login("secret-feed").status, 401) << "a pusher has no business in the console";
    auto const in = login("secret-act");
    EXPECT_EQ(in.status, 303);
    EXPECT_EQ(in.headers.at("location"), "/");
    // Under no-referrer browsers send `Origin: null` with the form, which is refused.
    EXPECT_EQ(shown.headers.at("referrer-policy"), "same-origin");
    // The link of a page leads to its incident by way of the sign-in; nothing else does.
    EXPECT_TRUE(
        contains(daemon.get("/incidents/acme-1", browser).body, "value=\"/incidents/acme-1\""));
    EXPECT_TRUE(
        contains(daemon.get("/incidents/%22%3E%3Cb", browser).body, "name=\"to\" value=\"/\""));
    auto const sent_to = [&](std::string const& to) {
        return daemon.post("/-/login", "to=" + to + "&token=secret-act", {{"Origin", origin}})
            .headers.at("location");
    };
    EXPECT_EQ(sent_to("%2Fincidents%2Facme-1"), "/incidents/acme-1");
    EXPECT_EQ(sent_to("%2F%2Fevil.example%2F"), "/");
    EXPECT_EQ(sent_to("%2Fincidents%2F%0D%0ASet-Cookie%3A+a%3Db"), "/");
    EXPECT_EQ(sent_to("https%3A%2F%2Fevil.example%2Fincidents%2Fa"), "/");
    std::string const set = in.headers.at("set-cookie");
    EXPECT_TRUE(contains(set, "HttpOnly; SameSite=Strict")) << set;
    EXPECT_FALSE(contains(set, "secret-act"));
    std::string const cookie = set.substr(0, set.find(';'));
    EXPECT_EQ(daemon.get("/", {{"Cookie", cookie}}).status, 200);
    EXPECT_EQ(daemon.get(streams, {{"Cookie", "a=b; " + cookie}}).status, 200);
    EXPECT_EQ(daemon.get(streams, {{"Cookie", cookie + "0"}}).status, 401) << "not genuine";
    expect_problem(daemon.post("/-/reload", "", {{"Cookie", cookie}}), 403, "Origin");
    expect_problem(daemon.post("/-/reload", "", {{"Cookie", cookie}, {"Origin", "http://evil"}}),
                   403, "Origin");
    EXPECT_NE(daemon.post("/-/reload", "", {{"Cookie", cookie}, {"Origin", origin}}).status, 403);
    int refused = 0;
    for (int i = 0; i < 12; ++i) refused += login("guess").status == 429 ? 1 : 0;
    EXPECT_GT(refused, 0) << "who guesses is made to wait";

    expect_problem(daemon.post(side, ""), 401, "token");
    expect_problem(daemon.post("/-/reload", ""), 401, "token");
    expect_problem(daemon.get(streams, as("wrong")), 401, "token");
    expect_problem(daemon.get(streams, {{"Authorization", "Basic secret-see"}}), 401, "token");

    EXPECT_EQ(daemon.get(streams, as("see")).status, 200);
    expect_problem(daemon.post("/-/reload", "", as("see")), 403, "see");
    expect_problem(daemon.post(side, "", as("see")), 403, "see");
    expect_problem(daemon.post("/api/v1/incidents/x/note", R"({"note":"n"})", as("see")), 403,
                   "see");
    expect_problem(daemon.post("/api/v1/receivers/hook/test", "", as("see")), 403, "see");

    EXPECT_EQ(daemon.post(side, "", as("feed")).status, 202);
    EXPECT_EQ(daemon.post(side, "", as("feeds")).status, 202);
    expect_problem(daemon.post("/api/v1/streams/acme-push/mentions", "", as("feed")), 403, "feed");
    EXPECT_EQ(daemon.post("/api/v1/streams/acme-push/mentions", "", as("feeds")).status, 202);
    expect_problem(daemon.get(streams, as("feed")), 403, "feed");
    expect_problem(daemon.post("/-/reload", "", as("feeds")), 403, "feeds");

    EXPECT_EQ(daemon.get(streams, as("act")).status, 200);
    EXPECT_EQ(daemon.post(side, "", as("act")).status, 202);
    EXPECT_EQ(daemon.post("/api/v1/receivers/hook/test", "", as("act")).status, 202);
    // Who spoke is whose token it was.
    EXPECT_EQ(
        daemon.post("/api/v1/streams/acme-push/mentions", mentions("m", 60), as("act")).status,
        202);
    Json const list(daemon.get("/api/v1/incidents", as("act")).body);
    auto const acked = daemon.post("/api/v1/incidents/" + list.at("/items/0/id") + "/acknowledge",
                                   "{}", as("act"));
    EXPECT_EQ(Json(acked.body).at("/owner"), "act");

    daemon.write(replaced(config, "\n  tokens:", "\n  metrics_auth: true\n  tokens:"));
    EXPECT_EQ(daemon.post("/-/reload", "", as("act")).status, 200);
    expect_problem(daemon.get("/metrics"), 401, "token");
    EXPECT_EQ(daemon.get("/metrics", as("see")).status, 200);
    expect_problem(daemon.get("/metrics", as("feed")), 403, "feed");
    EXPECT_EQ(daemon.get("/healthz").status, 200);
}

TEST(ApiNet, LetsNoForeignPageWrite) {
    Daemon const daemon(kConfig);
    std::string const target = "/api/v1/streams/side/mentions";
    expect_problem(daemon.post(target, "", {{"Origin", "https://evil.example"}}), 403, "Origin");
    expect_problem(daemon.post(target, "", {{"Origin", "null"}}), 403, "Origin");
    expect_problem(daemon.post("/-/reload", "", {{"Origin", "http://127.0.0.1:1"}}), 403, "Origin");
    EXPECT_EQ(daemon.post(target, "", {{"Origin", daemon.url()}}).status, 202);
    EXPECT_EQ(daemon.get("/api/v1/streams", {{"Origin", "https://evil.example"}}).status, 200);
}

// What a follower got: "1 surge.started", one line per event.
std::string followed(std::string const& text) {
    std::istringstream in(text);
    std::string line, out;
    while (std::getline(in, line)) {
        if (line.starts_with("id: ")) out += line.substr(4) + " ";
        if (line.starts_with("event: ")) out += line.substr(7) + "\n";
        if (!line.starts_with("data: ")) continue;
        Json const json(line.substr(6));
        EXPECT_EQ(out.substr(out.rfind('\n', out.size() - 2) + 1),
                  json.at("/id") + " " + json.at("/event") + "\n");
    }
    return out;
}

TEST(ApiNet, StreamsEventsAndResumesWhereAFollowerStood) {
    Daemon const daemon(kConfig);
    std::string const head = "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    Wire live(daemon.port);
    live.put(head + "\r\n");
    std::string const hello = live.read_until("surged\n\n");
    EXPECT_TRUE(hello.starts_with("HTTP/1.1 200 ")) << hello;
    EXPECT_TRUE(contains(hello, "Content-Type: text/event-stream\r\n")) << hello;

    std::string const id = daemon.open_incident();
    (void)daemon.post("/api/v1/incidents/" + id + "/note", R"({"by":"kim","note":"seen"})");
    std::string const all = followed(live.read_until("event: incident.note\ndata: "));
    EXPECT_TRUE(contains(all, "incident.opened\n")) << all;
    EXPECT_TRUE(all.starts_with("1 ")) << all;

    // The same from the beginning, then from behind the first: nothing lost, nothing twice.
    Wire whole(daemon.port), rest(daemon.port), by_url(daemon.port);
    whole.put(head + "Last-Event-ID: 0\r\n\r\n");
    rest.put(head + "Last-Event-ID: 1\r\n\r\n");
    by_url.put("GET /api/v1/events?last_event_id=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    std::string const end = "\"note\":\"seen\"";
    EXPECT_EQ(followed(whole.read_until(end)), all);
    std::string const behind_first = all.substr(all.find('\n') + 1);
    EXPECT_EQ(followed(rest.read_until(end)), behind_first);
    EXPECT_EQ(followed(by_url.read_until(end)), behind_first);
    EXPECT_FALSE(behind_first.empty());
}

TEST(ApiNet, LimitsHowManyFollow) {
    Daemon const daemon(kConfig);
    std::vector<std::unique_ptr<Wire>> followers;
    for (int i = 0; i < 256; ++i) {
        followers.push_back(std::make_unique<Wire>(daemon.port));
        followers.back()->put("GET /api/v1/events HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for (auto const& follower : followers)
        ASSERT_TRUE(contains(follower->read_until("surged\n\n"), "200 OK"));
    auto const refused = daemon.get("/api/v1/events");
    expect_problem(refused, 429, "follow");
    EXPECT_GT(std::atoi(refused.headers.at("retry-after").c_str()), 0);
    followers.clear();
    // Whoever left makes room once the daemon has something to tell him.
    std::string const id = daemon.open_incident();
    EXPECT_TRUE(eventually([&] {
        (void)daemon.post("/api/v1/incidents/" + id + "/note", R"({"by":"kim","note":"tick"})");
        Wire next(daemon.port);
        next.put("GET /api/v1/events HTTP/1.1\r\nHost: a\r\n\r\n");
        return contains(next.read_until("\r\n\r\n"), "200 OK");
    }));
}

TEST(ApiNet, SilencesAreMadeListedAndEnded) {
    Daemon daemon(kConfig);
    EXPECT_EQ(Json(daemon.get("/api/v1/silences").body).at(""), R"({"items":[]})");
    auto const made = daemon.post("/api/v1/silences",
                                  R"({"brand":"acme","for":"2h","by":"kim","why":"a launch"})");
    EXPECT_EQ(made.status, 200) << made.body;
    Json const silence(made.body);
    std::string const id = silence.at("/id");
    EXPECT_EQ(silence.at("/brand"), "acme");
    EXPECT_EQ(silence.at("/breaches"), "false");
    EXPECT_EQ(silence.at("/state"), "active");
    auto const span = [&] {
        return detectors::parse_time(silence.at("/until")).value() -
               detectors::parse_time(silence.at("/from")).value();
    }();
    EXPECT_EQ(span, 2h);
    (void)daemon.open_incident();
    EXPECT_TRUE(eventually([&] {
        return Json(daemon.get("/api/v1/silences").body).at("/items/0/held") != "0";
    })) << "the opening page is held";
    EXPECT_EQ(daemon.stop(), 0);
    daemon.start();
    EXPECT_EQ(Json(daemon.get("/api/v1/silences").body).at("/items/0/id"), id);

    std::string const one = "/api/v1/silences/" + id;
    EXPECT_EQ(Json(daemon.get(one).body).at("/why"), "a launch");
    EXPECT_EQ(Json(ask(daemon.port, "DELETE", one).body).at("/state"), "ended");
    EXPECT_EQ(ask(daemon.port, "DELETE", one).status, 200) << "twice is once";
    EXPECT_EQ(Json(daemon.get("/api/v1/silences").body).size("/items"), 0u);
    EXPECT_EQ(Json(daemon.get("/api/v1/silences?state=all").body).size("/items"), 1u);
    expect_problem(ask(daemon.port, "DELETE", "/api/v1/silences/ghost"), 404, "ghost");
    auto const wrong = ask(daemon.port, "PUT", one);
    expect_problem(wrong, 405, "silences");
    EXPECT_EQ(wrong.headers.at("allow"), "GET, HEAD, DELETE");
    for (auto const& [body, part] :
         {std::pair{R"({"brand":"ghost","for":"2h","by":"k","why":"w"})", "ghost"},
          {R"({"brand":"acme","for":"soon","by":"k","why":"w"})", "for"},
          {R"({"brand":"acme","for":"2h","why":"w"})", "by"},
          {R"({"brand":"acme","for":"2h","by":"k"})", "why"},
          {"[]", "JSON"}})
        expect_problem(daemon.post("/api/v1/silences", body), 422, part);
}

TEST(ApiNet, DrillsGoThroughTheWholeChain) {
    Daemon const daemon(kConfig);
    auto const begun =
        daemon.post("/api/v1/drills", R"({"stream":"acme-push","ratio":2.5,"for":"10m"})");
    EXPECT_EQ(begun.status, 202) << begun.body;
    std::string const id = Json(begun.body).at("/incident");
    EXPECT_TRUE(id.ends_with("-drill")) << id;
    EXPECT_EQ(Json(begun.body).at("/ratio"), "2.5");
    Json const incident(daemon.get("/api/v1/incidents/" + id).body);
    EXPECT_EQ(incident.at("/drill"), "true");
    EXPECT_EQ(incident.at("/streams/0/ratio"), "2.5");
    EXPECT_EQ(incident.size("/clocks"), 3u);
    EXPECT_EQ(Json(daemon.get("/api/v1/streams/acme-push").body).at("/mentions_total"), "0");
    EXPECT_EQ(Json(daemon.get("/api/v1/drills").body).size("/items"), 1u);
    auto const page = daemon.get("/metrics").body;
    EXPECT_TRUE(contains(page, "surged_incidents{brand=\"acme\",state=\"open\"} 0\n"));
    EXPECT_TRUE(contains(page, "surged_stream_surging{stream=\"acme-push\""));
    expect_problem(daemon.post("/api/v1/drills", R"({"stream":"side"})"), 409, id);
    expect_problem(daemon.post("/api/v1/drills", R"({"stream":"ghost"})"), 404, "ghost");
    expect_problem(daemon.post("/api/v1/drills", R"({"ratio":8})"), 422, "stream");
    expect_problem(daemon.post("/api/v1/drills", R"({"stream":"side","ratio":"x"})"), 422, "ratio");
    expect_problem(daemon.post("/api/v1/drills", R"({"stream":"side","for":"x"})"), 422, "for");
    EXPECT_EQ(daemon.post("/api/v1/incidents/" + id + "/close", R"({"by":"kim"})").status, 200);
    EXPECT_TRUE(
        eventually([&] { return Json(daemon.get("/api/v1/drills").body).size("/items") == 0u; }));
    // A real one is not hidden by it.
    EXPECT_FALSE(daemon.open_incident().empty());
}

TEST(ApiNet, ReloadsAllOrNothing) {
    Daemon const daemon(kConfig);
    std::string const third =
        "      - { name: third, platform: mastodon, kind: push, detector: cap }\n";
    daemon.write(std::string(kConfig) + third + "      - { name: bad, platform: x, knd: push }\n" +
                 "bogus: 1\n");
    auto const refused = daemon.post("/-/reload", "");
    expect_problem(refused, 500, "missing key 'kind'");
    EXPECT_TRUE(contains(Json(refused.body).at("/detail"), "bogus")) << "every fault at once";
    EXPECT_TRUE(contains(Json(refused.body).at("/detail"), "surged.yaml:")) << "with its place";
    EXPECT_EQ(Json(daemon.get("/api/v1/streams").body).size("/items"), 2u);
    EXPECT_TRUE(contains(daemon.get("/metrics").body, "surged_config_last_reload_successful 0\n"));

    std::string const id = daemon.open_incident();
    daemon.write(std::string(kConfig) + third);
    EXPECT_EQ(daemon.post("/-/reload", "").status, 200);
    Json const streams(daemon.get("/api/v1/streams").body);
    EXPECT_EQ(streams.size("/items"), 3u);
    EXPECT_EQ(streams.at("/items/0/mentions_total"), "60") << "a stream keeps its state by name";
    EXPECT_EQ(Json(daemon.get("/api/v1/incidents/" + id).body).at("/state"), "open");
    EXPECT_EQ(daemon.post("/api/v1/streams/third/mentions", mentions("t", 3)).status, 202);
    EXPECT_TRUE(contains(daemon.get("/metrics").body, "surged_config_last_reload_successful 1\n"));
}

// The words of the 31st of sixty, and whoever wrote them, from the whole directory beside the
// running daemon.
TEST(ApiNet, ForgetsWhomItIsToldToForget) {
    Daemon daemon(kConfig);
    std::string const id = daemon.open_incident();
    std::string const words = "it broke 31", author = R"("id":"a31")";
    auto const found = [&] { return found_in(daemon.path("state"), {words, author}); };
    ASSERT_FALSE(found().empty());
    expect_problem(daemon.post("/api/v1/forget", "nonsense"), 422, "JSON");
    expect_problem(daemon.post("/api/v1/forget", R"({"by":"dpo"})"), 422, "author");
    expect_problem(daemon.post("/api/v1/forget", R"({"author":"a31"})"), 422, "by");
    expect_problem(daemon.post("/api/v1/forget", R"({"author":"ghost","by":"dpo"})"), 404, "");
    expect_problem(daemon.post("/api/v1/forget", R"({"mention":"ghost","by":"dpo"})"), 404, "");
    expect_problem(daemon.post("/api/v1/forget", R"({"author":"a31","platform":"fax","by":"dpo"})"),
                   422, "fax");
    EXPECT_EQ(daemon.get("/api/v1/forget").status, 405);
    ASSERT_FALSE(found().empty());

    auto const done =
        daemon.post("/api/v1/forget", R"({"author":"a31","platform":"x","by":"dpo"})");
    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(done.body, R"({"texts":1,"complete":true})");
    EXPECT_TRUE(found().empty()) << found()[0];
    EXPECT_EQ(Json(daemon.get("/api/v1/incidents/" + id).body).at("/id"), id);
    EXPECT_EQ(Json(daemon.get("/api/v1/streams/acme-push").body).at("/mentions_total"), "60");

    auto const by_hand = daemon.client("forget --mention m32 --by dpo");
    EXPECT_EQ(by_hand.code, 0) << by_hand.err;
    EXPECT_TRUE(contains(by_hand.out, "1 texts erased")) << by_hand.out;
    EXPECT_TRUE(found_in(daemon.path("state"), {"it broke 32"}).empty());
    EXPECT_EQ(daemon.client("forget --mention ghost").code, 1);
    EXPECT_EQ(surged("forget --mention m1 --server http://127.0.0.1:1").code, 5);
    EXPECT_EQ(surged("journal verify --storage " + daemon.path("state")).code, 0);

    EXPECT_EQ(daemon.stop(), 0);
    daemon.start();
    EXPECT_TRUE(found().empty());
    EXPECT_EQ(daemon
                  .post("/api/v1/streams/side/mentions",
                        R"({"id":"z","created_at":")" + detectors::rfc3339(wall_now()) +
                            R"(","author":{"id":"b"},"text":"it broke 31"})")
                  .status,
              202);
    EXPECT_FALSE(found().empty()) << "another's words on another platform are kept";
}

}  // namespace
}  // namespace surged::tests
