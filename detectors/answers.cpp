#include "detectors/answers.h"

#include <algorithm>

namespace surged::detectors {

Answered Answers::link(Known& known, std::string_view answer, WallTime at) {
    Answered out;
    out.question = known.id;
    out.answer = answer;
    out.asked = known.at;
    out.at = at;
    out.first = known.answered == kNoTime;
    if (out.first) ++answered_;
    if (out.first || at < known.answered) known.answered = at;
    links_.push_back(out);
    if (links_.size() > kLinks) links_.pop_front();
    return out;
}

std::vector<Answered> Answers::question(Mention const& mention, WallTime at) {
    std::vector<Answered> out;
    std::uint64_t const hash = stable_hash(mention.id);
    Known known{std::string(mention.id), at, kNoTime, ++serial_};
    auto const [it, fresh] = known_.try_emplace(hash, std::move(known));
    if (!fresh) return out;
    ++questions_;
    order_.emplace_back(hash, serial_);
    if (auto const waits = waiting_.find(hash); waits != waiting_.end()) {
        auto answers = std::move(waits->second);
        waiting_.erase(waits);
        std::erase(waiting_order_, hash);
        std::sort(answers.begin(), answers.end(),
                  [](Waiting const& a, Waiting const& b) { return a.at < b.at; });
        for (Waiting const& answer : answers) out.push_back(link(it->second, answer.id, answer.at));
    }
    while (order_.size() > kQuestions) {
        known_.erase(order_.front().first);
        order_.pop_front();
    }
    return out;
}

std::optional<Answered> Answers::answer(std::string_view id, std::string_view in_reply_to,
                                        WallTime at) {
    if (in_reply_to.empty()) return std::nullopt;
    std::uint64_t const hash = stable_hash(in_reply_to);
    if (auto const it = known_.find(hash); it != known_.end()) {
        // A post of ours may be told by two streams; what both tell is one answer.
        bool const told = std::any_of(links_.rbegin(), links_.rend(), [&](Answered const& known) {
            return known.answer == id && known.question == it->second.id;
        });
        if (told) return std::nullopt;
        return link(it->second, id, at);
    }
    auto& waiting = waiting_[hash];
    if (std::any_of(waiting.begin(), waiting.end(), [&](Waiting const& w) { return w.id == id; }))
        return std::nullopt;
    waiting.push_back({std::string(id), at});
    waiting_order_.push_back(hash);
    while (waiting_order_.size() > kWaiting) {
        auto const oldest = waiting_.find(waiting_order_.front());
        waiting_order_.pop_front();
        if (oldest == waiting_.end()) continue;
        oldest->second.erase(oldest->second.begin());
        if (oldest->second.empty()) waiting_.erase(oldest);
    }
    return std::nullopt;
}

std::vector<Answers::Open> Answers::unanswered(WallTime before, std::size_t most) const {
    std::vector<Open> out;
    for (auto const& [hash, known] : known_)
        if (known.answered == kNoTime && known.at < before) out.push_back({known.id, known.at});
    std::sort(out.begin(), out.end(), [](Open const& a, Open const& b) {
        return a.at != b.at ? a.at < b.at : a.id < b.id;
    });
    if (out.size() > most) out.resize(most);
    return out;
}

bool Answers::is_answered(std::string_view question) const {
    auto const it = known_.find(stable_hash(question));
    return it != known_.end() && it->second.answered != kNoTime;
}

std::optional<std::chrono::milliseconds> Answers::median_wait() const {
    std::vector<std::chrono::milliseconds> waits;
    for (Answered const& link : links_)
        if (link.first) waits.push_back(link.after());
    if (waits.empty()) return std::nullopt;
    auto const middle = waits.begin() + std::ptrdiff_t(waits.size() / 2);
    std::nth_element(waits.begin(), middle, waits.end());
    return *middle;
}

}  // namespace surged::detectors
