// Promotion that is held while an incident is open, and our own posts from the wrong account.
#include "daemon/engine.h"
#include "detectors/desk_text.h"
#include "detectors/wording.h"

#include <algorithm>
#include <set>
#include <utility>

namespace surged::daemon {

using namespace detectors;

namespace {

// A resume that did not arrive in this time is told to people, and again as long as it does not.
constexpr std::chrono::hours kPatience{1}, kAgain{24};
// What was posted longer ago was seen by somebody; a first read goes back a week.
constexpr std::chrono::hours kFresh{24};

}  // namespace

// Nobody posts while the scheduler still holds everything back: that is silence, too.
void Engine::remind_of_promotion(WallTime now) {
    std::set<std::string> waiting;
    for (auto const& brand : settings_.brands) {
        for (auto const& receiver : brand.rules.pause_promotion) {
            std::optional<OutboxRow> const held =
                outbox_.resume_waiting(receiver, brand.rules.name);
            if (!held || now - held->due < kPatience) continue;
            waiting.insert(held->key);
            WallTime& told = promotion_told_.try_emplace(held->key, kNoTime).first->second;
            if (told != kNoTime && now - told < kAgain) continue;
            told = now;
            tell_promotion(*held, "since " + clock_time(held->due, now), now);
        }
    }
    std::erase_if(promotion_told_, [&](auto const& told) { return !waiting.contains(told.first); });
}

void Engine::tell_promotion(OutboxRow const& held, std::string const& why, WallTime now) {
    Event event;
    event.name = EventName::incident_note;
    event.at = now;
    event.incident = held.incident;
    event.brand = held.brand;
    event.note =
        "promotion is still paused: '" + held.receiver + "' has not taken the resume (" + why + ")";
    event.summary = held.brand + ": " + event.note;
    std::string json;
    journal(event, json);
    std::vector<std::string> to = route(event.brand, Moment::closed);
    if (BrandSettings const* const brand = settings_.brand(event.brand))
        to.insert(to.end(), brand->rules.fallback.begin(), brand->rules.fallback.end());
    std::erase(to, held.receiver);
    queue(to, event, json, instance_ + "-" + std::to_string(event.id), false);
}

// One of our posts that speaks of another brand of ours by its own words: written in the wrong
// window, perhaps.
void Engine::check_account(std::string const& name, std::string const& platform, Mention const& m,
                           WallTime at, WallTime now) {
    if (settings_.brands.size() < 2 || now - at > kFresh || m.text.empty()) return;
    for (auto const& other : settings_.brands) {
        if (other.rules.name == name) continue;
        auto const term = std::find_if(other.rules.terms.begin(), other.rules.terms.end(),
                                       [&](auto const& word) { return names_word(m.text, word); });
        if (term == other.rules.terms.end()) continue;
        Event event;
        event.name = EventName::incident_wrong_account;
        event.at = now;
        event.brand = name;
        if (auto const desk = desks_.find(name); desk != desks_.end())
            if (Incident const* const open = desk->second.current()) event.incident = open->id;
        event.platform = platform;
        event.mention = m.id;
        event.whose = "ours";
        event.link = m.url;
        event.reason = "it uses '" + *term + "', which is of brand '" + other.rules.name + "'";
        event.summary =
            name + " on " + platform + ": posted from the wrong account? " + event.reason;
        std::string json;
        journal(event, json);
        queue(route(name, Moment::wrong_account), event, json,
              instance_ + "-" + std::to_string(event.id), false);
        return;
    }
}

}  // namespace surged::daemon
