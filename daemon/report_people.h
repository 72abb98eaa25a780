// The people's part of a report, from whoever keeps their book.
#pragma once

#include "daemon/kept_texts.h"
#include "detectors/people.h"

#include <algorithm>

namespace surged::daemon {

inline constexpr std::size_t kReportPeople = 10;  // of each list: who reads more writes to nobody

// `answer`: our first public word (kNoTime: none).
// Nothing is copied of the book but what is shown; texts and names come from the store.
inline exporters::ReportPeople report_people(Engine const& engine, detectors::People const& people,
                                             detectors::Incident const& incident, WallTime answer) {
    auto const post = [&](auto const& place) {
        return kept_post(engine, place.platform, place.stream, place.key, place.at);
    };
    exporters::ReportPeople out;
    out.known = !people.empty();
    out.questions = people.questions();
    out.answered = people.answered();
    out.waiting = people.waiting();
    for (auto const& asking : people.unanswered(kReportPeople)) {
        exporters::ReportPost p = post(asking.where);
        if (p.audience == 0) p.audience = asking.audience;
        out.unanswered.push_back(std::move(p));
    }
    std::vector<std::string> platforms;
    for (auto const& s : incident.streams)
        if (std::find(platforms.begin(), platforms.end(), s.platform) == platforms.end())
            platforms.push_back(s.platform);
    if (platforms.size() > 1) platforms.emplace_back();  // and all together
    for (auto const& platform : platforms)
        if (auto const median = people.median_wait(platform))
            out.waits.push_back({platform, *median});
    auto const persons = [&](auto const& list, std::vector<exporters::ReportPerson>& into) {
        for (auto const& p : list)
            into.push_back(
                {post(p.first), p.mentions, p.questions, p.angry, p.echoes, p.spoke_well});
    };
    persons(people.affected(kReportPeople), out.affected);
    persons(people.advocates(kReportPeople), out.advocates);
    auto const tone = [&](WallTime from, WallTime to) {
        auto const t = people.tone(from, to);
        return exporters::ReportTone{t.judged, t.negative, t.positive};
    };
    out.answer = answer;
    WallTime const parted = answer == detectors::kNoTime ? WallTime::max() : answer;
    out.before = tone(incident.onset, parted);
    if (answer != detectors::kNoTime) out.after = tone(answer, WallTime::max());
    return out;
}

}  // namespace surged::daemon
