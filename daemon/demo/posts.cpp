#include "daemon/demo/posts.h"

#include "daemon/demo/random.h"

#include <iterator>
#include <utility>

namespace surged::daemon::demo {
namespace {

bool fits(Listing const& listing, Post const& post) {
    bool const shown =
        listing.with_gone ? post.visible_at <= listing.now : post.visible(listing.now);
    return shown && (!listing.match || listing.match(post));
}

// One direction of walking: from `it` towards `end`, whatever these are.
template <typename Iterator>
PostPage take(Listing const& listing, Iterator it, Iterator end, std::size_t limit) {
    PostPage page;
    for (; it != end; ++it) {
        if (!fits(listing, it->second)) continue;
        if (page.posts.size() == limit) {
            page.more = true;
            break;
        }
        page.posts.push_back(&it->second);
    }
    return page;
}

// Steps back over `repeat` matches, which the page then gives once more.
template <typename Iterator>
Iterator step_back(Listing const& listing, Iterator it, Iterator begin) {
    for (std::size_t left = listing.repeat; left > 0 && it != begin;) {
        --it;
        if (fits(listing, it->second)) --left;
    }
    return it;
}

}  // namespace

// Ids of one instant are ordered as numbers are: the longer is the larger.
bool PostBook::Earlier::operator()(Key const& a, Key const& b) const {
    if (a.at != b.at) return a.at < b.at;
    if (a.id.size() != b.id.size()) return a.id.size() < b.id.size();
    return a.id < b.id;
}

void PostBook::lag(std::uint64_t seed, double share, std::chrono::milliseconds most) {
    lag_seed_ = seed;
    lag_share_ = share;
    lag_most_ = most;
}

Post const& PostBook::append(Post post) {
    post.serial = ++last_serial_;
    if (post.ordered_at == kNoTime) post.ordered_at = post.created_at;
    if (post.visible_at == kNoTime) post.visible_at = post.created_at;
    if (post.text.size() > kTextMax) post.text.resize(kTextMax);
    if (lag_share_ > 0 && lot(lag_seed_, post.serial) < lag_share_) {
        double const most = static_cast<double>(lag_most_.count());
        double const by = most * lot(lag_seed_ + 1, post.serial);
        post.visible_at += std::chrono::milliseconds{static_cast<std::int64_t>(by)};
        ++late_;
    }
    if (posts_.size() >= capacity_) forget_oldest();
    Key key{post.ordered_at, post.id};
    auto const it = posts_.emplace(std::move(key), std::move(post));
    by_id_.emplace(it->second.id, it);
    by_serial_.emplace(it->second.serial, it);
    return it->second;
}

void PostBook::forget_oldest() {
    if (posts_.empty()) return;
    auto const oldest = posts_.begin();
    auto ids = oldest->second.versions;
    ids.push_back(oldest->second.id);
    for (auto const& id : ids) {
        auto [it, end] = by_id_.equal_range(id);
        while (it != end && it->second != oldest) ++it;
        if (it != end) by_id_.erase(it);
    }
    by_serial_.erase(oldest->second.serial);
    posts_.erase(oldest);
    ++forgotten_;
}

bool PostBook::remove(std::string const& id, WallTime at, Gone why) {
    auto const [begin, end] = by_id_.equal_range(id);
    for (auto it = begin; it != end; ++it) {
        it->second->second.gone_at = at;
        it->second->second.gone = why;
    }
    return begin != end;
}

bool PostBook::edit(std::string const& id, std::string text, std::string const& version) {
    std::vector<Posts::iterator> copies;
    auto const [begin, end] = by_id_.equal_range(id);
    for (auto it = begin; it != end; ++it) copies.push_back(it->second);
    if (text.size() > kTextMax) text.resize(kTextMax);
    for (auto const& copy : copies) {
        Post& post = copy->second;
        post.text = text;
        if (version.empty()) continue;
        post.versions.push_back(post.id);
        post.id = version;
        by_id_.emplace(version, copy);
    }
    return !copies.empty();
}

Post const* PostBook::find(std::string const& id) const {
    auto const [begin, end] = by_id_.equal_range(id);
    Post const* found = nullptr;
    for (auto it = begin; it != end; ++it)
        if (found == nullptr || it->second->second.serial > found->serial)
            found = &it->second->second;
    return found;
}

Post const* PostBook::serial(std::uint64_t number) const {
    auto const it = by_serial_.find(number);
    return it == by_serial_.end() ? nullptr : &it->second->second;
}

PostPage PostBook::newest(Listing const& listing, std::uint64_t anchor, std::size_t limit) const {
    auto const end = std::make_reverse_iterator(posts_.lower_bound(Key{listing.from, {}}));
    auto const begin = std::make_reverse_iterator(posts_.lower_bound(Key{listing.to, {}}));
    if (listing.to <= listing.from) return {};
    if (anchor == 0) return take(listing, begin, end, limit);
    auto const known = by_serial_.find(anchor);
    if (known == by_serial_.end()) {
        PostPage page;
        page.lost = true;
        return page;
    }
    Posts::const_iterator const at = known->second;
    if (at->first.at < listing.from) return {};  // the anchor lies below the window already
    if (at->first.at >= listing.to) return take(listing, begin, end, limit);
    return take(listing, step_back(listing, std::make_reverse_iterator(at), begin), end, limit);
}

PostPage PostBook::oldest(Listing const& listing, std::uint64_t anchor, std::size_t limit) const {
    auto const begin = posts_.lower_bound(Key{listing.from, {}});
    auto const end = posts_.lower_bound(Key{listing.to, {}});
    if (listing.to <= listing.from) return {};
    if (anchor == 0) return take(listing, begin, end, limit);
    auto const known = by_serial_.find(anchor);
    if (known == by_serial_.end()) {
        PostPage page;
        page.lost = true;
        return page;
    }
    Posts::const_iterator const at = known->second;
    if (at->first.at >= listing.to) return {};
    if (at->first.at < listing.from) return take(listing, begin, end, limit);
    return take(listing, step_back(listing, std::next(at), begin), end, limit);
}

std::size_t PostBook::count(Listing const& listing) const {
    if (listing.to <= listing.from) return 0;
    std::size_t n = 0;
    auto const end = posts_.lower_bound(Key{listing.to, {}});
    for (auto it = posts_.lower_bound(Key{listing.from, {}}); it != end; ++it)
        if (fits(listing, it->second)) ++n;
    return n;
}

}  // namespace surged::daemon::demo
