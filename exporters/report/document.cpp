#include "exporters/report/document.h"

#include "detectors/desk_text.h"
#include "exporters/receivers/text.h"
#include "exporters/report/figures.h"

#include <algorithm>

namespace surged::exporters {

namespace {
constexpr std::size_t kQuoted = 600;  // bytes of a post: what is said shows in its first lines
constexpr std::size_t kAddress = 2000;
}  // namespace

std::string web_link(std::string_view url) {
    if (!(url.starts_with("https://") || url.starts_with("http://")) || url.size() > kAddress)
        return {};
    bool const clean = std::all_of(url.begin(), url.end(), [](char c) {
        return c > ' ' && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\' && c != '`';
    });
    return clean ? std::string(url) : std::string{};
}

Text& Text::link(std::string_view label, std::string_view url, bool foreign_label) {
    return add({std::string(label), web_link(url), foreign_label, false});
}

void Section::paragraph(Text text) {
    Block block;
    block.text = std::move(text);
    blocks.push_back(std::move(block));
}
void Section::list(std::vector<Text> items) {
    Block block;
    block.kind = Block::Kind::list;
    block.items = std::move(items);
    blocks.push_back(std::move(block));
}
void Section::table(std::vector<std::string> head, std::vector<std::vector<Text>> rows) {
    Block block;
    block.kind = Block::Kind::table;
    block.head = std::move(head);
    block.rows = std::move(rows);
    blocks.push_back(std::move(block));
}
void Section::chart(Chart drawing) {
    Block block;
    block.kind = Block::Kind::chart;
    block.chart = std::move(drawing);
    blocks.push_back(std::move(block));
}

Text post_text(ReportPost const& post, detectors::WallTime beside) {
    Text text;
    if (!post.author.empty()) text.foreign(brief(post.author, 100)).say(" on ");
    std::string where = platform_name(post.platform);
    if (post.author.empty()) where = "On " + where;
    text.foreign(where);
    std::string facts;
    if (post.at != detectors::kNoTime) facts += ", " + detectors::clock_time(post.at, beside);
    if (post.audience > 0)
        facts += post.reach ? ", reach " + figure(double(post.audience))
                            : ", " + plural(std::uint64_t(post.audience), "follower", "followers");
    if (post.echoes > 0)
        facts += ", " + plural(std::uint64_t(post.echoes), "echo", "echoes") + " in the surge";
    text.say(facts + ": ");
    if (post.erased || post.text.empty())
        text.say(post.erased ? kErased : "no text");
    else
        text.foreign("\xE2\x80\x9C" + brief(post.text, kQuoted) + "\xE2\x80\x9D");
    if (!web_link(post.url).empty())
        text.say(" (").link("open", post.url).say(")");
    else if (!post.id.empty())
        text.say(" (id ").foreign(brief(post.id, 100)).say(")");
    return text;
}

Document document_of(ReportInput const& in) {
    Document out;
    out.title = (in.incident.drill ? "DRILL: report of " : "Report of ") + in.incident.id;
    out.subtitle = in.incident.drill ? "A rehearsal" : "A real incident";
    out.subtitle += " of " + in.incident.brand + ", " +
                    std::string(to_string(in.incident.severity)) + ", " +
                    std::string(to_string(in.incident.state));
    if (!in.incident.verdict.empty()) out.subtitle += ", verdict: " + in.incident.verdict;
    out.subtitle += ". Made " + date_time(in.made) + ".";
    // A rehearsal has deadlines and deeds; nobody wrote anything.
    using Part = Section (*)(ReportInput const&);
    std::vector<Part> const rehearsed{what_happened, deadlines, our_answers, checklist,
                                      verdict,       timeline,  not_known};
    std::vector<Part> const real{
        what_happened, deadlines,   curve,           size_and_rank, who_spoke, themes,
        most_visible,  our_answers, left_unanswered, people,        vanished,  checklist,
        promotion,     seen_before, verdict,         timeline,      not_known};
    for (Part const part : in.incident.drill ? rehearsed : real) out.sections.push_back(part(in));
    return out;
}

}  // namespace surged::exporters
