#include "daemon/commands/init.h"

#include "daemon/commands/init_draft.h"
#include "daemon/commands/init_try.h"
#include "daemon/commands/outside.h"
#include "daemon/exit_codes.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <unistd.h>

namespace surged::daemon {
namespace {

std::string joined(std::vector<std::string_view> const& words) {
    std::string out;
    for (auto const word : words) out += (out.empty() ? "" : ", ") + std::string(word);
    return out;
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        auto const end = std::min(text.find_first_of(", "), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

// Answers from flags first, then from a person.
class Interview {
public:
    Interview(InitArguments const& arguments, std::istream* in, std::ostream& out,
              std::ostream& err)
        : arguments_(arguments), in_(in), out_(out), err_(err) {}

    // None: what is missing or wrong was told.
    std::optional<Draft> hold() {
        draft_.brand = arguments_.brand;
        if (!arguments_.storage.empty()) draft_.storage = arguments_.storage;
        if (!arguments_.listen.empty()) draft_.listen = arguments_.listen;
        if (!read_set()) return std::nullopt;
        if (draft_.brand.empty()) draft_.brand = ask_word("Name of the brand", "--brand", "acme");
        sources();
        receivers();
        if (faults_) return std::nullopt;
        for (Source const& source : draft_.sources) {
            take(account_questions(source, draft_.brand));
            take(stream_questions(source, draft_.brand));
        }
        for (auto const& type : draft_.receivers) take(receiver_questions(type, draft_.brand));
        for (auto const& [name, text] : set_)
            if (!used_.contains(name)) fault("--set " + name + ": nothing takes it" + meant(name));
        if (faults_ || ended_) {
            if (ended_) err_ << "\nsurged: the questions were not answered to their end\n";
            return std::nullopt;
        }
        return std::move(draft_);
    }

    // A yes-or-no question; `otherwise` where nobody can be asked.
    bool yes(std::string const& question, bool otherwise) {
        if (in_ == nullptr || !asked_) return otherwise;
        out_ << question << " [Y/n] " << std::flush;
        std::string line;
        if (!std::getline(*in_, line)) return otherwise;
        return line.empty() || line[0] == 'y' || line[0] == 'Y';
    }

private:
    void fault(std::string const& text) {
        err_ << "surged: " << text << "\n";
        faults_ = true;
    }

    bool read_set() {
        for (auto const& item : arguments_.set) {
            auto const equals = item.find('=');
            if (equals == 0 || equals == std::string::npos)
                fault("--set " + item + ": expected NAME.KEY=VALUE");
            else
                set_[item.substr(0, equals)] = item.substr(equals + 1);
        }
        return !faults_;
    }

    // The nearest of the keys that were offered to --set.
    [[nodiscard]] std::string meant(std::string const& name) const {
        std::vector<std::string_view> const all(offered_.begin(), offered_.end());
        return config::did_you_mean(name, all);
    }

    std::optional<std::string> line(std::string const& prompt) {
        asked_ = true;
        out_ << prompt << std::flush;
        std::string text;
        if (!std::getline(*in_, text)) {
            ended_ = true;
            return std::nullopt;
        }
        while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.pop_back();
        while (text.starts_with(' ')) text.erase(0, 1);
        return text;
    }

    std::string ask_word(std::string const& what, std::string const& flag,
                         std::string const& example) {
        while (in_ != nullptr && !ended_) {
            auto const text = line(what + ", such as " + example + ": ");
            if (text && !text->empty()) return *text;
        }
        if (in_ == nullptr) fault("missing " + flag + ": " + what + ", such as " + example);
        return {};
    }

    void sources() {
        auto words = arguments_.platforms;
        bool const by_flags = !words.empty();
        do {
            if (!by_flags)
                words = words_of(ask_word("Platforms to watch (" + joined(source_names()) +
                                              "; PLATFORM:KIND for another kind than its first)",
                                          "--platform", "mastodon,hackernews"));
            draft_.sources.clear();
            bool right = true;
            for (auto const& word : words) {
                Source source = parse_source(word);
                if (!source.fault.empty()) {
                    right = false;
                    by_flags ? fault(source.fault) : void(out_ << "  " << source.fault << "\n");
                }
                draft_.sources.push_back(std::move(source));
            }
            if (right) return;
        } while (!by_flags && in_ != nullptr && !ended_);
    }

    void receivers() {
        draft_.receivers = arguments_.receivers;
        bool const by_flags = !draft_.receivers.empty();
        auto const names = receiver_names();
        do {
            if (!by_flags)
                draft_.receivers = words_of(ask_word("Who is paged (" + joined(names) + ")",
                                                     "--receiver", "pagerduty,slack"));
            bool right = true;
            for (auto const& word : draft_.receivers) {
                if (std::find(names.begin(), names.end(), word) != names.end()) continue;
                right = false;
                std::string const text =
                    "'" + word + "' is no type of receiver" + config::did_you_mean(word, names);
                by_flags ? fault(text) : void(out_ << "  " << text << "\n");
            }
            if (right) return;
        } while (!by_flags && in_ != nullptr && !ended_);
    }

    // "x:search.query", "x.query", "query": the nearest name wins.
    std::string const* given(Question const& q) {
        std::string const key(q.key->name);
        std::string const platform = q.scope.substr(0, q.scope.find(':'));
        std::string const* found = nullptr;
        for (std::string const& name : {q.scope + "." + key, platform + "." + key, key}) {
            offered_.insert(name);
            auto const it = set_.find(name);
            if (it == set_.end()) continue;
            used_.insert(name);
            if (found == nullptr) found = &it->second;
        }
        return found;
    }

    void take(std::vector<Question> const& questions) {
        for (Question const& q : questions) {
            auto const place = std::pair{q.scope, std::string(q.key->name)};
            if (ended_ || !seen_.insert(place).second) continue;
            if (std::string const* const text = given(q)) {
                draft_.answers[place] = *text;
                continue;
            }
            bool const needed = q.required && (q.unless.empty() ||
                                               !set_.contains(q.scope.substr(0, q.scope.find(':')) +
                                                              "." + std::string(q.unless)));
            std::string text;
            if (in_ != nullptr && (needed || q.asked))
                text = ask(q, needed);
            else if (needed && !q.fallback.empty())
                text = q.fallback;
            else if (needed)
                fault("missing --set " + q.scope.substr(0, q.scope.find(':')) + "." +
                      std::string(q.key->name) + "=" + (q.example.empty() ? "VALUE" : q.example) +
                      " (" + std::string(q.key->help) + ")");
            if (!text.empty()) draft_.answers[place] = text;
        }
    }

    std::string ask(Question const& q, bool needed) {
        std::string prompt =
            q.scope + ", " + std::string(q.key->name) + ": " + std::string(q.key->help);
        if (q.secret()) prompt += " (the file that holds it)";
        if (!q.example.empty()) prompt += ", such as " + q.example;
        if (!needed && q.fallback.empty()) prompt += " (Enter: none)";
        if (!q.fallback.empty()) prompt += " [" + q.fallback + "]";
        while (!ended_) {
            auto const text = line(prompt + ": ");
            if (!text) break;
            std::string const value = text->empty() ? q.fallback : *text;
            if (q.secret() && !value.empty() && !readable(value)) {
                out_ << "  " << value << " cannot be read: write it first, readable by you\n";
                continue;
            }
            if (!value.empty() || !needed) return value;
        }
        return {};
    }

    // As the loader will: a relative path begins at the file that names it.
    [[nodiscard]] bool readable(std::string const& path) const {
        if (path.find("${") != std::string::npos) return true;  // the loader expands it
        std::filesystem::path const base = std::filesystem::path(arguments_.output).parent_path();
        return ::access((base / path).c_str(), R_OK) == 0;
    }

    InitArguments const& arguments_;
    std::istream* in_;
    std::ostream& out_;
    std::ostream& err_;
    Draft draft_;
    std::map<std::string, std::string> set_;
    std::set<std::string> used_, offered_;
    std::set<std::pair<std::string, std::string>> seen_;  // keys of two streams' one account
    bool faults_ = false, ended_ = false, asked_ = false;
};

// The whole file or nothing: a crash leaves no half of it. Never over another, unless told so.
bool write_file(std::string const& path, std::string const& text, bool force) {
    std::string const fresh = path + ".new";
    int const file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return false;
    bool ok = ::write(file, text.data(), text.size()) == ssize_t(text.size());
    ok = ::fsync(file) == 0 && ok;
    ok = ::close(file) == 0 && ok;
    ok = ok &&
         (force ? ::rename(fresh.c_str(), path.c_str()) : ::link(fresh.c_str(), path.c_str())) == 0;
    if (!force || !ok) ::unlink(fresh.c_str());
    return ok;
}

void try_platforms(Outside& outside, Settings const& settings, std::ostream& out,
                   std::ostream& err) {
    for (auto const& brand : settings.brands)
        for (auto const& stream : brand.streams) {
            if (stream.push()) {
                out << stream.name << ": pushed to /api/v1/streams/" << stream.name
                    << "/mentions, nothing to ask\n";
                continue;
            }
            Tried tried;
            auto const& account = settings.accounts.at(stream.account);
            outside.run(try_stream(outside.http, outside.clock, account, stream,
                                   settings.http.timeout, tried));
            (tried.ok ? out << stream.name << ": "
                      : err << "warning: " << stream.name << ": " << stream.platform << ": ")
                << tried.words << "\n";
        }
}

void try_receivers(Outside& outside, Settings const& settings, std::ostream& out,
                   std::ostream& err) {
    for (auto const& [name, receiver] : settings.receivers) {
        Tried tried;
        std::chrono::seconds const timeout{
            receiver.values.number("timeout", settings.http.timeout.count())};
        outside.run(try_receiver(outside.deliveries, outside.clock, receiver,
                                 settings.server.external_url, timeout, tried));
        (tried.ok ? out : err << "warning: ") << name << ": " << tried.words << "\n";
    }
}

void say_next(std::string const& path, std::ostream& out) {
    out << "\nNext:\n  surged check --config " << path
        << " --explain    # deadlines, escalation, what reading costs\n  surged run --config "
        << path << "\n  surged drill --stream NAME    # the whole chain once, marked as a drill\n";
}

}  // namespace

int init(InitArguments const& arguments, std::istream* in, std::ostream& out, std::ostream& err) {
    std::error_code ignored;
    if (!arguments.force && std::filesystem::exists(arguments.output, ignored)) {
        err << "surged: " << arguments.output << " is there already: --force overwrites it\n";
        return kExitUsage;
    }
    Interview interview(arguments, in, out, err);
    auto const draft = interview.hold();
    if (!draft) return kExitUsage;
    std::string const text = draft_yaml(*draft);
    LoadedSettings const loaded = load_settings_text(text, arguments.output);
    for (auto const& problem : loaded.problems->list) err << config::to_string(problem) << "\n";
    if (loaded.problems->fatal()) {
        err << "surged: nothing was written: `surged check` would refuse it\n";
        return kExitUsage;
    }
    if (!write_file(arguments.output, text, arguments.force)) {
        err << "surged: " << arguments.output << ": cannot be written\n";
        return kExitUsage;
    }
    out << arguments.output << ": written, and valid\n";
    Outside outside(loaded.settings);
    if (!arguments.offline) try_platforms(outside, loaded.settings, out, err);
    if (arguments.test_page || interview.yes("Send a test page now?", false))
        try_receivers(outside, loaded.settings, out, err);
    say_next(arguments.output, out);
    return kExitOk;
}

}  // namespace surged::daemon
