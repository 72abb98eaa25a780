#include "daemon/commands/init_questions.h"

#include "daemon/pollers/pollers.h"
#include "exporters/receivers/receivers.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace surged::daemon {
namespace {

using config::KeySpec;
using config::KeyType;

constexpr std::string_view kPush = "push";

// What the tables of the readers do not say: an example, what Enter means ("{brand}", "{tag}": the
// brand's name, and without what a hashtag cannot hold), and whether a person is asked although the
// key may be left out. `scope` "" is any.
struct Hint {
    std::string_view scope, key, example, fallback;
    bool ask = false;
    std::string_view unless = {};  // needed where this one is not given: a rule between keys
};
constexpr std::array kHints{
    Hint{"", "own", "acme,acmehelp", "", true},
    Hint{"", "query", "acme", "{brand}"},
    Hint{"x", "user", "acme", "{tag}"},
    Hint{"facebook", "page", "1234567", ""},
    Hint{"facebook", "app_secret_file", "", "", true},
    Hint{"instagram", "user", "17841405309211844", ""},
    Hint{"instagram", "hashtag", "acme", "{tag}"},
    Hint{"mastodon", "base_url", "https://fosstodon.org", "https://mastodon.social"},
    Hint{"mastodon", "access_token_file", "", "", true},
    Hint{"mastodon", "tag", "acme", "{tag}"},
    Hint{"bluesky", "identifier", "acme.example", ""},
    Hint{"bluesky", "actor", "acme.example", ""},
    Hint{"reddit", "client_id", "abc", ""},
    Hint{"reddit", "user_agent", "server:acme-surged:1.0 (by /u/acme)", ""},
    Hint{"reddit", "subreddit", "acme", "{tag}"},
    Hint{"youtube", "channel", "UCacme0000000000000000000", "", true, "video"},
    Hint{"feed", "url", "https://news.example/rss", ""},
    Hint{"feed", "match", "acme,acme corp", "{brand}", true},
    Hint{"json", "base_url", "https://crm.example/api", ""},
    Hint{"json", "bearer_token_file", "", "", true},
    Hint{"json", "path", "/tickets", ""},
    Hint{"json", "items", "/data", "", true},
    Hint{"json", "fields", "id=/id,created_at=/created_at,text=/subject",
         "id=/id,created_at=/created_at,text=/text"},
    Hint{"json", "next.pointer", "/meta/next", "", true},
    Hint{"json", "next.param", "cursor", "", true},
    Hint{"json", "since.param", "updated_since", "", true},
    Hint{"push", "platform", "forum", ""},
    Hint{"push", "heartbeat", "5m", "", true},
    Hint{"alertmanager", "urls", "http://am-1:9093,http://am-2:9093", "http://127.0.0.1:9093"},
    Hint{"webhook", "url", "https://pages.example/surged", ""},
    Hint{"webhook", "secret_file", "", "", true},
    Hint{"slack", "url_file", "", "", true, "bot_token_file"},
    Hint{"telegram", "chat_id", "-1001234567890", ""},
    Hint{"ntfy", "topic", "acme-oncall-5Yd3kQ", ""},
    Hint{"email", "smarthost", "smtp.example:587", ""},
    Hint{"email", "from", "surged@acme.example", ""},
    Hint{"email", "to", "crisis@acme.example", ""},
    Hint{"email", "username", "surged", "", true},
    Hint{"email", "password_file", "", "", true},
    Hint{"exec", "command", "/usr/local/bin/page,--loud", ""},
};

constexpr std::array kPushKeys{
    KeySpec{"platform", KeyType::text, true, "where they come from, in a word"},
    KeySpec{"heartbeat", KeyType::duration, false, "blind when nothing came for so long"},
};
constexpr KeySpec kOwn{"own", KeyType::texts, false,
                       "our own handles or ids there: their posts are answers, never mentions"};
constexpr KeySpec kBaseUrl{"base_url", KeyType::url, false, "of the server"};
constexpr KeySpec kNeededUrl{"base_url", KeyType::url, true, "of the server"};
constexpr KeySpec kCaFile{"ca_file", KeyType::file, false, "trusted instead of the system's CAs"};

std::string without(std::string_view text, bool (*allowed)(char)) {
    std::string out;
    for (char const c : text)
        if (allowed(c)) out += c;
    return out;
}

std::string filled(std::string_view fallback, std::string const& brand) {
    if (fallback == "{brand}") return brand;
    if (fallback == "{tag}")
        return without(brand, [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
        });
    return std::string(fallback);
}

Question question(std::string scope, std::string_view name, KeySpec const& key,
                  std::string const& brand) {
    Question out;
    out.scope = std::move(scope);
    out.key = &key;
    // "next.param" is required inside its mapping, which itself may be left out.
    out.required = key.required && key.name.find('.') == std::string_view::npos;
    out.asked = out.required;
    if (key.type == KeyType::secret)
        out.example = "/etc/surged/secrets/" + std::string(name) + "-" +
                      std::string(key.name.substr(0, key.name.rfind("_file")));
    for (Hint const& hint : kHints) {
        if (hint.key != key.name || (!hint.scope.empty() && hint.scope != name)) continue;
        // "Only there", "only those that hold it": what may be left out has no fallback, unless
        // it is asked for.
        if (out.required || hint.ask) out.fallback = filled(hint.fallback, brand);
        if (!hint.example.empty()) out.example = hint.example;
        out.asked = out.asked || hint.ask;
        out.unless = hint.unless;
        out.required = out.required || !hint.unless.empty();
        break;
    }
    if (out.example.empty() && !key.choices.empty()) out.example = key.choices;
    return out;
}

}  // namespace

std::vector<std::string_view> source_names() {
    std::vector<std::string_view> out;
    for (auto const& row : platforms()) out.push_back(row.name);
    out.push_back(kPush);
    return out;
}

std::vector<std::string_view> receiver_names() {
    std::vector<std::string_view> out;
    for (auto const& row : exporters::receiver_rows()) out.push_back(row.type);
    return out;
}

std::vector<std::string_view> kind_names(std::string_view name) {
    std::vector<std::string_view> out;
    if (PlatformRow const* const row = platform(name))
        for (KindRow const& kind : row->kinds) out.push_back(kind.name);
    return out;
}

Source parse_source(std::string_view word) {
    Source out;
    auto const colon = word.find(':');
    out.platform = word.substr(0, colon);
    if (colon != std::string_view::npos) out.kind = word.substr(colon + 1);
    auto const kinds = kind_names(out.platform);
    if (out.platform == kPush) {
        if (out.kind.empty()) out.kind = kPush;
        if (out.kind != kPush) out.fault = "push has no kinds";
    } else if (kinds.empty()) {
        out.fault = "'" + out.platform + "' is no platform" +
                    config::did_you_mean(out.platform, source_names());
    } else if (out.kind.empty()) {
        out.kind = kinds.front();
    } else if (std::find(kinds.begin(), kinds.end(), out.kind) == kinds.end()) {
        out.fault = out.platform + " has no kind '" + out.kind + "'" +
                    config::did_you_mean(out.kind, kinds);
    }
    return out;
}

std::vector<Question> account_questions(Source const& source, std::string const& brand) {
    std::vector<Question> out;
    PlatformRow const* const row = platform(source.platform);
    if (row == nullptr) return out;
    auto const add = [&](KeySpec const& key) {
        out.push_back(question(source.platform, source.platform, key, brand));
    };
    bool const feed = source.platform == "feed";  // its streams hold whole URLs
    if (!feed) add(row->base_url.empty() ? kNeededUrl : kBaseUrl);
    for (KeySpec const& key : row->account_keys) {
        add(key);
        // What its own rules ask for beyond the table: a token for all but hashtags.
        if (source.platform == "mastodon" && source.kind != "tag" &&
            key.name == "access_token_file")
            out.back().required = true;
    }
    if (!feed) add(kCaFile);
    if (!feed && source.platform != "json") add(kOwn);
    return out;
}

std::vector<Question> stream_questions(Source const& source, std::string const& brand) {
    std::vector<Question> out;
    PlatformRow const* const row = platform(source.platform);
    KindRow const* const kind = row == nullptr ? nullptr : kind_of(*row, source.kind);
    for (KeySpec const& key : kind == nullptr ? std::span<KeySpec const>(kPushKeys) : kind->keys)
        out.push_back(question(source.scope(), source.platform, key, brand));
    return out;
}

std::vector<Question> receiver_questions(std::string_view type, std::string const& brand) {
    std::vector<Question> out;
    if (auto const* const row = exporters::receiver_row(type))
        for (KeySpec const& key : row->keys)
            out.push_back(question(std::string(type), type, key, brand));
    return out;
}

}  // namespace surged::daemon
