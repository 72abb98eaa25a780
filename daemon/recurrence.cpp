#include "daemon/recurrence.h"

#include "daemon/kept_texts.h"

#include <algorithm>

namespace surged::daemon {

using namespace detectors;

namespace {

constexpr std::size_t kWordStreams = 3, kWords = 10;

std::vector<std::string> words_of(Engine const& engine, Incident const& incident) {
    std::vector<std::string> out;
    for (auto const& t : kept_terms(engine, incident, kWordStreams, kWordTexts, kWords))
        out.push_back(t.term);
    return out;
}

}  // namespace

std::vector<Similar> similar_to(Engine const& engine, Incident const& incident) {
    auto const desk = engine.desks().find(incident.brand);
    if (desk == engine.desks().end() || incident.drill) return {};
    Remembered const mine{&incident, words_of(engine, incident)};
    std::vector<Remembered> past;
    std::size_t left = mine.terms.size() < kSharedTerms ? 0 : kWordsCompared;
    auto const& all = desk->second.incidents();
    for (auto it = all.rbegin(); it != all.rend(); ++it) {
        // What came later is no recurrence of the past.
        if (it->drill || it->id == incident.id || it->opened > incident.opened) continue;
        past.push_back({&*it, {}});
        if (left == 0) continue;
        --left;
        past.back().terms = words_of(engine, *it);
    }
    return similar_incidents(mine, past, kSimilar);
}

}  // namespace surged::daemon
