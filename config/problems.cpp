#include "config/section.h"

#include <algorithm>
#include <tuple>

namespace surged::config {
namespace {

// Longer words are nobody's slip of the finger, and the table below would grow with the square.
constexpr std::size_t kWordMax = 64;

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const changed = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
            row[j] = std::min({previous[j] + 1, row[j - 1] + 1, changed});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(previous);
        previous.swap(row);
    }
    return previous[b.size()];
}

}  // namespace

std::string to_string(Problem const& p) {
    return p.file + ":" + std::to_string(std::max(p.line, 1)) + ":" +
           std::to_string(std::max(p.column, 1)) + (p.warning ? ": warning: " : ": error: ") +
           p.text;
}

bool Problems::fatal() const {
    return std::any_of(list.begin(), list.end(), [](auto const& p) { return !p.warning; });
}

std::size_t Problems::warnings() const {
    return static_cast<std::size_t>(
        std::count_if(list.begin(), list.end(), [](auto const& p) { return p.warning; }));
}

void Problems::sort() {
    auto const order = [&](Problem const& p) {
        auto const file = std::find(files.begin(), files.end(), p.file) - files.begin();
        return std::tuple(file, p.line, p.column);
    };
    std::stable_sort(list.begin(), list.end(),
                     [&](auto const& a, auto const& b) { return order(a) < order(b); });
    auto const same = [&](auto const& a, auto const& b) {
        return order(a) == order(b) && a.text == b.text;
    };
    list.erase(std::unique(list.begin(), list.end(), same), list.end());
}

std::string nearest(std::string_view word, std::vector<std::string_view> const& candidates) {
    if (word.size() > kWordMax) return {};
    std::string_view best;
    std::size_t least = std::clamp<std::size_t>(word.size() / 3, 1, 3) + 1;
    for (auto const candidate : candidates) {
        if (candidate.size() > kWordMax || candidate.size() < 2) continue;
        auto const d = distance(word, candidate);
        if (d >= least || d >= candidate.size()) continue;
        least = d;
        best = candidate;
    }
    return std::string(best);
}

std::string did_you_mean(std::string_view word, std::vector<std::string_view> const& candidates) {
    auto const found = nearest(word, candidates);
    return found.empty() ? std::string{} : ": did you mean '" + found + "'?";
}

}  // namespace surged::config
