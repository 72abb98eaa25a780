// The desk at which acknowledgements come back: from hooks and from what is polled, each heard once
// and turned into the same operator's word.
#pragma once

#include "daemon/engine.h"
#include "daemon/http_server.h"
#include "exporters/receivers/back_channel.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::daemon {

// The ids of what was heard from one receiver: bounded, and still safe when it is full, because
// what is not newer than the oldest that was forgotten counts as heard.
class HeardBefore {
public:
    static constexpr std::size_t kIds = 1000;  // about 50 kB of a blob

    [[nodiscard]] bool contains(std::string const& id, WallTime at) const;
    void add(std::string const& id, WallTime at);
    [[nodiscard]] std::string save() const;
    [[nodiscard]] bool restore(std::string_view blob);

private:
    std::map<std::string, WallTime> ids_;
    std::set<std::pair<WallTime, std::string>> by_time_;
    WallTime floor_ = detectors::kNoTime;
};

// The loop's side: see listen_loop.h.
class ListenSink {
public:
    virtual ~ListenSink() = default;
    [[nodiscard]] virtual bool incidents_open() const = 0;
    [[nodiscard]] virtual std::string listen_state(std::string const& receiver) const = 0;
    virtual void overheard(std::string const& receiver, exporters::Overheard const& what) = 0;
    // The next answer that is owed to a person, taken out.
    virtual std::optional<HttpRequest> next_reply(std::string const& receiver) = 0;
};

// Everything it must remember is kept by the engine and committed with the word itself.
class BackDesk final : public ListenSink {
public:
    static constexpr std::size_t kBody = 256 * 1024;  // of a hook: PagerDuty's largest
    static constexpr std::size_t kReplies = 100;      // a receiver; beyond, the oldest go unsaid

    // `ring`: the receiver's listen loop has something to do.
    BackDesk(Engine& engine, Clock& clock, std::function<void(std::string const&)> ring,
             std::function<void(std::string const& level, std::string const& text)> log)
        : engine_(engine), clock_(clock), ring_(std::move(ring)), log_(std::move(log)) {}

    // At a start and after a reload: the receivers as configured. `link_key`: secret bytes of this
    // installation that sign links; empty: no links.
    void configure(std::string link_key);
    [[nodiscard]] std::string const& link_key() const { return link_key_; }

    // POST /hooks/TYPE/RECEIVER.
    ServerResponse hook(std::string_view type, std::string const& receiver,
                        ServerRequest const& request, WallTime now);

    bool incidents_open() const override;
    std::string listen_state(std::string const& receiver) const override;
    void overheard(std::string const& receiver, exporters::Overheard const& what) override;
    std::optional<HttpRequest> next_reply(std::string const& receiver) override;

private:
    struct Desk {
        std::string type;
        std::unique_ptr<exporters::BackChannel> channel;
        HeardBefore heard;
        std::string state;  // of what is polled
        std::deque<HttpRequest> replies;
        WallTime warned = detectors::kNoTime;
    };
    void hear(std::string const& receiver, Desk& desk, exporters::Said const& said, WallTime now);
    std::string take(std::string const& receiver, Desk& desk, exporters::Said const& said,
                     WallTime now);
    void refused(std::string const& receiver, Desk& desk, std::string const& fault, WallTime now);

    Engine& engine_;
    Clock& clock_;
    std::function<void(std::string const&)> ring_;
    std::function<void(std::string const&, std::string const&)> log_;
    std::string link_key_;
    std::map<std::string, Desk> desks_;
};

}  // namespace surged::daemon
