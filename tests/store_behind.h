// Stores that stand before a real one and do not always let things through.
#pragma once

#include "daemon/store.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::tests {

// Lets everything through: whoever disturbs one call overrides that one.
class StoreBehind : public daemon::Store {
public:
    using WallTime = daemon::WallTime;
    explicit StoreBehind(daemon::Store& inner) : inner_(inner) {}
    daemon::Result<daemon::Restored> load() override { return inner_.load(); }
    daemon::Result<bool> commit(daemon::Commit const& changes) override {
        return inner_.commit(changes);
    }
    bool seen(std::string const& s, detectors::MentionKey k) override { return inner_.seen(s, k); }
    std::vector<daemon::MentionRow> newest(std::string const& s, std::size_t n) override {
        return inner_.newest(s, n);
    }
    std::vector<daemon::StoredEvent> events(std::int64_t a, std::size_t n,
                                            std::string const& i) override {
        return inner_.events(a, n, i);
    }
    std::vector<std::string> incidents(std::string const& a, std::size_t n) override {
        return inner_.incidents(a, n);
    }
    std::vector<daemon::SeriesHour> series(std::string const& s, std::int64_t a,
                                           std::int64_t b) override {
        return inner_.series(s, a, b);
    }
    std::vector<daemon::MentionRow> mentions(std::string const& s, WallTime a, WallTime b,
                                             std::size_t n) override {
        return inner_.mentions(s, a, b, n);
    }
    daemon::Result<bool> prune(WallTime a, WallTime b, std::size_t n) override {
        return inner_.prune(a, b, n);
    }
    daemon::Result<bool> sign_off(WallTime a, std::vector<std::string> const& kept, WallTime b,
                                  std::size_t n) override {
        return inner_.sign_off(a, kept, b, n);
    }
    daemon::Result<std::optional<daemon::BodyPlace>> bodies(
        daemon::BodyPlace from, std::size_t n,
        std::function<void(daemon::BodyPlace const&, std::string_view)> const& show) override {
        return inner_.bodies(from, n, show);
    }
    daemon::Result<bool> scrub(std::int64_t& from, std::size_t n) override {
        return inner_.scrub(from, n);
    }
    daemon::JournalCheck verify() override { return inner_.verify(); }
    std::map<std::string, std::uint64_t> sizes() override { return inner_.sizes(); }

private:
    daemon::Store& inner_;
};

// A disk that can be full, or not readable for a while.
class FullDisk final : public StoreBehind {
public:
    using StoreBehind::StoreBehind;
    bool full = false;
    int unread = 0;  // so many searches of bodies fail
    daemon::Result<bool> commit(daemon::Commit const& changes) override {
        if (full) return daemon::Failure(daemon::Fault::transient, "database or disk is full");
        return StoreBehind::commit(changes);
    }
    daemon::Result<std::optional<daemon::BodyPlace>> bodies(
        daemon::BodyPlace from, std::size_t n,
        std::function<void(daemon::BodyPlace const&, std::string_view)> const& show) override {
        if (unread > 0 && unread-- > 0)
            return daemon::Failure(daemon::Fault::transient, "disk I/O error");
        return StoreBehind::bodies(from, n, show);
    }
};

}  // namespace surged::tests
