#include "exporters/receivers/receivers.h"

#include "exporters/receivers/alertmanager.h"
#include "exporters/receivers/email.h"
#include "exporters/receivers/exec.h"
#include "exporters/receivers/pagerduty.h"
#include "exporters/receivers/webhook.h"

#include <algorithm>
#include <array>

namespace surged::exporters {
namespace {

using config::KeySpec;
using config::KeyType;

// Every receiver brings its make function into its row of the table below.
constexpr MakeReceiver kNotBuilt = nullptr;

constexpr KeySpec kCaFile{"ca_file", KeyType::file, false, "trusted instead of the system's CAs"};
constexpr KeySpec kTimeout{"timeout", KeyType::duration, false, "of one attempt"};

constexpr std::array kPagerduty{
    KeySpec{"routing_key_file", KeyType::secret, true, "of the service's Events API v2"},
    KeySpec{"url", KeyType::url, false, "of the Events API, or of what speaks like it"},
    KeySpec{"webhook_secret_file", KeyType::secret, false, "checks what PagerDuty tells us"},
    kCaFile,
    kTimeout,
};
constexpr std::array kAlertmanager{
    KeySpec{"urls", KeyType::urls, true, "of every peer of the cluster"},
    KeySpec{"ack_prefix", KeyType::text, false, "a silence whose comment begins so acknowledges"},
    kCaFile,
    kTimeout,
};
constexpr std::array kWebhook{
    KeySpec{"url", KeyType::url, true, "takes the events"},
    KeySpec{"secret_file", KeyType::secret, false, "signs them (Standard Webhooks)"},
    KeySpec{"all", KeyType::boolean, false, "also the events without a moment"},
    kCaFile,
    kTimeout,
};
// One of url_file and bot_token_file: settings_receivers.cpp sees to it.
constexpr std::array kSlack{
    KeySpec{"url_file", KeyType::secret, false, "an incoming webhook"},
    KeySpec{"bot_token_file", KeyType::secret, false, "of an app, with `channel`"},
    KeySpec{"channel", KeyType::text, false, "where the bot speaks"},
    KeySpec{"signing_secret_file", KeyType::secret, false, "checks what Slack tells us"},
    kCaFile,
    kTimeout,
};
constexpr std::array kUrlFile{
    KeySpec{"url_file", KeyType::secret, true, "an incoming webhook"},
    kCaFile,
    kTimeout,
};
constexpr std::array kTelegram{
    KeySpec{"bot_token_file", KeyType::secret, true, "of the bot"},
    KeySpec{"chat_id", KeyType::text, true, "where the bot speaks"},
    KeySpec{"allowed_users", KeyType::texts, false, "ids of those who may acknowledge"},
    kCaFile,
    kTimeout,
};
constexpr std::array kNtfy{
    KeySpec{"url", KeyType::url, false, "of the server; ntfy.sh when absent"},
    KeySpec{"topic", KeyType::text, true, "where it is published"},
    KeySpec{"token_file", KeyType::secret, false, "of the server's account"},
    kCaFile,
    kTimeout,
};
constexpr std::array kEmail{
    KeySpec{"smarthost", KeyType::text, true, "HOST:PORT of the mail server"},
    KeySpec{"from", KeyType::text, true, "address of the sender"},
    KeySpec{"to", KeyType::texts, true, "addresses"},
    KeySpec{"username", KeyType::text, false, "at the mail server"},
    KeySpec{"password_file", KeyType::secret, false, "at the mail server"},
    kCaFile,
    kTimeout,
};
constexpr std::array kExec{
    KeySpec{"command", KeyType::texts, true, "program and arguments; the event on its input"},
    kTimeout,
};

}  // namespace

std::vector<ReceiverRow> const& receiver_rows() {
    static std::vector<ReceiverRow> const table{
        {"pagerduty", kPagerduty, make_pagerduty},
        {"alertmanager", kAlertmanager, make_alertmanager},
        {"webhook", kWebhook, make_webhook},
        {"slack", kSlack, kNotBuilt},
        {"teams", kUrlFile, kNotBuilt},
        {"discord", kUrlFile, kNotBuilt},
        {"telegram", kTelegram, kNotBuilt},
        {"ntfy", kNtfy, kNotBuilt},
        {"email", kEmail, make_email},
        {"exec", kExec, make_exec},
    };
    return table;
}

ReceiverRow const* receiver_row(std::string_view type) {
    auto const& all = receiver_rows();
    auto const it =
        std::find_if(all.begin(), all.end(), [&](auto const& r) { return r.type == type; });
    return it == all.end() ? nullptr : &*it;
}

}  // namespace surged::exporters
