// Whom and what nobody may bring back: remembered by hashes, asked of every mention that comes.
#pragma once

#include "daemon/store.h"

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace surged::daemon {

// A mark is the first 16 bytes of SHA-256(salt, kind, platform, id in lower case without its "@"),
// parted by zero bytes; the salt is the directory's own. It tells whether an id is meant, not
// which: but whoever has the directory can try ids one by one, as with any hash of a name.
//
// Bounded: the newest kMost, so many that ten thousand people with twenty posts each are still
// remembered, in some 40 MB; beyond, the oldest mention goes, else the oldest author. Its text
// comes back only if a stream that never saw it finds it then. Every call is O(1).
class Forgotten {
public:
    static constexpr std::size_t kMost = 200'000;

    void load(std::string salt, std::vector<ForgottenMark> const& marks);
    [[nodiscard]] bool empty() const { return marks_.empty(); }
    [[nodiscard]] bool unfinished() const { return unfinished_ > 0; }

    [[nodiscard]] bool author(std::string_view platform, std::string_view id_or_handle) const;
    [[nodiscard]] bool mention(std::string_view platform, std::string_view id) const;
    [[nodiscard]] bool by_author(std::string_view platform, detectors::Mention const& m) const {
        return author(platform, m.author.id) || author(platform, m.author.handle);
    }
    // Its author, itself, or, of a repost, the post whose words it repeats.
    [[nodiscard]] bool covers(std::string_view platform, detectors::Mention const& m) const;

    // What changes is added to `commit`. False: remembered already.
    bool add(bool is_author, std::string_view platform, std::string_view id, WallTime at,
             std::string const& by, Commit& commit);
    void remove(bool is_author, std::string_view platform, std::string_view id, Commit& commit);
    // Nothing of what was asked for so far is left.
    void finish(Commit& commit);

private:
    [[nodiscard]] std::string mark(bool is_author, std::string_view platform,
                                   std::string_view id) const;
    void take(ForgottenMark mark);
    void drop(std::string const& mark);
    void make_room(Commit& commit);

    std::string salt_;
    std::unordered_map<std::string, ForgottenMark> marks_;
    std::deque<std::string> mentions_, authors_;  // oldest first
    std::size_t unfinished_ = 0;
};

}  // namespace surged::daemon
