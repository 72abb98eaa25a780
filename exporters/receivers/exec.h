// A program of the operator's: the event on its standard input, once per page.
#pragma once

#include "config/values.h"
#include "exporters/receivers/receiver.h"

#include <memory>
#include <string>
#include <vector>

namespace surged::exporters {

// The request to the door that runs programs: method EXEC, url `exec:PROGRAM`, one header
// `argument` for each argument, one header `environment` for each NAME=VALUE; the body goes to its
// standard input. Its answer: `status` is the exit status (128 + signal), the body what it wrote
// (bounded).
//
// No shell is between, so no text can break out of anything; the words of strangers are on standard
// input alone, as JSON. SURGED_KEY is stable over retries: whoever must not act twice remembers it.
class ExecReceiver final : public Receiver {
public:
    explicit ExecReceiver(config::Values const& values);
    [[nodiscard]] std::vector<HttpRequest> render(Page const& page,
                                                  detectors::WallTime now) const override;
    // 0 delivered; 64 (usage), 65 (data): refused, as the same input gives the same answer; else
    // again.
    [[nodiscard]] Answer judge(HttpResponse const& response) const override;

private:
    std::vector<std::string> command_;
};

std::unique_ptr<Receiver> make_exec(std::string const& name, config::Values const& values);

}  // namespace surged::exporters
