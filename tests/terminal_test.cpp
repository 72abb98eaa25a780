#include "daemon/commands/terminal.h"

#include "daemon/commands/table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <sstream>
#include <unistd.h>

namespace surged::daemon {
namespace {

using namespace std::chrono_literals;

TEST(Terminal, TellsRateAndWhatIsLeftOnceItKnows) {
    EXPECT_EQ(progress_line("", 10, 1000, 200ms), "1% of 1000 rows");
    EXPECT_EQ(progress_line("1 per 3d", 250'000, 1'000'000, 2s),
              "1 per 3d: 25% of 1000000 rows, 125k rows/s, 6s left");
    EXPECT_EQ(progress_line("", 5'000'000, 10'000'000, 2500ms),
              "50% of 10000000 rows, 2.0M rows/s, 3s left");
    EXPECT_EQ(progress_line("", 0, 0, 5s), "100% of 0 rows");
}

TEST(Terminal, ColoursOnlyWhereAPersonLooks) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    EXPECT_FALSE(is_terminal(ends[1]));
    EXPECT_FALSE(wants_colour(ends[1]));
    int const terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal >= 0) {
        setenv("TERM", "xterm", 1);
        unsetenv("NO_COLOR");
        EXPECT_TRUE(wants_colour(terminal));
        setenv("NO_COLOR", "1", 1);
        EXPECT_FALSE(wants_colour(terminal));
        EXPECT_TRUE(is_terminal(terminal)) << "NO_COLOR is about colour";
        setenv("NO_COLOR", "", 1);
        EXPECT_TRUE(wants_colour(terminal)) << "empty is not set";
        setenv("TERM", "dumb", 1);
        EXPECT_FALSE(wants_colour(terminal));
        close(terminal);
    }
    close(ends[0]);
    close(ends[1]);
    EXPECT_EQ(toned("blind", tone_of("blind"), false), "blind");
    EXPECT_EQ(toned("blind", tone_of("blind"), true), "\x1b[31mblind\x1b[0m");
    EXPECT_EQ(toned("acme", tone_of("acme"), true), "acme");
}

TEST(Terminal, ColourMovesNoColumn) {
    Table table({"STREAM", "STATE", "REASON"});
    table.add({"blind", "blind", "x"});
    table.add({"b", "calm", "y"});
    std::ostringstream plain, coloured;
    table.print(plain);
    table.print(coloured, true);
    EXPECT_EQ(plain.str(), "STREAM  STATE  REASON\nblind   blind  x\nb       calm   y\n");
    std::string text = coloured.str();
    EXPECT_NE(text.find("\nblind   \x1b[31mblind"), std::string::npos) << "a name has no tone";
    for (auto at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b'))
        text.erase(at, text.find('m', at) - at + 1);
    EXPECT_EQ(text, plain.str());
}

}  // namespace
}  // namespace surged::daemon
