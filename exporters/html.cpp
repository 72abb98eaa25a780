#include "exporters/html.h"

#include "exporters/receivers/chat.h"
#include "exporters/receivers/text.h"

namespace surged::exporters {

std::string html_escaped(std::string_view text) {
    std::string out;
    for (char const c : plain(text)) {
        std::string_view const markup = html_escape(c);
        if (!markup.empty())
            out += markup;
        else if (c == '"')
            out += "&quot;";
        else if (c == '\'')
            out += "&#39;";
        else
            out += c;
    }
    return out;
}

}  // namespace surged::exporters
