#include "daemon/pollers/answer.h"
#include "daemon/pollers/graph.h"
#include "daemon/pollers/lookups.h"
#include "daemon/settings.h"

#include <algorithm>

namespace surged::daemon {
namespace {

using detectors::MentionBatch;
using simdjson::SUCCESS;

constexpr std::string_view kBase = "https://graph.facebook.com";
constexpr std::size_t kMost = 50;

class GraphLookup final : public Lookup {
public:
    explicit GraphLookup(AccountSettings const& account)
        : values_(account.values),
          base_(account.base_url.empty() ? std::string(kBase) : account.base_url),
          ca_file_(account.ca_file),
          version_(account.values.get("version", "v26.0")) {}

    [[nodiscard]] std::size_t most() const override { return kMost; }
    bool reload_secrets() override { return values_.reload_secrets(); }

    // `message` is the one text that posts and comments both have; asking a comment for `story`
    // would be an error.
    [[nodiscard]] HttpRequest request(std::span<std::string const> ids) const override {
        std::string list;
        for (auto const& id : ids) list += (list.empty() ? "" : ",") + id;
        std::vector<std::pair<std::string, std::string>> params{{"ids", list},
                                                                {"fields", "id,message"}};
        std::string const token = values_.secret("access_token_file");
        if (std::string const secret = values_.secret("app_secret_file"); !secret.empty())
            params.emplace_back("appsecret_proof", appsecret_proof(secret, token));
        HttpRequest r;
        r.url = exporters::with_query(base_ + "/" + version_ + "/", params);
        r.headers.emplace_back("Authorization", "Bearer " + token);
        r.headers.emplace_back("Accept", "application/json");
        r.ca_file = ca_file_;
        return r;
    }

    Result<LookupAnswer> accept(HttpResponse const& response, std::span<std::string const> ids,
                                WallTime now) override {
        LookupAnswer answer;
        std::string note;
        answer.limits = graph_limits(response, now, note);
        auto failure = read(response, ids, now, answer);
        if (!failure) return answer;
        failure->detail =
            without_secret(std::move(failure->detail), values_.secret("access_token_file"));
        return std::move(*failure);
    }

private:
    std::optional<Failure> read(HttpResponse const& response, std::span<std::string const> ids,
                                WallTime now, LookupAnswer& answer);

    JsonDocument document_;
    MentionBatch texts_;
    config::Values values_;
    std::string base_, ca_file_, version_;
};

// {"ID":{"id":"ID","message":"..."}, ...}; an id that is left out, or null, is not there.
std::optional<Failure> GraphLookup::read(HttpResponse const& response,
                                         std::span<std::string const> ids, WallTime now,
                                         LookupAnswer& answer) {
    texts_.clear();
    bool const fine = response.status >= 200 && response.status < 300;
    auto const give_up = [&](Failure why) { return graph_unread(response, now, std::move(why)); };
    auto opened = document_.open(response.body);
    if (!opened) return give_up(opened.error());
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return give_up(broken(error));
    ItemReader in(texts_);
    std::optional<GraphError> refusal;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        if (key == "error") {
            refusal.emplace();
            return read_graph_error(value, texts_, *refusal);
        }
        auto const asked = std::find(ids.begin(), ids.end(), key);
        if (asked == ids.end()) return SUCCESS;
        SeenAgain seen;
        seen.id = *asked;
        bool named = false;
        auto const broken_at = each_field(value, [&](std::string_view name, ondemand::value inner) {
            if (name == "id") named = !in.id(inner).empty();
            if (name == "message") seen.text = in.text(inner);
            return SUCCESS;
        });
        if (named) answer.there.push_back(std::move(seen));
        return broken_at;
    });
    if (refusal) return graph_failure(*refusal, response, now, false);
    if (error) return give_up(broken(error));
    if (!fine) return give_up(Failure(Fault::malformed, "no error in it"));
    if (auto trailing = document_.finish()) return trailing;
    if (answer.there.empty()) return Failure(Fault::malformed, "none of the posts asked for");
    answer.rest_is_gone(ids);
    answer.reads = answer.there.size();
    return std::nullopt;
}

}  // namespace

std::unique_ptr<Lookup> make_graph_lookup(AccountSettings const& account, StreamSettings const&) {
    return std::make_unique<GraphLookup>(account);
}

}  // namespace surged::daemon
