#include "exporters/receivers/exec.h"

#include "exporters/receivers/clock_words.h"
#include "exporters/receivers/text.h"

#include <utility>

namespace surged::exporters {
namespace {

constexpr int kUsage = 64, kData = 65;  // sysexits.h
constexpr std::size_t kDetail = 200;

}  // namespace

ExecReceiver::ExecReceiver(config::Values const& values) {
    if (auto const it = values.lists.find("command"); it != values.lists.end())
        command_ = it->second;
}

std::vector<HttpRequest> ExecReceiver::render(Page const& page, detectors::WallTime) const {
    if (outdated(page) || command_.empty()) return {};
    HttpRequest request;
    request.method = "EXEC";
    request.url = "exec:" + command_.front();
    request.idempotent = false;
    for (std::size_t i = 1; i < command_.size(); ++i)
        request.headers.emplace_back("argument", command_[i]);
    auto const set = [&](char const* name, std::string const& value) {
        if (!value.empty())
            request.headers.emplace_back("environment", std::string(name) + "=" + plain(value));
    };
    set("SURGED_KEY", page.key);
    set("SURGED_EVENT", std::string(to_string(page.event.name)));
    set("SURGED_INCIDENT", page.event.incident);
    set("SURGED_BRAND", page.event.brand);
    set("SURGED_DRILL", page.event.drill ? "1" : "");
    set("SURGED_REPEAT", page.repeat ? "1" : "");
    request.body = to_json(page.event) + "\n";
    std::vector<HttpRequest> out;
    out.push_back(std::move(request));
    return out;
}

Answer ExecReceiver::judge(HttpResponse const& response) const {
    Answer answer;
    if (response.status == 0) return answer;
    answer.detail = response.status > 128
                        ? "ended by signal " + std::to_string(response.status - 128)
                        : "exit status " + std::to_string(response.status);
    auto const words = brief(response.body, kDetail);
    if (!words.empty()) answer.detail += ": " + words;
    bool const final = response.status == kUsage || response.status == kData;
    answer.kind = final ? Answer::Kind::refused : Answer::Kind::retry;
    return answer;
}

std::unique_ptr<Receiver> make_exec(std::string const&, config::Values const& values) {
    return std::make_unique<ExecReceiver>(values);
}

}  // namespace surged::exporters
