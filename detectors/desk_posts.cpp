// Who answers the public: our own posts, weighed against the incident's conversations.
#include "detectors/desk.h"
#include "detectors/desk_parts.h"

#include <algorithm>

namespace surged::detectors {
namespace {

bool same(OwnPostSeen const& a, OwnPostSeen const& b) {
    return a.platform == b.platform && a.id == b.id;
}

template <typename Posts>
bool holds(Posts const& posts, OwnPostSeen const& post) {
    return std::any_of(posts.begin(), posts.end(),
                       [&](OwnPostSeen const& p) { return same(p, post); });
}

bool holds_a_tenth(Incident const& incident, std::string const& platform, std::string const& id) {
    auto const table = incident.conversations.find(platform);
    auto const all = incident.mentions.find(platform);
    if (id.empty() || table == incident.conversations.end() || all == incident.mentions.end())
        return false;
    auto const it = table->second.find(id);
    return it != table->second.end() && std::uint64_t{it->second} * 10 >= all->second;
}

}  // namespace

void Desk::apply(IncidentMention const& in) {
    Incident* incident = open_incident(false);
    if (incident == nullptr) return;
    auto const s = std::find_if(incident->streams.begin(), incident->streams.end(),
                                [&](IncidentStream const& i) { return i.name == in.stream; });
    if (s == incident->streams.end()) return;
    incident->mentions[s->platform] += 1;
    if (!in.conversation.empty())
        count_target(incident->conversations[s->platform], in.conversation);
    note_targets(*incident, s->platform, in);
    incident->recheck = true;
}

bool Desk::answers(Incident const& incident, OwnPostSeen const& post) const {
    bool const in_thread =
        !post.in_reply_to.empty() || (!post.conversation.empty() && post.conversation != post.id);
    if (auto const it = incident.origin.find(post.platform);
        it != incident.origin.end() && in_thread && post.id != it->second &&
        (post.in_reply_to == it->second || post.conversation == it->second))
        return true;
    return (in_thread && (holds_a_tenth(incident, post.platform, post.conversation) ||
                          holds_a_tenth(incident, post.platform, post.in_reply_to))) ||
           holds_a_tenth(incident, post.platform, post.quotes);
}

// One of our posts, new or looked at again: the first that answers a platform ends its dead air.
// True when that was said: as the clock.met of a respond clock.
bool Desk::weigh(Incident& incident, OwnPostSeen& post, WallTime now, std::vector<Notice>& out) {
    // Nothing that was said before the public of that platform asked is an answer to it.
    auto const asked = incident.asked.find(post.platform);
    if (post.answers || asked == incident.asked.end() || post.at < asked->second ||
        !answers(incident, post))
        return false;
    post.answers = true;
    if (incident.answered.contains(post.platform)) return false;
    Event word = event(incident, EventName::incident_responded, now);
    word.platform = post.platform;
    word.mention = post.id;
    word.whose = "ours";
    word.link = post.url;
    bool const met = answer(incident, post.platform, word, post.at, out);
    say_responded(incident, word, out);
    return met;
}

void Desk::propose(Incident& incident, OwnPostSeen post, WallTime now, std::vector<Notice>& out) {
    if (post.at < incident.answers_from || holds(incident.own_posts, post)) return;
    bool const full = incident.own_posts.size() >= Incident::kOwnPosts;
    bool const met = weigh(incident, post, now, out);
    if (!full) incident.own_posts.push_back(post);
    if (met || full) return;
    Event e = event(incident, EventName::incident_own_post, now);
    e.platform = post.platform;
    e.mention = post.id;
    e.whose = "ours";
    e.link = post.url;
    say(incident, std::move(e), out);
}

void Desk::apply(OwnPost const& in, WallTime now, std::vector<Notice>& out) {
    advance(now, out);
    OwnPostSeen post{in.platform, in.id,          in.url,    in.at,
                     false,       in.in_reply_to, in.quotes, in.conversation};
    if (!holds(recent_, post)) remember(post);
    Incident* incident = open_incident(false);
    if (incident == nullptr) return;
    find_origin(*incident, in.platform);
    say_origin(*incident, in.platform, now, out);
    propose(*incident, std::move(post), now, out);
    advance(now, out);
}

// Posts from between the onset and the page, seen before there was an incident.
void Desk::take_recent_posts(Incident& incident, WallTime now, std::vector<Notice>& out) {
    if (incident.drill) return;
    for (auto const& [platform, n] : incident.mentions) find_origin(incident, platform);
    for (OwnPostSeen const& post : recent_) propose(incident, post, now, out);
}

void Desk::recheck(Incident& incident, WallTime now, std::vector<Notice>& out) {
    incident.recheck = false;
    for (auto const& [platform, n] : incident.mentions) {
        if (incident.answered.contains(platform)) continue;
        find_origin(incident, platform);
        say_origin(incident, platform, now, out);
    }
    for (OwnPostSeen& post : incident.own_posts)
        if (post.at >= incident.answers_from && !incident.answered.contains(post.platform))
            weigh(incident, post, now, out);
}

// The public of this platform has had a word from us. True when a respond clock was met by it.
bool Desk::answer(Incident& incident, std::string const& platform, Event const& word, WallTime when,
                  std::vector<Notice>& out) {
    incident.answered.emplace(platform, when);
    bool const met = meet_clocks(incident, ClockKind::respond, platform, word, when, out);
    watch_acknowledgement(incident);
    return met;
}

// `responded`: every respond clock is met, and somebody did answer.
void Desk::say_responded(Incident& incident, Event const& word, std::vector<Notice>& out) {
    if (incident.state >= IncidentState::responded || incident.answered.empty() ||
        has_open(incident, ClockKind::respond))
        return;
    incident.state = IncidentState::responded;
    Event e = word;
    e.name = EventName::incident_responded;
    e.clocks = views(incident);
    say(incident, std::move(e), out);
}

}  // namespace surged::detectors
