#include "daemon/pollers/answer.h"
#include "daemon/pollers/lookups.h"
#include "daemon/pollers/mastodon_page.h"
#include "daemon/settings.h"

#include <algorithm>

namespace surged::daemon {
namespace {

constexpr std::size_t kMost = 20;  // the largest batch that every server is known to take

class MastodonLookup final : public Lookup {
public:
    explicit MastodonLookup(AccountSettings const& account)
        : reader_({}, {}),
          values_(account.values),
          base_(account.base_url),
          ca_file_(account.ca_file) {}

    [[nodiscard]] std::size_t most() const override { return one_by_one_ ? 1 : kMost; }
    bool reload_secrets() override { return values_.reload_secrets(); }

    [[nodiscard]] HttpRequest request(std::span<std::string const> ids) const override {
        HttpRequest r;
        if (ids.size() == 1) {
            r.url = base_ + "/api/v1/statuses/" + exporters::url_encode(ids.front());
        } else {
            std::vector<std::pair<std::string, std::string>> params;
            for (auto const& id : ids) params.emplace_back("id[]", id);
            r.url = exporters::with_query(base_ + "/api/v1/statuses", params);
        }
        if (std::string const token = values_.secret("access_token_file"); !token.empty())
            r.headers.emplace_back("Authorization", "Bearer " + token);
        r.headers.emplace_back("Accept", "application/json");
        r.ca_file = ca_file_;
        return r;
    }

    Result<LookupAnswer> accept(HttpResponse const& response, std::span<std::string const> ids,
                                WallTime now) override {
        if (auto failure = refused(response, now)) {
            failure->detail =
                without_secret(std::move(failure->detail), values_.secret("access_token_file"));
            bool const of_json = !error_words(response.body).empty();
            if (failure->fault == Fault::not_found) {
                // Before 4.3 there is no list of statuses: they are asked for one by one.
                if (ids.size() > 1)
                    one_by_one_ = true;
                else if (!of_json)
                    failure->fault = Fault::malformed;  // a page for people says nothing of a post
            }
            return std::move(*failure);
        }
        HttpResponse list;
        list.status = response.status;
        list.body = ids.size() == 1 ? "[" + response.body + "]" : response.body;
        batch_.clear();
        auto const read = reader_.read(list, false, batch_);
        if (!read) return read.error();
        LookupAnswer answer;
        answer.limits = rate_limits(response, now, "requests");
        answer.reads = batch_.items.size();
        for (auto const& m : batch_.items)
            answer.there.push_back({std::string(m.id), std::string(m.text), {}});
        // One that could not be read may be what seems to be missing.
        if (read->malformed == 0) answer.rest_is_gone(ids);
        return answer;
    }

private:
    MastodonPageReader reader_;
    detectors::MentionBatch batch_;
    config::Values values_;
    std::string base_, ca_file_;
    bool one_by_one_ = false;
};

}  // namespace

std::unique_ptr<Lookup> make_mastodon_lookup(AccountSettings const& account,
                                             StreamSettings const&) {
    return std::make_unique<MastodonLookup>(account);
}

}  // namespace surged::daemon
