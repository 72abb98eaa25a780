#include "daemon/demo/scenario.h"

#include "daemon/demo/phrases.h"

#include <algorithm>
#include <cmath>

namespace surged::daemon::demo {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kPi = 3.141592653589793;
constexpr hours kCalm{3};                // before `now`: no burst begins
constexpr minutes kHeight{30};           // that the crisis stays at its height
constexpr double kEbbHalf = 60.0;        // minutes: after its height, unanswered
constexpr double kAnsweredHalf = 10.0;   // minutes: after the brand's answer
constexpr double kBurstsPerDay = 2.0;    // on each platform
constexpr std::size_t kRegulars = 4000;  // people who write about the brand now and then
constexpr double kSpillShare = 0.05;
constexpr std::size_t kThreads = 3;

double minutes_between(WallTime from, WallTime to) {
    return static_cast<double>((to - from).count()) / 60'000.0;
}

milliseconds some_ms(Random& random, milliseconds most) {
    return milliseconds{
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count())))};
}

// Mean 1 over the day; quiet at night, highest in the early evening (UTC).
double hour_curve(WallTime t) {
    auto const day = std::chrono::floor<std::chrono::days>(t);
    double const h = minutes_between(day, t) / 60.0;
    return 1.0 + 0.5 * std::cos(2 * kPi * (h - 18.0) / 24.0) +
           0.15 * std::cos(4 * kPi * (h - 20.0) / 24.0);
}

// Most have few followers, few have many.
std::int64_t followers(Random& random) {
    return static_cast<std::int64_t>(std::exp(5.0 + 1.6 * random.normal()));
}

std::string_view platform_name(std::size_t place) {
    constexpr std::array<std::string_view, 5> kNames = {"x", "facebook", "mastodon", "json",
                                                        "bluesky"};
    return kNames[place];
}

}  // namespace

Scenario::Scenario(ScenarioOptions options)
    : options_(options),
      crisis_random_(scramble(options.seed, 99)),
      next_minute_(detectors::floor_minute(options.now - options.history)) {
    std::array<double, kPlaces> const means = {options_.x, options_.facebook, options_.mastodon,
                                               options_.json, options_.bluesky};
    for (std::size_t place = 0; place < kPlaces; ++place) {
        chatter_.emplace_back(scramble(options_.seed, place));
        chatter_.back().mean = means[place];
    }
    if (options_.crisis) crisis_began_ = options_.now - options_.crisis_age;
    advance(options_.now);
}

void Scenario::advance(WallTime now) {
    for (; next_minute_ <= now; next_minute_ += detectors::kMinute) minute(next_minute_);
}

void Scenario::minute(WallTime start) {
    own_posts(start);
    for (std::size_t place = 0; place < kPlaces; ++place) chat(static_cast<Place>(place), start);
    if (crisis_began_ != kNoTime && start + detectors::kMinute > crisis_began_)
        crisis_minute(start);
}

// Two wandering factors (half a day, twenty minutes), bursts that ebb, and a gamma-mixed Poisson.
std::uint64_t Scenario::chatter_count(Chatter& chatter, WallTime start) {
    Random& random = chatter.random;
    chatter.slow = 0.9986 * chatter.slow + 0.0106 * random.normal();  // deviation 0.2
    chatter.fast = 0.9512 * chatter.fast + 0.0462 * random.normal();  // deviation 0.15
    bool const begins = random.chance(kBurstsPerDay / 1440.0);
    double const size = 8.0 + 24.0 * random.unit();  // posts, whatever the platform's rate
    if (begins && start < options_.now - kCalm) chatter.burst += size * chatter.mean / 15.0;
    chatter.burst *= 0.92;
    double const rate =
        chatter.mean * hour_curve(start) * std::exp(chatter.slow + chatter.fast - 0.03);
    double const expected = rate + chatter.burst;
    double const shape = std::max(expected, 1e-3);  // variance = 2 x mean
    return random.poisson(random.gamma(shape) * expected / shape);
}

void Scenario::chat(Place place, WallTime start) {
    Chatter& chatter = chatter_[place];
    std::uint64_t const n = chatter_count(chatter, start);
    std::vector<WallTime> times;
    for (std::uint64_t i = 0; i < n; ++i)
        times.push_back(start + some_ms(chatter.random, detectors::kMinute));
    std::sort(times.begin(), times.end());
    for (WallTime const at : times) finish(place, chatter.random, draft(chatter.random, place, at));
}

PostAuthor Scenario::author(Random& random, Place place, bool fresh) {
    // A regular's number decides everything about him; a fresh face has a number of its own.
    std::uint64_t const number =
        fresh ? kRegulars + random.below(50'000'000) : random.below(kRegulars);
    Random face(scramble(options_.seed + 1000 * (place + 1), number));
    PostAuthor out;
    out.id = std::to_string(2'000'000'000ULL + number * 8 + place);
    out.handle = person_name(face);
    out.name = out.handle;
    out.followers = place == kFacebook ? 0 : followers(face);
    auto const age = std::chrono::days{40 + face.below(3000)};
    out.created_at = std::chrono::floor<std::chrono::days>(options_.now) - age;
    if (place == kMastodon) out.handle += "@elsewhere.example";
    if (place == kBluesky) {
        out.id = "did:plc:" + out.id;
        out.handle += ".bsky.example";
    }
    return out;
}

PostAuthor Scenario::own_author(Place place, bool help) const {
    PostAuthor out;
    out.handle = help ? kHelp : kHandle;
    if (place == kBluesky) out.handle = kBlueskyHandle;
    out.name = help ? "Acme Help" : "Acme Corp";
    out.id = place == kFacebook   ? std::string(kPage)
             : place == kMastodon ? "109300000000000007"
             : place == kBluesky  ? std::string(kBlueskyDid)
                                  : (help ? "990000002" : "990000001");
    out.followers = help ? 12'000 : 250'000;
    out.created_at = WallTime{std::chrono::sys_days{std::chrono::year{2012} / 3 / 1}};
    return out;
}

std::vector<XUser> Scenario::x_users() {
    WallTime const born = std::chrono::sys_days{std::chrono::year{2012} / 3 / 1};
    return {{"990000001", std::string(kHandle), "Acme Corp", 250'000, born},
            {"990000002", std::string(kHelp), "Acme Help", 12'000, born}};
}

// An everyday post in the form of its platform.
Post Scenario::draft(Random& random, Place place, WallTime at) {
    Post post;
    post.created_at = at;
    post.author = author(random, place, random.chance(0.5));
    post.text = everyday_phrase(random);
    post.lang = "en";
    post.metrics.likes = static_cast<std::int64_t>(random.poisson(2.0));
    auto const& threads = threads_[place];
    bool const answers = !threads.empty() && random.chance(place == kFacebook ? 0.7 : 0.25);
    if (place == kFacebook) {
        post.place = answers ? "comments" : random.chance(0.5) ? "visitor_posts" : "tagged";
        post.kind = answers ? MentionKind::comment : MentionKind::post;
    } else if (answers) {
        post.kind = MentionKind::reply;
        if (place == kBluesky) post.text = "@acme.example " + post.text;
        if (place != kJson && place != kBluesky) post.text = "@acme " + post.text;
    }
    if (answers) {
        // The crisis has its origin to itself: what is everyday stays under older posts.
        post.in_reply_to = threads[random.below(threads.size())];
        post.conversation = post.in_reply_to;
    }
    if (place == kMastodon) post.text += random.chance(0.6) || !answers ? " #acme" : "";
    return post;
}

// Gives the post its id and the moment from which its platform shows it.
void Scenario::finish(Place place, Random& random, Post post) {
    post.platform = platform_name(place);
    post.stream = std::string(kBrand) + "-" + post.platform;
    std::string const number = std::to_string(100'000 + minter_.plain());
    switch (place) {
        case kX:
            post.id = minter_.x(post.created_at);
            post.visible_at = post.created_at + seconds{10} + some_ms(random, seconds{5});
            break;
        case kMastodon:  // listed under the id of its arrival
            post.ordered_at = post.created_at + some_ms(random, seconds{4});
            post.visible_at = post.ordered_at;
            post.id = minter_.mastodon(post.ordered_at);
            break;
        case kFacebook:
            post.visible_at = post.created_at + seconds{3} + some_ms(random, seconds{20});
            post.id = (post.place == "comments"
                           ? post.conversation.substr(post.conversation.find('_') + 1)
                       : post.place == "tagged" ? post.author.id
                                                : std::string(kPage)) +
                      "_" + number;
            break;
        case kBluesky:
            post.visible_at = post.created_at + seconds{1} + some_ms(random, seconds{5});
            post.id = "at://" + post.author.id + "/app.bsky.feed.post/3k" + number;
            break;
        default:
            post.visible_at = post.created_at + some_ms(random, seconds{2});
            post.id = "item-" + number;
    }
    book(place).append(std::move(post));
}

PostBook& Scenario::book(Place place) {
    std::array<PostBook*, kPlaces> const all = {&books_.x, &books_.facebook, &books_.mastodon,
                                                &books_.json, &books_.bluesky};
    return *all[place];
}

// Twice a day, at 09:05 and 15:05; none once the crisis is near.
void Scenario::own_posts(WallTime start) {
    auto const of_day =
        duration_cast<minutes>(start - std::chrono::floor<std::chrono::days>(start));
    if (of_day != minutes{9 * 60 + 5} && of_day != minutes{15 * 60 + 5}) return;
    if (start > options_.now - hours{1}) return;
    for (Place const place : {kX, kFacebook, kMastodon, kBluesky}) {
        Random& random = chatter_[place].random;
        Post post;
        post.created_at = start + seconds{7};
        post.own = true;
        post.author = own_author(place, false);
        post.text = own_phrase(random) + (place == kMastodon ? " #acme" : "");
        post.lang = "en";
        post.place = place == kFacebook ? "posts" : "";
        post.metrics.likes = 40;
        finish(place, random, std::move(post));
        auto const page = book(place).newest(Listing(start + hours{1}), 0, 1);
        auto& threads = threads_[place];
        threads.insert(threads.begin(), page.posts.front()->id);
        if (threads.size() > kThreads) threads.pop_back();
    }
}

void Scenario::begin_crisis() {
    Post post;
    post.created_at = crisis_began_;
    post.id = origin_ = minter_.x(crisis_began_);
    post.visible_at = crisis_began_ + seconds{12};
    post.platform = "x";
    post.stream = std::string(kBrand) + "-x";
    post.own = true;
    post.author = own_author(kX, false);
    post.text = kOriginText;
    post.lang = "en";
    post.conversation = origin_;
    books_.x.append(std::move(post));
}

double Scenario::crisis_rate(WallTime at) const {
    if (crisis_began_ == kNoTime || at < crisis_began_) return 0;
    double const doubling =
        std::chrono::duration<double, std::ratio<60>>(options_.doubling).count();
    auto const grown = [&](WallTime t) {
        double const age = minutes_between(crisis_began_, t);
        double const full = std::log2(options_.crisis_most / options_.crisis_first) * doubling;
        if (age <= full) return options_.crisis_first * std::exp2(age / doubling);
        double const past = age - full - static_cast<double>(kHeight.count());
        return past <= 0 ? options_.crisis_most
                         : options_.crisis_most * std::exp2(-past / kEbbHalf);
    };
    if (answered_at_ == kNoTime || at < answered_at_) return grown(at);
    return grown(answered_at_) * std::exp2(-minutes_between(answered_at_, at) / kAnsweredHalf);
}

void Scenario::crisis_minute(WallTime start) {
    if (origin_.empty()) begin_crisis();
    WallTime const from = std::max(start, crisis_began_);
    WallTime const end = start + detectors::kMinute;
    double const share = minutes_between(from, end);
    double const expected = crisis_rate(from + (end - from) / 2) * share;
    std::uint64_t const n = crisis_random_.poisson(expected);
    std::vector<WallTime> times;
    for (std::uint64_t i = 0; i < n; ++i)
        times.push_back(from + some_ms(crisis_random_, end - from));
    std::sort(times.begin(), times.end());
    for (WallTime const at : times) crisis_post(at);
    if (options_.spill_after.count() == 0 || start < crisis_began_ + options_.spill_after) return;
    std::uint64_t const spilt = crisis_random_.poisson(expected * kSpillShare);
    for (std::uint64_t i = 0; i < spilt; ++i)
        spill(start + some_ms(crisis_random_, detectors::kMinute));
}

// Nearly everyone writes once; half answer the origin, a third quote it, the rest just talk of it.
void Scenario::crisis_post(WallTime at) {
    Random& random = crisis_random_;
    Post post;
    post.created_at = at;
    post.author = author(random, kX, random.chance(0.95));
    post.text = complaint_phrase(random);
    post.lang = "en";
    double const way = random.unit();
    if (way < 0.55) {
        post.kind = MentionKind::reply;
        post.in_reply_to = post.conversation = origin_;
    } else if (way < 0.85) {
        post.kind = MentionKind::quote;
        post.quotes = origin_;
    }
    finish(kX, random, std::move(post));
    ++crisis_posts_;
}

void Scenario::spill(WallTime at) {
    Post post;
    post.created_at = at;
    post.author = author(crisis_random_, kMastodon, true);
    post.text = complaint_phrase(crisis_random_) + " #acme";
    post.lang = "en";
    finish(kMastodon, crisis_random_, std::move(post));
}

std::string Scenario::answer(WallTime now) {
    if (origin_.empty() || answered_at_ != kNoTime) return "";
    answered_at_ = now;
    Post post;
    post.created_at = now;
    post.id = minter_.x(now);
    post.visible_at = now + seconds{10};
    post.platform = "x";
    post.stream = std::string(kBrand) + "-x";
    post.kind = MentionKind::reply;
    post.own = true;
    post.author = own_author(kX, true);
    post.text = kAnswerText;
    post.lang = "en";
    post.in_reply_to = post.conversation = origin_;
    std::string const id = post.id;
    books_.x.append(std::move(post));
    return id;
}

}  // namespace surged::daemon::demo
