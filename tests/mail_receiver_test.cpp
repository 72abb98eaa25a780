// Goal: a mail that says what any page says, threads by incident, is the same at every attempt, and
// holds no header of a stranger's making; a program's run likewise.
#include "exporters/receivers/email.h"
#include "exporters/receivers/exec.h"
#include "exporters/receivers/mime.h"
#include "tests/sample_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace surged::tests {
namespace {

using detectors::EventName;
using exporters::Answer;
using exporters::EmailReceiver;
using exporters::ExecReceiver;
using exporters::HttpRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr auto kNow = "2026-03-01T12:07:30Z";

EmailReceiver mail(std::string const& smarthost = "smtp.example:587", bool login = true) {
    config::Values v;
    v.text["smarthost"] = smarthost;
    v.text["from"] = "surged <surged@acme.example>";
    v.lists["to"] = {"crisis@acme.example", "Kim <kim@acme.example>"};
    if (login) {
        v.text["username"] = "surged";
        v.secrets["password_file"].value = "hunter22";
    }
    return EmailReceiver(v);
}

std::vector<std::string> all(HttpRequest const& request, std::string const& name) {
    std::vector<std::string> out;
    for (auto const& [n, value] : request.headers)
        if (n == name) out.push_back(value);
    return out;
}

// The headers of a mail, unfolded, in order.
std::vector<std::string> headers(std::string const& message) {
    std::vector<std::string> out;
    std::istringstream lines(message.substr(0, message.find("\r\n\r\n")));
    for (std::string line; std::getline(lines, line);) {
        if (line.ends_with('\r')) line.pop_back();
        if (line.starts_with(' '))
            out.back() += line;
        else
            out.push_back(line);
    }
    return out;
}

std::string field(std::string const& message, std::string const& name) {
    for (auto const& line : headers(message))
        if (line.starts_with(name + ": ")) return line.substr(name.size() + 2);
    return {};
}

TEST(EmailReceiver, TellsTheEnvelopeAndTheWholeMail) {
    auto const incident = sample_incident();
    auto const requests = mail().render(sample_page(incident), at(kNow));
    ASSERT_EQ(requests.size(), 1U);
    auto const& request = requests.front();
    EXPECT_EQ(request.method, "MAIL");
    EXPECT_EQ(request.url, "smtp://smtp.example:587");
    EXPECT_THAT(all(request, "from"), ElementsAre("surged@acme.example"));
    EXPECT_THAT(all(request, "to"), ElementsAre("crisis@acme.example", "kim@acme.example"));
    EXPECT_THAT(all(request, "username"), ElementsAre("surged"));
    EXPECT_THAT(all(request, "password"), ElementsAre("hunter22"));
    EXPECT_THAT(all(request, "starttls"), ElementsAre("required"));
    std::string const& m = request.body;
    EXPECT_EQ(field(m, "From"), "surged <surged@acme.example>");
    EXPECT_EQ(field(m, "To"), "crisis@acme.example, Kim <kim@acme.example>");
    EXPECT_THAT(field(m, "Subject"), HasSubstr("acme"));
    EXPECT_EQ(field(m, "Date"), "Sun, 01 Mar 2026 12:07:30 +0000");
    EXPECT_EQ(field(m, "Message-ID"), "<acme-20260301-1.surged@acme.example>");
    EXPECT_EQ(field(m, "In-Reply-To"), "");
    EXPECT_EQ(field(m, "Auto-Submitted"), "auto-generated");
    EXPECT_EQ(field(m, "Importance"), "high");
    EXPECT_EQ(field(m, "X-Surged-Incident"), "acme-20260301-1");
    EXPECT_THAT(m, Not(HasSubstr("hunter22")));
    EXPECT_THAT(m, HasSubstr("13:01"));  // when the public's clock ends, in UTC
}

TEST(EmailReceiver, LaterMailsAnswerTheFirstAndKeepTheirName) {
    auto const incident = sample_incident();
    auto page = clock_page(incident, EventName::clock_breached, 1);
    page.key = "3f9c2a7e-4800";
    auto const first = mail().render(page, at(kNow)).at(0).body;
    EXPECT_EQ(field(first, "Message-ID"), "<3f9c2a7e-4800.surged@acme.example>");
    EXPECT_EQ(field(first, "In-Reply-To"), "<acme-20260301-1.surged@acme.example>");
    EXPECT_EQ(field(first, "References"), "<acme-20260301-1.surged@acme.example>");
    page.attempt = 3;
    EXPECT_EQ(mail().render(page, at(kNow)).at(0).body, first) << "a retry is the same mail";
}

TEST(EmailReceiver, TlsIsAskedForUnlessTheServerIsThisMachine) {
    auto const incident = sample_incident();
    auto const tls = [&](std::string const& host) {
        auto const request = mail(host, false).render(sample_page(incident), at(kNow)).at(0);
        return request.url + " " + all(request, "starttls").at(0);
    };
    EXPECT_EQ(tls("smtp.example:25"), "smtp://smtp.example:25 required");
    EXPECT_EQ(tls("smtp.example:465"), "smtps://smtp.example:465 required");
    EXPECT_EQ(tls("127.0.0.1:25"), "smtp://127.0.0.1:25 try");
    EXPECT_EQ(tls("localhost:25"), "smtp://localhost:25 try");
}

TEST(EmailReceiver, NoTextOfAStrangerBecomesAHeader) {
    auto incident = sample_incident();
    auto page = sample_page(incident);
    page.event.summary = "late\r\nBcc: everyone@acme.example\r\n\r\n" + kHostile;
    page.event.stream = "acme\r\nX-Evil: 1";
    page.event.note = kHostile;
    auto const m = mail().render(page, at(kNow)).at(0).body;
    std::vector<std::string> names;
    for (auto const& line : headers(m)) names.push_back(line.substr(0, line.find(':')));
    EXPECT_THAT(names, ElementsAre("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted",
                                   "X-Auto-Response-Suppress", "X-Surged-Event",
                                   "X-Surged-Incident", "Importance", "X-Priority", "MIME-Version",
                                   "Content-Type", "Content-Transfer-Encoding"));
    std::size_t longest = 0, line = 0;
    for (char const c : m) {
        line = c == '\n' ? 0 : line + 1;
        longest = std::max(longest, line);
        EXPECT_LT(static_cast<unsigned char>(c), 0x80U) << "7-bit alone";
    }
    EXPECT_LE(longest, 998U + 1U);
}

TEST(EmailReceiver, ReadsReplyCodes) {
    auto const judged = [](int code) { return mail().judge(answered(code, "5.7.1 no\r\n")).kind; };
    EXPECT_EQ(judged(250), Answer::Kind::delivered);
    for (int const code : {421, 450, 451, 452, 454, 530, 534, 535, 538})
        EXPECT_EQ(judged(code), Answer::Kind::retry) << code;
    for (int const code : {500, 550, 551, 552, 553, 554})
        EXPECT_EQ(judged(code), Answer::Kind::refused) << code;
    EXPECT_EQ(mail().judge(answered(550, "no such user")).detail, "SMTP 550: no such user");
}

TEST(Mime, EncodesWordsBetweenCharacters) {
    EXPECT_EQ(exporters::encoded_words("acme: 412 mentions"), "acme: 412 mentions");
    EXPECT_EQ(exporters::encoded_words("h\xC3\xA9"), "=?UTF-8?B?aMOp?=");
    EXPECT_EQ(exporters::encoded_words("=?x?="), "=?UTF-8?B?PT94Pz0=?=");
    EXPECT_EQ(exporters::encoded_words("a\r\nB: c"), "a  B: c");
    std::string fire;
    for (int i = 0; i < 40; ++i) fire += "\xF0\x9F\x94\xA5";
    std::istringstream lines(exporters::encoded_words(fire));
    int words = 0;
    for (std::string line; std::getline(lines, line); ++words) {
        if (line.ends_with('\r')) line.pop_back();
        EXPECT_LE(line.size(), 76U);
        // 40 bytes of whole characters in each word but the last: 56 of base64.
        if (words < 3) {
            EXPECT_THAT(line, HasSubstr("8J+UpfCflKXwn5Sl8J+UpfCflKXwn5Sl"));
        }
    }
    EXPECT_EQ(words, 4);
}

TEST(Mime, QuotesWhatAServerCouldTouch) {
    using exporters::quoted_printable;
    EXPECT_EQ(quoted_printable("a = b"), "a =3D b\r\n");
    EXPECT_EQ(quoted_printable("end \nnext"), "end=20\r\nnext\r\n");
    EXPECT_EQ(quoted_printable(".\nFrom here\r\n"), "=2E\r\n=46rom here\r\n");
    EXPECT_EQ(quoted_printable("caf\xC3\xA9"), "caf=C3=A9\r\n");
    auto const soft = quoted_printable(std::string(100, 'x'));
    EXPECT_EQ(soft, std::string(75, 'x') + "=\r\n" + std::string(25, 'x') + "\r\n");
    EXPECT_EQ(quoted_printable(std::string(75, 'x') + "."), std::string(75, 'x') + "=\r\n=2E\r\n");
}

TEST(Mime, ReadsAddresses) {
    EXPECT_EQ(exporters::bare_address("Kim <kim@acme.example>"), "kim@acme.example");
    EXPECT_EQ(exporters::bare_address("kim@acme.example\r\nRCPT TO:x@y"),
              "kim@acme.exampleRCPTTO:x@y");
    EXPECT_EQ(exporters::address_host("Kim <kim@acme.example>"), "acme.example");
    EXPECT_EQ(exporters::address_host("kim"), "localhost");
}

TEST(ExecReceiver, GivesTheEventOnStandardInputAndNamesInTheEnvironment) {
    config::Values v;
    v.lists["command"] = {"/usr/local/bin/page", "--now", "a b"};
    ExecReceiver const receiver(v);
    auto const incident = sample_incident();
    auto const requests = receiver.render(sample_page(incident), at(kNow));
    ASSERT_EQ(requests.size(), 1U);
    auto const& request = requests.front();
    EXPECT_EQ(request.url, "exec:/usr/local/bin/page");
    EXPECT_THAT(all(request, "argument"), ElementsAre("--now", "a b"));
    EXPECT_THAT(all(request, "environment"),
                ElementsAre("SURGED_KEY=3f9c2a7e-4711", "SURGED_EVENT=incident.opened",
                            "SURGED_INCIDENT=acme-20260301-1", "SURGED_BRAND=acme"));
    EXPECT_THAT(request.body, StartsWith("{\"id\":4711,\"event\":\"incident.opened\""));
    EXPECT_EQ(receiver.judge(answered(0)).kind, Answer::Kind::delivered);
    EXPECT_EQ(receiver.judge(answered(1, "no route\n")).kind, Answer::Kind::retry);
    EXPECT_EQ(receiver.judge(answered(1, "no route")).detail, "exit status 1: no route");
    EXPECT_EQ(receiver.judge(answered(65)).kind, Answer::Kind::refused);
    EXPECT_EQ(receiver.judge(answered(137)).detail, "ended by signal 9");
}

}  // namespace
}  // namespace surged::tests
