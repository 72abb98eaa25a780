#include "daemon/pollers/answer.h"
#include "daemon/pollers/lookups.h"
#include "daemon/pollers/reddit_page.h"
#include "daemon/pollers/reddit_session.h"
#include "daemon/settings.h"

#include <algorithm>

namespace surged::daemon {
namespace {

using simdjson::error_code;
using simdjson::SUCCESS;

constexpr std::size_t kMost = 100;
constexpr std::size_t kItemsMax = 1000;

// What stands in place of a text that is no longer shown.
bool is_mark(std::string_view text) {
    return text == "[deleted]" || text == "[removed]" || text.starts_with("[ Removed by");
}

class RedditLookup final : public Lookup {
public:
    explicit RedditLookup(AccountSettings const& account) : session_(account) {}

    [[nodiscard]] std::size_t most() const override { return kMost; }
    bool reload_secrets() override { return session_.reload_secrets(); }
    WallTime ready_at(WallTime now) override {
        live_ = session_.live(now);
        return detectors::kNoTime;
    }

    [[nodiscard]] HttpRequest request(std::span<std::string const> ids) const override {
        if (!live_) return session_.login();
        std::string list;
        for (auto const& id : ids) list += (list.empty() ? "" : ",") + id;
        return session_.get("/api/info", {{"id", list}, {"raw_json", "1"}});
    }

    Result<LookupAnswer> accept(HttpResponse const& response, std::span<std::string const> ids,
                                WallTime now) override {
        LookupAnswer answer;
        if (session_.begin(response, now)) {
            answer.aside = true;
            return answer;
        }
        if (auto failure = reddit_refusal(response, now)) {
            // The address of the look-up is no post: that it is not found says nothing of any.
            if (failure->fault == Fault::not_found) failure->fault = Fault::malformed;
            return session_.refusal(std::move(*failure), now);
        }
        answer.limits = rate_limits(response, now);
        if (auto failure = read(response, ids, answer)) return std::move(*failure);
        return answer;
    }

private:
    error_code read_child(ondemand::value child, std::span<std::string const> ids,
                          LookupAnswer& answer);
    std::optional<Failure> read(HttpResponse const& response, std::span<std::string const> ids,
                                LookupAnswer& answer);

    RedditSession session_;
    JsonDocument document_;
    detectors::MentionBatch texts_;
    bool live_ = true;
    std::size_t unnamed_ = 0;
};

error_code RedditLookup::read_child(ondemand::value child, std::span<std::string const> ids,
                                    LookupAnswer& answer) {
    if (++answer.reads > kItemsMax) return simdjson::CAPACITY;
    ItemReader in(texts_);
    std::string_view id, title, text, removed;
    auto const error = each_field(child, [&](std::string_view key, ondemand::value data) {
        if (key != "data") return SUCCESS;
        return each_field(data, [&](std::string_view name, ondemand::value value) {
            if (name == "name") id = in.id(value);
            if (name == "title") title = in.text(value);
            if (name == "selftext" || name == "body") text = in.text(value);
            if (name == "removed_by_category") removed = in.text(value, kIdMax);
            return SUCCESS;
        });
    });
    if (error) return error;
    if (!in.ok() || id.empty()) ++unnamed_;
    auto const asked = std::find(ids.begin(), ids.end(), id);
    if (asked == ids.end() || !in.ok()) return SUCCESS;
    if (!removed.empty() || is_mark(text) || is_mark(title)) {
        answer.gone.push_back(*asked);
        return SUCCESS;
    }
    std::string whole(title);
    if (!title.empty() && !text.empty()) whole += '\n';
    whole += text;
    answer.there.push_back({*asked, std::string(cut_text(whole, kTextMax)), {}});
    return SUCCESS;
}

std::optional<Failure> RedditLookup::read(HttpResponse const& response,
                                          std::span<std::string const> ids, LookupAnswer& answer) {
    texts_.clear();
    unnamed_ = 0;
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    bool listed = false;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value data) {
        if (key != "data") return SUCCESS;
        return each_field(data, [&](std::string_view name, ondemand::value children) {
            if (name != "children") return SUCCESS;
            listed = is_list(children);
            return each_item(children,
                             [&](ondemand::value child) { return read_child(child, ids, answer); });
        });
    });
    if (error == simdjson::CAPACITY)
        return Failure(Fault::too_large, "more than 1000 items were not asked for");
    if (error) return broken(error);
    if (auto trailing = document_.finish()) return trailing;
    if (!listed) return Failure(Fault::malformed, "no listing");
    // One that could not be read may be what seems to be missing.
    if (unnamed_ == 0) answer.rest_is_gone(ids);
    return std::nullopt;
}

}  // namespace

std::unique_ptr<Lookup> make_reddit_lookup(AccountSettings const& account, StreamSettings const&) {
    return std::make_unique<RedditLookup>(account);
}

}  // namespace surged::daemon
