// The engine's way of a question under one of our own posts: heard, answered, or told when it is
// due.
#include "daemon/engine.h"
#include "detectors/json_writer.h"
#include "detectors/wording.h"

#include <algorithm>
#include <cctype>

namespace surged::daemon {

using namespace detectors;

namespace {

// What was asked before a stream's first start and is still open is under way, as a surge is that
// goes on at the end of the history; what is older than this was left unanswered on purpose.
constexpr std::chrono::hours kHistoryAsked{24};

// Whether all that a stream shows of this sort stands under posts of ours: comments on a page's or
// a channel's own posts.
bool under_own(StreamSettings const& s, Mention const& m, BrandSettings const* brand) {
    if (m.kind != MentionKind::comment && m.kind != MentionKind::reply) return false;
    if (s.platform == "facebook" && s.kind == "page") return true;
    if (s.platform != "youtube" || s.kind != "comments" || brand == nullptr) return false;
    auto const own = brand->rules.own.find(s.platform);
    std::string channel = s.values.get("channel");
    for (char& c : channel) c = char(std::tolower(static_cast<unsigned char>(c)));
    return own != brand->rules.own.end() && own->second.contains(channel);
}

}  // namespace

void Engine::hear_question(StreamState& stream, Mention const& m, WallTime at) {
    if (!stream.questions) return;
    BrandSettings const* const brand = settings_.brand(stream.settings.brand);
    bool raise = false;
    if (brand != nullptr)
        for (auto const& word : brand->rules.raise.words)
            raise = raise || contains_word(m.text, word);
    stream.questions->mention(m, at, under_own(stream.settings, m, brand), raise);
    stream.questions_dirty = true;
}

// One of our own posts, whichever stream of the platform showed it.
void Engine::hear_answer(std::string const& brand, std::string const& platform, Mention const& m,
                         WallTime at, WallTime now) {
    for (auto& [name, s] : streams_) {
        if (!s->questions || s->settings.brand != brand || s->settings.platform != platform)
            continue;
        bool const last = s->questions->own_post(m.id, m.in_reply_to, m.quotes, m.conversation, at);
        s->questions_dirty = true;
        touch(*s);
        if (last) end_questions(*s, now);
    }
}

void Engine::tell_questions(StreamState& stream, WallTime now) {
    if (!stream.questions || stream.judge.in_history()) return;
    std::size_t const open = stream.questions->open();
    std::vector<Question> due;
    stream.questions->take_due(std::min(stream.intake.covered_until(), now), due);
    if (due.empty() && stream.questions->open() == open) return;
    stream.questions_dirty = true;
    touch(stream);
    Desk& desk = desk_of(stream);
    for (Question const& q : due) {
        SurgeStarted in;
        in.stream = stream.settings.name;
        in.verdict.transition = Transition::started;
        in.verdict.surging = true;
        in.verdict.kind = SurgeKind::unanswered;
        in.verdict.onset = q.at;
        in.verdict.surge_observed = 1;
        in.verdict.window = stream.questions->within();
        in.raise_word = q.raise;
        in.mention = q.id;
        in.link = q.url;
        if (!q.thread.empty()) in.conversations = {q.thread};
        std::vector<Notice> notices;
        desk.apply(in, now, notices);
        // Whoever answers the question, or in its thread, answers this incident.
        desk.apply(IncidentMention{in.stream, q.id});
        if (!q.thread.empty()) desk.apply(IncidentMention{in.stream, q.thread});
        touch(stream.settings.brand);
        handle_all(notices);
    }
}

// Every question that was told has its answer: this stream has no cause any more, unless it surges.
void Engine::end_questions(StreamState& stream, WallTime now) {
    if (stream.judge.surging()) return;
    SurgeEnded in;
    in.stream = stream.settings.name;
    in.verdict.kind = SurgeKind::unanswered;
    in.verdict.surge_observed = 1;
    std::vector<Notice> notices;
    desk_of(stream).apply(in, now, notices);
    touch(stream.settings.brand);
    handle_all(notices);
}

void Engine::forget_old_questions(StreamState& stream, WallTime now) {
    if (!stream.questions) return;
    auto const least = std::max<std::chrono::seconds>(kHistoryAsked, stream.questions->within());
    stream.questions->forget_before(now - least, now);
    stream.questions_dirty = true;
}

void Engine::forget_questions(WallTime now) {
    for (auto& [name, s] : streams_) {
        if (!s->questions || !s->questions->forget_before(WallTime::min(), now)) continue;
        s->questions_dirty = true;
        touch(*s);
        end_questions(*s, now);
    }
}

}  // namespace surged::daemon
