#include "daemon/log.h"

#include "daemon/journald.h"
#include "tests/datagram_end.h"
#include "tests/sim_clock.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace surged {
namespace {

using daemon::Log;
using daemon::LogFormat;
using daemon::LogLevel;

// What is written to the stream while `act` runs.
template <typename Act>
std::string written(Act act) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* const out = ::open_memstream(&text, &size);
    act(out);
    std::fclose(out);
    std::string result(text, size);
    std::free(text);
    return result;
}

std::string socket_path() {
    return testing::TempDir() + "/surged-journal-" + std::to_string(::getpid());
}

class LogTest : public testing::Test {
protected:
    boost::asio::io_context io;
    tests::SimClock clock{io};
};

TEST_F(LogTest, TellsTheJournalWhatAMessageIsAbout) {
    tests::DatagramEnd journal(socket_path());
    ASSERT_TRUE(journal.bound());
    EXPECT_EQ(written([&](std::FILE* out) {
                  Log log(clock, LogLevel::info, LogFormat::journal, out, socket_path());
                  log.warning("stream 'acme-x': timeout\nPRIORITY=0");
                  log.error("task 'poll/acme' died: of boredom");
                  log.info("stopping");
              }),
              "");
    EXPECT_EQ(journal.next(),
              "SYSLOG_IDENTIFIER=surged\nPRIORITY=4\n"
              "MESSAGE=stream 'acme-x': timeout PRIORITY=0\nSURGED_STREAM=acme-x\n");
    EXPECT_EQ(journal.next(),
              "SYSLOG_IDENTIFIER=surged\nPRIORITY=3\n"
              "MESSAGE=task 'poll/acme' died: of boredom\nSURGED_TASK=poll/acme\n");
    EXPECT_EQ(journal.next(), "SYSLOG_IDENTIFIER=surged\nPRIORITY=6\nMESSAGE=stopping\n");
}

TEST_F(LogTest, SaysItOnStandardErrorWhereNoJournalListens) {
    EXPECT_EQ(written([&](std::FILE* out) {
                  Log log(clock, LogLevel::info, LogFormat::journal, out, "/nowhere/socket");
                  log.warning("stream 'acme-x': timeout");
                  log.debug("nobody hears it");
              }),
              "<4>stream 'acme-x': timeout\n");
}

TEST(JournalFields, AreMadeOfKnownKindsOnly) {
    EXPECT_TRUE(daemon::journal_fields("stream 'acme").empty());
    EXPECT_TRUE(daemon::journal_fields("streams are fine").empty());
    EXPECT_TRUE(daemon::journal_fields("planet 'mars': far").empty());
    auto const fields = daemon::journal_fields("receiver 'oncall' fails: 500");
    ASSERT_EQ(fields.size(), 1U);
    EXPECT_EQ(fields[0].first + "=" + fields[0].second, "SURGED_RECEIVER=oncall");
}

}  // namespace
}  // namespace surged
