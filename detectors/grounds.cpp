#include "detectors/grounds.h"

#include "detectors/packed.h"

#include <cmath>

namespace surged::detectors {
namespace {

constexpr float kRarityShift = 16;  // rarities below this are told as it

std::uint16_t pack_rarity(float r) {
    return pack16(std::max(r + kRarityShift, 0.01F));
}
float unpack_rarity(std::uint16_t code) {
    return unpack16(code) - kRarityShift;
}

}  // namespace

// The level by its root: it spans from a mention a month to a million a minute.
PackedGrounds pack(Grounds const& g) {
    PackedGrounds out{};
    if (!g.stated) return out;
    out[0] = static_cast<std::uint16_t>(1U | (g.learning ? 2U : 0U) | (g.warm ? 4U : 0U) |
                                        (g.by_burst ? 8U : 0U) | (g.history ? 16U : 0U) |
                                        (unsigned(g.outcome) << 8U));
    out[1] = pack16(std::sqrt(g.level));
    out[2] = pack16(g.multiplier);
    out[3] = pack_rarity(g.burst);
    out[4] = pack_rarity(g.sustained);
    out[5] = pack_rarity(g.due);
    out[6] = pack16(g.observed);
    out[7] = pack16(g.expected);
    out[8] = pack16(g.minutes);
    for (std::size_t k = 0; k < Grounds::kWindows; ++k) out[9 + k] = pack16(g.windows[k]);
    return out;
}

Grounds unpack(PackedGrounds const& p) {
    Grounds g;
    unsigned const outcome = p[0] >> 8U;
    if ((p[0] & 1U) == 0 || outcome > unsigned(Outcome::too_few)) return g;
    g.stated = true;
    g.learning = (p[0] & 2U) != 0;
    g.warm = (p[0] & 4U) != 0;
    g.by_burst = (p[0] & 8U) != 0;
    g.history = (p[0] & 16U) != 0;
    g.outcome = Outcome(outcome);
    float const root = unpack16(p[1]);
    g.level = root * root;
    g.multiplier = unpack16(p[2]);
    g.burst = unpack_rarity(p[3]);
    g.sustained = unpack_rarity(p[4]);
    g.due = unpack_rarity(p[5]);
    g.observed = unpack16(p[6]);
    g.expected = unpack16(p[7]);
    g.minutes = unpack16(p[8]);
    for (std::size_t k = 0; k < Grounds::kWindows; ++k) g.windows[k] = unpack16(p[9 + k]);
    return g;
}

}  // namespace surged::detectors
