// The shapes of the API (contract section 6) from the engine's state, as JSON text.
#pragma once

#include "daemon/engine.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace surged::daemon {

// One stream: {name, brand, platform, kind, state, reason, mentions_total, observed, ...}.
[[nodiscard]] std::string stream_json(StreamState const& stream);
[[nodiscard]] std::string streams_json(Engine const& engine);

// One incident with its timeline, from desk and journal.
[[nodiscard]] std::string incident_json(Engine const& engine, detectors::Incident const& incident);
struct HistoryQuery;  // history.h
// {"items":[...], "next": ID}: newest first; `next` where there are more.
[[nodiscard]] std::string incidents_json(Engine const& engine, HistoryQuery const& query);

// {from, step, observed:[], expected:[], upper:[], covered:[]}: sums over each step; null where
// nothing is known. `step` is a whole number of minutes; at most kSeriesPoints points.
inline constexpr std::int64_t kSeriesPoints = 11'000;
[[nodiscard]] std::string series_json(Engine const& engine, StreamState const& stream,
                                      WallTime from, WallTime to, std::chrono::seconds step);

// What was observed and expected in the minute of `at` (kNoTime: the last closed one), and why it
// did or did not page.
[[nodiscard]] std::string explain_json(Engine const& engine, StreamState const& stream,
                                       WallTime at);

// Version, uptime, streams by state, open incidents, waiting pages, the state directory, and who
// asks (`token` null: no tokens are configured, everybody may do everything).
[[nodiscard]] std::string status_json(Engine const& engine, WallTime started, WallTime now,
                                      Token const* token = nullptr, bool session = false);

// Nothing was ever read of it: neither calm nor anything else is known.
[[nodiscard]] bool not_read_yet(StreamState const& stream);
// views_quiet.cpp: {id, brand, stream, from, until, by, why, breaches, state, held, holding:[..]}.
// `state`: active (default), ended, all.
[[nodiscard]] std::string silence_json(detectors::Silence const& silence);
[[nodiscard]] std::string silences_json(Engine const& engine, std::string_view state);
// {incident, brand, stream, platform, ratio, from, until, by}
[[nodiscard]] std::string drill_json(detectors::Drill const& drill);
[[nodiscard]] std::string drills_json(Engine const& engine);

[[nodiscard]] std::string_view stream_state_word(
    StreamState const& stream);  // calm, surge, learning, blind

}  // namespace surged::daemon
