// What a reload keeps, changes, adds and removes.
#include "daemon/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace surged::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Settings load(std::string const& head, std::string const& streams) {
    auto loaded =
        load_settings_text(head +
                               "receivers: {hook: {type: webhook, url: 'http://127.0.0.1:1/'}}\n"
                               "accounts:\n"
                               "  one: {platform: mastodon, base_url: 'https://one.example'}\n"
                               "  two: {platform: mastodon, base_url: 'https://two.example'}\n"
                               "brands:\n  - name: acme\n    streams:\n" +
                               streams,
                           "c.yaml");
    for (auto const& p : loaded.problems->list)
        if (!p.warning) ADD_FAILURE() << config::to_string(p);
    return std::move(loaded.settings);
}

constexpr char const* kStreams =
    "      - {name: same, account: one, kind: tag, tag: acme}\n"
    "      - {name: pace, account: one, kind: tag, tag: acme}\n"
    "      - {name: query, account: one, kind: tag, tag: acme}\n"
    "      - {name: account, account: one, kind: tag, tag: acme}\n"
    "      - {name: kind, platform: x, kind: push}\n"
    "      - {name: gone, platform: hackernews, kind: search, query: acme}\n";

TEST(Reload, AStreamIsItsNameAccountKindAndQuery) {
    auto const old = load("", kStreams);
    auto const next = load(
        "detectors: {default: {false_pages: 1 per 30d}}\n",
        "      - {name: new, account: one, kind: tag, tag: acme}\n"
        "      - {name: pace, account: one, kind: tag, tag: acme, every: 5m, policy: facebook}\n"
        "      - {name: query, account: one, kind: tag, tag: acme_inc}\n"
        "      - {name: account, account: two, kind: tag, tag: acme}\n"
        "      - {name: kind, platform: hackernews, kind: search, query: acme}\n"
        "      - {name: same, account: one, kind: tag, tag: acme}\n");
    auto const change = compare(old, next);
    EXPECT_THAT(change.kept, ElementsAre("pace", "same"));
    EXPECT_THAT(change.changed, ElementsAre("query", "account", "kind"));
    EXPECT_THAT(change.added, ElementsAre("new"));
    EXPECT_THAT(change.removed, ElementsAre("gone"));
    EXPECT_THAT(change.warnings, IsEmpty());
}

TEST(Reload, NothingChanged) {
    auto const settings = load("", kStreams);
    auto const change = compare(settings, settings);
    EXPECT_EQ(change.kept.size(), 6U);
    EXPECT_THAT(change.changed, IsEmpty());
    EXPECT_THAT(change.added, IsEmpty());
    EXPECT_THAT(change.removed, IsEmpty());
}

TEST(Reload, ListenAndDirectoryWaitForARestart) {
    auto const change = compare(
        load("storage: {directory: /var/lib/a}\n", kStreams),
        load("server: {listen: '[::1]:9478'}\nstorage: {directory: /var/lib/b}\n", kStreams));
    EXPECT_THAT(change.warnings,
                ElementsAre("server.listen is now [::1]:9478: not applied, still 127.0.0.1:9477 "
                            "until a restart",
                            "storage.directory is now '/var/lib/b': not applied, still "
                            "'/var/lib/a' until a restart"));
}

}  // namespace
}  // namespace surged::daemon
