// A store whose disk can be full, or not readable for a while.
#pragma once

#include "daemon/store.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::tests {

using namespace daemon;  // it is the door of store.h, nothing else

class FullDisk final : public Store {
public:
    explicit FullDisk(Store& inner) : inner_(inner) {}
    bool full = false;
    int unread = 0;  // so many searches of bodies fail
    Result<Restored> load() override { return inner_.load(); }
    Result<bool> commit(Commit const& changes) override {
        if (full) return Failure(Fault::transient, "database or disk is full");
        return inner_.commit(changes);
    }
    bool seen(std::string const& s, detectors::MentionKey k) override { return inner_.seen(s, k); }
    std::vector<MentionRow> newest(std::string const& s, std::size_t n) override {
        return inner_.newest(s, n);
    }
    std::vector<StoredEvent> events(std::int64_t a, std::size_t n, std::string const& i) override {
        return inner_.events(a, n, i);
    }
    std::vector<SeriesHour> series(std::string const& s, std::int64_t a, std::int64_t b) override {
        return inner_.series(s, a, b);
    }
    std::vector<MentionRow> mentions(std::string const& s, WallTime a, WallTime b,
                                     std::size_t n) override {
        return inner_.mentions(s, a, b, n);
    }
    Result<bool> prune(WallTime a, WallTime b, std::size_t n) override {
        return inner_.prune(a, b, n);
    }
    Result<bool> sign_off(WallTime a, std::vector<std::string> const& k, WallTime b,
                          std::size_t n) override {
        return inner_.sign_off(a, k, b, n);
    }
    Result<std::optional<BodyPlace>> bodies(
        BodyPlace p, std::size_t n,
        std::function<void(BodyPlace const&, std::string_view)> const& show) override {
        if (unread > 0 && unread-- > 0) return Failure(Fault::transient, "disk I/O error");
        return inner_.bodies(p, n, show);
    }
    Result<bool> scrub(std::int64_t& from, std::size_t n) override { return inner_.scrub(from, n); }
    JournalCheck verify() override { return inner_.verify(); }
    std::map<std::string, std::uint64_t> sizes() override { return inner_.sizes(); }

private:
    Store& inner_;
};

}  // namespace surged::tests
