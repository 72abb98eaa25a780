// `streams:` of a brand: what is asked, how often, by which rules it is judged.
#include "daemon/pollers/pollers.h"
#include "daemon/settings_reader.h"
#include "daemon/url.h"

#include <algorithm>
#include <array>
#include <set>

namespace surged::daemon {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds kEvery{60};  // unless the platform's floor is higher
constexpr seconds kEveryMax{7 * 86400};
constexpr std::string_view kPush = "push";

// The names of a mention's fields (contract section 4) that `fields` of a json stream may map.
constexpr std::array<std::string_view, 16> kFields{"id",
                                                   "created_at",
                                                   "seen_at",
                                                   "kind",
                                                   "author.id",
                                                   "author.handle",
                                                   "author.followers",
                                                   "author.created_at",
                                                   "text",
                                                   "lang",
                                                   "url",
                                                   "in_reply_to",
                                                   "quotes",
                                                   "reposts",
                                                   "conversation",
                                                   "reach"};

std::vector<std::string_view> platform_names() {
    std::vector<std::string_view> out;
    for (auto const& row : platforms()) out.push_back(row.name);
    return out;
}

// The account of a stream that says `platform:`: one per platform and base_url, under a name that
// no account of the file has.
std::string made_account(Settings& settings, PlatformRow const& row, std::string const& base_url,
                         std::string const& place = {}) {
    std::string name(row.name);
    if (!place.empty()) name += "@" + place;
    if (base_url != row.base_url) {
        auto const scheme = base_url.find("://");
        name += "@" + base_url.substr(scheme == std::string::npos ? 0 : scheme + 3);
    }
    while (settings.accounts.contains(name) && !settings.accounts.at(name).made) name += "@";
    auto& account = settings.accounts[name];
    account.name = name;
    account.platform = row.name;
    account.base_url = base_url;
    account.made = true;
    return name;
}

// A push stream's platform may be in no table: whoever pushes knows it. Only a slip is a fault.
void check_push_platform(config::Section& section, std::string const& name) {
    if (platform(name) != nullptr) return;
    if (!valid_name(name) || name.find(' ') != std::string::npos)
        section.reject("platform", "must be a name of letters, digits, '-', '_' and '.'");
    else if (!config::nearest(name, platform_names()).empty())
        section.reject("platform", "'" + name + "' is no platform" +
                                       config::did_you_mean(name, platform_names()));
}

PlatformRow const* by_account(Reading& reading, config::Section& section, StreamSettings& out) {
    auto const name = section.text("account");
    if (name.empty()) return nullptr;
    auto const& accounts = reading.settings().accounts;
    auto const it = accounts.find(name);
    if (it == accounts.end() || it->second.made) {
        section.reject("account", unknown(name, "no account", accounts));
        return nullptr;
    }
    out.account = name;
    out.platform = it->second.platform;
    if (section.has("base_url")) section.reject("base_url", "belongs to the account");
    return platform(out.platform);
}

PlatformRow const* by_platform(Reading& reading, config::Section& section, StreamSettings& out) {
    out.platform = section.text("platform");
    if (out.platform.empty()) return nullptr;
    if (out.kind == kPush) {
        check_push_platform(section, out.platform);
        return nullptr;
    }
    auto const* const row = platform(out.platform);
    if (row == nullptr) {
        section.reject("platform", "'" + out.platform + "' is no platform" +
                                       config::did_you_mean(out.platform, platform_names()));
        return nullptr;
    }
    if (row->needs_account) {
        section.reject("platform", out.platform + " needs a credential: name an 'account'");
        return row;
    }
    bool const needs_url = row->base_url.empty() && row->name != "feed";
    auto url = section.url("base_url", needs_url, std::string(row->base_url));
    while (url.ends_with('/')) url.pop_back();
    // Feeds have nothing in common: one that asks for patience must not stop the others.
    if (row->name == "feed" && url.empty() && !section.is_list("url")) {
        auto const own = parse_url(section.text("url"));
        out.account = made_account(reading.settings(), *row, url, own ? own->authority() : "");
    } else {
        out.account = made_account(reading.settings(), *row, url);
    }
    return row;
}

// Where the stream comes from. Null for push, and when it cannot be told.
PlatformRow const* read_source(Reading& reading, config::Section& section, StreamSettings& out) {
    bool const account = section.has("account");
    bool const platform = section.has("platform");
    section.know("account");
    section.know("platform");
    section.know("base_url");
    if (account && out.kind == kPush) {
        section.reject("account", "a push stream has no account: say 'platform'");
        return nullptr;
    }
    if (account && platform)
        section.reject("platform", "give 'account' or 'platform', not both");
    else if (!account && !platform)
        section.reject(
            "", out.kind == kPush ? "missing key 'platform'" : "needs 'account' or 'platform'");
    if (account) return by_account(reading, section, out);
    return platform ? by_platform(reading, section, out) : nullptr;
}

KindRow const* read_kind(config::Section& section, PlatformRow const& row,
                         std::string const& kind) {
    if (kind.empty()) return nullptr;
    if (auto const* const found = kind_of(row, kind)) return found;
    std::vector<std::string_view> names;
    for (auto const& k : row.kinds) names.push_back(k.name);
    names.push_back(kPush);
    section.reject("kind", std::string(row.name) + " has no kind '" + kind + "'" +
                               config::did_you_mean(kind, names));
    return nullptr;
}

void check_pointer(config::Section& section, std::string_view key, std::string const& pointer) {
    if (!pointer.empty() && !pointer.starts_with('/'))
        section.reject(key, "must be a JSON Pointer such as /data, got '" + pointer + "'");
}

void check_json(config::Section& section, config::Values const& values) {
    check_pointer(section, "items", values.get("items"));
    if (auto next = section.child("next"))
        check_pointer(*next, "pointer", values.get("next.pointer"));
    auto const read = values.pairs.find("fields");
    auto fields = section.child("fields");
    if (!fields || read == values.pairs.end()) return;
    for (auto const& [name, pointer] : read->second) {
        if (std::find(kFields.begin(), kFields.end(), name) == kFields.end())
            fields->reject_key(name,
                               "'" + name + "' is no field of a mention" +
                                   config::did_you_mean(name, {kFields.begin(), kFields.end()}));
        check_pointer(*fields, name, pointer);
    }
    for (auto const* const name : {"id", "created_at"})
        if (!fields->has(name)) fields->reject("", "missing key '" + std::string(name) + "'");
}

// Rules between the keys of one kind.
void check_keys(Reading& reading, config::Section& section, StreamSettings const& stream) {
    auto const& values = stream.values;
    if (stream.platform == "json") check_json(section, values);
    if (stream.platform == "youtube" && stream.kind == "comments" &&
        values.has("channel") == values.has("video"))
        section.reject(values.has("video") ? "video" : "", "needs either 'channel' or 'video'");
    if (stream.platform == "mastodon" && stream.kind != "tag") {
        auto const account = reading.settings().accounts.find(stream.account);
        if (account != reading.settings().accounts.end() &&
            !account->second.values.has("access_token_file"))
            section.reject("kind",
                           "mastodon shows " + stream.kind +
                               " to a token only: name an 'account' with access_token_file");
    }
}

void read_pace(config::Section& section, seconds floor, StreamSettings& out) {
    auto const usual = std::max(kEvery, floor);
    out.every = section.duration("every", std::max(floor, kSecond), kEveryMax, usual);
    auto const blind = std::max<seconds>(out.every * 3, minutes{5});
    out.blind_after = section.duration("blind_after", out.every, kYear, blind);
}

void read_push_pace(config::Section& section, StreamSettings& out) {
    if (section.has("every"))
        section.reject("every", "a push stream has no 'every': nothing is asked");
    out.heartbeat = section.duration("heartbeat", kSecond, kYear, seconds{0});
    // Without a heartbeat silence cannot be told from absence: never blind.
    out.blind_after = out.heartbeat;
}

void read_exclude(config::Section& section, StreamSettings& out) {
    auto exclude = section.child("exclude");
    if (!exclude) return;
    for (auto const& author : exclude->texts("authors"))
        if (!author.empty())
            out.exclude.authors.insert(lower(author.starts_with('@') ? author.substr(1) : author));
    for (auto const& language : exclude->texts("languages"))
        if (!language.empty()) out.exclude.languages.insert(lower(language));
    for (auto const& word : exclude->texts("words"))
        if (!word.empty()) out.exclude.words.insert(lower(word));
    exclude->finish();
}

void read_policy_name(Reading& reading, config::Section& section, PlatformRow const* row,
                      StreamSettings& out) {
    auto const& policies = reading.settings().policies;
    auto const* const known = row != nullptr ? row : platform(out.platform);
    auto const name =
        section.text("policy", std::string(known == nullptr ? "facebook" : known->policy));
    if (name.empty()) return;
    auto const it = policies.find(name);
    if (it == policies.end())
        section.reject("policy", unknown(name, "no response policy", policies));
    else
        out.policy = it->second;
}

void read_detector_names(Reading& reading, config::Section& section, BrandSettings const& brand,
                         StreamSettings& out) {
    std::vector<std::string> names{"default"};
    if (section.has("detector")) names = section.text_or_list("detector");
    if (names.empty() && section.is_list("detector"))
        section.reject("detector", "must name a detector");
    std::set<std::string> once;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty()) continue;
        auto const it = reading.detectors.find(names[i]);
        if (it == reading.detectors.end()) {
            section.reject_item("detector", i, unknown(names[i], "no detector", reading.detectors));
            continue;
        }
        if (!once.insert(names[i]).second)
            section.reject_item("detector", i, "'" + names[i] + "' is named twice");
        if (it->second.type == "unanswered" && !brand.rules.own.contains(out.platform))
            section.warn_item("detector", i,
                              "'" + names[i] +
                                  "' finds nothing: the brand's 'own' names nobody on " +
                                  out.platform);
        out.detectors.push_back(it->second);
    }
}

StreamSettings read_stream(Reading& reading, config::Section& section, BrandSettings const& brand) {
    StreamSettings out;
    out.name = reading.read_name(section, reading.stream_places, "stream");
    out.brand = brand.rules.name;
    out.kind = section.required_text("kind");
    auto const* const row = read_source(reading, section, out);
    auto const* const kind = row == nullptr ? nullptr : read_kind(section, *row, out.kind);
    if (kind != nullptr) config::read_keys(section, kind->keys, out.values);
    if (out.push())
        read_push_pace(section, out);
    else
        read_pace(section, kind == nullptr ? seconds{0} : kind->floor, out);
    read_policy_name(reading, section, row, out);
    read_detector_names(reading, section, brand, out);
    read_exclude(section, out);
    if (auto const own = brand.rules.own.find(out.platform); own != brand.rules.own.end())
        out.exclude.own = own->second;
    if (kind != nullptr) {
        check_keys(reading, section, out);
        out.built = kind->make != nullptr;
        if (!out.built)
            reading.not_built(section, "kind",
                              "stream '" + out.name + "' (" + out.platform + " " + out.kind + ")");
    }
    if (kind != nullptr || out.push()) section.finish();  // else its keys cannot be known
    return out;
}

}  // namespace

void read_streams(Reading& reading, config::Section& section, BrandSettings& brand) {
    auto streams = section.list("streams");
    if (!section.has("streams"))
        section.reject("", "missing key 'streams'");
    else if (streams.empty() && section.is_list("streams"))
        section.reject("streams", "must hold at least one stream");
    for (auto& item : streams) {
        auto stream = read_stream(reading, item, brand);
        if (!stream.name.empty())
            brand.rules.streams[stream.name] = {stream.platform, stream.policy};
        brand.streams.push_back(std::move(stream));
    }
}

}  // namespace surged::daemon
