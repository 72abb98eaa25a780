// The tools that pages go to, as they are met from outside: what each checks, what it answers, how
// it throttles and fails. Written from their documentation, with a parser that shares no code with
// the product's.
#pragma once

#include "detectors/time.h"
#include "exporters/http_message.h"

#include <simdjson.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace surged::tests {

using exporters::HttpRequest;
using exporters::HttpResponse;

inline HttpResponse fake_answer(int status, std::string body = {},
                                exporters::HttpHeaders headers = {}) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    response.headers = std::move(headers);
    return response;
}

// A parsed body; "" and 0 for what is absent.
class FakeBody {
public:
    explicit FakeBody(std::string const& text) : error_(parser_.parse(text).get(root_)) {}
    [[nodiscard]] bool ok() const { return error_ == simdjson::SUCCESS; }
    [[nodiscard]] bool has(std::string_view p) const {
        return ok() && root_.at_pointer(p).error() == simdjson::SUCCESS;
    }
    [[nodiscard]] std::string text(std::string_view p) const {
        std::string_view out;
        return ok() && root_.at_pointer(p).get(out) == simdjson::SUCCESS ? std::string(out) : "";
    }
    [[nodiscard]] std::int64_t number(std::string_view p) const {
        std::int64_t out = 0;
        return ok() && root_.at_pointer(p).get(out) == simdjson::SUCCESS ? out : 0;
    }
    [[nodiscard]] std::size_t size(std::string_view p) const {
        simdjson::dom::array out;
        return ok() && root_.at_pointer(p).get(out) == simdjson::SUCCESS ? out.size() : 0;
    }

private:
    simdjson::dom::parser parser_;
    simdjson::dom::element root_;
    simdjson::error_code error_;
};

// UTF-16 code units: what Slack and Telegram count.
inline std::size_t units(std::string_view text) {
    std::size_t n = 0;
    for (char const c : text) {
        auto const u = static_cast<unsigned char>(c);
        if ((u & 0xC0U) != 0x80U) n += u >= 0xF0 ? 2 : 1;
    }
    return n;
}

class FakeTool {
public:
    virtual ~FakeTool() = default;
    HttpResponse handle(HttpRequest const& request) {
        ++requests;
        if (busy_for > 0) {
            --busy_for;
            return busy();
        }
        if (broken_for > 0) {
            --broken_for;
            return broken();
        }
        auto response = take(request);
        if (response.status >= 400) ++refused;
        return response;
    }
    [[nodiscard]] virtual HttpResponse busy() const {
        return fake_answer(429, "", {{"Retry-After", "45"}});
    }
    [[nodiscard]] virtual HttpResponse broken() const { return fake_answer(500, "internal error"); }

    int busy_for = 0, broken_for = 0;
    int requests = 0, refused = 0;
    std::vector<std::string> shown;  // what people read, in order: the title of each message

protected:
    [[nodiscard]] virtual HttpResponse take(HttpRequest const& request) = 0;
};

// What Slack checks of a message; "" when it is well.
inline std::string slack_fault(FakeBody const& body) {
    if (body.text("/text").empty()) return "no_text";
    if (body.text("/text").find('<') != std::string::npos) return "a mention came through";
    auto const blocks = body.size("/blocks");
    if (blocks == 0 || blocks > 50) return "invalid_blocks";
    for (std::size_t i = 0; i < blocks; ++i) {
        auto const here = "/blocks/" + std::to_string(i);
        auto const type = body.text(here + "/type");
        auto const text = body.text(here + "/text/text");
        if (text.find('<') != std::string::npos) return "a mention came through";
        if (type == "header" && (text.empty() || units(text) > 150)) return "invalid_blocks";
        if (type == "header" && text.find('\n') != std::string::npos) return "invalid_blocks";
        if (type == "section" && (text.empty() || units(text) > 3000)) return "invalid_blocks";
        auto const elements = body.size(here + "/elements");
        if (type == "actions" && (elements == 0 || elements > 25)) return "invalid_blocks";
        std::set<std::string> ids;
        for (std::size_t k = 0; k < elements; ++k) {
            auto const element = here + "/elements/" + std::to_string(k);
            if (!ids.insert(body.text(element + "/action_id")).second) return "invalid_blocks";
            if (body.text(element + "/text/text").empty()) return "invalid_blocks";
            if (body.text(element + "/url").size() > 3000) return "invalid_blocks";
        }
    }
    return {};
}

class FakeSlackHook final : public FakeTool {
    HttpResponse take(HttpRequest const& request) override {
        FakeBody const body(request.body);
        if (!body.ok()) return fake_answer(400, "invalid_payload");
        if (auto const fault = slack_fault(body); !fault.empty()) return fake_answer(400, fault);
        shown.push_back(body.text("/text"));
        return fake_answer(200, "ok");
    }
    HttpResponse broken() const override { return fake_answer(500, "rollup_error"); }
};

class FakeSlackApi final : public FakeTool {
public:
    struct Message {
        std::string text, thread;
        int edits = 0;
        bool broadcast = false;
    };
    std::map<std::string, Message> messages;  // by ts
    [[nodiscard]] HttpResponse busy() const override {
        return fake_answer(429, R"({"ok":false,"error":"ratelimited"})", {{"Retry-After", "45"}});
    }
    [[nodiscard]] HttpResponse broken() const override {
        return fake_answer(200, R"({"ok":false,"error":"internal_error"})");
    }

private:
    static HttpResponse no(std::string const& error) {
        return fake_answer(200, R"({"ok":false,"error":")" + error + "\"}");
    }
    HttpResponse take(HttpRequest const& request) override {
        if (exporters::header(request.headers, "authorization") != "Bearer xoxb-1")
            return no("invalid_auth");
        FakeBody const body(request.body);
        if (auto const fault = slack_fault(body); !fault.empty()) return no(fault);
        if (request.url.ends_with("/chat.update")) {
            auto const it = messages.find(body.text("/ts"));
            if (body.text("/channel") != "C024BE91L") return no("channel_not_found");
            if (it == messages.end()) return no("message_not_found");
            it->second.text = body.text("/text");
            ++it->second.edits;
            return fake_answer(200, R"({"ok":true,"channel":"C024BE91L","ts":")" + it->first +
                                        R"(","text":"x","message":{"type":"message"}})");
        }
        if (!request.url.ends_with("/chat.postMessage")) return fake_answer(404);
        if (body.text("/channel") != "#crisis") return no("channel_not_found");
        auto const ts = "1503435956." + std::to_string(100000 + messages.size());
        Message message;
        message.text = body.text("/text");
        message.thread = body.text("/thread_ts");
        message.broadcast = body.has("/reply_broadcast");
        messages[ts] = message;
        shown.push_back(message.text);
        return fake_answer(
            200, R"({"ok":true,"channel":"C024BE91L","ts":")" + ts + R"(","message":{"ts":")" + ts +
                     "\"" +
                     (message.thread.empty() ? "" : R"(,"thread_ts":")" + message.thread + "\"") +
                     "}}");
    }
};

class FakeTeams final : public FakeTool {
public:
    [[nodiscard]] HttpResponse busy() const override {  // a connector's way
        return fake_answer(200,
                           "Webhook message delivery failed with error: Microsoft Teams endpoint "
                           "returned HTTP error 429 with ContextId tcid=0.",
                           {{"Retry-After", "45"}});
    }

private:
    HttpResponse take(HttpRequest const& request) override {
        FakeBody const body(request.body);
        if (request.body.size() > 28 * 1024) return fake_answer(413);
        bool const card =
            body.text("/type") == "message" && body.size("/attachments") == 1 &&
            body.text("/attachments/0/contentType") == "application/vnd.microsoft.card.adaptive" &&
            body.text("/attachments/0/content/type") == "AdaptiveCard" &&
            body.size("/attachments/0/content/body") > 0;
        if (!card) return fake_answer(400, R"({"error":{"code":"TriggerInputSchemaMismatch"}})");
        shown.push_back(body.text("/attachments/0/content/body/0/inlines/0/text"));
        return fake_answer(202);
    }
};

class FakeDiscord final : public FakeTool {
public:
    [[nodiscard]] HttpResponse busy() const override {
        return fake_answer(429, R"({"message":"You are being rate limited.","retry_after":44.57,)"
                                R"("global":false})");
    }

private:
    HttpResponse take(HttpRequest const& request) override {
        FakeBody const body(request.body);
        if (request.url.find("wait=true") == std::string::npos) return fake_answer(204);
        if (!body.ok()) return fake_answer(400, R"({"code":50109})");
        std::size_t const total =
            units(body.text("/embeds/0/title")) + units(body.text("/embeds/0/description"));
        bool const fits = units(body.text("/content")) <= 2000 && total <= 6000 &&
                          units(body.text("/embeds/0/title")) <= 256 &&
                          units(body.text("/embeds/0/description")) <= 4096;
        bool const silent =
            body.has("/allowed_mentions/parse") && body.size("/allowed_mentions/parse") == 0;
        if (!fits || !silent || body.text("/content").empty())
            return fake_answer(400, R"({"code":50035,"message":"Invalid Form Body"})");
        shown.push_back(body.text("/content"));
        return fake_answer(200, R"({"id":"1234567890","type":0})");
    }
};

class FakeTelegram final : public FakeTool {
public:
    std::vector<std::string> updates;   // JSON of updates that wait: {"update_id":N,...}
    std::vector<std::string> answers;   // texts of answerCallbackQuery
    std::vector<std::int64_t> replies;  // which message each one answers; 0: none
    std::int64_t next_message = 100;
    [[nodiscard]] HttpResponse busy() const override {
        return fake_answer(429, R"({"ok":false,"error_code":429,"description":"Too Many Requests: )"
                                R"(retry after 45","parameters":{"retry_after":45}})");
    }
    [[nodiscard]] HttpResponse broken() const override {
        return fake_answer(502, R"({"ok":false,"error_code":502,"description":"Bad Gateway"})");
    }

private:
    static HttpResponse bad(std::string const& why) {
        return fake_answer(
            400, R"({"ok":false,"error_code":400,"description":"Bad Request: )" + why + "\"}");
    }
    // Its HTML: known tags, closed in order, known entities. The characters that are left, or -1.
    static int length_of(std::string const& html) {
        std::string plain, open;
        for (std::size_t i = 0; i < html.size();) {
            std::string_view const rest = std::string_view(html).substr(i);
            if (rest.starts_with("<b>")) {
                open += 'b';
                i += 3;
            } else if (rest.starts_with("</b>")) {
                if (!open.ends_with('b')) return -1;
                open.pop_back();
                i += 4;
            } else if (rest[0] == '<' || rest[0] == '>') {
                return -1;
            } else if (rest[0] == '&') {
                std::size_t const end = rest.find(';');
                auto const entity = rest.substr(0, end);
                if (entity != "&amp" && entity != "&lt" && entity != "&gt") return -1;
                plain += '?';
                i += end + 1;
            } else {
                plain += rest[0];
                ++i;
            }
        }
        return open.empty() ? static_cast<int>(units(plain)) : -1;
    }
    HttpResponse take(HttpRequest const& request) override {
        if (request.url.find("/bot123:abc/") == std::string::npos)
            return fake_answer(404, R"({"ok":false,"error_code":404,"description":"Not Found"})");
        FakeBody const body(request.body);
        if (request.url.ends_with("/getUpdates")) return get_updates(body);
        if (request.url.ends_with("/answerCallbackQuery")) {
            if (units(body.text("/text")) > 200) return bad("MESSAGE_TOO_LONG");
            answers.push_back(body.text("/callback_query_id") + ": " + body.text("/text"));
            return fake_answer(200, R"({"ok":true,"result":true})");
        }
        if (!request.url.ends_with("/sendMessage")) return fake_answer(404);
        if (body.text("/chat_id") != "-100123") return bad("chat not found");
        auto const text = body.text("/text");
        if (body.text("/parse_mode") != "HTML" || length_of(text) < 1)
            return bad("can't parse entities");
        if (length_of(text) > 4096) return bad("message is too long");
        auto const data = body.text("/reply_markup/inline_keyboard/0/0/callback_data");
        if (data.size() > 64) return bad("BUTTON_DATA_INVALID");
        auto const url = body.text("/reply_markup/inline_keyboard/1/0/url");
        if (url.find("://localhost") != std::string::npos) return bad("BUTTON_URL_INVALID");
        auto const to = body.number("/reply_parameters/message_id");
        replies.push_back(to);
        shown.push_back(text.substr(0, text.find('\n')));
        auto const id = std::to_string(next_message++);
        return fake_answer(
            200,
            R"({"ok":true,"result":{"message_id":)" + id + R"(,"chat":{"id":-100123})" +
                (to == 0 ? ""
                         : R"(,"reply_to_message":{"message_id":)" + std::to_string(to) + "}") +
                "}}");
    }
    HttpResponse get_updates(FakeBody const& body) {
        std::string list;
        auto const offset = body.number("/offset");
        std::erase_if(updates, [&](std::string const& update) {
            return FakeBody(update).number("/update_id") < offset;
        });
        for (auto const& update : updates) list += (list.empty() ? "" : ",") + update;
        return fake_answer(200, R"({"ok":true,"result":[)" + list + "]}");
    }
};

class FakeNtfy final : public FakeTool {
public:
    std::vector<std::string> links;  // of the buttons to acknowledge
    [[nodiscard]] HttpResponse busy() const override {
        return fake_answer(429,
                           R"({"code":42901,"http":429,"error":"limit reached: too many requests",)"
                           R"("link":"https://ntfy.sh/docs/publish/#limitations"})");
    }

private:
    HttpResponse take(HttpRequest const& request) override {
        FakeBody const body(request.body);
        if (!body.ok() || body.text("/topic") != "acme")
            return fake_answer(400, R"({"code":40024,"http":400,"error":"invalid request"})");
        auto const priority = body.number("/priority");
        if (priority < 1 || priority > 5 || body.size("/actions") > 3)
            return fake_answer(400, R"({"code":40007,"http":400,"error":"invalid priority"})");
        if (body.text("/message").size() > 4096 || body.text("/message").empty())
            return fake_answer(413, R"({"code":41301,"http":413,"error":"too large"})");
        if (body.text("/actions/0/action") == "http") links.push_back(body.text("/actions/0/url"));
        shown.push_back(body.text("/title"));
        return fake_answer(200, R"({"id":"xE73Iyuabi","event":"message"})");
    }
};

class FakePagerDuty final : public FakeTool {
public:
    // What a person sees: key -> triggered, acknowledged. What is resolved is gone.
    std::map<std::string, std::string> open;
    std::vector<std::string> actions;
    int rang = 0;
    [[nodiscard]] HttpResponse busy() const override { return fake_answer(429); }

private:
    HttpResponse take(HttpRequest const& request) override {
        FakeBody const body(request.body);
        auto const key = body.text("/dedup_key"), action = body.text("/event_action");
        bool const trigger = action == "trigger";
        std::set<std::string> const severities{"critical", "error", "warning", "info"};
        bool const fine =
            body.text("/routing_key").size() == 32 && key.size() <= 255 &&
            request.body.size() <= 512 * 1024 &&
            (action == "acknowledge" || action == "resolve" ||
             (trigger && units(body.text("/payload/summary")) <= 1024 &&
              !body.text("/payload/source").empty() && !body.text("/payload/summary").empty() &&
              severities.contains(body.text("/payload/severity"))));
        if (!fine)
            return fake_answer(400, R"({"status":"invalid event","message":"Event object is )"
                                    R"(invalid","errors":["x"]})");
        actions.push_back(action + " " + key);
        auto const it = open.find(key);
        if (trigger && it == open.end()) {
            open[key] = "triggered";
            ++rang;
        } else if (action == "acknowledge" && it != open.end()) {
            it->second = "acknowledged";
        } else if (action == "resolve" && it != open.end()) {
            open.erase(it);
        }
        if (trigger) shown.push_back(body.text("/payload/summary"));
        return fake_answer(202, R"({"status":"success","message":"Event processed"})");
    }
};

class FakeAlertmanager final : public FakeTool {
public:
    std::string silences = "[]";

private:
    HttpResponse take(HttpRequest const& request) override {
        if (request.url.ends_with("/api/v2/silences")) return fake_answer(200, silences);
        FakeBody const body(request.body);
        if (exporters::header(request.headers, "content-type") != "application/json")
            return fake_answer(415);
        if (!body.ok() || body.size("") == 0) return fake_answer(400, "\"not an array\"");
        shown.push_back(body.text("/0/annotations/summary"));
        return fake_answer(200);
    }
    HttpResponse busy() const override { return fake_answer(503); }
};

class FakeWebhook final : public FakeTool {
    HttpResponse take(HttpRequest const& request) override {
        shown.push_back(FakeBody(request.body).text("/event"));
        return fake_answer(200);
    }
};

}  // namespace surged::tests
