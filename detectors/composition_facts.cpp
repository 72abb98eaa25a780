// From the sample of a surge to what is said of it.
#include "detectors/composition.h"
#include "detectors/likeness.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

namespace surged::detectors {
namespace {

constexpr std::uint32_t kOwnWords = 3;  // an author's mentions that still count as organic
constexpr double kMarkShare = 0.01;
constexpr std::size_t kMarkMentions = 2;

using Counts = boost::unordered_flat_map<std::uint64_t, std::uint32_t>;

std::uint64_t mixed(std::uint64_t h) {
    h += 0x9e3779b97f4a7c15ULL;
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
    return h ^ (h >> 31);
}

// Largest first; equal ones by key, so that the order is the same everywhere.
std::vector<std::pair<std::uint32_t, std::uint64_t>> by_size(Counts const& counts) {
    std::vector<std::pair<std::uint32_t, std::uint64_t>> all;
    for (auto const& [key, n] : counts) all.emplace_back(n, key);
    std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    return all;
}

}  // namespace

// What passes over the sample find.
struct SurgeSketch::Tally {
    explicit Tally(SurgeSketch const& sketch);
    void count(Entry const& e);
    void weigh();

    std::vector<Entry> sample;  // each mention once, in order of time
    std::vector<Place> const& places;
    std::size_t reposts = 0, forwarded = 0, fresh = 0, authored = 0, texts = 0, organic = 0;
    Counts authors, languages, links;
    Counts echoes;   // by identity of what is reposted, quoted or answered
    Counts carried;  // the largest audience of those who reposted it
    std::optional<CopyGroups> groups;
    [[nodiscard]] std::uint64_t target_of(Entry const& e) const {
        return mixed(e.digest.target ^ mixed(places[e.stream].platform));
    }
    [[nodiscard]] double share(std::size_t n) const {
        return sample.empty() ? 0 : double(n) / double(sample.size());
    }
};

SurgeSketch::Tally::Tally(SurgeSketch const& sketch)
    : sample(sketch.sample_), places(sketch.places_) {
    std::sort(sample.begin(), sample.end(), lower_rank);
    auto const same = [](Entry const& a, Entry const& b) { return a.rank == b.rank; };
    sample.erase(std::unique(sample.begin(), sample.end(), same), sample.end());
    std::stable_sort(sample.begin(), sample.end(),
                     [](Entry const& a, Entry const& b) { return a.digest.at < b.digest.at; });
    std::vector<std::uint64_t> likenesses;
    for (Entry const& e : sample) {
        count(e);
        if (!e.digest.is(MentionDigest::kRepost)) likenesses.push_back(e.digest.likeness);
    }
    groups.emplace(std::move(likenesses));
    weigh();
}

void SurgeSketch::Tally::count(Entry const& e) {
    MentionDigest const& d = e.digest;
    bool const repost = d.is(MentionDigest::kRepost);
    reposts += repost ? 1 : 0;
    forwarded += !repost && d.is(MentionDigest::kForwarded) ? 1 : 0;
    fresh += d.is(MentionDigest::kNew) ? 1 : 0;
    texts += d.likeness != 0 ? 1 : 0;
    if (d.author != 0) {
        ++authored;
        ++authors[d.author];
    }
    if (d.language != 0) ++languages[d.language];
    if (d.link != 0) ++links[d.link];
    if (d.target == 0) return;
    std::uint64_t const target = target_of(e);
    ++echoes[target];
    if (!repost) return;
    ++links[target];  // the post that is carried on is a link too
    std::uint32_t& audience = carried[target];
    audience = std::max(audience, d.audience);
}

// Of copies the first is an author's own word, of an author the first few are.
void SurgeSketch::Tally::weigh() {
    Counts spoken;
    boost::unordered_flat_set<std::size_t> said;
    for (Entry const& e : sample) {
        MentionDigest const& d = e.digest;
        bool own = !d.is(MentionDigest::kRepost | MentionDigest::kForwarded | MentionDigest::kNew);
        if (d.author != 0 && ++spoken[d.author] > kOwnWords) own = false;
        if (!d.is(MentionDigest::kRepost) && d.likeness != 0 &&
            !said.insert(groups->group_of(d.likeness)).second)
            own = false;
        organic += own ? 1 : 0;
    }
}

SurgeFacts SurgeSketch::facts() const {
    Tally const tally(*this);
    SurgeFacts facts;
    std::size_t const n = tally.sample.size();
    facts.mentions = double(n);
    if (!exact() && n >= 2) {  // the k-th smallest of m uniform numbers is about k / m
        double const reach = double(sample_.front().rank) / 18446744073709551616.0;
        facts.mentions = std::round(double(n - 1) / reach);
        facts.error = 0.5 / std::sqrt(double(n));
    }
    Composition& c = facts.composition;
    auto const authors = by_size(tally.authors);
    std::size_t const few = std::clamp<std::size_t>(n / kMentionsABusy, 1, kBusiest);
    std::size_t busiest = 0;
    for (std::size_t i = 0; i < authors.size() && i < few; ++i) busiest += authors[i].first;
    // Who wrote is told, or it is not: a few names among many mentions are no count of authors.
    if (!authors.empty() && 2 * tally.authored >= n) {
        c.authors = exact() ? std::int64_t(tally.authors.size())
                            : std::llround(std::min(distinct_authors(), facts.mentions));
        c.top_author = tally.share(authors.front().first);
    }
    c.reposts = tally.share(tally.reposts);
    c.copies = tally.share(tally.groups->copies());
    c.new_accounts = tally.share(tally.fresh);
    c.kind = kind_of(c, facts.mentions, tally.share(busiest), tally.share(tally.forwarded));
    facts.organic = tally.share(tally.organic);
    facts.told = c.authors > 0 || tally.texts + tally.reposts > 0;
    for (auto const& [count, language] : by_size(tally.languages))
        if (facts.languages.size() < SurgeFacts::kLanguages)
            facts.languages.emplace_back(language_name(std::uint16_t(language)),
                                         tally.share(count));
    choose_visible(tally, facts);
    choose_marks(tally, facts);
    return facts;
}

// By audience; a repost lends its own to the post it carries, when that one is known. Then by
// echoes, then the earliest.
void SurgeSketch::choose_visible(Tally const& tally, SurgeFacts& facts) const {
    struct Candidate {
        Entry const* entry;
        std::uint32_t audience, echoes;
    };
    boost::unordered_flat_map<std::uint64_t, Entry const*> known;
    for (Entry const& e : tally.sample) known.emplace(e.rank, &e);
    for (Entry const& e : visible_) known.emplace(e.rank, &e);
    std::vector<Candidate> all;
    for (auto const& [rank, entry] : known) {
        MentionDigest const& d = entry->digest;
        if (d.is(MentionDigest::kRepost) && d.target != 0 &&
            known.contains(tally.target_of(*entry)))
            continue;
        auto const echoes = tally.echoes.find(rank);
        auto const carried = tally.carried.find(rank);
        Candidate c{entry, d.audience, echoes == tally.echoes.end() ? 0 : echoes->second};
        if (carried != tally.carried.end()) c.audience = std::max(c.audience, carried->second);
        if (c.audience > 0 || c.echoes > 0) all.push_back(c);
    }
    std::sort(all.begin(), all.end(), [](Candidate const& a, Candidate const& b) {
        if (a.audience != b.audience) return a.audience > b.audience;
        if (a.echoes != b.echoes) return a.echoes > b.echoes;
        if (a.entry->digest.at != b.entry->digest.at)
            return a.entry->digest.at < b.entry->digest.at;
        return a.entry->rank < b.entry->rank;
    });
    if (all.size() > SurgeFacts::kVisible) all.resize(SurgeFacts::kVisible);
    for (Candidate const& c : all) {
        MentionDigest const& d = c.entry->digest;
        facts.visible.push_back({places_[c.entry->stream].stream, d.key, d.at, c.audience, c.echoes,
                                 d.is(MentionDigest::kReachTold)});
    }
}

void SurgeSketch::choose_marks(Tally const& tally, SurgeFacts& facts) const {
    auto const enough = [&](std::size_t n) {
        return n >= kMarkMentions && tally.share(n) >= kMarkShare;
    };
    for (auto const& [count, link] : by_size(tally.links))
        if (enough(count) && facts.links.size() < SurgeFacts::kMarks) facts.links.push_back(link);
    auto groups = tally.groups->groups();
    std::sort(groups.begin(), groups.end(), [](auto const& a, auto const& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    for (auto const& [count, text] : groups)
        if (enough(count) && facts.copies.size() < SurgeFacts::kMarks) facts.copies.push_back(text);
}

}  // namespace surged::detectors
