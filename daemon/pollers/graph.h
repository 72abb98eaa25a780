// What the Graph API answers, read: a page of an edge, an error, the usage headers; the proof that
// goes with a call. Shared by whatever speaks Graph.
#pragma once

#include "daemon/poller.h"
#include "daemon/pollers/json_reading.h"
#include "detectors/mention.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::config {
struct Values;
}

namespace surged::daemon {

struct AccountSettings;

// {"error":{...}}, with whatever HTTP status it came.
struct GraphError {
    std::int64_t code = 0, subcode = 0;
    bool transient = false;
    std::string message;
};
// Branches on the code, never on the status: Graph sends the same code with 200, 400, 401, 403 and
// 500. `asked_after`: the call held a paging cursor.
[[nodiscard]] Failure graph_failure(GraphError const& error, HttpResponse const& response,
                                    WallTime now, bool asked_after);

// The members of the envelope's "error"; `batch` keeps its words.
[[nodiscard]] simdjson::error_code read_graph_error(ondemand::value value,
                                                    detectors::MentionBatch& batch,
                                                    GraphError& error);
// What a look-up makes of an answer without the envelope that could not be read for `why`: that
// where it was 2xx, else its status; a 404 is then somebody else's page and says nothing of a post.
[[nodiscard]] Failure graph_unread(HttpResponse const& response, WallTime now, Failure why);

// X-App-Usage, X-Page-Usage and X-Business-Use-Case-Usage as percentages left: kinds "app" and
// "page". Over 90 % used nothing is asked for a quarter of an hour, or until the estimated time to
// regain access. A header that is no JSON is left out and named in `note`.
[[nodiscard]] std::vector<RateLimit> graph_limits(HttpResponse const& response, WallTime now,
                                                  std::string& note);

// appsecret_proof: lower-case hex of HMAC-SHA256(app secret, access token).
[[nodiscard]] std::string appsecret_proof(std::string_view app_secret,
                                          std::string_view access_token);

// A GET of one edge or node: token in the header, proof of the app's secret in the query.
[[nodiscard]] HttpRequest graph_request(AccountSettings const& account,
                                        config::Values const& values, std::string const& path,
                                        std::vector<std::pair<std::string, std::string>> params);

// One object of an edge's list: Facebook's posts and comments, Instagram's media and comments.
struct GraphItem {
    detectors::Mention mention;
    std::string_view parent;  // of a comment: the comment it answers
    WallTime updated_at = detectors::kNoTime;
    std::int64_t comments = -1;  // Instagram tells how many a medium has; -1: not told
    bool published = true;
};
struct GraphPage {
    std::vector<GraphItem> items;
    std::string after;                // where the next page begins; "" at the end
    std::string until, paging_token;  // the same for edges that page by time
    std::string root_id;              // of an answer that is an object itself
    std::uint64_t malformed = 0;
    bool repaired = false;
    // The refusal was Graph's own word that there is no such object, not some proxy's 404.
    bool no_such_object = false;
    [[nodiscard]] bool has_next() const { return !after.empty() || !until.empty(); }
};

class GraphReader {
public:
    // Reads a page into `page` (cleared first; its memory stays); texts are kept in `batch`, but
    // nothing is appended to it. An error body is the failure it means, whatever the status.
    std::optional<Failure> read(HttpResponse const& response, WallTime now, bool asked_after,
                                detectors::MentionBatch& batch, GraphPage& page);

private:
    simdjson::error_code read_item(ondemand::value item, detectors::MentionBatch& batch,
                                   GraphPage& page, int depth = 0);
    simdjson::error_code read_replies(ondemand::value replies, detectors::MentionBatch& batch,
                                      GraphPage& page, int depth);
    simdjson::error_code read_paging(ondemand::value paging, GraphPage& page);

    JsonDocument document_;
    detectors::MentionBatch scratch_;
};

}  // namespace surged::daemon
