#include "daemon/pollers/answer.h"
#include "daemon/pollers/lookups.h"
#include "daemon/pollers/youtube_page.h"
#include "daemon/settings.h"

#include <algorithm>

namespace surged::daemon {
namespace {

using List = YoutubePageReader::List;

constexpr std::size_t kMost = 50;
constexpr std::size_t kVideoId = 11;  // characters; a comment's id has 26 and more

class YoutubeLookup final : public Lookup {
public:
    explicit YoutubeLookup(AccountSettings const& account)
        : values_(account.values), base_(account.base_url), ca_file_(account.ca_file) {}

    [[nodiscard]] std::size_t most() const override { return kMost; }
    [[nodiscard]] int group(std::string const& id) const override {
        return id.size() == kVideoId ? 1 : 0;
    }
    [[nodiscard]] std::string_view kind() const override { return "comments"; }
    bool reload_secrets() override { return values_.reload_secrets(); }

    [[nodiscard]] HttpRequest request(std::span<std::string const> ids) const override {
        bool const videos = group(ids.front()) == 1;
        std::string list;
        for (auto const& id : ids) list += (list.empty() ? "" : ",") + id;
        std::vector<std::pair<std::string, std::string>> params{{"part", "id,snippet"},
                                                                {"id", list}};
        if (!videos) params.emplace_back("textFormat", "plainText");
        params.emplace_back("maxResults", std::to_string(kMost));
        HttpRequest r;
        r.url = exporters::with_query(
            base_ + (videos ? "/youtube/v3/videos" : "/youtube/v3/comments"), params);
        r.headers.emplace_back("X-goog-api-key", values_.secret("api_key_file"));
        r.headers.emplace_back("Accept", "application/json");
        r.ca_file = ca_file_;
        return r;
    }

    Result<LookupAnswer> accept(HttpResponse const& response, std::span<std::string const> ids,
                                WallTime now) override {
        if (auto failure = youtube_refusal(response, now, false)) {
            failure->detail =
                without_secret(std::move(failure->detail), values_.secret("api_key_file"));
            // commentNotFound is of one of them; a 404 without a reason is somebody else's page.
            bool const named = response.body.find("\"reason\"") != std::string::npos;
            if (failure->fault == Fault::not_found && !named) failure->fault = Fault::malformed;
            return std::move(*failure);
        }
        bool const videos = group(ids.front()) == 1;
        batch_.clear();
        auto const read =
            reader_.read(response, videos ? List::videos : List::replies, {}, {}, batch_);
        if (!read) return read.error();
        LookupAnswer answer;
        answer.limits = rate_limits(response, now);
        answer.reads = 1;  // units are charged by the request
        for (auto const& m : batch_.items)
            answer.there.push_back({std::string(m.id), std::string(m.text), {}, !videos});
        // One that could not be read may be what seems to be missing.
        if (read->malformed == 0) answer.rest_is_gone(ids);
        return answer;
    }

private:
    YoutubePageReader reader_;
    detectors::MentionBatch batch_;
    config::Values values_;
    std::string base_, ca_file_;
};

}  // namespace

std::unique_ptr<Lookup> make_youtube_lookup(AccountSettings const& account, StreamSettings const&) {
    return std::make_unique<YoutubeLookup>(account);
}

}  // namespace surged::daemon
