#include "exporters/console/console.h"

#include <algorithm>

namespace surged::exporters {

ConsoleFile const* console_file(std::string_view name) {
    auto const all = console_files();
    auto const it =
        std::find_if(all.begin(), all.end(), [&](ConsoleFile const& f) { return f.name == name; });
    return it == all.end() ? nullptr : &*it;
}

bool console_has_charts() {
    return console_file("uplot.js") != nullptr;
}

}  // namespace surged::exporters
