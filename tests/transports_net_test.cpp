// Goal: a mail reaches a real mail dialogue, a program is run and bounded, and whatever they do the
// loop goes on.
#include "daemon/child.h"
#include "daemon/transports.h"
#include "exporters/receivers/email.h"
#include "exporters/receivers/exec.h"
#include "tests/net_world.h"
#include "tests/sample_page.h"
#include "tests/smtp_sink.h"
#include "tests/temp_dir.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace surged::tests {
namespace {

using daemon::Fault;
using daemon::HttpRequest;
using daemon::HttpResponse;
using daemon::Result;
using daemon::Transports;
using exporters::EmailReceiver;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr auto kLogin = "AHN1cmdlZABodW50ZXIyMg==";  // \0surged\0hunter22

struct NoHttp final : daemon::HttpClient {
    awaitable<Result<HttpResponse>> fetch(HttpRequest, daemon::Instant) override {
        co_return daemon::Failure(Fault::bad_request, "http was asked");
    }
};

struct World : NetWorld {
    NoHttp http;
    Transports transports{io, clock, http, {}};
    Result<HttpResponse> fetch(HttpRequest request, std::chrono::milliseconds time = 10s) {
        return run(transports.fetch(std::move(request), in(time)));
    }
};

config::Values values(std::string const& url) {
    config::Values v;
    v.text["smarthost"] = url.substr(7);
    v.text["from"] = "surged@acme.example";
    v.lists["to"] = {"kim@acme.example", "lee@acme.example"};
    return v;
}

HttpRequest mail(config::Values const& v) {
    static auto const incident = sample_incident();
    return EmailReceiver(v).render(sample_page(incident), at("2026-03-01T12:07:30Z")).at(0);
}

Certificates& certificates() {
    static Certificates made;
    static bool const issued = (made.issue("mail", "DNS:localhost,IP:127.0.0.1"), true);
    (void)issued;
    return made;
}

TEST(MailNet, ArrivesAsItWasWritten) {
    World world;
    SmtpSink sink;
    auto const request = mail(values(sink.url()));
    auto const answer = world.fetch(request);
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 250);
    auto const mails = sink.mails();
    ASSERT_EQ(mails.size(), 1U);
    EXPECT_EQ(mails[0].from, "<surged@acme.example>");
    EXPECT_THAT(mails[0].to, ElementsAre("<kim@acme.example>", "<lee@acme.example>"));
    EXPECT_EQ(mails[0].body, request.body);
    EXPECT_FALSE(mails[0].tls);
}

TEST(MailNet, LogsInOverTlsAlone) {
    World world;
    SmtpSink sink({}, certificates().path("mail.pem"), certificates().path("mail.key"), kLogin);
    auto v = values(sink.url("localhost"));
    v.text["ca_file"] = certificates().path("ca.pem");
    v.text["username"] = "surged";
    v.secrets["password_file"].value = "hunter22";
    auto const answer = world.fetch(mail(v));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 250);
    ASSERT_EQ(sink.mails().size(), 1U);
    EXPECT_TRUE(sink.mails()[0].tls);

    v.secrets["password_file"].value = "wrong";
    auto const denied = world.fetch(mail(v));
    ASSERT_TRUE(denied);
    EXPECT_EQ(denied->status, 535);
    EXPECT_EQ(EmailReceiver(v).judge(*denied).kind, exporters::Answer::Kind::retry);

    v.text["ca_file"] = "";
    auto const stranger = world.fetch(mail(v));
    ASSERT_FALSE(stranger) << "nobody signed this server's certificate that we trust";
    EXPECT_EQ(stranger.error().fault, Fault::transient);
    EXPECT_EQ(sink.mails().size(), 1U);
}

TEST(MailNet, SendsNothingWhereTlsWasAskedForAndIsNot) {
    World world;
    SmtpSink sink;
    auto request = mail(values(sink.url()));
    for (auto& [name, value] : request.headers)
        if (name == "starttls") value = "required";
    auto const answer = world.fetch(request);
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 530);
    EXPECT_TRUE(sink.mails().empty());
}

TEST(MailNet, TellsWhatTheServerSaid) {
    struct Case {
        SmtpSink::Script script;
        int status;
    };
    for (auto const& c :
         std::vector<Case>{{{{".", "451 4.7.1 try later"}}, 451},
                           {{{"MAIL", "550 5.7.1 not from you"}}, 550},
                           {{{"RCPT <kim@acme.example>", "550 5.1.1 unknown"},
                             {"RCPT <lee@acme.example>", "550 5.1.1 unknown"}},
                            550},
                           {{{"RCPT <kim@acme.example>", "550 5.1.1 unknown"}}, 250},
                           {{{"CONNECT", "421 4.3.2 too busy"}}, 421}}) {
        World world;
        SmtpSink sink(c.script);
        auto const answer = world.fetch(mail(values(sink.url())));
        SCOPED_TRACE(c.script.begin()->first + " " + c.script.begin()->second);
        ASSERT_TRUE(answer) << answer.error().detail;
        EXPECT_EQ(answer->status, c.status);
        EXPECT_EQ(sink.mails().size(), c.status == 250 ? 1U : 0U);
    }
}

TEST(MailNet, GivesUpWhenTheServerSaysNothingOrGoes) {
    for (auto const* where : {"CONNECT", "EHLO", "DATA", "."}) {
        SCOPED_TRACE(where);
        World world;
        SmtpSink silent(SmtpSink::Script{{where, "HANG"}});
        auto const answer = world.fetch(mail(values(silent.url())), 300ms);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().fault, Fault::timeout) << answer.error().detail;
        SmtpSink gone(SmtpSink::Script{{where, "DROP"}});
        auto const dropped = world.fetch(mail(values(gone.url())));
        ASSERT_FALSE(dropped);
        EXPECT_EQ(dropped.error().fault, Fault::transient) << dropped.error().detail;
    }
    World world;
    auto const nobody = world.fetch(mail(values("smtp://127.0.0.1:1")));
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().fault, Fault::transient);
}

HttpRequest program(std::vector<std::string> command, std::string body = {}) {
    HttpRequest request;
    request.method = "EXEC";
    request.url = "exec:" + command.at(0);
    for (std::size_t i = 1; i < command.size(); ++i)
        request.headers.emplace_back("argument", command[i]);
    request.body = std::move(body);
    return request;
}

TEST(ExecNet, GivesInputTakesOutputAndStatus) {
    World world;
    auto answer = world.fetch(program({"cat"}, "the event\n"));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 0);
    EXPECT_EQ(answer->body, "the event\n");
    answer = world.fetch(program({"sh", "-c", "echo no >&2; exit 65"}));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 65);
    EXPECT_EQ(answer->body, "no\n");
    answer = world.fetch(program({"sh", "-c", "kill -9 $$"}));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 128 + 9);
    answer = world.fetch(program({"/nonexistent/program"}));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 127);
}

TEST(ExecNet, ReadsNoInputWritesTooMuchAndIsDone) {
    World world;
    auto answer = world.fetch(program({"true"}, std::string(1 << 20, 'x')));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 0);
    answer = world.fetch(program({"sh", "-c", "head -c 3000000 /dev/zero; exit 3"}));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 3);
    EXPECT_EQ(answer->body.size(), daemon::kOutput);
}

TEST(ExecNet, GivesNothingOfOursButWhatItNames) {
    World world;
    ::setenv("SURGED_TEST_SECRET", "hunter22", 1);
    auto request = program({"sh", "-c", "env; ls /proc/self/fd | wc -l"});
    request.headers.emplace_back("environment", "SURGED_KEY=k1");
    auto const answer = world.fetch(std::move(request));
    ASSERT_TRUE(answer);
    EXPECT_THAT(answer->body, HasSubstr("SURGED_KEY=k1"));
    EXPECT_THAT(answer->body, ::testing::Not(HasSubstr("hunter22")));
    EXPECT_THAT(answer->body, HasSubstr("\n4\n"));  // 0, 1, 2 and that of ls itself
}

TEST(ExecNet, IsKilledWithAllItStarted) {
    TempDir const directory;
    std::string const mark = directory.path() + "/mark", pid_file = directory.path() + "/pid";
    World world;
    auto const answer = world.fetch(
        program(
            {"sh", "-c", "(sleep 2; touch " + mark + ") & echo $! > " + pid_file + "; sleep 60"}),
        1s);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fault, Fault::timeout);
    // Its group is gone: the child is no process any more, or one that nobody has reaped yet.
    pid_t child = 0;
    ASSERT_TRUE(std::ifstream(pid_file) >> child);
    auto const state = [child] {
        std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
        std::string pid, name, letter;
        return stat >> pid >> name >> letter ? letter : std::string("gone");
    };
    for (int i = 0; i < 10 && state() != "gone" && state() != "Z"; ++i)  // a signal takes its time
        ASSERT_TRUE(world.fetch(program({"sleep", "0.1"})));
    EXPECT_THAT(state(), ::testing::AnyOf("gone", "Z"));
    EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST(Transports, AsksHttpForHttpAndNobodyForTheRest) {
    World world;
    HttpRequest request;
    request.url = "https://hook.example/";
    EXPECT_EQ(world.fetch(request).error().detail, "http was asked");
    request.url = "gopher://x/";
    EXPECT_EQ(world.fetch(request).error().fault, Fault::bad_request);
}

TEST(Transports, ManyHangingServersHoldUpNobodyElse) {
    World world;
    std::vector<std::unique_ptr<SmtpSink>> silent;
    std::vector<Result<HttpResponse>> results;
    int ended = 0;
    auto const one = [&](HttpRequest request, std::chrono::milliseconds time) -> awaitable<void> {
        auto const deadline = world.in(time);
        auto const answer = co_await world.transports.fetch(std::move(request), deadline);
        ended += answer ? 1 : 0;
    };
    for (int i = 0; i < 3; ++i) {
        silent.push_back(std::make_unique<SmtpSink>(SmtpSink::Script{{"EHLO", "HANG"}}));
        world.peers.start("hang", one(mail(values(silent.back()->url())), 20s));
    }
    SmtpSink good;
    world.peers.start("good", one(mail(values(good.url())), 10s));
    world.run_while([&] { return ended == 0; });
    EXPECT_EQ(good.mails().size(), 1U);
    world.peers.stop();  // the waiters are cancelled, the jobs told to stop
    world.run_while([&] { return world.peers.running() > 0; });
}

}  // namespace
}  // namespace surged::tests
