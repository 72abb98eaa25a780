#include "daemon/pollers/answer.h"
#include "daemon/pollers/graph.h"
#include "daemon/pollers/lookups.h"
#include "daemon/settings.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>

namespace surged::daemon {
namespace {

constexpr std::size_t kKnownMost = 2000;  // ids: what open incidents watch is far less

class InstagramLookup final : public Lookup {
public:
    explicit InstagramLookup(AccountSettings const& account)
        : account_(account),
          values_(account.values),
          root_("/" + account.values.get("version", "v26.0") + "/") {}

    [[nodiscard]] std::size_t most() const override { return 1; }
    // A permission may be lost for comments alone: a medium that is there says nothing of them.
    [[nodiscard]] int group(std::string const& id) const override {
        auto const known = known_.find(id);
        return known != known_.end() && known->second.comment ? 1 : 0;
    }
    bool reload_secrets() override { return values_.reload_secrets(); }

    [[nodiscard]] HttpRequest request(std::span<std::string const> ids) const override {
        std::string const& id = ids.front();
        auto const known = known_.find(id);
        bool const comment = known != known_.end() && known->second.comment;
        return graph_request(account_, values_, root_ + exporters::url_encode(id),
                             {{"fields", comment ? "id,text" : "id,caption"}});
    }

    Result<LookupAnswer> accept(HttpResponse const& response, std::span<std::string const> ids,
                                WallTime now) override {
        std::string const& id = ids.front();
        LookupAnswer answer;
        std::string note, text;
        answer.limits = graph_limits(response, now, note);
        if (known_.size() >= kKnownMost && !known_.contains(id)) known_.clear();
        Known& known = known_[id];
        auto failure = read(response, id, now, text);
        if (!failure) {
            known.seen = true;
            answer.reads = 1;
            answer.there.push_back({id, std::move(text), {}});
            return answer;
        }
        // Media have a caption, comments a text; an id does not say which of them it is.
        if (failure->fault == Fault::bad_request && unknown_field_ && !known.asked_both) {
            known.comment = !known.comment;
            known.asked_both = true;
            answer.aside = true;
            return answer;
        }
        Fault const fault = failure->fault;
        bool const of_this_one =
            fault == Fault::not_found || fault == Fault::bad_request || fault == Fault::forbidden;
        if (of_this_one && !known.seen) {
            answer.hidden.push_back(id);
            return answer;
        }
        failure->detail =
            without_secret(std::move(failure->detail), values_.secret("access_token_file"));
        return std::move(*failure);
    }

private:
    struct Known {
        bool comment = false, asked_both = false;
        bool seen = false;  // by this look-up
    };
    std::optional<Failure> read(HttpResponse const& response, std::string const& id, WallTime now,
                                std::string& text);

    AccountSettings account_;
    config::Values values_;
    std::string root_;
    JsonDocument document_;
    detectors::MentionBatch texts_;
    boost::unordered_flat_map<std::string, Known> known_;
    bool unknown_field_ = false;
};

// {"id":"179","caption":"..."}; an error, whatever the status, is {"error":{...}}.
std::optional<Failure> InstagramLookup::read(HttpResponse const& response, std::string const& id,
                                             WallTime now, std::string& text) {
    texts_.clear();
    unknown_field_ = false;
    bool const fine = response.status >= 200 && response.status < 300;
    auto const give_up = [&](Failure why) { return graph_unread(response, now, std::move(why)); };
    auto opened = document_.open(response.body);
    if (!opened) return give_up(opened.error());
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return give_up(broken(error));
    ItemReader in(texts_);
    std::optional<GraphError> refusal;
    std::string_view named, words;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "id") named = in.id(value);
        if (key == "caption" || key == "text") words = in.text(value);
        if (key != "error") return simdjson::SUCCESS;
        refusal.emplace();
        return read_graph_error(value, texts_, *refusal);
    });
    if (refusal) {
        unknown_field_ = refusal->code == 100 && refusal->subcode == 0;
        return graph_failure(*refusal, response, now, false);
    }
    if (error) return give_up(broken(error));
    if (!fine) return give_up(Failure(Fault::malformed, "no error in it"));
    if (auto trailing = document_.finish()) return trailing;
    if (named != id || !in.ok()) return Failure(Fault::malformed, "not the object asked for");
    text = words;
    return std::nullopt;
}

}  // namespace

std::unique_ptr<Lookup> make_instagram_lookup(AccountSettings const& account,
                                              StreamSettings const&) {
    return std::make_unique<InstagramLookup>(account);
}

}  // namespace surged::daemon
