// What the public said, what we said, and who waits: the texts, as far as they are still kept.
#include "detectors/desk_text.h"
#include "exporters/receivers/text.h"
#include "exporters/report/document.h"
#include "exporters/report/facts.h"
#include "exporters/report/figures.h"

#include <algorithm>

namespace surged::exporters {

using detectors::clock_time;
using detectors::Event;
using detectors::EventName;
using detectors::kNoTime;

namespace {

std::string tone_share(ReportTone const& tone) {
    if (tone.judged == 0) return "none could be judged";
    return percent(double(tone.negative) / double(tone.judged)) + " negative (" +
           figure(double(tone.negative)) + " of " + figure(double(tone.judged)) + " judged)";
}

Text tone_words(ReportPeople const& people) {
    Text text;
    text.say("Tone before our first answer: " + tone_share(people.before) +
             "; after it: " + tone_share(people.after) + ". ");
    auto const turn = tone_turn(people.before, people.after);
    if (!turn) return text.strong("Too few to say whether the answer turned it.");
    if (*turn < 0) return text.strong("The tone turned after the answer.");
    return text.strong(*turn > 0 ? "The tone did NOT fall: it rose after the answer."
                                 : "The tone did NOT fall: no change beyond chance.");
}

Text person_text(ReportPerson const& person, std::string const& why, detectors::WallTime beside) {
    Text text;
    if (!person.first.author.empty())
        text.foreign(brief(person.first.author, 100));
    else
        text.say(person.first.erased ? "name erased" : "somebody without a name");
    text.say(" on ").foreign(platform_name(person.first.platform)).say(": " + why + ". First, ");
    text.say(clock_time(person.first.at, beside));
    if (!web_link(person.first.url).empty()) text.say(" (").link("open", person.first.url).say(")");
    if (!person.first.text.empty())
        text.say(": ").foreign("\xE2\x80\x9C" + brief(person.first.text, 280) + "\xE2\x80\x9D");
    return text;
}

std::string hit_words(ReportPerson const& p) {
    std::string out = plural(p.mentions, "mention", "mentions");
    if (p.questions > 0) out += ", " + plural(p.questions, "question", "questions");
    if (p.angry > 0) out += ", " + std::to_string(p.angry) + " angry";
    if (p.echoes > 0) out += ", " + plural(p.echoes, "echo", "echoes");
    return out;
}

}  // namespace

Section themes(ReportInput const& in) {
    Section out{"themes", "What they said", {}};
    ReportThemes const& t = in.themes;
    if (t.read == 0) {
        out.paragraph(t.erased ? "Every text of it is erased: keep_mentions is over, or somebody "
                                 "had them forgotten. What was said is not known any more."
                               : "No text of it is kept.");
        return out;
    }
    if (t.groups.empty()) {
        out.paragraph("No text was copied by several people.");
    } else {
        std::vector<Text> items;
        for (ReportTheme const& g : t.groups) {
            Text item;
            item.strong(percent(g.share) + " say the same")
                .say(", " + figure(double(g.copies)) + " near copies: ");
            if (g.first.erased || g.first.text.empty())
                item.say(kErased);
            else
                item.foreign("\xE2\x80\x9C" + brief(g.first.text, 280) + "\xE2\x80\x9D");
            if (!web_link(g.first.url).empty())
                item.say(" (").link("the first", g.first.url).say(")");
            items.push_back(std::move(item));
        }
        out.list(std::move(items));
    }
    if (t.terms.empty()) {
        out.paragraph("No word rose against the week before.");
    } else {
        out.paragraph("Words that rose against the week before:");
        std::vector<std::vector<Text>> rows;
        for (auto const& term : t.terms)
            rows.push_back(
                {Text().foreign(brief(term.term, 100)), percent(term.share), percent(term.usual)});
        out.table({"Word", "In its texts", "Usually"}, std::move(rows));
    }
    out.paragraph("From " + plural(t.read, "text", "texts") + " that " +
                  (t.read == 1 ? "is" : "are") + " still kept, reposts left out" +
                  (t.cut ? "; more are kept than were read." : "."));
    return out;
}

Section most_visible(ReportInput const& in) {
    Section out{"visible", "The most visible posts", {}};
    if (in.visible.empty()) {
        out.paragraph("None is known.");
        return out;
    }
    std::vector<Text> items;
    for (ReportPost const& post : in.visible) items.push_back(post_text(post, in.incident.onset));
    out.list(std::move(items));
    return out;
}

Section our_answers(ReportInput const& in) {
    Section out{"answers", "What we said, and how it was taken", {}};
    auto const answers = answers_of(in);
    if (answers.empty()) {
        out.paragraph(Text().strong("We gave no public answer that is known here."));
    } else {
        std::vector<std::vector<Text>> rows;
        for (ReportAnswer const& a : answers) {
            Text link;
            if (web_link(a.link).empty())
                link.say("no link");
            else
                link.link(a.link, a.link, true);
            rows.push_back(
                {clock_time(a.at, in.incident.onset), Text().foreign(platform_name(a.platform)),
                 a.full ? "full answer" : "first answer",
                 a.by.empty() ? Text("seen on the platform") : Text().foreign(brief(a.by, 100)),
                 std::move(link)});
        }
        out.table({"When", "Platform", "What", "Who said so", "Link"}, std::move(rows));
    }
    if (in.incident.drill) return out;
    if (!in.people.known)
        out.paragraph("How the tone went is not known.");
    else if (in.people.answer == kNoTime)
        out.paragraph("Tone: " + tone_share(in.people.before) +
                      ". There is no answer to part it by.");
    else
        out.paragraph(tone_words(in.people));
    return out;
}

Section left_unanswered(ReportInput const& in) {
    Section out{"unanswered", "Unanswered", {}};
    ReportPeople const& p = in.people;
    if (!p.known) {
        out.paragraph("Who asked and who was answered is not known.");
        return out;
    }
    Text lead;
    if (p.questions == 0)
        lead.say("Nobody asked us anything that we know of.");
    else if (p.waiting == 0)
        lead.say("All " + plural(p.questions, "question", "questions") +
                 " got an answer or are not open any more.");
    else
        lead.strong(figure(double(p.waiting)) + " of " +
                    plural(p.questions, "question", "questions") +
                    (p.waiting == 1 ? " waits" : " wait") + " for an answer of ours.");
    lead.say(" We answered " + plural(p.answered, "mention", "mentions") + " in all.");
    out.paragraph(std::move(lead));
    std::vector<Text> items;
    for (ReportPost const& post : p.unanswered) items.push_back(post_text(post, in.incident.onset));
    if (!items.empty()) {
        if (items.size() < p.waiting)
            out.paragraph("The oldest and most visible " + std::to_string(items.size()) + ":");
        out.list(std::move(items));
    }
    std::vector<std::vector<Text>> rows;
    for (ReportWait const& w : p.waits)
        rows.push_back(
            {w.platform.empty() ? Text("all") : Text().foreign(platform_name(w.platform)),
             lasting(w.median)});
    if (rows.empty())
        out.paragraph("No response time is known: none of these got an answer that was seen.");
    else
        out.table({"Platform", "Median response time"}, std::move(rows));
    return out;
}

Section people(ReportInput const& in) {
    Section out{"people", "People to write to", {}};
    if (!in.people.known) {
        out.paragraph("Who was hit hardest and who spoke for us is not known.");
        return out;
    }
    std::vector<Text> hit, friends;
    for (ReportPerson const& p : in.people.affected)
        hit.push_back(person_text(p, hit_words(p), in.incident.onset));
    for (ReportPerson const& p : in.people.advocates)
        friends.push_back(person_text(
            p, plural(p.spoke_well, "friendly mention", "friendly mentions") + " before it began",
            in.incident.onset));
    out.paragraph(hit.empty() ? "Nobody stands out as hit hardest."
                              : "Hit hardest, a word to each:");
    if (!hit.empty()) out.list(std::move(hit));
    out.paragraph(friends.empty() ? "No advocate of ours was seen in it."
                                  : "Advocates who were in it; thank them:");
    if (!friends.empty()) out.list(std::move(friends));
    return out;
}

Section vanished(ReportInput const& in) {
    Section out{"vanished", "What vanished or was edited", {}};
    std::vector<std::vector<Text>> rows;
    std::size_t ours = 0;
    for (Event const& e : in.events) {
        bool const deleted = e.name == EventName::evidence_deleted;
        if (!deleted && e.name != EventName::evidence_edited) continue;
        ours += e.whose == "ours" ? 1 : 0;
        auto const kept = std::find_if(
            in.changed.begin(), in.changed.end(),
            [&](ReportPost const& p) { return p.platform == e.platform && p.id == e.mention; });
        Text post;
        std::string const url = !web_link(e.link).empty()  ? e.link
                                : kept != in.changed.end() ? kept->url
                                                           : "";
        if (!web_link(url).empty())
            post.link(url, url, true);
        else
            post.say("id ").foreign(brief(e.mention, 100));
        Text was;
        if (kept != in.changed.end() && !kept->text.empty())
            was.foreign("\xE2\x80\x9C" + brief(kept->text, 280) + "\xE2\x80\x9D");
        else
            was.say(kept != in.changed.end() && kept->erased ? kErased : "not kept");
        Text whose;
        e.whose == "ours" ? whose.strong("ours") : whose.say("theirs");
        rows.push_back({clock_time(e.at, in.incident.onset), std::move(whose),
                        deleted ? "deleted" : "edited", Text().foreign(platform_name(e.platform)),
                        std::move(post), std::move(was)});
    }
    if (rows.empty()) {
        out.paragraph("Nothing that was watched vanished or was edited.");
        return out;
    }
    out.paragraph(Text()
                      .strong(ours == 0
                                  ? "None of them was ours."
                                  : std::to_string(ours) + " of " + std::to_string(rows.size()) +
                                        (ours == 1 ? " was ours." : " were ours."))
                      .say(" The time is when we saw it gone or changed; it may have happened "
                           "minutes before."));
    out.table({"When", "Whose", "What", "Platform", "Post", "Text, as we kept it"},
              std::move(rows));
    return out;
}

}  // namespace surged::exporters
