// The people in one incident: who asked us and waits, how long the answered ones waited, who is hit
// hardest, who speaks for us, and how the tone stood before and after our answer.
#pragma once

#include "detectors/mention.h"
#include "detectors/time.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

// A mention as the people's book knows it: neither text nor name. Those stand in the store, found
// by stream, `at` and key, and go with keep_mentions.
struct MentionPlace {
    std::string platform, stream;
    MentionKey key = 0;
    WallTime at{};
};

// A mention of the incident that asks (unanswered.h, asks()) and has no answer of ours: no own post
// that replies to it or quotes it.
struct Asking {
    MentionPlace where;
    std::uint64_t author = 0;    // digest.h; 0: not told
    std::uint32_t audience = 0;  // reach, else followers; 0: not told
    bool late = false;           // it came after the incident was closed
};

// One author in this incident.
struct Person {
    std::uint64_t author = 0;  // digest.h
    MentionPlace first;        // the earliest mention of this author in it
    std::uint32_t mentions = 0, questions = 0, angry = 0;  // angry: of negative tone
    std::uint32_t echoes = 0;      // replies, quotes and reposts in the incident that name theirs
    std::uint32_t spoke_well = 0;  // of advocates: on how many days, before this incident
};

struct ToneShare {
    std::uint64_t judged = 0, negative = 0, positive = 0;  // judged: its tone is known (tone.h)
    [[nodiscard]] double negative_share() const {
        return judged == 0 ? 0 : double(negative) / double(judged);
    }
    friend bool operator==(ToneShare const&, ToneShare const&) = default;
};

// How many mentions came in `length` from `at` on, and how they sounded.
struct MoodStep {
    WallTime at{};
    std::chrono::seconds length{0};
    std::uint64_t mentions = 0;
    ToneShare tone;
};

// A value without text or names: everything is in its blob; no clock, no I/O. Mentions and answers
// may come in any order. Bounded: kWaiting questions (the newest stay), kPeople authors (those of
// one mention go first), kWaits answers (the first), kSteps steps of the mood (they
// double in length when the incident outlasts them). Cost: hear() and answer() O(1) amortised but
// for kWaiting comparisons where a question is answered; the lists O(n log n).
class People {
public:
    static constexpr std::size_t kWaiting = 1000, kPeople = 1000, kWaits = 5000, kSteps = 288;
    static constexpr std::size_t kPosts = 4;           // of one author, that echoes are known by
    static constexpr std::chrono::seconds kStep{600};  // 288 of them are two days

    explicit People(WallTime onset = WallTime{}) : onset_(onset) {}

    // A mention of the incident; told once.
    struct Told {
        MentionPlace where;
        std::uint64_t author = 0;    // digest.h; 0: not told
        MentionKey target = 0;       // likewise
        std::uint32_t audience = 0;  // likewise
        bool asks = false;
        bool late = false;             // the incident was closed
        std::optional<int> tone;       // tone.h; absent: nothing is known
        std::uint32_t spoke_well = 0;  // of its author, before the incident (advocates.h)
    };
    void hear(Told const& told);
    // An own post answers a mention (it replies to it, or quotes it). `waited`: how long that took,
    // when it is the first answer and both times are known. May come before the mention itself, and
    // twice; true when it changed something.
    bool answer(std::string_view platform, MentionKey key,
                std::optional<std::chrono::milliseconds> waited);
    // Erased: not listed any more; totals stay. True when there was something.
    bool forget_mention(MentionKey key);
    bool forget_author(std::uint64_t author);

    // Of a closed incident: keeps the people that are listed, kListed of each list.
    void shrink();
    static constexpr std::size_t kListed = 100;

    // Old and visible first: by the time waited until the newest mention, times
    // log10(10 + audience).
    [[nodiscard]] std::vector<Asking> unanswered(std::size_t most) const;
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
    [[nodiscard]] std::uint64_t questions() const { return questions_; }       // ever heard
    [[nodiscard]] std::uint64_t answered() const { return answered_.size(); }  // of all mentions
    // Half of the answered waited no longer than this; "": of all platforms. Of an even number the
    // mean of the middle two.
    [[nodiscard]] std::optional<std::chrono::milliseconds> median_wait(
        std::string_view platform = {}) const;
    // Hit hardest first: questions and angry mentions, three at most (whoever says it ten times
    // does not need it more), then echoes, then the earlier one. Authors with neither are left out.
    [[nodiscard]] std::vector<Person> affected(std::size_t most) const;
    // Those who spoke well of us before it (advocates.h), the most friendly first.
    [[nodiscard]] std::vector<Person> advocates(std::size_t most) const;

    // How the mentions of [from, to) sound. A step belongs to where its middle lies.
    [[nodiscard]] ToneShare tone(WallTime from, WallTime to) const;
    [[nodiscard]] std::vector<MoodStep> mood() const;  // ascending, the silent steps among them

    [[nodiscard]] bool empty() const { return heard_ == 0; }
    [[nodiscard]] std::string save() const;
    [[nodiscard]] bool restore(std::string_view blob);

private:
    void step(WallTime at, std::optional<int> tone);
    void count_person(Told const& told);
    void make_room();
    bool drop(std::uint64_t author);
    template <typename A>
    friend void archive(A& a, People& p);

    WallTime onset_{}, newest_{};
    std::uint64_t heard_ = 0, questions_ = 0;
    boost::unordered_flat_set<std::uint64_t> answered_;  // identities; kWaits at most
    std::vector<Asking> waiting_;                        // in order of arrival
    struct Known {
        Person person;
        std::vector<std::uint64_t> posts;  // identities of the earliest told
    };
    boost::unordered_flat_map<std::uint64_t, Known> people_;          // by author
    boost::unordered_flat_map<std::uint64_t, std::uint64_t> writer_;  // of each of `posts`
    std::map<std::string, std::vector<std::int64_t>> waits_;          // milliseconds
    std::vector<MoodStep> steps_;
    std::chrono::seconds length_{kStep};
};

}  // namespace surged::detectors
