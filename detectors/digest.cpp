#include "detectors/digest.h"

#include "detectors/likeness.h"
#include "detectors/links.h"
#include "detectors/tone.h"
#include "detectors/unanswered.h"

#include <algorithm>
#include <limits>

namespace surged::detectors {
namespace {

constexpr std::size_t kFirst = 8;  // mentions: half a KiB when the first one comes

std::uint16_t packed_language(std::string_view lang) {
    std::uint16_t packed = 0;
    for (std::size_t i = 0; i < 3 && i < lang.size(); ++i) {
        char const c = static_cast<char>(lang[i] | 0x20);
        if (c < 'a' || c > 'z') break;
        packed = static_cast<std::uint16_t>(packed | unsigned(c - 'a' + 1) << (5 * i));
    }
    return packed;
}

MentionKey key_or_none(std::string_view id) {
    return id.empty() ? 0 : key_of(id);
}

}  // namespace

std::string_view conversation_of(Mention const& m) {
    if (!m.conversation.empty()) return m.conversation;
    if (!m.in_reply_to.empty()) return m.in_reply_to;
    return m.id;
}

std::uint64_t author_hash(std::string_view author) {
    return author.empty() ? 0 : stable_hash(author) | 1U;
}

MentionDigest digest_of(Mention const& m, WallTime at) {
    TextMarks const text = text_marks(m.text);
    MentionDigest d;
    d.at = at;
    d.key = key_of(m.id);
    d.conversation = key_or_none(conversation_of(m));
    d.target = key_or_none(!m.reposts.empty()  ? m.reposts
                           : !m.quotes.empty() ? m.quotes
                                               : m.in_reply_to);
    d.author = author_hash(m.author.id.empty() ? m.author.handle : m.author.id);
    d.likeness = text.likeness;
    // Most have none: the text is read again for those that have.
    d.link = text.link == 0 ? 0 : link_mark(m.text);
    std::int64_t const audience =
        m.reach >= 0 ? m.reach : std::max<std::int64_t>(0, m.author.followers);
    d.audience = static_cast<std::uint32_t>(
        std::min<std::int64_t>(audience, std::numeric_limits<std::uint32_t>::max()));
    d.language = packed_language(m.lang);
    auto const flag = [&](std::uint8_t which, bool on) {
        if (on) d.flags = static_cast<std::uint8_t>(d.flags | which);
    };
    flag(MentionDigest::kRepost, m.kind == MentionKind::repost || !m.reposts.empty());
    flag(MentionDigest::kForwarded, text.forwarded);
    flag(MentionDigest::kAgeTold, m.author.created_at != kNoTime);
    flag(MentionDigest::kNew,
         m.author.created_at != kNoTime && at - m.author.created_at < kNewAccount);
    flag(MentionDigest::kReachTold, m.reach >= 0);
    bool const words_of_its_own = !d.is(MentionDigest::kRepost) && !m.text.empty();
    flag(MentionDigest::kAsks, words_of_its_own && asks(m.text));
    if (words_of_its_own && tone_is_known(m.lang)) {
        int const tone = tone_of(m.text, m.lang);
        flag(MentionDigest::kAngry, tone <= 0);
        flag(MentionDigest::kFriendly, tone >= 0);
    }
    return d;
}

std::uint64_t link_mark(std::string_view text) {
    std::uint64_t const plain = text_marks(text).link;
    if (plain == 0) return 0;
    auto const links = links_in(text, 1);
    if (links.empty()) return plain;
    std::string const key = link_key(links.front());
    return key.starts_with("x.com/status/") ? stable_hash(key) : plain;
}

void Targets::add(MentionKey key) {
    ConversationKey const target = ConversationKey::of(key);
    if (target.empty() || std::find(begin(), end(), target) != end()) return;
    keys_[size_++] = target;
}

Targets targets_of(MentionDigest const& digest) {
    Targets targets;
    if (digest.conversation != digest.key) targets.add(digest.conversation);
    if (digest.target != digest.key) targets.add(digest.target);
    if (digest.target == 0) targets.add(digest.link);
    return targets;
}

std::string language_name(std::uint16_t language) {
    std::string name;
    for (unsigned left = language; left != 0; left >>= 5U)
        name += static_cast<char>('a' + (left & 31U) - 1);
    return name;
}

void RecentMentions::push(MentionDigest const& digest) {
    while (size_ > 0 && (size_ == kMost || (*this)[0].at < digest.at - kMemory)) {
        first_ = (first_ + 1) & (ring_.size() - 1);
        --size_;
    }
    if (size_ == ring_.size()) {
        std::vector<MentionDigest> larger(std::max(kFirst, 2 * ring_.size()));
        for (std::size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
        ring_ = std::move(larger);
        first_ = 0;
    }
    ring_[(first_ + size_) & (ring_.size() - 1)] = digest;
    ++size_;
}

}  // namespace surged::detectors
