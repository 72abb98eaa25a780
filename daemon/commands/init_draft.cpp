#include "daemon/commands/init_draft.h"

#include "daemon/pollers/pollers.h"
#include "daemon/settings.h"
#include "detectors/event.h"
#include "exporters/receivers/text.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace surged::daemon {
namespace {

using config::KeyType;

constexpr std::size_t kComment = 40;  // the column where comments begin, if the value leaves room

// Plain where YAML reads the same text, else in double quotes.
std::string scalar(std::string_view text) {
    bool plain = !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0;
    plain = plain || text.starts_with('/');
    for (char const c : text)
        plain = plain && (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                          std::string_view("/._-@").find(c) != std::string_view::npos);
    std::string lower(text);
    for (char& c : lower) c = char(std::tolower(static_cast<unsigned char>(c)));
    for (char const* const word : {"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
        plain = plain && lower != word;
    if (plain) return std::string(text);
    // A query with phrases reads better so; nothing is escaped there.
    bool const phrases = text.find('"') != std::string_view::npos &&
                         text.find_first_of("'\n\r\t") == std::string_view::npos;
    if (phrases) return "'" + std::string(text) + "'";
    std::string out = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "\"";
}

std::vector<std::string> parts(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        auto const end = std::min(text.find(','), text.size());
        auto part = text.substr(0, end);
        while (part.starts_with(' ')) part.remove_prefix(1);
        while (part.ends_with(' ')) part.remove_suffix(1);
        if (!part.empty()) out.emplace_back(part);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string value(KeyType type, std::string const& text) {
    switch (type) {
        case KeyType::integer:
        case KeyType::boolean:
        case KeyType::duration: return text;
        case KeyType::texts:
        case KeyType::urls: {
            std::string out;
            for (auto const& part : parts(text)) out += (out.empty() ? "" : ", ") + scalar(part);
            return "[" + out + "]";
        }
        case KeyType::pairs: {
            std::string out;
            for (auto const& part : parts(text)) {
                auto const equals = part.find('=');
                out += (out.empty() ? " " : ", ") + part.substr(0, equals) + ": " +
                       scalar(equals == std::string::npos ? "" : part.substr(equals + 1));
            }
            return "{" + out + " }";
        }
        default: return scalar(text);
    }
}

class Writer {
public:
    explicit Writer(Draft const& draft) : d_(draft) {}

    std::string write(std::map<std::string, detectors::Policy> const& policies) {
        out_ =
            "# Written by `surged init`. `surged check --config FILE --explain` tells what it "
            "means;\n# the keys are in the README. Secrets stand in files of their own, readable "
            "by surged alone.\n\n";
        line(0, "server:", "");
        line(2, "listen: " + d_.listen, "console and API; beyond loopback it needs tokens and tls");
        line(0, "\nstorage:", "");
        line(2, "directory: " + scalar(d_.storage), "counts, incidents, journal");
        accounts();
        receivers();
        deadlines(policies);
        line(0, "\ndetectors:", "");
        line(2, "default: { type: surge, false_pages: 1 per 7d }",
             "per stream; `surged backtest --report` shows what others would page");
        brand();
        return std::move(out_);
    }

private:
    void line(std::size_t indent, std::string const& text, std::string_view comment) {
        std::string whole = std::string(text.starts_with('\n') ? 0 : indent, ' ') + text;
        if (!comment.empty()) {
            std::size_t const wide = whole.size() - (whole.starts_with('\n') ? 1 : 0);
            whole.append(wide + 2 <= kComment ? kComment - wide : 2, ' ');
            whole += "# " + std::string(comment);
        }
        out_ += whole + "\n";
    }

    [[nodiscard]] std::string const* answer(Question const& q) const {
        auto const it = d_.answers.find({q.scope, std::string(q.key->name)});
        return it == d_.answers.end() ? nullptr : &it->second;
    }

    // "next.pointer" and "next.param" stand in one mapping.
    void keys(std::size_t indent, std::vector<Question> const& questions) {
        std::set<std::string, std::less<>> done;
        for (Question const& q : questions) {
            std::string const* const text = answer(q);
            auto const dot = q.key->name.find('.');
            if (text == nullptr || q.key->name == "own") continue;
            if (dot == std::string_view::npos) {
                line(indent, std::string(q.key->name) + ": " + value(q.key->type, *text),
                     q.key->help);
                continue;
            }
            std::string const outer(q.key->name.substr(0, dot));
            if (!done.insert(outer).second) continue;
            std::string inner;
            for (Question const& other : questions)
                if (answer(other) != nullptr && other.key->name.starts_with(outer + "."))
                    inner += (inner.empty() ? " " : ", ") +
                             std::string(other.key->name.substr(dot + 1)) + ": " +
                             value(other.key->type, *answer(other));
            line(indent, outer + ": {" + inner + " }", q.key->help);
        }
    }

    void accounts() {
        std::set<std::string> done;
        for (Source const& source : d_.sources) {
            if (!needs_account(d_, source) || !done.insert(source.platform).second) continue;
            if (done.size() == 1) line(0, "\naccounts:", "");
            line(2, source.platform + ":", "");
            line(4, "platform: " + source.platform, "");
            keys(4, account_questions(source, d_.brand));
        }
    }

    void receivers() {
        line(0, "\nreceivers:", "");
        for (auto const& type : d_.receivers) {
            line(2, type + ":", "");
            line(4, "type: " + type, "");
            keys(4, receiver_questions(type, d_.brand));
        }
    }

    void deadlines(std::map<std::string, detectors::Policy> const& policies) {
        if (policies.empty()) return;
        line(0,
             "\nresponse_policies:", "acknowledge counts from the page, the others from the onset");
        for (auto const& [name, p] : policies) {
            std::string text;
            auto const add = [&](char const* key, std::optional<std::chrono::seconds> limit) {
                if (limit)
                    text += (text.empty() ? " " : ", ") + std::string(key) + ": " +
                            detectors::duration_text(*limit);
            };
            add("acknowledge", p.acknowledge);
            add("respond", p.respond);
            add("resolve", p.resolve);
            line(2, name + ": {" + text + " }", "");
        }
    }

    void own() {
        std::set<std::string> done;
        std::string text;
        for (Source const& source : d_.sources)
            for (Question const& q : account_questions(source, d_.brand))
                if (q.key->name == "own" && answer(q) != nullptr &&
                    done.insert(source.platform).second)
                    text += (text.empty() ? " " : ", ") + source.platform + ": " +
                            value(q.key->type, *answer(q));
        if (!text.empty())
            line(4, "own: {" + text + " }", "their posts are answers, never mentions");
    }

    void brand() {
        line(0, "\nbrands:", "");
        line(2, "- name: " + scalar(d_.brand), "");
        own();
        line(4, "# plan_url: https://wiki.example/crisis", "stands in every page");
        line(4, "# notify: { opened: [..], breached: [..] }",
             "without it every receiver hears everything");
        line(4, "streams:", "");
        for (Source const& source : d_.sources) {
            line(6, "- name: " + scalar(stream_name(d_, source)), "");
            if (source.platform != "push")
                line(8, (needs_account(d_, source) ? "account: " : "platform: ") + source.platform,
                     "");
            line(8, "kind: " + source.kind, "");
            if (source.platform != "push" && !needs_account(d_, source))
                keys(8, account_questions(source, d_.brand));
            keys(8, stream_questions(source, d_.brand));
        }
    }

    Draft const& d_;
    std::string out_;
};

}  // namespace

std::string stream_name(Draft const& draft, Source const& source) {
    std::string name = draft.brand + "-" + source.platform;
    auto const kinds = kind_names(source.platform);
    if (!kinds.empty() && source.kind != kinds.front()) name += "-" + source.kind;
    return name;
}

bool needs_account(Draft const& draft, Source const& source) {
    PlatformRow const* const row = platform(source.platform);
    if (row == nullptr) return false;
    if (row->needs_account) return true;
    // A stream takes `base_url` itself; anything else is an account's.
    for (Question const& q : account_questions(source, draft.brand))
        if (q.key->name != "own" && q.key->name != "base_url" &&
            draft.answers.contains({q.scope, std::string(q.key->name)}))
            return true;
    return false;
}

std::string draft_yaml(Draft const& draft) {
    // Which deadlines the readers give these streams, from a file without any.
    std::map<std::string, detectors::Policy> used;
    auto const loaded = load_settings_text(Writer(draft).write({}), "init");
    for (auto const& brand : loaded.settings.brands)
        for (auto const& stream : brand.streams)
            if (!stream.policy.name.empty()) used.emplace(stream.policy.name, stream.policy);
    return Writer(draft).write(used);
}

}  // namespace surged::daemon
