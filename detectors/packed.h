// Numbers in two bytes: what is kept of every minute must be small, not exact.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace surged::detectors {

// A float of 5 bits of exponent and 11 of mantissa, without sign. Exact for whole numbers to 4096,
// to 0.02 % beyond, up to 1.6e7; what is below 2^-8 is 0. The code of all ones is no number.
inline constexpr std::uint16_t kUnknown16 = 0xffff;

[[nodiscard]] inline std::uint16_t pack16(float value) {
    constexpr std::uint32_t kBias = (127 - 8) << 23U;
    if (!(value >= 0x1p-8F)) return 0;
    std::uint32_t const code = (std::bit_cast<std::uint32_t>(value) + (1U << 11U) - kBias) >> 12U;
    return std::uint16_t(std::clamp<std::uint32_t>(code, 1, kUnknown16 - 1U));
}
[[nodiscard]] inline float unpack16(std::uint16_t code) {
    constexpr std::uint32_t kBias = (127 - 8) << 23U;
    return code == 0 ? 0 : std::bit_cast<float>((std::uint32_t{code} << 12U) + kBias);
}

}  // namespace surged::detectors
