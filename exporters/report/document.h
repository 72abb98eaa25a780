// A report between its facts and its formats: sections of paragraphs, lists, tables and charts, so
// that each is worded once. For exporters/report*.cpp.
#pragma once

#include "exporters/chart.h"
#include "exporters/report.h"

#include <string>
#include <string_view>
#include <vector>

namespace surged::exporters {

// A piece of a line. `foreign`: not our words (a post, a name, a note): nothing in it may look like
// markup, mention somebody, or become a link by itself.
struct Span {
    std::string text;
    std::string link;  // http or https, else no link
    bool foreign = false, strong = false;
};

class Text {
public:
    Text() = default;
    Text(std::string_view own) { say(own); }    // NOLINT: a sentence is a text
    Text(char const* own) { say(own); }         // NOLINT
    Text(std::string const& own) { say(own); }  // NOLINT
    Text& say(std::string_view own) { return add({std::string(own), "", false, false}); }
    Text& strong(std::string_view own) { return add({std::string(own), "", false, true}); }
    Text& foreign(std::string_view theirs) { return add({std::string(theirs), "", true, false}); }
    // Only the label, where the address is none of the web's.
    Text& link(std::string_view label, std::string_view url, bool foreign_label = false);

    [[nodiscard]] bool empty() const { return spans_.empty(); }
    [[nodiscard]] std::vector<Span> const& spans() const { return spans_; }

private:
    Text& add(Span span) {
        if (!span.text.empty()) spans_.push_back(std::move(span));
        return *this;
    }
    std::vector<Span> spans_;
};

struct Block {
    enum class Kind { paragraph, list, table, chart } kind = Kind::paragraph;
    Text text;                            // of a paragraph
    std::vector<Text> items;              // of a list
    std::vector<std::string> head;        // of a table
    std::vector<std::vector<Text>> rows;  // each as wide as `head`
    Chart chart;
};

struct Section {
    std::string id, title;
    std::vector<Block> blocks;

    void paragraph(Text text);
    void list(std::vector<Text> items);
    void table(std::vector<std::string> head, std::vector<std::vector<Text>> rows);
    void chart(Chart chart);
};

struct Document {
    std::string title, subtitle;  // both may hold names
    std::vector<Section> sections;
};

// "" for what is no http or https address of printable ASCII.
[[nodiscard]] std::string web_link(std::string_view url);

[[nodiscard]] Document document_of(ReportInput const& in);

// The sections, in this order.
[[nodiscard]] Section what_happened(ReportInput const& in);
[[nodiscard]] Section deadlines(ReportInput const& in);
[[nodiscard]] Section curve(ReportInput const& in);
[[nodiscard]] Section size_and_rank(ReportInput const& in);
[[nodiscard]] Section who_spoke(ReportInput const& in);
[[nodiscard]] Section themes(ReportInput const& in);
[[nodiscard]] Section most_visible(ReportInput const& in);
[[nodiscard]] Section our_answers(ReportInput const& in);
[[nodiscard]] Section left_unanswered(ReportInput const& in);
[[nodiscard]] Section people(ReportInput const& in);
[[nodiscard]] Section vanished(ReportInput const& in);
[[nodiscard]] Section checklist(ReportInput const& in);
[[nodiscard]] Section promotion(ReportInput const& in);
[[nodiscard]] Section seen_before(ReportInput const& in);
[[nodiscard]] Section verdict(ReportInput const& in);
[[nodiscard]] Section timeline(ReportInput const& in);
[[nodiscard]] Section not_known(ReportInput const& in);

// "kim on X, 12:04 UTC, reach 120,000: “text” (open)"; what is erased says so.
[[nodiscard]] Text post_text(ReportPost const& post, detectors::WallTime beside);
// Of a table: entries beyond it are left out in the middle, and counted.
inline constexpr std::size_t kTimelineRows = 600;
inline constexpr std::string_view kErased = "text erased";

}  // namespace surged::exporters
