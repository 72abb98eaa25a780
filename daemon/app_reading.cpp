// The composition root's side of reading: own posts and evidence beside the streams, and what the
// loops ask the engine for.
#include "daemon/app.h"
#include "daemon/pollers/pollers.h"

namespace surged::daemon {

using namespace detectors;

void App::start_side_loops() {
    Settings const& settings = engine_.settings();
    for (auto const& [name, side] : engine_.sides()) {
        SideSource const& source = side->source;
        auto const account = settings.accounts.find(source.settings.account);
        if (account == settings.accounts.end() || source.make == nullptr) continue;
        PollEnv env{doors_.clock,
                    doors_.http,
                    random_,
                    *this,
                    *paces_.at(account->first),
                    settings.http.timeout,
                    source.floor,
                    source.surging_every};
        supervisor_.start(
            "poll/" + name,
            run_poll_loop(env, source.settings, source.make(account->second, source.settings)));
        loops_.push_back("poll/" + name);
    }
    for (auto const& [name, account] : settings.accounts) {
        PlatformRow const* const row = platform(account.platform);
        if (row == nullptr || row->make_lookup == nullptr) continue;
        StreamSettings about;
        about.account = name;
        about.platform = account.platform;
        for (auto const& brand : settings.brands)
            for (auto const& s : brand.streams)
                if (s.account == name) about = s;
        EvidenceEnv env{doors_.clock,     doors_.http,          random_, *this, *this,
                        *paces_.at(name), settings.http.timeout};
        supervisor_.start("evidence/" + name, run_evidence_loop(env, name, account.platform,
                                                                row->make_lookup(account, about)));
        loops_.push_back("evidence/" + name);
    }
}

// On disk before the request goes out: a crash must not make a budget whole again.
void App::spending(std::string const& account) {
    auto const pace = paces_.find(account);
    if (pace == paces_.end() || !pace->second->limited()) return;
    engine_.keep_now("pace/" + account, pace->second->save(), doors_.clock.wall_now());
}

bool App::surging(std::string const& stream) const {
    if (SideState const* const side = engine_.side(stream)) return engine_.side_rushed(*side);
    StreamState const* const s = engine_.stream(stream);
    return s != nullptr && s->judge.surging();
}

bool App::wanted(std::string const& stream) const {
    SideState const* const side = engine_.side(stream);
    return side == nullptr || engine_.side_wanted(*side);
}

std::string App::cursor(std::string const& stream) const {
    if (SideState const* const side = engine_.side(stream)) return side->cursor;
    StreamState const* const s = engine_.stream(stream);
    return s == nullptr ? std::string{} : s->cursor;
}

WallTime App::covered_until(std::string const& stream) const {
    if (SideState const* const side = engine_.side(stream)) return side->covered_until;
    StreamState const* const s = engine_.stream(stream);
    return s == nullptr ? kNoTime : s->intake.covered_until();
}

WallTime App::next_evidence(std::string const& account) const {
    return engine_.next_evidence(account);
}

EvidenceBatch App::evidence_due(std::string const& account) const {
    return engine_.evidence_due(account, doors_.clock.wall_now());
}

void App::evidence_seen(std::string const& account, Look const& look, int pace) {
    engine_.evidence_seen(account, look, pace, doors_.clock.wall_now());
}

}  // namespace surged::daemon
