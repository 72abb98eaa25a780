#include "daemon/mention_body.h"

#include "detectors/json_writer.h"

namespace surged::daemon {

using namespace detectors;

std::string mention_body(Mention const& m, std::string const& platform, WallTime at, WallTime now) {
    JsonWriter json;
    json.object().field("id", m.id).field("platform", platform).field("created_at", at);
    json.field("seen_at", m.seen_at == kNoTime ? now : m.seen_at).field("kind", to_string(m.kind));
    if (!m.author.id.empty() || !m.author.handle.empty()) {
        json.key("author").object().text_if("id", m.author.id).text_if("handle", m.author.handle);
        if (m.author.followers >= 0) json.field("followers", m.author.followers);
        json.time_if("created_at", m.author.created_at).end();
    }
    json.text_if("text", m.text).text_if("lang", m.lang).text_if("url", m.url);
    json.text_if("in_reply_to", m.in_reply_to).text_if("quotes", m.quotes);
    json.text_if("reposts", m.reposts).text_if("conversation", m.conversation);
    if (m.reach >= 0) json.field("reach", m.reach);
    json.end();
    return json.take();
}

}  // namespace surged::daemon
