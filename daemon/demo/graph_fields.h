// The `fields` parameter of the Graph API: names with modifiers and fields of their own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon::demo {

// One of "id,from{id,name},comments.limit(5).summary(total_count){id,message}".
struct GraphField {
    std::string name;
    std::map<std::string, std::string, std::less<>> modifiers;  // limit -> 5
    std::vector<GraphField> fields;
};

// None when the text does not parse: unbalanced, empty name, nested deeper than 4, more than 100.
[[nodiscard]] std::optional<std::vector<GraphField>> parse_graph_fields(std::string_view text);

}  // namespace surged::daemon::demo
