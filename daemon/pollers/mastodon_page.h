// What Mastodon answers, read: a list of statuses, or of notifications with a status inside.
#pragma once

#include "daemon/poller.h"
#include "daemon/pollers/json_reading.h"
#include "detectors/mention.h"

#include <optional>
#include <set>
#include <string>

namespace surged::daemon {

struct StreamSettings;

struct MastodonPage {
    std::string newest, oldest;  // ids of the list's items: of notifications, where it lists those
    WallTime oldest_at = detectors::kNoTime, newest_at = detectors::kNoTime;  // created_at of items
    std::uint64_t items = 0, malformed = 0;
    bool repaired = false;
    bool descending = true;  // newest first, as lists are; a search need not be
};

class MastodonPageReader {
public:
    // `host` makes local handles whole ("acme" -> "acme@mastodon.social"), unless `bare` knows the
    // short form: whoever configured "acme" meant that one.
    MastodonPageReader(std::string host, std::set<std::string> bare)
        : host_(std::move(host)), bare_(std::move(bare)) {}

    // Appends the mentions of a 2xx answer; on a Failure nothing was appended.
    Result<MastodonPage> read(HttpResponse const& response, bool notifications,
                              detectors::MentionBatch& out);
    // The same for /api/v2/search: {"statuses": [...], ...}.
    Result<MastodonPage> read_search(HttpResponse const& response, detectors::MentionBatch& out);
    // One status that came alone (streaming). False: unreadable, nothing was appended. A
    // notification is read for its status; what is none of ours appends nothing and is true.
    bool read_one(std::string_view json, bool notification, detectors::MentionBatch& out);

private:
    struct Status {
        detectors::Mention mention;
        std::string_view html, spoiler, uri;
        bool hidden = false;  // a private message
    };
    simdjson::error_code read_status(ondemand::value value, ItemReader& in, Status& status,
                                     detectors::MentionBatch& batch, bool inner);
    simdjson::error_code read_account(ondemand::value value, ItemReader& in,
                                      detectors::Author& author, detectors::MentionBatch& batch);
    simdjson::error_code read_item(ondemand::value item, bool notifications, MastodonPage& page,
                                   detectors::MentionBatch& out);
    void finish(Status& status, detectors::MentionBatch& batch) const;
    static Result<MastodonPage> concluded(std::optional<Failure> failure, MastodonPage const& page,
                                          Appended& appended);

    JsonDocument document_;
    std::string host_;
    std::set<std::string> bare_;
};

// What a server says of its hashtag feeds (4.5 and later): "public", "authenticated", "disabled";
// "" where it says nothing.
struct MastodonAccess {
    std::string local, remote;
    [[nodiscard]] bool disabled() const { return local == "disabled" && remote == "disabled"; }
    [[nodiscard]] bool needs_token() const {
        return local == "authenticated" || remote == "authenticated";
    }
};
[[nodiscard]] MastodonAccess read_mastodon_access(std::string_view instance);

// Host of a base URL, which makes local handles whole; the handles of own and excluded authors that
// are written without one.
[[nodiscard]] std::string mastodon_host(std::string_view base);
[[nodiscard]] std::set<std::string> mastodon_bare_handles(StreamSettings const& stream);
// The id of one account: accounts/lookup, accounts/verify_credentials.
[[nodiscard]] Result<std::string> mastodon_account_id(HttpResponse const& response);

// Snowflakes of Mastodon: (ms since 1970 << 16) | tail. nullopt for ids that are none: other
// servers' ids, sequences, anything that would be a time before 2016 or a day after `now`.
[[nodiscard]] std::optional<WallTime> mastodon_id_time(std::string_view id, WallTime now);
[[nodiscard]] std::string mastodon_id_at(WallTime time);

}  // namespace surged::daemon
