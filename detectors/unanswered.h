// Questions under our own posts that nobody of ours has answered: one of them can be enough.
#pragma once

#include "detectors/erasure.h"
#include "detectors/mention.h"
#include "detectors/time.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

// A text asks when it holds a question mark of any script (? ¿ ； is none; ? in a URL is none) or
// begins, after @names, with one of the openers below in the languages en, de, fr, es, pt, it, nl:
// words that begin questions and hardly anything else ("how do", "why", "warum", "pourquoi", ...),
// in a text of three words or more that does not end in "!". A repost asks nothing.
[[nodiscard]] bool asks(std::string_view text);

struct Question {
    std::string id, url, thread;  // url: a nameless one; thread: its root, else what it answers
    std::uint64_t key = 0;
    std::uint64_t parent = 0, root = 0, author = 0;  // key_of; 0: not told
    WallTime at{};
    bool under_own = false;  // known already; else its parent or root must turn out to be ours
    bool raise = false;      // a `raise` word is in it
    bool told = false;
    std::vector<std::uint64_t> also;  // what its author added in the thread: an answer to it counts
};

// The open questions of one stream. A value: no clock, no I/O; mentions and own posts may come in
// any order (pages come newest first). What is an answer of ours: a reply to or a quote of the
// question, or of what its author added in the thread; and a post in the thread that names nobody
// it replies to (flat threads). A reply to our own post is none: threads of ours are made so.
//
// Everything is bounded: when kOpen questions wait, one that is not known to stand under a post of
// ours goes first, then the newcomer. dropped() counts them.
class Unanswered {
public:
    static constexpr std::size_t kOpen = 1000;  // questions: more in `within` is no oversight
    static constexpr std::size_t kOwn = 2000;   // own posts, and answers seen before the question
    static constexpr std::size_t kAlso = 8;
    static constexpr std::chrono::hours kForget{7 * 24};  // a told one that never is answered

    explicit Unanswered(std::chrono::seconds within = std::chrono::hours{2}) : within_(within) {}

    // `under_own`: the stream shows nothing but what stands under posts of ours.
    void mention(Mention const& m, WallTime at, bool under_own, bool raise);
    // True when it answered a question that was told and none that was told is open any more.
    bool own_post(std::string_view id, std::string_view in_reply_to, std::string_view quotes,
                  std::string_view conversation, WallTime at);
    // The questions under posts of ours asked at or before `covered` - within, oldest first, each
    // once. `covered`: up to when answers are known; what is not known is no silence. The ids that
    // fell due without being under a post of ours are forgotten.
    void take_due(WallTime covered, std::vector<Question>& due);
    // Forgets what was asked before `t` (history) and, of the told ones, what is over kForget old.
    // True when a told one was forgotten and none that was told is open any more.
    bool forget_before(WallTime t, WallTime now);

    // The links of what is to be forgotten go; the questions, known by their ids, still wait. True
    // when there was one.
    bool erase(std::string_view platform, Erasure const& erasure);

    [[nodiscard]] std::size_t open() const { return questions_.size(); }
    [[nodiscard]] std::size_t told() const;
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
    [[nodiscard]] std::chrono::seconds within() const { return within_; }

    [[nodiscard]] std::string save() const;
    [[nodiscard]] bool restore(std::string_view blob);  // the questions; `within` stays ours

private:
    [[nodiscard]] bool ours(Question const& q) const;
    bool make_room();

    std::chrono::seconds within_;
    std::vector<Question> questions_;           // in order of arrival
    std::deque<std::uint64_t> own_, answered_;  // keys, newest last
    std::uint64_t dropped_ = 0;
};

}  // namespace surged::detectors
