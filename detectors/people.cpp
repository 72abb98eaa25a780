#include "detectors/people.h"

#include "detectors/archive.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace surged::detectors {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kNeedsCounted = 3;  // composition.h counts an author's first three, too

// Of a post: the same number on two platforms is two posts.
std::uint64_t identity(std::string_view platform, MentionKey key) {
    return stable_hash(platform) ^ key * 0x9e3779b97f4a7c15ULL;
}

std::uint32_t need(Person const& p) {
    return std::min(kNeedsCounted, p.questions + p.angry);
}

double urgency(Asking const& a, WallTime newest) {
    double const waited = std::chrono::duration<double>(newest - a.where.at).count() + 1;
    return waited * std::log10(10.0 + double(a.audience));
}

template <typename T, typename Less>
void keep_first(std::vector<T>& all, std::size_t most, Less less) {
    std::size_t const n = std::min(most, all.size());
    std::partial_sort(all.begin(), all.begin() + std::ptrdiff_t(n), all.end(), less);
    all.resize(n);
}

bool earlier(MentionPlace const& a, MentionPlace const& b) {
    return std::tie(a.at, a.platform, a.key) < std::tie(b.at, b.platform, b.key);
}

}  // namespace

template <typename A>
void archive(A& a, MentionPlace& p) {
    a(p.platform, p.stream, p.key, p.at);
}
template <typename A>
void archive(A& a, Asking& q) {
    a(q.where, q.author, q.audience, q.late);
}
template <typename A>
void archive(A& a, Person& p) {
    a(p.author, p.first, p.mentions, p.questions, p.angry, p.echoes, p.spoke_well);
}
template <typename A>
void archive(A& a, MoodStep& s) {
    a(s.at, s.length, s.mentions, s.tone.judged, s.tone.negative, s.tone.positive);
}
template <typename A>
void archive(A& a, People& p) {
    a(p.onset_, p.newest_, p.heard_, p.questions_, p.waiting_, p.waits_, p.steps_, p.length_);
}

// The mood is kept in steps of equal length from the onset on; what came before it (a platform that
// tells late) sounds in the first.
void People::step(WallTime at, std::optional<int> tone) {
    auto const index = [&] {
        return at <= onset_ ? std::size_t{0} : std::size_t((at - onset_) / length_);
    };
    while (index() >= kSteps) {
        length_ *= 2;
        std::vector<MoodStep> halved((steps_.size() + 1) / 2);
        for (std::size_t i = 0; i < halved.size(); ++i) {
            halved[i].at = onset_ + length_ * std::int64_t(i);
            halved[i].length = length_;
        }
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            MoodStep& to = halved[i / 2];
            to.mentions += steps_[i].mentions;
            to.tone.judged += steps_[i].tone.judged;
            to.tone.negative += steps_[i].tone.negative;
            to.tone.positive += steps_[i].tone.positive;
        }
        steps_ = std::move(halved);
    }
    while (steps_.size() <= index())
        steps_.push_back({onset_ + length_ * std::int64_t(steps_.size()), length_, 0, {}});
    MoodStep& now = steps_[index()];
    ++now.mentions;
    if (!tone) return;
    ++now.tone.judged;
    now.tone.negative += *tone < 0 ? 1 : 0;
    now.tone.positive += *tone > 0 ? 1 : 0;
}

void People::hear(Told const& told) {
    ++heard_;
    newest_ = std::max(newest_, told.where.at);
    if (!told.late) step(told.where.at, told.tone);
    if (told.author != 0) count_person(told);
    if (!told.asks) return;
    ++questions_;
    if (answered_.contains(identity(told.where.platform, told.where.key))) return;
    if (waiting_.size() >= kWaiting) waiting_.erase(waiting_.begin());
    waiting_.push_back({told.where, told.author, told.audience, told.late});
}

void People::count_person(Told const& told) {
    std::uint64_t const post = identity(told.where.platform, told.where.key);
    auto [it, fresh] = people_.try_emplace(told.author);
    if (fresh && people_.size() > kPeople) {
        make_room();
        it = people_.try_emplace(told.author).first;
    }
    auto& [person, posts] = it->second;
    if (fresh) person.author = told.author;
    if (person.mentions == 0 || earlier(told.where, person.first)) person.first = told.where;
    ++person.mentions;
    person.questions += told.asks ? 1 : 0;
    person.angry += told.tone && *told.tone < 0 ? 1 : 0;
    person.spoke_well = std::max(person.spoke_well, told.spoke_well);
    if (posts.size() < kPosts) {
        posts.push_back(post);
        writer_.try_emplace(post, told.author);
    }
    if (told.target == 0) return;
    auto const writer = writer_.find(identity(told.where.platform, told.target));
    if (writer == writer_.end() || writer->second == told.author) return;
    if (auto const named = people_.find(writer->second); named != people_.end())
        ++named->second.person.echoes;
}

// Half of the table goes: first those who said one thing that nobody took up.
void People::make_room() {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> rank;  // what they count for, author
    for (auto const& [author, known] : people_) {
        Person const& p = known.person;
        rank.emplace_back(std::uint64_t{p.mentions} + p.echoes + 2U * need(p) +
                              (p.spoke_well > 0 ? 1'000'000U : 0U),
                          author);
    }
    auto const middle = rank.begin() + std::ptrdiff_t(rank.size() / 2);
    std::nth_element(rank.begin(), middle, rank.end());
    for (auto it = rank.begin(); it != middle; ++it) (void)drop(it->second);
}

bool People::answer(std::string_view platform, MentionKey key,
                    std::optional<std::chrono::milliseconds> waited) {
    bool const listed = std::erase_if(waiting_, [&](Asking const& a) {
                            return a.where.key == key && a.where.platform == platform;
                        }) > 0;
    if (answered_.size() >= kWaits) return listed;
    if (!answered_.insert(identity(platform, key)).second) return listed;
    if (!waited) return true;
    auto& waits = waits_[std::string(platform)];
    waits.push_back(waited->count());
    return true;
}

bool People::forget_mention(MentionKey key) {
    bool const found =
        std::erase_if(waiting_, [&](Asking const& a) { return a.where.key == key; }) > 0;
    return found;
}

bool People::drop(std::uint64_t author) {
    auto const it = people_.find(author);
    if (it == people_.end()) return false;
    for (std::uint64_t const post : it->second.posts) writer_.erase(post);
    people_.erase(it);
    return true;
}

bool People::forget_author(std::uint64_t author) {
    bool const waited =
        std::erase_if(waiting_, [&](Asking const& a) { return a.author == author; }) > 0;
    return drop(author) || waited;
}

void People::shrink() {
    boost::unordered_flat_set<std::uint64_t> listed;
    for (Person const& p : affected(kListed)) listed.insert(p.author);
    for (Person const& p : advocates(kListed)) listed.insert(p.author);
    erase_if(people_, [&](auto const& entry) { return !listed.contains(entry.first); });
    erase_if(writer_, [&](auto const& entry) { return !listed.contains(entry.second); });
}

std::vector<Asking> People::unanswered(std::size_t most) const {
    std::vector<Asking> out = waiting_;
    keep_first(out, most, [&](Asking const& a, Asking const& b) {
        double const x = urgency(a, newest_), y = urgency(b, newest_);
        return x != y ? x > y : earlier(a.where, b.where);
    });
    return out;
}

std::optional<std::chrono::milliseconds> People::median_wait(std::string_view platform) const {
    std::vector<std::int64_t> all;
    for (auto const& [name, waits] : waits_)
        if (platform.empty() || name == platform) all.insert(all.end(), waits.begin(), waits.end());
    if (all.empty()) return std::nullopt;
    auto const middle = all.begin() + std::ptrdiff_t(all.size() / 2);
    std::nth_element(all.begin(), middle, all.end());
    if (all.size() % 2 == 1) return std::chrono::milliseconds{*middle};
    std::int64_t const below = *std::max_element(all.begin(), middle);
    return std::chrono::milliseconds{(below + *middle) / 2};
}

std::vector<Person> People::affected(std::size_t most) const {
    std::vector<Person> out;
    for (auto const& [author, known] : people_)
        if (need(known.person) > 0) out.push_back(known.person);
    keep_first(out, most, [](Person const& a, Person const& b) {
        if (need(a) != need(b)) return need(a) > need(b);
        if (a.echoes != b.echoes) return a.echoes > b.echoes;
        return earlier(a.first, b.first);
    });
    return out;
}

std::vector<Person> People::advocates(std::size_t most) const {
    std::vector<Person> out;
    for (auto const& [author, known] : people_)
        if (known.person.spoke_well > 0) out.push_back(known.person);
    keep_first(out, most, [](Person const& a, Person const& b) {
        if (a.spoke_well != b.spoke_well) return a.spoke_well > b.spoke_well;
        return earlier(a.first, b.first);
    });
    return out;
}

ToneShare People::tone(WallTime from, WallTime to) const {
    ToneShare sum;
    for (MoodStep const& s : steps_) {
        WallTime const middle = s.at + s.length / 2;
        if (middle < from || middle >= to) continue;
        sum.judged += s.tone.judged;
        sum.negative += s.tone.negative;
        sum.positive += s.tone.positive;
    }
    return sum;
}

std::vector<MoodStep> People::mood() const {
    return steps_;
}

std::string People::save() const {
    std::uint32_t version = kVersion;
    ArchiveWriter w;
    w(version, const_cast<People&>(*this));
    std::vector<std::pair<std::uint64_t, Known const*>> sorted;  // equal states, equal bytes
    for (auto const& [author, known] : people_) sorted.emplace_back(author, &known);
    std::sort(sorted.begin(), sorted.end());
    auto n = static_cast<std::uint32_t>(sorted.size());
    std::vector<std::uint64_t> answered(answered_.begin(), answered_.end());
    std::sort(answered.begin(), answered.end());
    w(answered, n);
    for (auto& [author, known] : sorted)
        w(const_cast<Person&>(known->person),
          const_cast<std::vector<std::uint64_t>&>(known->posts));
    return w.take();
}

bool People::restore(std::string_view blob) {
    std::uint32_t version = 0, n = 0;
    ArchiveReader r(blob);
    People fresh;
    r(version);
    if (version != kVersion) return false;
    std::vector<std::uint64_t> answered;
    r(fresh, answered, n);
    for (std::uint32_t i = 0; i < n && i < kPeople && r.ok(); ++i) {
        Known known;
        r(known.person, known.posts);
        for (std::uint64_t const post : known.posts)
            fresh.writer_.try_emplace(post, known.person.author);
        fresh.people_.try_emplace(known.person.author, std::move(known));
    }
    if (!r.done() || fresh.length_.count() <= 0 || fresh.steps_.size() > kSteps) return false;
    fresh.answered_.insert(answered.begin(), answered.end());
    *this = std::move(fresh);
    return true;
}

}  // namespace surged::detectors
