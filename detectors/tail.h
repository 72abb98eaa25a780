// How rare a score is on this stream: the tail of its own past maxima, read as a return period.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>

namespace surged::detectors {

// What is believed before a stream has a history, and how stubbornly. Weights are in exceedances
// (scale) and in blocks (level).
struct TailPrior {
    float level = 0;          // score that is exceeded by a third of all blocks
    float scale = 1;          // mean excess above it
    float scale_weight = 0;   // worth so many exceedances
    float level_weight = 0;   // worth so many blocks
    float scale_min = 0;      // the fitted scale is never smaller
    int exceedances_max = 1;  // the fit reads at most so many of the largest blocks
    bool forget_start =
        false;  // after 28 days the first 14, learned on a raw baseline, are dropped
    bool weight_fades = false;  // scale_weight * min(1, 90 / blocks)
};

// The fitted tail. Above `level` excesses are exponential with the mean `scale`; `evidence` is the
// number of exceedances it rests on (prior included), `shift` = ln(blocks / (3 exceedances)) the
// log of how many days pass between two blocks above `level`.
struct TailFit {
    float level = 0, scale = 1, evidence = 1, shift = 0;

    // -ln of the estimated rate per day at which the stream's blocks reach `score`: e^R days is the
    // return period. Gamma-exponential predictive tail, so little evidence means a high threshold:
    // R = shift + n ln(1 + q/n), q = (score - level) / scale; below the level R = shift + q.
    // Continuous and strictly increasing.
    [[nodiscard]] double rarity(double score) const {
        double const q = (score - double(level)) / double(scale);
        return double(shift) + (q > 0 ? double(evidence) * std::log1p(q / double(evidence)) : q);
    }
    friend bool operator==(TailFit const&, TailFit const&) = default;

    // The inverse: the score at which rarity() is `r`.
    [[nodiscard]] double score_at(double r) const;

    // Exponential peaks over threshold on the m + 1 largest of `blocks` (see encode()); a block
    // that is right-censored counts in the number and in the sum, not in the denominator of the
    // scale: the maximum-likelihood estimate under censoring. O(blocks).
    void fit(std::span<std::uint16_t const> blocks, TailPrior const& prior);
};

inline constexpr std::uint16_t kCensored = 0x8000;
// A block maximum in 15 bits: steps of 1/64 from -8 to 503.
[[nodiscard]] std::uint16_t encode_maximum(double score);
[[nodiscard]] inline double decode_maximum(std::uint16_t block) {
    return (block & 0x7fff) / 64.0 - 8;
}

// The maxima of the last N blocks of 480 armed minutes each, and the tail fitted to them. A page is
// stored as exactly one right-censored maximum, however long it stays open. A value of fixed size;
// add() is O(1), O(N) when a block closes.
template <std::size_t N>
class Tail {
public:
    static constexpr double kBlockMinutes = 480;

    // `prior` must outlive the tail: a constant of the channel.
    explicit Tail(TailPrior const& prior) : prior_(&prior) {
        fit_ = {prior.level, prior.scale, prior.scale_weight, 0};
    }

    // `minutes` of armed time, in which `score` was the largest.
    void add(double score, double minutes) {
        if (score > current_) current_ = score;
        filled_ += minutes;
        if (filled_ >= kBlockMinutes - 1e-6) close_block();
    }
    void page(double score) {
        current_ = std::max(current_, score);
        censored_ = true;
    }
    // A page whose score is the running maximum already.
    void page() { censored_ = true; }
    // The running maximum and mark of a copy of this tail that saw further.
    void adopt(Tail const& ahead) {
        current_ = std::max(current_, ahead.current_);
        censored_ = censored_ || ahead.censored_;
    }
    // The newest page was a true surge: it is no part of what the stream does by itself.
    void forget_page();

    [[nodiscard]] double rarity(double score) const { return fit_.rarity(score); }
    [[nodiscard]] TailFit const& fit() const { return fit_; }
    [[nodiscard]] std::size_t blocks() const { return size_; }
    [[nodiscard]] std::size_t censored_blocks() const {
        return std::size_t(std::count_if(block_.begin(), block_.begin() + size_,
                                         [](auto b) { return (b & kCensored) != 0; })) +
               (censored_ ? 1 : 0);
    }

    template <typename A>
    friend void archive(A& a, Tail& t) {
        a(t.block_, t.size_, t.next_, t.age_, t.fit_.level, t.fit_.scale, t.fit_.evidence,
          t.fit_.shift, t.current_, t.filled_, t.censored_);
        // A damaged blob must not become an index.
        if constexpr (A::kReading) {
            t.size_ = std::min<std::uint16_t>(t.size_, N);
            t.next_ = static_cast<std::uint16_t>(t.next_ % N);
        }
    }

private:
    static constexpr double kNone = -1e9;

    void close_block();

    TailPrior const* prior_;
    std::array<std::uint16_t, N> block_{};
    std::uint16_t size_ = 0, next_ = 0, age_ = 0;  // age: blocks ever closed, saturating
    TailFit fit_;
    double current_ = kNone, filled_ = 0;
    bool censored_ = false;
};

template <std::size_t N>
void Tail<N>::close_block() {
    if (age_ < 0xffff) ++age_;
    if (prior_->forget_start && age_ == 84 && size_ >= 83) {
        std::copy(block_.begin() + 42, block_.begin() + size_, block_.begin());
        size_ = static_cast<std::uint16_t>(size_ - 42);
        next_ = size_;
    }
    block_[next_] =
        static_cast<std::uint16_t>(encode_maximum(current_) | (censored_ ? kCensored : 0));
    next_ = static_cast<std::uint16_t>((next_ + 1U) % N);
    if (size_ < N) ++size_;
    current_ = kNone;
    filled_ = 0;
    censored_ = false;
    fit_.fit({block_.data(), size_}, *prior_);
}

template <std::size_t N>
void Tail<N>::forget_page() {
    if (censored_) {  // its block is still open
        censored_ = false;
        current_ = kNone;
        return;
    }
    // Oldest first, so that the newest mark is the last one and an erased block leaves no hole.
    if (size_ == N) std::rotate(block_.begin(), block_.begin() + next_, block_.end());
    for (std::size_t i = size_; i-- > 0;) {
        if ((block_[i] & kCensored) == 0) continue;
        std::copy(block_.begin() + std::ptrdiff_t(i) + 1, block_.begin() + size_,
                  block_.begin() + std::ptrdiff_t(i));
        --size_;
        break;
    }
    next_ = static_cast<std::uint16_t>(size_ % N);
    fit_.fit({block_.data(), size_}, *prior_);
}

}  // namespace surged::detectors
