// Goal: every example that is shipped is a valid configuration that this release can run.
#include "daemon/settings.h"
#include "tests/temp_dir.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace surged::daemon {
namespace {

TEST(Examples, AreValidAndCanBeRun) {
    tests::TempDir const secrets;
    for (auto const* name :
         {"x",       "pd",        "fb",     "fb-app",     "hook",  "collector", "oncall",
          "pd-hook", "pagerduty", "slack",  "slack-sign", "teams", "discord",   "telegram",
          "ntfy",    "smtp",      "reddit", "yt",         "bsky",  "fedi"}) {
        std::string const path = secrets.path() + "/secrets_" + name;
        std::ofstream(path) << "secret\n";
        std::filesystem::permissions(path, std::filesystem::perms::owner_read);
    }
    setenv("CREDENTIALS_DIRECTORY", secrets.path().c_str(), 1);
    int loaded = 0;
    for (auto const& entry :
         std::filesystem::directory_iterator(std::string(TEST_DATA) + "/../../deploy/examples")) {
        if (entry.path().extension() != ".yaml") continue;
        ++loaded;
        LoadedSettings const settings = load_settings(entry.path());
        for (auto const& problem : settings.problems->list)
            EXPECT_TRUE(problem.warning) << to_string(problem);
        EXPECT_TRUE(settings.unbuilt.empty()) << entry.path() << ": " << settings.unbuilt.front();
        EXPECT_TRUE(settings.run_errors.empty()) << entry.path();
    }
    EXPECT_GE(loaded, 14);
}

}  // namespace
}  // namespace surged::daemon
