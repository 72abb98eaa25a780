#include "daemon/pollers/answer.h"
#include "daemon/pollers/bluesky_page.h"
#include "daemon/pollers/bluesky_session.h"
#include "daemon/pollers/lookups.h"
#include "daemon/settings.h"

#include <algorithm>

namespace surged::daemon {
namespace {

constexpr std::size_t kMost = 25;

class BlueskyLookup final : public Lookup {
public:
    explicit BlueskyLookup(AccountSettings const& account) : session_(account) {}

    [[nodiscard]] std::size_t most() const override { return kMost; }
    bool reload_secrets() override { return session_.reload_secrets(); }
    WallTime ready_at(WallTime now) override {
        WallTime const ready = session_.ready_at(now);
        ask_ = session_.next(now);
        return ready;
    }

    [[nodiscard]] HttpRequest request(std::span<std::string const> ids) const override {
        asked_with_ = session_.token();
        if (ask_ != BlueskySession::Ask::page) return session_.request(ask_);
        std::vector<std::pair<std::string, std::string>> params;
        for (auto const& id : ids) params.emplace_back("uris", id);
        return session_.get("app.bsky.feed.getPosts", params);
    }

    Result<LookupAnswer> accept(HttpResponse const& response, std::span<std::string const> ids,
                                WallTime now) override {
        LookupAnswer answer;
        if (ask_ != BlueskySession::Ask::page) {
            Result<PollPage> begun = session_.accept(response, ask_, now);
            if (!begun) return begun.error();
            answer.aside = true;
            return answer;
        }
        if (response.status < 200 || response.status > 299) {
            Failure failure = session_.refusal(response, now, asked_with_);
            // The address of the look-up is no post: that it is not found says nothing of any.
            if (failure.fault == Fault::not_found) failure.fault = Fault::malformed;
            return failure;
        }
        batch_.clear();
        Result<BlueskyPage> const read = reader_.read(response, false, batch_);
        if (!read) return read.error();
        answer.limits = rate_limits(response, now);
        answer.reads = batch_.items.size();
        for (auto const& m : batch_.items)
            answer.there.push_back({std::string(m.id), std::string(m.text), {}});
        // One that could not be read may be what seems to be missing.
        if (read->malformed == 0) answer.rest_is_gone(ids);
        return answer;
    }

private:
    BlueskySession session_;
    BlueskyPageReader reader_;
    detectors::MentionBatch batch_;
    BlueskySession::Ask ask_ = BlueskySession::Ask::page;  // what the next request is
    mutable std::string asked_with_;
};

}  // namespace

std::unique_ptr<Lookup> make_bluesky_lookup(AccountSettings const& account, StreamSettings const&) {
    return std::make_unique<BlueskyLookup>(account);
}

}  // namespace surged::daemon
