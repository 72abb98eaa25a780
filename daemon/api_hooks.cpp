// What platforms tell by themselves: /hooks/{facebook,instagram,x}/ACCOUNT.
#include "daemon/api.h"
#include "daemon/pollers/hooks.h"
#include "exporters/signature.h"

#include <algorithm>
#include <map>
#include <utility>

namespace surged::daemon {

using detectors::MentionBatch;

namespace {

ServerResponse plain_answer(std::string body, std::string type) {
    ServerResponse response;
    response.headers.emplace_back("Content-Type", std::move(type));
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.body = std::move(body);
    return response;
}

// Does this stream watch what the webhook calls `target`? X tells ids, where a stream may say a
// handle: the account's only such stream is then the one that is meant.
bool watches(StreamSettings const& stream, std::string const& target, std::size_t of_its_kind) {
    if (stream.platform == "facebook") return stream.values.get("page") == target;
    if (stream.kind != "mentions") return false;
    std::string const user = stream.values.get("user");
    if (user == target) return true;
    bool const handle = !std::all_of(user.begin(), user.end(),
                                     [](unsigned char c) { return c >= '0' && c <= '9'; });
    return stream.platform == "x" && handle && of_its_kind == 1;
}

// Can a delivery of its account be for this stream at all?
bool is_told(StreamSettings const& stream) {
    return stream.platform == "facebook" ? stream.kind == "page" : stream.kind == "mentions";
}

}  // namespace

// The first question of a platform: is this address yours? Meta sends a word to repeat and the
// token it was told, X a word to sign.
ServerResponse Api::hook_challenge(ApiCall const& call) {
    AccountSettings const* const account = hook_account(call);
    if (account == nullptr) return problem(404, "Not Found", "there is no such hook");
    if (account->platform == "x") {
        std::string const secret = account->values.secret("consumer_secret_file");
        std::string const token = call.request.param("crc_token");
        if (secret.empty() || token.empty())
            return problem(404, "Not Found", "there is no such hook");
        return plain_answer(x_challenge(token, secret), "application/json");
    }
    std::string const token = account->values.secret("verify_token_file");
    bool const known = !token.empty() && call.request.param("hub.mode") == "subscribe" &&
                       exporters::same_secret(call.request.param("hub.verify_token"), token);
    if (!known) return problem(403, "Forbidden", "the verify token is not ours");
    return plain_answer(call.request.param("hub.challenge"), "text/plain; charset=utf-8");
}

ServerResponse Api::hook_delivery(ApiCall const& call) {
    AccountSettings const* const account = hook_account(call);
    if (account == nullptr) return problem(404, "Not Found", "there is no such hook");
    bool const x = account->platform == "x";
    auto const& headers = call.request.headers;
    bool const genuine =
        x ? x_signed(exporters::header(headers, "x-twitter-webhooks-signature"),
                     account->values.secret("consumer_secret_file"), call.request.body)
          : meta_signed(exporters::header(headers, "x-hub-signature-256"),
                        account->values.secret("app_secret_file"), call.request.body);
    if (!genuine) return problem(403, "Forbidden", "the signature is not right");
    // Not taken: the platform delivers again, Meta for 36 hours.
    if (!env_.engine.disk_trouble().empty())
        return problem(503, "Service Unavailable", "the state directory takes no writes");
    MentionBatch batch;
    auto const read =
        x ? read_x_hook(call.request.body, batch) : read_meta_hook(call.request.body, batch);
    if (!read) return problem(422, "Unprocessable Content", read.error().detail);
    std::vector<StreamSettings const*> mine;
    for (auto const& [name, stream] : env_.engine.streams())
        if (stream->settings.account == account->name) mine.push_back(&stream->settings);
    auto const mentions_streams = static_cast<std::size_t>(std::count_if(
        mine.begin(), mine.end(), [](auto const* s) { return s->kind == "mentions"; }));
    std::map<std::string, MentionBatch> by_stream;  // views into `batch`
    for (auto const& one : read->mentions)
        for (auto const* const stream : mine)
            if (watches(*stream, one.target, mentions_streams))
                by_stream[stream->name].items.push_back(one.mention);
    // What could not be read tells no target either: it counts where a delivery can be for.
    if (read->malformed > 0)
        for (auto const* const stream : mine)
            if (is_told(*stream)) by_stream.try_emplace(stream->name);
    for (auto const& [name, items] : by_stream)
        env_.engine.push(name, items, read->malformed, call.now);
    note_hook(account->name, *read);
    return plain_answer("ok\n", "text/plain; charset=utf-8");
}

void Api::note_hook(std::string const& account, HookRead const& read) const {
    if (!env_.log) return;
    if (read.malformed > 0)
        env_.log("warning", "webhook of account '" + account + "': " +
                                std::to_string(read.malformed) + " entries could not be read");
    if (read.other > 0)
        env_.log("debug", "webhook of account '" + account + "': " + std::to_string(read.other) +
                              " changes that are no new mentions");
}

// "/hooks/facebook/fb-acme": an account of that platform.
AccountSettings const* Api::hook_account(ApiCall const& call) const {
    std::string_view path = call.request.path;
    path.remove_prefix(std::string_view("/hooks/").size());
    std::string_view const platform = path.substr(0, path.find('/'));
    auto const& accounts = env_.engine.settings().accounts;
    auto const it = accounts.find(call.params[0]);
    return it == accounts.end() || it->second.platform != platform ? nullptr : &it->second;
}

}  // namespace surged::daemon
