// What the tools that pages go to tell by themselves:
// /hooks/{pagerduty,slack,telegram,ntfy}/RECEIVER.
#include "daemon/api.h"

namespace surged::daemon {

// POST /hooks/TYPE/RECEIVER
ServerResponse Api::receiver_hook(ApiCall const& call) {
    std::string_view type = call.request.path;
    type.remove_prefix(std::string_view("/hooks/").size());
    type = type.substr(0, type.find('/'));
    if (!env_.receiver_hook) return problem(404, "Not Found", "no hooks are taken");
    return env_.receiver_hook(type, call.params[0], call.request, call.now);
}

}  // namespace surged::daemon
