#include "config/values.h"

#include <algorithm>

namespace surged::config {
namespace {

// No key of a platform or receiver that is a duration means more than a year.
constexpr std::chrono::seconds kLongest{366 * 86400};
constexpr std::chrono::seconds kLeast{1};
constexpr std::int64_t kIntegerMax = 1'000'000'000'000;

std::vector<std::string_view> split_choices(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        auto const end = std::min(text.find('|'), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

void read_text(Section& section, std::string const& key, KeySpec const& spec, std::string& out) {
    if (spec.choices.empty()) {
        out = spec.required ? section.required_text(key) : section.text(key);
        return;
    }
    if (spec.required && !section.has(key)) section.reject("", "missing key '" + key + "'");
    out = section.choice(key, split_choices(spec.choices), {});
}

// `key` is how the section calls it, spec.name how Values does.
void read_key(Section& section, std::string const& key, KeySpec const& spec, Values& out) {
    section.know(key);
    if (!section.has(key) && !spec.required) return;
    std::string const name(spec.name);
    switch (spec.type) {
        case KeyType::text: read_text(section, key, spec, out.text[name]); return;
        case KeyType::url: out.text[name] = section.url(key, spec.required); return;
        case KeyType::secret: out.secrets[name] = section.secret(key, spec.required); return;
        case KeyType::file: out.text[name] = section.file(key, spec.required, false); return;
        case KeyType::duration:
            out.numbers[name] = section.duration(key, kLeast, kLongest, kLeast).count();
            break;
        case KeyType::integer: out.numbers[name] = section.integer(key, 0, kIntegerMax, 0); break;
        case KeyType::boolean: out.numbers[name] = section.boolean(key, false) ? 1 : 0; break;
        case KeyType::texts: out.lists[name] = section.texts(key); break;
        case KeyType::urls: out.lists[name] = section.urls(key); break;
        case KeyType::pairs: out.pairs[name] = section.pairs(key); break;
    }
    if (!section.has(key)) {
        section.reject("", "missing key '" + key + "'");
    } else if (spec.required && (spec.type == KeyType::texts || spec.type == KeyType::urls) &&
               out.lists[name].empty() && section.is_list(key)) {
        section.reject(key, "must not be empty");
    }
}

}  // namespace

bool Values::has(std::string_view key) const {
    return text.contains(key) || lists.contains(key) || pairs.contains(key) ||
           secrets.contains(key) || numbers.contains(key);
}

std::string Values::get(std::string_view key, std::string fallback) const {
    auto const it = text.find(key);
    return it == text.end() ? std::move(fallback) : it->second;
}

std::string Values::secret(std::string_view key) const {
    auto const it = secrets.find(key);
    return it == secrets.end() ? std::string{} : it->second.value;
}

std::int64_t Values::number(std::string_view key, std::int64_t fallback) const {
    auto const it = numbers.find(key);
    return it == numbers.end() ? fallback : it->second;
}

bool Values::reload_secrets() {
    bool changed = false;
    for (auto& [key, secret] : secrets) changed |= secret.reload();
    return changed;
}

void read_keys(Section& section, std::span<KeySpec const> specs, Values& out) {
    for (std::size_t i = 0; i < specs.size();) {
        auto const dot = specs[i].name.find('.');
        if (dot == std::string_view::npos) {
            read_key(section, std::string(specs[i].name), specs[i], out);
            ++i;
            continue;
        }
        auto const parent = specs[i].name.substr(0, dot + 1);
        auto inner = section.child(parent.substr(0, dot));
        for (; i < specs.size() && specs[i].name.starts_with(parent); ++i)
            if (inner) read_key(*inner, std::string(specs[i].name.substr(dot + 1)), specs[i], out);
        if (inner) inner->finish();
    }
}

}  // namespace surged::config
