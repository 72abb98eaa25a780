#include "daemon/pollers/answer.h"
#include "daemon/pollers/hackernews.h"
#include "daemon/pollers/json_reading.h"
#include "daemon/pollers/lookups.h"
#include "daemon/settings.h"

#include <algorithm>

namespace surged::daemon {
namespace {

using simdjson::SUCCESS;

constexpr std::string_view kIndex = "https://hn.algolia.com";
constexpr std::string_view kSite = "https://hacker-news.firebaseio.com";

class HackerNewsLookup final : public Lookup {
public:
    explicit HackerNewsLookup(AccountSettings const& account)
        : base_(account.base_url.empty() || account.base_url == kIndex ? std::string(kSite)
                                                                       : account.base_url),
          ca_file_(account.ca_file) {}

    [[nodiscard]] std::size_t most() const override { return 1; }

    [[nodiscard]] HttpRequest request(std::span<std::string const> ids) const override {
        HttpRequest r;
        r.url = base_ + "/v0/item/" + exporters::url_encode(ids.front()) + ".json";
        r.headers.emplace_back("Accept", "application/json");
        r.ca_file = ca_file_;
        return r;
    }

    Result<LookupAnswer> accept(HttpResponse const& response, std::span<std::string const> ids,
                                WallTime now) override {
        if (auto failure = refused(response, now)) {
            // What is unknown is answered with null: an address that is not there is no item.
            if (failure->fault == Fault::not_found) failure->fault = Fault::malformed;
            return std::move(*failure);
        }
        texts_.clear();
        auto const begin =
            std::min(response.body.find_first_not_of(" \r\n\t"), response.body.size());
        if (response.body.compare(begin, 4, "null") == 0)
            return Failure(Fault::not_found, "there is no item " + ids.front());
        auto opened = document_.open(response.body);
        if (!opened) return opened.error();
        ondemand::object root;
        if (auto const error = (*opened)->get_object().get(root)) return broken(error);
        ItemReader in(texts_);
        std::string_view id, title, html;
        bool gone = false;
        auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
            if (key == "id") id = in.id(value);
            if (key == "title") title = in.text(value);
            if (key == "text") html = in.text(value);
            if (key == "deleted" || key == "dead") gone = in.flag(value) || gone;
            return SUCCESS;
        });
        if (error) return broken(error);
        if (auto trailing = document_.finish()) return *trailing;
        if (id != ids.front() || !in.ok()) return Failure(Fault::malformed, "not the item asked");
        if (gone) return Failure(Fault::not_found, "item " + ids.front() + " was deleted");
        LookupAnswer answer;
        answer.limits = rate_limits(response, now, "lookup");
        answer.reads = 1;
        answer.there.push_back(
            {ids.front(), std::string(hackernews_text(title, html, texts_)), {}});
        return answer;
    }

private:
    JsonDocument document_;
    detectors::MentionBatch texts_;
    std::string base_, ca_file_;
};

}  // namespace

std::unique_ptr<Lookup> make_hackernews_lookup(AccountSettings const& account,
                                               StreamSettings const&) {
    return std::make_unique<HackerNewsLookup>(account);
}

}  // namespace surged::daemon
