#include "daemon/pollers/mastodon_stream.h"

#include "daemon/pollers/mastodon_page.h"
#include "daemon/settings.h"

#include <utility>

namespace surged::daemon {
namespace {

constexpr std::chrono::seconds kSilence{60};  // a heartbeat comes every 15 s

class MastodonListener final : public Listener {
public:
    MastodonListener(AccountSettings const& account, StreamSettings const& stream, bool tag)
        : reader_(mastodon_host(account.base_url), mastodon_bare_handles(stream)),
          values_(account.values),
          ca_file_(account.ca_file),
          tag_(tag) {
        url_ = account.values.get("streaming_url", account.base_url);
        while (url_.ends_with('/')) url_.pop_back();
        url_ += "/api/v1/streaming/";
        std::string name = stream.values.get("tag");
        if (name.starts_with('#')) name.erase(0, 1);
        url_ += tag ? "hashtag?tag=" + exporters::url_encode(name) : "user/notification";
    }

    [[nodiscard]] StreamRequest request() const override {
        StreamRequest r;
        r.http.url = url_;
        r.http.ca_file = ca_file_;
        r.http.headers.emplace_back("Authorization",
                                    "Bearer " + values_.secret("access_token_file"));
        r.http.headers.emplace_back("Accept", "text/event-stream");
        return r;
    }
    std::uint64_t accept(StreamMessage const& message, detectors::MentionBatch& out) override {
        bool const ours = message.event == (tag_ ? "update" : "notification");
        return ours && !reader_.read_one(message.data, !tag_, out) ? 1 : 0;
    }
    [[nodiscard]] std::chrono::seconds silence() const override { return kSilence; }

private:
    MastodonPageReader reader_;
    config::Values values_;
    std::string url_, ca_file_;
    bool tag_;
};

std::unique_ptr<Listener> make(AccountSettings const& account, StreamSettings const& stream,
                               bool tag) {
    if (stream.values.get("streaming") == "off" || !account.values.has("access_token_file"))
        return nullptr;
    return std::make_unique<MastodonListener>(account, stream, tag);
}

}  // namespace

std::unique_ptr<Listener> make_mastodon_tag_listener(AccountSettings const& account,
                                                     StreamSettings const& stream) {
    return make(account, stream, true);
}
std::unique_ptr<Listener> make_mastodon_mentions_listener(AccountSettings const& account,
                                                          StreamSettings const& stream) {
    return make(account, stream, false);
}

}  // namespace surged::daemon
