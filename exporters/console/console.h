// The web page of the console, embedded when the program is built.
#pragma once

#include <span>
#include <string_view>

namespace surged::exporters {

struct ConsoleFile {
    std::string_view name;  // "index.html", "main.js"
    std::string_view type;  // for Content-Type
    std::string_view body;
    std::string_view etag;  // of its bytes, with its quotes
};

// The page's own files, and uPlot's where npm was there at build time: without them the page has no
// charts and works all the same.
[[nodiscard]] std::span<ConsoleFile const> console_files();
[[nodiscard]] ConsoleFile const* console_file(std::string_view name);  // null: there is none
[[nodiscard]] bool console_has_charts();

// Nothing from anywhere else, no script or style inside the page, no frame around it.
inline constexpr std::string_view kConsolePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

}  // namespace surged::exporters
