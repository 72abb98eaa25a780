#include "daemon/reload.h"

#include <map>
#include <string_view>

namespace surged::daemon {
namespace {

std::map<std::string_view, StreamSettings const*> by_name(Settings const& settings) {
    std::map<std::string_view, StreamSettings const*> out;
    for (auto const& brand : settings.brands)
        for (auto const& stream : brand.streams) out.emplace(stream.name, &stream);
    return out;
}

std::string listen(ServerSettings const& server) {
    bool const v6 = server.host.find(':') != std::string::npos;
    return (v6 ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port);
}

}  // namespace

bool same_source(StreamSettings const& a, StreamSettings const& b) {
    return a.platform == b.platform && a.account == b.account && a.kind == b.kind &&
           a.values.text == b.values.text && a.values.lists == b.values.lists &&
           a.values.pairs == b.values.pairs && a.values.numbers == b.values.numbers;
}

SettingsChange compare(Settings const& old, Settings const& next) {
    SettingsChange out;
    auto const before = by_name(old);
    auto const after = by_name(next);
    for (auto const& brand : next.brands) {
        for (auto const& stream : brand.streams) {
            auto const it = before.find(stream.name);
            if (it == before.end())
                out.added.push_back(stream.name);
            else if (same_source(*it->second, stream))
                out.kept.push_back(stream.name);
            else
                out.changed.push_back(stream.name);
        }
    }
    for (auto const& brand : old.brands)
        for (auto const& stream : brand.streams)
            if (!after.contains(stream.name)) out.removed.push_back(stream.name);
    if (listen(old.server) != listen(next.server))
        out.warnings.push_back("server.listen is now " + listen(next.server) +
                               ": not applied, still " + listen(old.server) + " until a restart");
    if (old.storage.directory != next.storage.directory)
        out.warnings.push_back("storage.directory is now '" + next.storage.directory +
                               "': not applied, still '" + old.storage.directory +
                               "' until a restart");
    return out;
}

}  // namespace surged::daemon
