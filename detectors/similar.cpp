#include "detectors/similar.h"

#include "detectors/likeness.h"

#include <algorithm>
#include <set>
#include <utility>

namespace surged::detectors {
namespace {

// How much each reason weighs: a post of ours that breaks out twice says more than any word.
constexpr int kOrigin = 16, kCopies = 8, kLinks = 6, kConversations = 6, kTerms = 4, kKind = 1;

std::string count_of(std::size_t n, char const* one, char const* many) {
    return std::to_string(n) + " " + (n == 1 ? one : many);
}

class Comparison {
public:
    Comparison(Remembered const& a, Remembered const& b) : a_(*a.incident), b_(*b.incident) {
        origin();
        copies();
        links();
        conversations();
        terms(a, b);
        streams_and_kind();
    }
    [[nodiscard]] int weight() const { return weight_; }
    std::vector<std::string> why() { return std::move(why_); }

private:
    void because(int weight, std::string reason) {
        weight_ += weight;
        why_.push_back(std::move(reason));
    }

    void origin() {
        for (auto const& [platform, id] : a_.origin)
            if (auto const it = b_.origin.find(platform); it != b_.origin.end() && it->second == id)
                return because(kOrigin, "it began from the same post of ours");
    }
    void copies() {
        auto const known = [&](std::uint64_t copy) {
            return std::any_of(b_.copies.begin(), b_.copies.end(),
                               [&](std::uint64_t c) { return near_copies(copy, c); });
        };
        auto const n = std::size_t(std::count_if(a_.copies.begin(), a_.copies.end(), known));
        if (n > 0) because(kCopies, count_of(n, "text was", "texts were") + " copied in both");
    }
    void links() {
        auto const known = [&](std::uint64_t link) {
            return std::find(b_.links.begin(), b_.links.end(), link) != b_.links.end();
        };
        auto const n = std::size_t(std::count_if(a_.links.begin(), a_.links.end(), known));
        if (n > 0) because(kLinks, count_of(n, "link was", "links were") + " shared in both");
    }
    void conversations() {
        std::size_t n = 0;
        for (auto const& [platform, table] : a_.conversations) {
            auto const other = b_.conversations.find(platform);
            if (other == b_.conversations.end()) continue;
            for (auto const& [key, count] : table) n += other->second.contains(key) ? 1 : 0;
        }
        if (n > 0)
            because(kConversations, count_of(n, "conversation goes", "conversations go") +
                                        " on from one to the other");
    }
    void terms(Remembered const& a, Remembered const& b) {
        std::string words;
        std::size_t n = 0;
        for (auto const& term : a.terms) {
            if (std::find(b.terms.begin(), b.terms.end(), term) == b.terms.end()) continue;
            words += (n++ == 0 ? "" : ", ") + term;
        }
        if (n >= kSharedTerms) because(kTerms, "the same words rose: " + words);
    }
    void streams_and_kind() {
        if (a_.streams.empty() || names(a_) != names(b_) || kind(a_) != kind(b_)) return;
        bool const ordinary = kind(a_) == "volume" || kind(a_) == "volume, organic";
        if (ordinary && a_.streams.size() < 2) return;  // every surge of that stream is like it
        std::string list;
        for (auto const& name : names(a_)) list += (list.empty() ? "" : ", ") + name;
        because(kKind, "the same streams (" + list + ") and kind (" + kind(a_) + ")");
    }
    static std::set<std::string> names(Incident const& i) {
        std::set<std::string> out;
        for (auto const& s : i.streams) out.insert(s.name);
        return out;
    }
    static std::string kind(Incident const& i) {
        std::string out(to_string(i.streams.front().kind));
        if (i.composition && !i.composition->kind.empty()) out += ", " + i.composition->kind;
        return out;
    }

    Incident const &a_, &b_;
    int weight_ = 0;
    std::vector<std::string> why_;
};

}  // namespace

std::vector<Similar> similar_incidents(Remembered const& of, std::vector<Remembered> const& past,
                                       std::size_t most) {
    struct Found {
        int weight = 0;
        WallTime opened{};
        Similar similar;
    };
    std::vector<Found> found;
    Incident const& mine = *of.incident;
    for (Remembered const& other : past) {
        Incident const& its = *other.incident;
        if (its.id == mine.id || its.brand != mine.brand || its.drill) continue;
        if (its.streams.empty()) continue;
        Comparison comparison(of, other);
        if (comparison.weight() > 0)
            found.push_back({comparison.weight(), its.opened, {its.id, comparison.why()}});
    }
    std::stable_sort(found.begin(), found.end(), [](Found const& a, Found const& b) {
        return a.weight != b.weight ? a.weight > b.weight : a.opened > b.opened;
    });
    std::vector<Similar> out;
    for (Found& f : found) {
        if (out.size() == most) break;
        out.push_back(std::move(f.similar));
    }
    return out;
}

}  // namespace surged::detectors
