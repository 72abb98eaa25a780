// What platforms tell by themselves: webhooks of Meta (Facebook, Instagram) and X, checked and
// read.
#pragma once

#include "daemon/result.h"
#include "detectors/mention.h"

#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

// A mention that a webhook told of, and whom it concerns: the id of a page, of an Instagram
// account, of an X user. The mention's texts live as long as the batch.
struct HookMention {
    std::string target;
    detectors::Mention mention;
};
struct HookRead {
    std::vector<HookMention> mentions;
    std::uint64_t malformed = 0;
    std::uint64_t other = 0;  // changes of another kind: reactions, removals, edits
};

inline constexpr std::size_t kHookItems =
    5'000;  // changes in one delivery; Meta sends 1,000 at most

// The signature over the raw bytes, compared in constant time. Meta: X-Hub-Signature-256,
// "sha256=" and lower-case hex of HMAC-SHA256(app secret). X: x-twitter-webhooks-signature,
// "sha256=" and base64 of HMAC-SHA256(consumer secret).
[[nodiscard]] bool meta_signed(std::string_view signature, std::string_view app_secret,
                               std::string_view body);
[[nodiscard]] bool x_signed(std::string_view signature, std::string_view consumer_secret,
                            std::string_view body);
// The answer to X's challenge: {"response_token":"sha256=..."}.
[[nodiscard]] std::string x_challenge(std::string_view crc_token, std::string_view consumer_secret);

// Meta's deliveries, object `page` (fields feed, mention) and `instagram` (mentions, comments). An
// Instagram mention is an id alone: its time is the delivery's, its text is not told. Only what was
// added counts: reactions, edits and removals are `other`.
[[nodiscard]] Result<HookRead> read_meta_hook(std::string_view body,
                                              detectors::MentionBatch& batch);
// X's activity envelope ({"data":{"event_type":...,"payload":{post}}}) and the older
// tweet_create_events.
[[nodiscard]] Result<HookRead> read_x_hook(std::string_view body, detectors::MentionBatch& batch);

}  // namespace surged::daemon
