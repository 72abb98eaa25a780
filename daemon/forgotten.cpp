#include "daemon/forgotten.h"

#include <algorithm>
#include <openssl/sha.h>

namespace surged::daemon {
namespace {

constexpr std::size_t kMarkBytes = 16;

}  // namespace

std::string Forgotten::mark(bool is_author, std::string_view platform, std::string_view id) const {
    std::string message = salt_ + '\0' + (is_author ? "author" : "mention") + '\0';
    message.append(platform).append(1, '\0');
    if (is_author && id.starts_with('@')) id.remove_prefix(1);
    for (char const c : id) message += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<unsigned char const*>(message.data()), message.size(), hash);
    return {reinterpret_cast<char const*>(hash), kMarkBytes};
}

void Forgotten::load(std::string salt, std::vector<ForgottenMark> const& marks) {
    salt_ = std::move(salt);
    for (ForgottenMark const& m : marks) take(m);
}

bool Forgotten::author(std::string_view platform, std::string_view id_or_handle) const {
    return !authors_.empty() && !id_or_handle.empty() &&
           marks_.contains(mark(true, platform, id_or_handle));
}

bool Forgotten::mention(std::string_view platform, std::string_view id) const {
    return !mentions_.empty() && !id.empty() && marks_.contains(mark(false, platform, id));
}

bool Forgotten::covers(std::string_view platform, detectors::Mention const& m) const {
    return by_author(platform, m) || mention(platform, m.id) || mention(platform, m.reposts);
}

bool Forgotten::add(bool is_author, std::string_view platform, std::string_view id, WallTime at,
                    std::string const& by, Commit& commit) {
    ForgottenMark fresh{mark(is_author, platform, id), is_author, at, by, false};
    if (marks_.contains(fresh.mark)) return false;
    commit.forget.push_back(fresh);
    take(std::move(fresh));
    make_room(commit);
    return true;
}

void Forgotten::remove(bool is_author, std::string_view platform, std::string_view id,
                       Commit& commit) {
    std::string const which = mark(is_author, platform, id);
    commit.forget_no_more.push_back(which);
    drop(which);
}

void Forgotten::finish(Commit& commit) {
    if (unfinished_ == 0) return;
    for (auto& [key, m] : marks_) {
        if (m.done) continue;
        m.done = true;
        commit.forget.push_back(m);
    }
    unfinished_ = 0;
}

void Forgotten::take(ForgottenMark m) {
    (m.author ? authors_ : mentions_).push_back(m.mark);
    if (!m.done) ++unfinished_;
    std::string const key = m.mark;
    marks_.emplace(key, std::move(m));
}

void Forgotten::drop(std::string const& which) {
    auto const it = marks_.find(which);
    if (it == marks_.end()) return;
    if (!it->second.done) --unfinished_;
    auto& order = it->second.author ? authors_ : mentions_;
    // What is dropped is the newest (it was not found) or the oldest (there is no room).
    if (!order.empty() && order.front() == which)
        order.pop_front();
    else
        order.erase(std::find(order.begin(), order.end(), which));
    marks_.erase(it);
}

void Forgotten::make_room(Commit& commit) {
    while (marks_.size() > kMost) {
        std::string const oldest = mentions_.empty() ? authors_.front() : mentions_.front();
        commit.forget_no_more.push_back(oldest);
        drop(oldest);
    }
}

}  // namespace surged::daemon
