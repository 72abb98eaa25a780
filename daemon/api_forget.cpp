// POST /api/v1/forget: erasure on request.
#include "daemon/api.h"
#include "daemon/json_body.h"
#include "detectors/json_writer.h"

namespace surged::daemon {

using namespace detectors;

// 200: nothing of it is left in the state directory. 202: it is not shown any more and goes on
// being erased, also over a restart.
ServerResponse Api::forget(ApiCall const& call) {
    auto const body = JsonBody::parse(call.request.body);
    if (!body) return problem(422, "Unprocessable Content", "the body is not a JSON object");
    ForgetWanted wanted;
    wanted.author = body->text("author");
    wanted.mention = body->text("mention");
    wanted.platform = body->text("platform");
    wanted.by = body->text("by");
    if (wanted.by.empty() && call.token != nullptr) wanted.by = call.token->name;
    if (wanted.by.empty()) return problem(422, "Unprocessable Content", "by: who says so?");
    Forgot done;
    Heard const heard = env_.engine.forget(wanted, call.now, done);
    if (heard.refusal != Refusal::none) return refusal(heard);
    JsonWriter json;
    json.object().field("texts", done.texts).field("complete", done.complete).end();
    return json_answer(json.take(), done.complete ? 200 : 202);
}

}  // namespace surged::daemon
