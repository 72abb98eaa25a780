#include "detectors/mention.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace surged::detectors {
namespace {

constexpr std::array<std::string_view, 5> kKinds{"post", "reply", "comment", "quote", "repost"};
constexpr std::size_t kChunk = 256 * 1024;  // a full page of any platform fits into one
constexpr MentionKey kHashed = 1ULL << 63;

}  // namespace

std::string_view to_string(MentionKind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

MentionKind mention_kind(std::string_view word, MentionKind fallback) {
    auto const it = std::find(kKinds.begin(), kKinds.end(), word);
    return it == kKinds.end() ? fallback : static_cast<MentionKind>(it - kKinds.begin());
}

std::uint64_t stable_hash(std::string_view bytes) {
    std::uint64_t h = 0xcbf29ce484222325ULL;
    for (char const c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    // The finaliser of splitmix64: FNV alone leaves the high bits of short ids nearly constant.
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
    return h ^ (h >> 31);
}

MentionKey key_of(std::string_view id) {
    // 18 digits are below 2^63 whatever they are; 19 may be, and are checked as they grow.
    bool const canonical = !id.empty() && id.size() <= 19 && (id.size() == 1 || id[0] != '0');
    std::uint64_t value = 0;
    if (canonical) {
        bool digits = true;
        for (char const c : id) {
            if (c < '0' || c > '9') {
                digits = false;
                break;
            }
            value = value * 10 + static_cast<std::uint64_t>(c - '0');
        }
        if (digits && value < kHashed) return value;
    }
    return stable_hash(id) | kHashed;
}

char* MentionBatch::reserve(std::size_t size) {
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < size) {
        ++chunk_;
        used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
        std::size_t const bytes = std::max(size, kChunk);
        chunks_.push_back({std::unique_ptr<char[]>(new char[bytes]), bytes});
        used_ = 0;
    }
    return chunks_[chunk_].bytes.get() + used_;
}

std::string_view MentionBatch::commit(std::size_t used) {
    std::string_view const view(chunks_[chunk_].bytes.get() + used_, used);
    used_ += used;
    return view;
}

std::string_view MentionBatch::keep(std::string_view text) {
    if (text.empty()) return {};
    std::memcpy(reserve(text.size()), text.data(), text.size());
    return commit(text.size());
}

void MentionBatch::clear() {
    items.clear();
    chunk_ = 0;
    used_ = 0;
}

}  // namespace surged::detectors
