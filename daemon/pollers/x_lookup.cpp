#include "daemon/pollers/answer.h"
#include "daemon/pollers/lookups.h"
#include "daemon/pollers/x_page.h"
#include "daemon/settings.h"

#include <algorithm>

namespace surged::daemon {
namespace {

using detectors::MentionBatch;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr std::string_view kBase = "https://api.x.com";
constexpr std::size_t kMost = 100;
constexpr std::size_t kItemsMax = 1000;

struct Item {
    std::string_view id, text, note, newest;
    std::vector<std::string_view> history;
};

class XLookup final : public Lookup {
public:
    explicit XLookup(AccountSettings const& account)
        : values_(account.values),
          base_(account.base_url.empty() ? std::string(kBase) : account.base_url),
          ca_file_(account.ca_file) {}

    [[nodiscard]] std::size_t most() const override { return kMost; }
    bool reload_secrets() override { return values_.reload_secrets(); }

    [[nodiscard]] HttpRequest request(std::span<std::string const> ids) const override {
        std::string list;
        for (auto const& id : ids) list += (list.empty() ? "" : ",") + id;
        std::string const fields = post_spelling_ ? "post.fields" : "tweet.fields";
        std::string const names = post_spelling_ ? "edit_history_post_ids,note_post"
                                                 : "edit_history_tweet_ids,note_tweet";
        HttpRequest r;
        r.url = exporters::with_query(base_ + "/2/tweets", {{"ids", list}, {fields, names}});
        r.headers.emplace_back("Authorization", "Bearer " + values_.secret("bearer_token_file"));
        r.headers.emplace_back("Accept", "application/json");
        r.ca_file = ca_file_;
        return r;
    }

    Result<LookupAnswer> accept(HttpResponse const& response, std::span<std::string const> ids,
                                WallTime now) override {
        if (response.status < 200 || response.status > 299) {
            if (!spelling_tried_ && x_wants_other_spelling(response)) {
                spelling_tried_ = true;
                post_spelling_ = !post_spelling_;
                return Failure(Fault::transient, "the platform wants the other spelling of fields");
            }
            Failure failure = x_refusal(response, now, false);
            // The address of the look-up is no post: that it is not found says nothing of any.
            if (failure.fault == Fault::not_found) failure.fault = Fault::malformed;
            failure.detail =
                without_secret(std::move(failure.detail), values_.secret("bearer_token_file"));
            return failure;
        }
        LookupAnswer answer;
        answer.limits = x_limits(response, now, "lookup");
        if (auto failure = read(response, ids, answer)) return *failure;
        return answer;
    }

private:
    error_code read_item(ondemand::value value, std::span<std::string const> ids,
                         LookupAnswer& answer);
    error_code read_problem(ondemand::value value, std::span<std::string const> ids,
                            LookupAnswer& answer);
    std::optional<Failure> read(HttpResponse const& response, std::span<std::string const> ids,
                                LookupAnswer& answer);

    JsonDocument document_;
    MentionBatch texts_;
    config::Values values_;
    std::string base_, ca_file_;
    bool post_spelling_ = false, spelling_tried_ = false;
};

error_code XLookup::read_item(ondemand::value value, std::span<std::string const> ids,
                              LookupAnswer& answer) {
    ItemReader in(texts_);
    Item item;
    auto const error = each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "id") item.id = in.id(field);
        if (key == "text") item.text = in.text(field);
        if (key == "edit_history_tweet_ids" || key == "edit_history_post_ids")
            return each_item(field, [&](ondemand::value id) {
                item.history.push_back(in.id(id));
                return SUCCESS;
            });
        if (key == "note_tweet" || key == "note_post")
            return each_field(field, [&](std::string_view name, ondemand::value inner) {
                if (name == "text") item.note = in.text(inner);
                return SUCCESS;
            });
        return SUCCESS;
    });
    ++answer.reads;
    if (error || !in.ok() || item.id.empty() || answer.reads > kItemsMax) return error;
    // Whichever of its versions was asked for.
    auto const asked = std::find_if(ids.begin(), ids.end(), [&](std::string const& id) {
        return id == item.id ||
               std::find(item.history.begin(), item.history.end(), id) != item.history.end();
    });
    if (asked == ids.end()) return SUCCESS;
    SeenAgain seen;
    seen.id = *asked;
    seen.text = item.note.empty() ? item.text : item.note;
    seen.version = item.history.empty() ? item.id : item.history.back();
    answer.there.push_back(std::move(seen));
    return SUCCESS;
}

error_code XLookup::read_problem(ondemand::value value, std::span<std::string const> ids,
                                 LookupAnswer& answer) {
    ItemReader in(texts_);
    std::string_view id, resource, type;
    auto const error = each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "resource_id") resource = in.id(field);
        if (key == "value") id = in.scalar(field);
        if (key == "type") type = in.text(field, 200);
        return SUCCESS;
    });
    if (error) return error;
    if (!resource.empty()) id = resource;
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) return SUCCESS;
    // Only the end of the type is the same on both of X's hosts.
    if (type.ends_with("/resource-not-found")) answer.gone.emplace_back(id);
    if (type.ends_with("/not-authorized-for-resource")) answer.hidden.emplace_back(id);
    return SUCCESS;
}

std::optional<Failure> XLookup::read(HttpResponse const& response, std::span<std::string const> ids,
                                     LookupAnswer& answer) {
    texts_.clear();
    auto opened = document_.open(response.body);
    if (!opened) return opened.error();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    bool answered = false;
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        bool const data = key == "data";
        if (!data && key != "errors") return SUCCESS;
        answered = true;
        return each_item(value, [&](ondemand::value item) {
            return data ? read_item(item, ids, answer) : read_problem(item, ids, answer);
        });
    });
    if (error) return broken(error);
    if (auto trailing = document_.finish()) return trailing;
    if (!answered) return Failure(Fault::malformed, "neither data nor errors");
    return std::nullopt;
}

}  // namespace

std::unique_ptr<Lookup> make_x_lookup(AccountSettings const& account, StreamSettings const&) {
    return std::make_unique<XLookup>(account);
}

}  // namespace surged::daemon
