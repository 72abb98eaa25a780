#include "daemon/kept_texts.h"

#include "daemon/ndjson.h"

#include <algorithm>

namespace surged::daemon {

using namespace detectors;
using exporters::ReportPost;

namespace {
constexpr std::chrono::hours kUsualTime{7 * 24};
}  // namespace

std::size_t each_kept(Engine const& engine, std::string const& stream, WallTime from, WallTime to,
                      std::size_t limit, KeptVisit const& visit) {
    if (engine.store() == nullptr) return 0;
    StreamState const* const state = engine.stream(stream);
    NdjsonReader reader;
    MentionBatch batch;
    std::size_t read = 0;
    for (std::string const& name : {stream, "evidence/" + stream}) {
        for (MentionRow const& row : engine.store()->mentions(name, from, to, limit - read)) {
            ++read;
            batch.clear();
            auto const parsed = reader.read(row.body, batch);
            if (!parsed) continue;  // erased
            if (state != nullptr &&
                classify(parsed->mention, state->settings.exclude) != Arrival::counted)
                continue;
            visit(row, parsed->mention);
        }
        if (read >= limit) break;
    }
    return read;
}

ReportPost report_post(std::string const& platform, std::string const& stream,
                       MentionRow const& row, Mention const& m) {
    ReportPost post;
    post.platform = platform;
    post.stream = stream;
    post.id = row.id;
    post.url = m.url;
    post.author = m.author.handle.empty() ? m.author.id : m.author.handle;
    post.text = m.text;
    post.lang = m.lang;
    post.at = row.at;
    post.reach = m.reach >= 0;
    post.audience = std::max<std::int64_t>(0, post.reach ? m.reach : m.author.followers);
    return post;
}

ReportPost kept_post(Engine const& engine, std::string const& platform, std::string const& stream,
                     MentionKey key, WallTime at) {
    StreamState const* const state = engine.stream(stream);
    std::string const where =
        platform.empty() && state != nullptr ? state->settings.platform : platform;
    NdjsonReader reader;
    MentionBatch batch;
    if (auto const row = engine.kept(stream, key, at))
        if (auto const parsed = reader.read(row->body, batch))
            return report_post(where, stream, *row, parsed->mention);
    ReportPost gone;
    gone.platform = where;
    gone.stream = stream;
    gone.at = at;
    gone.erased = true;
    // An id that was a number can be told from its key; any other is gone with its row.
    if (key < 1ULL << 63U) gone.id = std::to_string(key);
    return gone;
}

std::vector<RisingTerm> kept_terms(Engine const& engine, Incident const& incident,
                                   std::size_t streams, std::size_t each, std::size_t most) {
    TermCounts surge, usual;
    for (std::size_t i = 0; i < std::min(streams, incident.streams.size()); ++i) {
        IncidentStream const& s = incident.streams[i];
        WallTime const since = s.since == WallTime{} ? s.onset : s.since;
        WallTime const until = incident.closed == kNoTime ? WallTime::max() : incident.closed;
        auto const into = [](TermCounts& terms) {
            return [&terms](MentionRow const&, Mention const& m) {
                if (!m.text.empty()) terms.add(m.text);
            };
        };
        (void)each_kept(engine, s.name, since, until, each, into(surge));
        (void)each_kept(engine, s.name, since - kUsualTime, since, each, into(usual));
    }
    return rising_terms(surge, usual, most);
}

}  // namespace surged::daemon
