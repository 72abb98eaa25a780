#include "daemon/views_people.h"

#include "daemon/kept_texts.h"
#include "daemon/views_composition.h"
#include "detectors/json_writer.h"
#include "exporters/receivers/text.h"

#include <algorithm>

namespace surged::daemon {

using namespace detectors;

namespace {

void put_place(JsonWriter& json, Engine const& engine, MentionPlace const& where) {
    json.object();
    put_kept(json, engine, where.platform, where.stream, where.key, where.at);
}

void put_persons(JsonWriter& json, Engine const& engine, std::vector<Person> const& persons) {
    json.array();
    for (Person const& p : persons) {
        put_place(json, engine, p.first);
        json.field("mentions", std::int64_t{p.mentions})
            .field("questions", std::int64_t{p.questions})
            .field("angry", std::int64_t{p.angry})
            .field("echoes", std::int64_t{p.echoes});
        if (p.spoke_well > 0) json.field("spoke_well_days", std::int64_t{p.spoke_well});
        json.end();
    }
    json.end();
}

void put_share(JsonWriter& json, char const* name, ToneShare const& t) {
    if (t.judged == 0) return;
    json.key(name).object().field("judged", t.judged).field("negative", t.negative);
    json.field("positive", t.positive).end();
}

// The tone until the first answer of the run, and since.
void put_answers(JsonWriter& json, Incident const& incident, People const& people) {
    json.key("answers").object();
    json.field("questions", people.questions());
    json.field("waiting", std::uint64_t{people.waiting()});
    json.field("answered", people.answered());
    if (auto const wait = people.median_wait())
        json.field("median_wait", duration_text(std::chrono::round<std::chrono::seconds>(*wait)));
    WallTime answered = kNoTime;
    for (auto const& [platform, at] : incident.answered)
        answered = answered == kNoTime ? at : std::min(answered, at);
    json.key("tone").object();
    WallTime const until = answered == kNoTime ? WallTime::max() : answered;
    put_share(json, "before", people.tone(WallTime::min(), until));
    if (answered != kNoTime) put_share(json, "after", people.tone(answered, WallTime::max()));
    json.end().end();
}

}  // namespace

void put_kept(JsonWriter& json, Engine const& engine, std::string const& platform,
              std::string const& stream, MentionKey key, WallTime at) {
    json.text_if("platform", platform).field("stream", stream);
    exporters::ReportPost const post = kept_post(engine, platform, stream, key, at);
    json.text_if("id", post.id).text_if("url", post.url).text_if("author", post.author);
    json.text_if("text", exporters::brief(post.text, kExcerpt)).text_if("lang", post.lang);
    if (post.erased && engine.store() != nullptr) json.field("erased", true);
    json.field("at", at);
}

void put_people(JsonWriter& json, Engine const& engine, Incident const& incident, bool whole) {
    People const* const people = whole ? engine.people(incident.id) : nullptr;
    json.key("unanswered").array();
    if (people != nullptr)
        for (Asking const& a : people->unanswered(kPeopleShown)) {
            put_place(json, engine, a.where);
            if (a.audience > 0) json.field("audience", std::int64_t{a.audience});
            if (a.late) json.field("late", true);
            json.end();
        }
    json.end();
    json.key("advocates");
    if (people == nullptr) {
        json.array().end();
        return;
    }
    put_persons(json, engine, people->advocates(kPeopleShown));
    json.key("affected");
    put_persons(json, engine, people->affected(kPeopleShown));
    put_answers(json, incident, *people);
}

}  // namespace surged::daemon
