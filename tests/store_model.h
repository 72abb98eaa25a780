// What a store must hold after a row of commits, in plain containers: the tests' second opinion.
#pragma once

#include "daemon/store.h"
#include "tests/store_help.h"

#include <map>
#include <random>
#include <sstream>
#include <string>
#include <utility>

namespace surged::tests {

class StoreModel {
public:
    void apply(daemon::Commit const& c) {
        for (auto const& write : c.streams) {
            Stream& s = streams_[write.name];
            if (write.cursor) s.cursor = *write.cursor;
            if (write.state) s.state = *write.state;
            for (auto const& m : write.mentions) {
                auto const [it, fresh] = s.mentions.try_emplace(m.key, m);
                if (!fresh && !m.body.empty()) it->second.body = m.body;
            }
            for (auto const& hour : write.series) s.series[hour.hour] = hour.blob;
        }
        for (auto const& e : c.events) events_[e.id] = e;
        for (auto const& row : c.outbox_add) outbox_[row.id] = row;
        for (auto const& settle : c.outbox_settle) {
            if (settle.remove) {
                outbox_.erase(settle.id);
            } else if (auto const it = outbox_.find(settle.id); it != outbox_.end()) {
                it->second.attempts = settle.attempts;
                it->second.next_at = settle.next_at;
            }
        }
        for (auto const& [name, value] : c.blobs) blobs_[name] = value;
    }
    void prune(detectors::WallTime mentions_before) {
        for (auto& [name, s] : streams_)
            for (auto& [key, m] : s.mentions)
                if (m.at < mentions_before) m.body.clear();
    }

    // Everything as text, so that a difference can be read.
    [[nodiscard]] std::string text() const {
        std::ostringstream out;
        for (auto const& [name, s] : streams_) {
            out << "stream " << name << " cursor " << s.cursor << " state " << s.state << "\n";
            for (auto const& [key, m] : s.mentions) mention(out, m);
            for (auto const& [hour, blob] : s.series)
                out << " hour " << hour << " " << blob << "\n";
        }
        for (auto const& [id, e] : events_)
            out << "event " << id << " " << ms(e.at) << " " << e.name << " " << e.brand << " "
                << e.incident << " " << e.json << "\n";
        for (auto const& [id, row] : outbox_) page(out, row);
        for (auto const& [name, value] : blobs_) out << "blob " << name << " " << value << "\n";
        return out.str();
    }

    // The same text from what the store says it holds.
    static std::string text(daemon::Store& store) {
        auto const r = store.load();
        if (!r) return "load: " + r.error().detail;
        std::ostringstream out;
        for (auto const& s : r->streams) {
            out << "stream " << s.name << " cursor " << s.cursor << " state " << s.state << "\n";
            std::map<detectors::MentionKey, daemon::MentionRow> rows;
            for (auto const& m : store.newest(s.name, 1'000'000)) rows[m.key] = m;
            for (auto const& m : store.mentions(s.name, at_ms(0), at_ms(1LL << 50), 1'000'000))
                rows[m.key].body = m.body;
            for (auto const& [key, m] : rows) mention(out, m);
            for (auto const& hour : store.series(s.name, 0, 1 << 30))
                out << " hour " << hour.hour << " " << hour.blob << "\n";
        }
        for (auto const& e : store.events(0, 1'000'000))
            out << "event " << e.id << " " << ms(e.at) << " " << e.name << " " << e.brand << " "
                << e.incident << " " << e.json << "\n";
        for (auto const& row : r->outbox) page(out, row);
        for (auto const& [name, value] : r->blobs) out << "blob " << name << " " << value << "\n";
        return out.str();
    }

private:
    struct Stream {
        std::string cursor, state;
        std::map<detectors::MentionKey, daemon::MentionRow> mentions;
        std::map<std::int64_t, std::string> series;
    };
    static std::int64_t ms(detectors::WallTime t) { return t.time_since_epoch().count(); }
    static void mention(std::ostream& out, daemon::MentionRow const& m) {
        out << " mention " << m.key << " " << ms(m.at) << " " << m.id << " " << m.body << "\n";
    }
    static void page(std::ostream& out, daemon::OutboxRow const& row) {
        out << "page " << row.id << " " << row.receiver << " " << row.brand << " " << row.incident
            << " " << row.event << " " << row.key << " " << row.repeat << " " << ms(row.due) << " "
            << row.attempts << " " << ms(row.next_at) << " " << row.event_json << "\n";
    }

    std::map<std::string, Stream> streams_;
    std::map<std::int64_t, daemon::EventWrite> events_;
    std::map<std::int64_t, daemon::OutboxRow> outbox_;
    std::map<std::string, std::string> blobs_;
};

// A day of a daemon, from a seed: pages of mentions (some seen before), events with their pages,
// settled pages, states. The n-th commit of a seed is always the same.
class CommitMaker {
public:
    explicit CommitMaker(std::uint64_t seed) : random_(seed) {}

    daemon::Commit next() {
        ++step_;
        daemon::Commit c;
        for (std::size_t i = 0, n = below(3); i < n; ++i) c.streams.push_back(stream());
        for (std::size_t i = 0, n = below(3); i < n; ++i) event(c);
        for (std::size_t i = 0, n = below(3); i < n && !waiting_.empty(); ++i) settle(c);
        c.blobs["step"] = std::to_string(step_);
        return c;
    }
    [[nodiscard]] detectors::WallTime now() const { return at_ms(1'000'000 + 1000 * step_); }

private:
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    std::string filler(std::size_t most) { return std::string(below(most), 'x'); }

    daemon::StreamWrite stream() {
        std::string const name = "stream-" + std::to_string(below(4));
        daemon::StreamWrite w{name, {}, {}, {}, {}};
        if (below(4) != 0) w.cursor = "c" + std::to_string(step_);
        if (below(4) != 0) w.state = "s" + std::to_string(step_) + filler(3000);
        for (std::size_t i = 0, n = below(8); i < n; ++i) {
            std::string id = std::to_string(below(60));
            if (below(2) == 0) id = "uri:" + id;
            auto const key = detectors::key_of(id);
            w.mentions.push_back(
                {key, now(), std::move(id), below(2) == 0 ? "" : "b" + filler(600)});
        }
        if (below(2) == 0)
            w.series.push_back({static_cast<std::int64_t>(below(5)), "h" + filler(900)});
        return w;
    }
    void event(daemon::Commit& c) {
        std::int64_t const id = ++event_;
        std::string const json = R"({"id":)" + std::to_string(id) + "}" + filler(400);
        c.events.push_back({id, now(), "incident.note", "acme", below(2) == 0 ? "" : "i1", json});
        for (auto const* receiver : {"oncall", "chat"}) {
            c.outbox_add.push_back({++page_, receiver, "acme", "i1", id, "k" + std::to_string(id),
                                    false, now(), 0, now(), json});
            waiting_.push_back(page_);
        }
    }
    void settle(daemon::Commit& c) {
        auto const i = below(waiting_.size());
        bool const remove = below(3) != 0;
        c.outbox_settle.push_back({waiting_[i], remove, 3, now()});
        if (remove) waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    }

    std::mt19937_64 random_;
    std::int64_t step_ = 0, event_ = 0, page_ = 0;
    std::vector<std::int64_t> waiting_;
};

}  // namespace surged::tests
