// Who asked us, and what we answered: questions of the public and our own posts under them, linked
// as they come, in any order.
#pragma once

#include "detectors/mention.h"
#include "detectors/time.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

// A post of ours that replies to a mention: known by both, or not at all. `first`: nothing of ours
// answered it before, as far as was known when the two were linked.
struct Answered {
    std::string question, answer;
    WallTime asked = kNoTime, at = kNoTime;
    bool first = true;
    // How long the public waited; below 0 when the platform's times say that the answer came first.
    [[nodiscard]] std::chrono::milliseconds after() const { return at - asked; }
};

// Of one brand on one platform. An answer is linked to the post it replies to, never to the thread
// alone: whoever asked under another's answered question has not been answered.
//
// Bounded: the newest kQuestions questions, and kWaiting answers whose question was not seen (yet).
// Not stored: built anew from the mentions in the store. Each call O(1).
class Answers {
public:
    static constexpr std::size_t kQuestions = 20'000, kWaiting = 5'000, kLinks = 5'000;

    // Both are told once for each post. They return what became known by it.
    std::vector<Answered> question(Mention const& mention, WallTime at);
    std::optional<Answered> answer(std::string_view id, std::string_view in_reply_to, WallTime at);

    struct Open {
        std::string id;
        WallTime at = kNoTime;
    };
    // Questions of before `before` that nothing of ours answers, oldest first, at most `most`.
    [[nodiscard]] std::vector<Open> unanswered(WallTime before, std::size_t most) const;
    [[nodiscard]] bool is_answered(std::string_view question) const;

    [[nodiscard]] std::uint64_t questions() const { return questions_; }  // ever told
    [[nodiscard]] std::uint64_t answered() const { return answered_; }    // of those
    // The newest links, oldest first, further answers to one question among them.
    [[nodiscard]] std::deque<Answered> const& links() const { return links_; }
    // Of the first answers among links(); kNone when there are none.
    [[nodiscard]] std::optional<std::chrono::milliseconds> median_wait() const;

private:
    struct Known {
        std::string id;
        WallTime at = kNoTime;
        WallTime answered = kNoTime;  // by the earliest of our answers
        std::uint64_t serial = 0;
    };
    struct Waiting {
        std::string id;
        WallTime at = kNoTime;
    };
    Answered link(Known& known, std::string_view answer, WallTime at);

    boost::unordered_flat_map<std::uint64_t, Known> known_;      // by stable_hash of the id
    std::deque<std::pair<std::uint64_t, std::uint64_t>> order_;  // hash and serial, oldest first
    boost::unordered_flat_map<std::uint64_t, std::vector<Waiting>> waiting_;  // by the question
    std::deque<std::uint64_t> waiting_order_;
    std::deque<Answered> links_;
    std::uint64_t serial_ = 0, questions_ = 0, answered_ = 0;
};

}  // namespace surged::detectors
