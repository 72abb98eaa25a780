#include "detectors/policy.h"

namespace surged::detectors {

std::optional<std::chrono::seconds> Policy::limit(ClockKind kind) const {
    switch (kind) {
        case ClockKind::acknowledge: return acknowledge;
        case ClockKind::respond: return respond;
        case ClockKind::resolve: return resolve;
    }
    return std::nullopt;
}

}  // namespace surged::detectors
