#include "daemon/commands/init_try.h"

#include "daemon/bell.h"
#include "daemon/delivery_loop.h"
#include "daemon/pollers/pollers.h"
#include "exporters/receivers/receivers.h"
#include "exporters/receivers/test_page.h"
#include "exporters/receivers/text.h"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace surged::daemon {

namespace asio = boost::asio;
using exporters::Answer;
using exporters::plain;

namespace {

constexpr int kRequestsMost = 4;  // a login, its renewal, a look-up, the page

std::string in_words(Failure const& failure) {
    std::string what;
    switch (failure.fault) {
        case Fault::auth: what = "it refuses the credential"; break;
        case Fault::forbidden: what = "the credential may not do this"; break;
        case Fault::throttled: what = "it answers, and asks to slow down"; break;
        case Fault::budget: what = "it answers, and its quota or credit is used up"; break;
        case Fault::not_found: what = "it does not know what was asked for"; break;
        case Fault::bad_request:
        case Fault::bad_cursor: what = "it does not understand the question"; break;
        case Fault::transient: what = "it cannot be reached, or fails"; break;
        case Fault::timeout: what = "it did not answer in time"; break;
        case Fault::malformed:
            what = "its answer is not understood: is this the right server?";
            break;
        case Fault::too_large: what = "its answer is too large"; break;
    }
    return failure.detail.empty() ? what : what + " (" + plain(failure.detail) + ")";
}

std::string in_words(PollPage const& page, detectors::MentionBatch const& batch) {
    std::size_t const found = batch.items.size() + page.counts.size();
    std::string out = "it answers";
    if (found > 0)
        out +=
            ": " + std::to_string(found) +
            (page.counts.empty() ? found == 1 ? " mention" : " mentions" : " intervals of counts") +
            " on the first page";
    else if (page.malformed == 0)
        out += ", and finds nothing yet: is the query right?";
    if (page.malformed > 0) out += "; " + std::to_string(page.malformed) + " could not be read";
    if (!page.note.empty()) out += " (" + plain(page.note) + ")";
    return out;
}

// One page, once.
class OnePage final : public DeliverySink {
public:
    OnePage(exporters::Page page, Tried& out) : page_(std::move(page)), out_(out) {}

    std::optional<exporters::Page> next_page(std::string const&, std::int64_t& row) override {
        row = 1;
        return page_;
    }
    void settled(std::string const& receiver, std::int64_t, Answer const& answer) override {
        out_.ok = answer.kind == Answer::Kind::delivered;
        out_.words = out_.ok ? "took the test page: look whether '" + receiver + "' showed it"
                             : "did not take the test page";
        if (!answer.detail.empty()) out_.words += " (" + plain(answer.detail) + ")";
        // The loop ends by exception alone; this one is its cancellation, come early.
        throw boost::system::system_error(asio::error::operation_aborted);
    }
    std::vector<HttpRequest> state_requests(std::string const&,
                                            exporters::Receiver const&) override {
        return {};
    }
    [[nodiscard]] WallTime next_at(std::string const&) const override { return detectors::kNoTime; }

private:
    exporters::Page page_;
    Tried& out_;
};

}  // namespace

asio::awaitable<void> try_stream(HttpClient& http, Clock& clock, AccountSettings const& account,
                                 StreamSettings const& stream, std::chrono::seconds timeout,
                                 Tried& out) {
    PlatformRow const* const row = platform(stream.platform);
    KindRow const* const kind = row == nullptr ? nullptr : kind_of(*row, stream.kind);
    if (kind == nullptr || kind->make == nullptr) {
        out.words = "nothing to ask";
        co_return;
    }
    auto const poller = kind->make(account, stream);
    PollContext context;
    std::string cursor;
    detectors::MentionBatch batch;
    for (int i = 0; i < kRequestsMost; ++i) {
        context.now = clock.wall_now();
        if (i == 0) context.walk_started = context.now;
        HttpRequest request = poller->next_request(cursor, context);
        Instant const deadline = clock.now() + timeout;
        Result<HttpResponse> response = co_await http.fetch(std::move(request), deadline);
        if (!response) {
            out.words = in_words(response.error());
            co_return;
        }
        Result<PollPage> const page = poller->accept(*response, cursor, context, batch);
        if (!page) {
            out.words = in_words(page.error());
            co_return;
        }
        if (page->aside) continue;
        out.ok = true;
        out.words = in_words(*page, batch);
        co_return;
    }
    out.words = "it asks for one login after the other";
}

asio::awaitable<void> try_receiver(HttpClient& deliveries, Clock& clock,
                                   ReceiverSettings const& receiver,
                                   std::string const& external_url, std::chrono::seconds timeout,
                                   Tried& out) {
    auto const* const row = exporters::receiver_row(receiver.type);
    if (row == nullptr || row->make == nullptr) {
        out.words = "is not in this release";
        co_return;
    }
    exporters::Page page;
    page.event = exporters::test_event(receiver.name, clock.wall_now());
    page.repeat = true;  // told on its own account, as the daemon's
    page.key = "init-test-" + std::to_string(page.event.at.time_since_epoch().count());
    page.external_url = external_url;
    OnePage sink(std::move(page), out);
    ClockBell bell(clock);
    DeliveryEnv const env{clock, deliveries, sink, bell, timeout};
    co_await run_delivery_loop(env, receiver.name, row->make(receiver.name, receiver.values));
}

}  // namespace surged::daemon
