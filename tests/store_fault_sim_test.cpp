// The store on a disk that is full, broken or loses its power, at every single operation: a commit
// is there whole or not at all, and the store works on once the disk does.
#include "tests/fault_vfs.h"
#include "tests/store_help.h"
#include "tests/store_model.h"

#include <gtest/gtest.h>

#include <optional>

namespace surged::daemon {
namespace {

using tests::CommitMaker;
using tests::FaultVfs;
using tests::open_or_fail;
using tests::StoreModel;
using tests::TempDirectory;
using Fault = FaultVfs::Fault;

// One machine and the daemon's view of it: `model` is what was acknowledged, `pending` what is
// being tried.
class Machine {
public:
    explicit Machine(std::uint64_t seed, std::uint64_t chance = 1)
        : disk("fault", chance), maker_(seed) {
        options_.vfs = disk.name();
        options_.checkpoint_pages = 6;  // the log is moved into the database every commit or two
    }

    // Opens; false when the disk did not let it.
    bool start() {
        auto opened = open_store(directory_.path(), options_);
        if (opened) store = std::move(*opened);
        return opened.has_value();
    }
    // Everything up to commit number `commits`. Stops when the power fails.
    void run_to(int commits) {
        while (done_ < commits && !disk.power_failed()) {
            if (!pending) pending = maker_.next();
            if (store->commit(*pending).has_value()) {
                acknowledge();
                if (done_ % 3 == 0) scrub();
            } else if (!disk.power_failed()) {
                ++failures;
                expect_holds(model.text());
                EXPECT_LT(++retries_, 100) << "the store does not come back";
                if (retries_ >= 100) return;
            }
        }
    }
    void prune() {
        auto const before = maker_.now() - std::chrono::seconds(3);
        for (bool more = true; more && !disk.power_failed();) {
            auto const pruned = store->prune(before, tests::at_ms(0), 3);
            if (!pruned) ++failures;
            more = !pruned || *pruned;
        }
        if (!disk.power_failed()) model.prune(before);
    }
    // Writes pages behind SQLite's back: a fault there must cost nothing.
    void scrub() {
        std::int64_t page = 0;
        for (bool more = true; more && !disk.power_failed();) {
            auto const scrubbed = store->scrub(page, 5);
            if (!scrubbed) ++failures;
            more = scrubbed && *scrubbed;
        }
    }
    // After the power came back: what was acknowledged is there; what was under way is there whole
    // or not at all.
    void recover() {
        store.reset();
        disk.reboot();
        ASSERT_TRUE(start());
        std::string const is = StoreModel::text(*store);
        if (pending && is != model.text()) {
            acknowledge();
            ++resurrected;
        }
        expect_holds(model.text());
    }
    void expect_holds(std::string const& expected) {
        EXPECT_EQ(StoreModel::text(*store), expected);
        auto const check = store->verify();
        EXPECT_TRUE(check.intact) << check.broken_at << ": " << check.detail;
    }

    FaultVfs disk;
    std::unique_ptr<Store> store;
    StoreModel model;
    std::optional<Commit> pending;
    int failures = 0, resurrected = 0;

private:
    void acknowledge() {
        model.apply(*pending);
        pending.reset();
        retries_ = 0;
        ++done_;
    }
    TempDirectory directory_;
    OpenOptions options_;
    CommitMaker maker_;
    int done_ = 0, retries_ = 0;
};

constexpr std::uint64_t kScenario = 7;
constexpr int kCommits = 8;

// How many operations the scenario has without a fault: the range of N below.
std::uint64_t operations_of_scenario() {
    Machine m(kScenario);
    EXPECT_TRUE(m.start());
    m.run_to(kCommits);
    m.expect_holds(m.model.text());
    return m.disk.operations();
}

TEST(StoreFaults, AHealthyDiskHoldsTheModel) {
    EXPECT_GT(operations_of_scenario(), 100U);
}

TEST(StoreFaults, PowerMayFailAtEveryOperation) {
    std::uint64_t const operations = operations_of_scenario();
    int while_opening = 0, resurrected = 0;
    for (std::uint64_t n = 1; n <= operations; ++n) {
        SCOPED_TRACE("power fails at operation " + std::to_string(n));
        Machine m(kScenario, n);
        m.disk.plan(Fault::power, n);
        if (m.start())
            m.run_to(kCommits);
        else
            ++while_opening;
        EXPECT_TRUE(m.disk.power_failed());
        ASSERT_NO_FATAL_FAILURE(m.recover());
        m.run_to(kCommits);
        m.expect_holds(m.model.text());
        resurrected += m.resurrected;
        if (testing::Test::HasFailure()) break;
    }
    EXPECT_GT(while_opening, 5);
    EXPECT_GT(resurrected, 0) << "no commit was cut off after it was safe: is the fault real?";
}

void fail_at_every_operation(Fault fault, std::uint64_t count) {
    std::uint64_t const operations = operations_of_scenario();
    int failures = 0, refused = 0;
    for (std::uint64_t n = 1; n <= operations; ++n) {
        SCOPED_TRACE("operations " + std::to_string(n) + " to " + std::to_string(n + count - 1));
        Machine m(kScenario);
        m.disk.plan(fault, n, count);
        while (!m.start()) {
            ++refused;
            ASSERT_LT(refused, 1000);
        }
        m.run_to(kCommits);
        EXPECT_GT(m.disk.faults(), 0U);
        m.expect_holds(m.model.text());
        m.store.reset();
        m.disk.heal();
        ASSERT_TRUE(m.start());
        m.expect_holds(m.model.text());
        failures += m.failures;
        if (testing::Test::HasFailure()) break;
    }
    EXPECT_GT(failures, 20);
    EXPECT_GT(refused, 3);
}

TEST(StoreFaults, ADiskMayBeFullAtEveryOperation) {
    fail_at_every_operation(Fault::full, 1);
}
TEST(StoreFaults, ADiskMayBeFullForAWhile) {
    fail_at_every_operation(Fault::full, 9);
}
TEST(StoreFaults, EveryOperationMayFail) {
    fail_at_every_operation(Fault::io_error, 1);
}

// Many faults, one after the other, then the power: from a seed.
struct Told {
    std::uint64_t faults = 0;
    int failures = 0, reboots = 0, resurrected = 0;
};
Told live_through(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Machine m(seed, seed);
    Told told;
    EXPECT_TRUE(m.start());
    for (int day = 1; day <= 12 && !testing::Test::HasFailure(); ++day) {
        std::uint64_t const kind = random() % 4;
        std::uint64_t const at = 1 + random() % 60, count = 1 + random() % 12;
        Fault const faults[] = {Fault::none, Fault::full, Fault::io_error, Fault::power};
        m.disk.plan(faults[kind], at, count);
        m.run_to(4 * day);
        if (faults[kind] != Fault::power && random() % 3 == 0) m.prune();
        if (!m.disk.power_failed()) m.expect_holds(m.model.text());
        if (m.disk.power_failed()) {
            m.recover();
            ++told.reboots;
        }
    }
    m.disk.heal();
    told.faults = m.disk.faults();
    told.failures = m.failures;
    told.resurrected = m.resurrected;
    return told;
}

void live_through_seeds(std::uint64_t from, std::uint64_t to) {
    Told sum;
    for (std::uint64_t seed = from; seed < to && !testing::Test::HasFailure(); ++seed) {
        Told const told = live_through(seed);
        sum.faults += told.faults;
        sum.failures += told.failures;
        sum.reboots += told.reboots;
        sum.resurrected += told.resurrected;
    }
    auto const seeds = static_cast<int>(to - from);
    EXPECT_GT(sum.faults, static_cast<std::uint64_t>(4 * seeds));
    EXPECT_GT(sum.failures, 2 * seeds);
    EXPECT_GT(sum.reboots, seeds);
    EXPECT_GE(sum.resurrected, seeds / 1000);  // rare: the power must fail in the sync itself
}

TEST(StoreFaults, ManySeeds) {
    live_through_seeds(1, 60);
}
TEST(StoreFaults, NightManySeeds) {
    live_through_seeds(1000, 6000);
}

}  // namespace
}  // namespace surged::daemon
