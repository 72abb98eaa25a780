#include "daemon/demo/local_receiver.h"

#include "daemon/demo/params.h"
#include "daemon/demo/random.h"
#include "daemon/demo/signatures.h"

namespace surged::daemon::demo {

bool LocalReceiver::signature_fits(ServerRequest const& request, WallTime now) const {
    if (secret_.empty()) return true;
    auto const id = exporters::header(request.headers, "webhook-id");
    auto const timestamp = exporters::header(request.headers, "webhook-timestamp");
    auto const signature = exporters::header(request.headers, "webhook-signature");
    auto const seconds = whole_number(timestamp);
    if (id.empty() || !seconds) return false;
    auto const off = now - WallTime{std::chrono::seconds{*seconds}};
    if (off > kTolerance || off < -kTolerance) return false;
    return webhook_signed(secret_, id, timestamp, request.body, signature);
}

Reply LocalReceiver::planned() {
    Reply reply;
    reply.response = json_answer(200, "{\"ok\":true}");
    double draw = lot(plan_.seed, requests_);
    if (draw < plan_.error) {
        reply.response = json_answer(500, "{\"error\":\"out of order\"}");
        return reply;
    }
    draw -= plan_.error;
    if (draw < plan_.throttled) {
        reply.response = json_answer(429, "{\"error\":\"too many\"}");
        reply.response.headers.emplace_back("Retry-After",
                                            std::to_string(plan_.retry_after.count()));
        return reply;
    }
    draw -= plan_.throttled;
    if (draw < plan_.slow) {
        reply.mishap = Mishap::slow;
    } else if (draw < plan_.slow + plan_.stall) {
        reply.mishap = Mishap::stall;
    }
    return reply;
}

Reply LocalReceiver::handle(ServerRequest const& request, WallTime now) {
    ++requests_;
    Delivery delivery;
    delivery.at = now;
    delivery.id = exporters::header(request.headers, "webhook-id");
    delivery.timestamp = exporters::header(request.headers, "webhook-timestamp");
    delivery.headers = request.headers;
    delivery.signature_ok = signature_fits(request, now);
    Reply reply;
    if (request.method != "POST") {
        reply.response = json_answer(405, "{\"error\":\"only POST\"}");
        reply.response.headers.emplace_back("Allow", "POST");
    } else if (request.body.size() > kBodyMax) {
        reply.response = json_answer(413, "{\"error\":\"too large\"}");
    } else if (!delivery.signature_ok) {
        ++unsigned_;
        reply.response = json_answer(401, "{\"error\":\"signature\"}");
    } else {
        reply = planned();
    }
    if (request.body.size() <= kBodyMax) delivery.body = request.body;
    delivery.status = reply.mishap == Mishap::stall ? 0 : reply.response.status;
    if (reply.response.status == 200) {
        ++accepted_;
        delivery.repeated = ids_.contains(delivery.id);
        if (ids_.size() < kIds && !delivery.id.empty()) ids_.insert(delivery.id);
    }
    deliveries_.push_back(std::move(delivery));
    if (deliveries_.size() > kKept) deliveries_.pop_front();
    return reply;
}

}  // namespace surged::daemon::demo
