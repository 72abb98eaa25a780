// The table of receiver kinds: every kind and key of the contract, and how it is made.
#pragma once

#include "config/values.h"
#include "exporters/receivers/back_channel.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace surged::exporters {

using MakeReceiver = std::unique_ptr<Receiver> (*)(std::string const& name,
                                                   config::Values const& values);

using MakeBackChannel = std::unique_ptr<BackChannel> (*)(std::string const& name,
                                                         config::Values const& values);

struct ReceiverRow {
    std::string_view type;                  // alertmanager, pagerduty, webhook, ...
    std::span<config::KeySpec const> keys;  // ca_file and timeout among them for the HTTP ones
    MakeReceiver make = nullptr;            // null: known to the readers, not in this release
    MakeBackChannel make_back_channel = nullptr;  // null: nothing comes back
};

std::vector<ReceiverRow> const& receiver_rows();
[[nodiscard]] ReceiverRow const* receiver_row(std::string_view type);

}  // namespace surged::exporters
