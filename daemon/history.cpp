#include "daemon/history.h"

#include "daemon/event_json.h"
#include "detectors/json_writer.h"
#include "detectors/retold.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::size_t kPage = 1000;        // entries read at once
constexpr std::size_t kCounted = 100'000;  // entries of one incident that are counted at all

char lower(char c) {
    return char(std::tolower(static_cast<unsigned char>(c)));
}
bool holds(std::string_view text, std::string_view low) {
    return std::search(text.begin(), text.end(), low.begin(), low.end(),
                       [](char a, char b) { return lower(a) == b; }) != text.end();
}

// What stands in JSON text for `text`, to reject most entries without reading them.
std::string as_written(std::string const& text) {
    std::string out;
    append_json_string(out, text);
    return out.substr(1, out.size() - 2);
}

class Search {
public:
    explicit Search(Engine const& engine, std::string const& text) : engine_(engine) {
        for (char const c : text) low_ += lower(c);
        written_ = as_written(low_);
    }
    [[nodiscard]] bool spent() const { return looked_ >= kSearchedEntries; }

    bool finds(Incident const& i) {
        if (low_.empty() || holds(i.id, low_) || holds(i.brand, low_)) return true;
        if (engine_.store() == nullptr) return false;
        std::int64_t last = 0;
        for (;;) {
            auto const found = engine_.store()->events(last, kPage, i.id);
            for (StoredEvent const& stored : found) {
                ++looked_;
                if (holds(stored.json, written_) && says(stored)) return true;
            }
            if (found.size() < kPage) return false;
            last = found.back().id;
        }
    }

private:
    [[nodiscard]] bool says(StoredEvent const& stored) const {
        auto const e = event_from_json(stored.json);
        if (!e) return false;
        for (std::string const* part :
             {&e->note, &e->link, &e->item, &e->verdict, &e->reason, &e->by, &e->origin})
            if (holds(*part, low_)) return true;
        return e->clock && holds(e->clock->link, low_);
    }

    Engine const& engine_;
    std::string low_, written_;
    std::size_t looked_ = 0;
};

struct Candidate {
    WallTime opened{};
    std::string id;
    Incident const* incident = nullptr;  // null: the journal has to be asked
};

// Newest first; the id settles what was opened in one instant, so that pages join.
std::vector<Candidate> candidates(Engine const& engine) {
    std::vector<Candidate> out;
    std::set<std::string> known;
    for (auto const& [brand, desk] : engine.desks())
        for (Incident const& i : desk.incidents()) {
            out.push_back({i.opened, i.id, &i});
            known.insert(i.id);
        }
    if (engine.store() != nullptr) {
        std::string last;
        for (std::size_t n = 0; n < kForgotten;) {
            auto const ids = engine.store()->incidents(last, kPage);
            for (std::string const& id : ids) {
                if (known.contains(id)) continue;
                ++n;
                auto const first = engine.store()->events(0, 1, id);
                if (!first.empty()) out.push_back({first.front().at, id, nullptr});
            }
            if (ids.size() < kPage) break;
            last = ids.back();
        }
    }
    std::sort(out.begin(), out.end(), [](Candidate const& a, Candidate const& b) {
        return a.opened != b.opened ? a.opened > b.opened : a.id > b.id;
    });
    return out;
}

}  // namespace

Entries entries_of(Engine const& engine, std::string const& incident) {
    Entries out;
    if (engine.store() == nullptr) return out;
    std::deque<StoredEvent> last;
    std::int64_t after = 0;
    for (std::size_t read = 0; read < kCounted;) {
        auto found = engine.store()->events(after, kPage, incident);
        std::size_t const n = found.size();
        if (n > 0) after = found.back().id;
        for (StoredEvent& stored : found) {
            if (read++ < kFirstEntries) {
                if (auto e = event_from_json(stored.json)) out.events.push_back(std::move(*e));
                continue;
            }
            last.push_back(std::move(stored));
            if (last.size() <= kLastEntries) continue;
            last.pop_front();
            ++out.left_out;
        }
        if (n < kPage) break;
    }
    for (StoredEvent const& stored : last)
        if (auto e = event_from_json(stored.json)) out.events.push_back(std::move(*e));
    return out;
}

std::optional<Incident> known_incident(Engine const& engine, std::string const& id) {
    if (Incident const* const found = engine.incident(id)) return *found;
    return incident_retold(entries_of(engine, id).events);
}

History history(Engine const& engine, HistoryQuery const& query) {
    History out;
    Search search(engine, query.text);
    auto const all = candidates(engine);
    auto it = all.begin();
    if (!query.after.empty()) {
        it = std::find_if(all.begin(), all.end(),
                          [&](Candidate const& c) { return c.id == query.after; });
        if (it != all.end()) ++it;
    }
    for (; it != all.end(); ++it) {
        if (out.items.size() >= std::min(query.limit, kHistoryPage) || search.spent()) {
            out.next = std::prev(it)->id;
            break;
        }
        if (query.to != kNoTime && it->opened >= query.to) continue;
        if (query.from != kNoTime && it->opened < query.from) break;
        Incident const* incident = it->incident;
        if (incident == nullptr) {
            auto told = incident_retold(entries_of(engine, it->id).events);
            if (!told) continue;
            incident = &out.told.emplace_back(std::move(*told));
        }
        if (!query.state.empty() && to_string(incident->state) != query.state) continue;
        if (!query.brand.empty() && incident->brand != query.brand) continue;
        if (search.finds(*incident)) out.items.push_back(incident);
    }
    return out;
}

}  // namespace surged::daemon
