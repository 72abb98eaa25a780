// The store under kill -9 and on a disk that is really full: real processes, real files.
#include "tests/store_help.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <poll.h>
#include <random>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace surged::daemon {
namespace {

using tests::at_ms;
using tests::open_or_fail;
using tests::TempDirectory;

constexpr char const* kReceivers[] = {"oncall", "chat"};

// Commit number n, as both sides know it: n % 5 mentions and the cursor that counts them all, one
// event with a page for each receiver, the pages of the event before it settled, a blob that says
// n.
Commit numbered(std::int64_t n, std::int64_t counted_before) {
    Commit c;
    StreamWrite s{"s", {}, std::string(static_cast<std::size_t>(n * 37 % 3000), 's'), {}, {}};
    std::int64_t counted = counted_before;
    for (std::int64_t i = 0; i < n % 5; ++i) {
        std::string id = std::to_string(++counted * 7919);
        auto const key = detectors::key_of(id);
        s.mentions.push_back({key, at_ms(counted), std::move(id), std::string(300, 'b')});
    }
    s.cursor = std::to_string(counted);
    c.streams.push_back(std::move(s));
    c.events.push_back(
        {n, at_ms(n), "incident.note", "acme", "i", R"({"id":)" + std::to_string(n) + "}"});
    std::int64_t page = 2 * n - 1;
    for (auto const* receiver : kReceivers) {
        c.outbox_add.push_back(
            {page, receiver, "acme", "i", n, "k", false, at_ms(n), 0, at_ms(n), c.events[0].json});
        if (n > 1) c.outbox_settle.push_back({page - 2, true, 0, {}});
        ++page;
    }
    c.blobs["n"] = std::to_string(n);
    return c;
}

std::int64_t counted_after(std::int64_t n) {
    std::int64_t counted = 0;
    for (std::int64_t i = 1; i <= n; ++i) counted += i % 5;
    return counted;
}

// The child: commits from where the directory stands, tells each commit that returned, until
// killed.
[[noreturn]] void commit_until_killed(std::string const& directory, int tell) {
    OpenOptions options;
    options.checkpoint_pages = 50;  // often enough to be killed in the midst of it
    auto store = open_store(directory, options);
    if (!store) ::_exit(1);
    std::int64_t n = (*store)->load()->last_event, counted = counted_after(n);
    for (;;) {
        ++n;
        if (!(*store)->commit(numbered(n, counted)).has_value()) ::_exit(2);
        counted += n % 5;
        if (::write(tell, &n, sizeof n) != static_cast<ssize_t>(sizeof n)) ::_exit(3);
        if (n % 20 == 0 && !(*store)->prune(at_ms(counted - 100), at_ms(0), 1000)) ::_exit(4);
    }
}

// Returns the last commit that the child told before it was killed; 0: it told none.
std::int64_t run_and_kill(std::string const& directory, std::mt19937_64& random) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_t const child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        commit_until_killed(directory, ends[1]);
    }
    ::close(ends[1]);
    std::int64_t told = 0;
    auto const hear = [&] { return ::read(ends[0], &told, sizeof told) == sizeof told; };
    bool alive = true;
    for (auto left = random() % 120; left > 0 && alive; --left) alive = hear();
    EXPECT_TRUE(alive) << "the child ended by itself";
    // A moment more, so that the kill falls anywhere in a commit and not only at its beginning.
    timespec const moment{0, static_cast<long>(random() % 1'500'000)};
    ::ppoll(nullptr, 0, &moment, nullptr);
    ::kill(child, SIGKILL);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);
    while (hear()) {  // what it told in its last moment counts too
    }
    ::close(ends[0]);
    return told;
}

// Everything of commit n is there, nothing of n + 1.
void expect_whole(Store& store, std::int64_t told) {
    auto const check = store.verify();
    EXPECT_TRUE(check.intact) << check.broken_at << ": " << check.detail;
    auto const r = store.load();
    ASSERT_TRUE(r.has_value());
    std::int64_t const n = r->last_event;
    EXPECT_GE(n, told) << "a commit that had returned is gone";
    EXPECT_LE(n, told + 1);
    EXPECT_EQ(check.entries, n);
    if (n == 0) {
        EXPECT_TRUE(r->streams.empty());
        EXPECT_TRUE(r->outbox.empty());
        return;
    }
    std::int64_t const counted = counted_after(n);
    EXPECT_EQ(r->blobs.at("n"), std::to_string(n));
    ASSERT_EQ(r->streams.size(), 1U);
    EXPECT_EQ(r->streams[0].cursor, std::to_string(counted));
    EXPECT_EQ(r->streams[0].state.size(), static_cast<std::size_t>(n * 37 % 3000));
    auto const mentions = store.newest("s", 1'000'000);
    EXPECT_EQ(static_cast<std::int64_t>(mentions.size()), counted);
    EXPECT_FALSE(store.seen("s", static_cast<std::uint64_t>((counted + 1) * 7919)));
    ASSERT_EQ(r->outbox.size(), 2U);
    EXPECT_EQ(r->last_outbox, 2 * n);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(r->outbox[i].event, n);
        EXPECT_EQ(r->outbox[i].receiver, kReceivers[i]);
        EXPECT_EQ(r->outbox[i].event_json, store.events(n - 1, 1)[0].json);
    }
}

void kill_many_times(int times, std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    TempDirectory directory;
    std::int64_t last = 0;
    for (int i = 0; i < times && !testing::Test::HasFailure(); ++i) {
        std::int64_t const told = std::max(last, run_and_kill(directory.path(), random));
        auto store = open_or_fail(directory.path());
        ASSERT_TRUE(store);
        expect_whole(*store, told);
        last = store->load()->last_event;
    }
    EXPECT_GT(last, 10 * times) << "hardly anything was committed between the kills";
}

TEST(StoreKill, ACommitIsWholeOrAbsentWheneverTheProcessIsKilled) {
    kill_many_times(20, 1);
}
TEST(StoreKill, NightKill) {
    kill_many_times(200, 2);
}

// A file system of one megabyte, when we may mount one.
class SmallDisk {
public:
    SmallDisk() {
        mounted_ =
            ::mount("surged-test", directory_.path().c_str(), "tmpfs", 0, "size=1m,mode=0700") == 0;
    }
    SmallDisk(SmallDisk const&) = delete;
    SmallDisk& operator=(SmallDisk const&) = delete;
    ~SmallDisk() {
        if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
    }
    [[nodiscard]] bool mounted() const { return mounted_; }
    [[nodiscard]] std::string const& path() const { return directory_.path(); }

private:
    TempDirectory directory_;
    bool mounted_ = false;
};

TEST(StoreDisk, AFullDiskRefusesCommitsUntilThereIsSpace) {
    SmallDisk disk;
    if (!disk.mounted()) GTEST_SKIP() << "not allowed to mount a tmpfs";
    std::string const ballast = disk.path() + "/ballast";
    auto store = open_or_fail(disk.path() + "/state");
    ASSERT_TRUE(store);
    {
        std::FILE* const f = std::fopen(ballast.c_str(), "w");
        std::string const block(4096, 'x');
        while (std::fwrite(block.data(), block.size(), 1, f) == 1 && std::fflush(f) == 0) {
        }
        std::fclose(f);
    }
    std::int64_t n = 0, failures = 0;
    std::string reason;
    while (failures == 0 && n < 10'000) {
        auto const done = store->commit(numbered(n + 1, counted_after(n)));
        if (done.has_value()) {
            ++n;
        } else {
            ++failures;
            reason = done.error().detail;
        }
    }
    EXPECT_EQ(failures, 1);
    EXPECT_NE(reason.find("full"), std::string::npos) << reason;
    expect_whole(*store, n);
    EXPECT_EQ(store->load()->last_event, n);
    EXPECT_FALSE(store->commit(numbered(n + 1, counted_after(n))).has_value());

    std::filesystem::remove(ballast);
    for (int i = 0; i < 20; ++i, ++n)
        ASSERT_TRUE(store->commit(numbered(n + 1, counted_after(n))).has_value()) << n;
    store.reset();
    store = open_or_fail(disk.path() + "/state");
    expect_whole(*store, n);
}

}  // namespace
}  // namespace surged::daemon
