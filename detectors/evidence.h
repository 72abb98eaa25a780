// The posts that an open incident stands on, looked at again and again: which of them vanished,
// which of ours say something else.
#pragma once

#include "detectors/desk.h"
#include "detectors/erasure.h"
#include "detectors/time.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace surged::detectors {

// A post as it is offered to be watched, and what became of it. The text itself is not kept here.
struct Exhibit {
    std::string platform, id;
    std::string url;      // of theirs: a nameless one (links.h), it gets into the journal
    std::string account;  // by which it can be read
    std::string stream;   // that found it; "" for our own account's posts
    bool ours = false, origin = false;
    std::uint64_t text = 0;   // stable_hash; 0: not known, the first look says
    std::int64_t reach = -1;  // who is seen by most is watched

    // What follows belongs to the book.
    std::string version;        // of an edited post: what its newest text is asked for by; "" = id
    WallTime since = kNoTime;   // watched
    WallTime next = kNoTime;    // when it is looked at next
    WallTime seen = kNoTime;    // last there
    WallTime absent = kNoTime;  // missing since; kNoTime: it was there
    WallTime deleted = kNoTime, edited = kNoTime;
};

// What a look at one account's platform showed. An id that stands in neither was not told of.
struct Look {
    struct There {
        std::string id;          // as asked for
        std::uint64_t text = 0;  // 0: cannot be compared
        std::string version;
    };
    std::vector<There> there;
    std::vector<std::string> gone;    // answered for together with a post that was there
    std::vector<std::string> hidden;  // there, but not for us: no deletion
};

// A value; it reads no clock. Bounded: kOurs and kTheirs posts an incident and platform; offering
// one more drops the oldest answer of ours, or the one of theirs that the fewest see.
//
// A deletion is said when a post was missing twice, kAgain apart or more, each time in an answer
// that showed another post: what an outage, a lost credential or a throttled platform answers is
// none. A post that was deleted is not looked at any more. Cost of a call: O(posts watched).
class EvidenceBook {
public:
    static constexpr std::size_t kOurs = 20, kTheirs = 20;
    static constexpr std::chrono::seconds kAgain{60};

    // Begins or goes on to watch; what is known of it stays.
    void offer(std::string const& incident, Exhibit exhibit, WallTime now);
    // Would a mention of this reach be watched?
    [[nodiscard]] bool wants(std::string const& incident, std::string const& platform,
                             std::int64_t reach) const;
    // Stops watching whatever is not among these.
    void keep_only(std::vector<std::string> const& open_incidents);

    // What is to be asked of this account now, at most `most`, the most urgent first; each id once.
    [[nodiscard]] std::vector<std::string> due(std::string const& account, WallTime now,
                                               std::size_t most) const;
    [[nodiscard]] WallTime next_due(std::string const& account) const;  // kNoTime: nothing watched
    // Up to `most` that were there at the last look and are not in `batch`: they show that the
    // platform answers.
    [[nodiscard]] std::vector<std::string> controls(std::string const& account,
                                                    std::vector<std::string> const& batch,
                                                    std::size_t most) const;
    // `pace` 1 or 2: how much slower than usual the next look shall come (a budget is low).
    [[nodiscard]] std::vector<EvidenceChanged> looked(std::string const& account, Look const& look,
                                                      WallTime now, int pace = 1);

    // Posts of theirs that are to be forgotten are not watched any more.
    void erase(Erasure const& erasure);

    [[nodiscard]] std::vector<Exhibit> const* of(std::string const& incident) const;
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool dirty() const { return dirty_; }
    // Also makes it clean.
    [[nodiscard]] std::string save();
    [[nodiscard]] bool restore(std::string_view blob);

private:
    std::map<std::string, std::vector<Exhibit>> watched_;  // by incident
    bool dirty_ = false;
};

// When a post that was there is looked at next, by how long it has been watched: ours after 1, 5
// and 15 minutes in the first hour, the first six and later; theirs after 3, 15 and 60.
[[nodiscard]] std::chrono::seconds look_again_after(Exhibit const& exhibit, WallTime now);

}  // namespace surged::detectors
