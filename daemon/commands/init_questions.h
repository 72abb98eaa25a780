// What `surged init` asks for, as data: every key of every platform, kind and receiver, from the
// product's own tables, with what a person needs to answer.
#pragma once

#include "config/values.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon {

struct Question {
    // Where its answer comes from and goes to: "x" (the account), "x:search" (the stream),
    // "pagerduty".
    std::string scope;
    config::KeySpec const* key = nullptr;  // name, type, help; outlives the program's questions
    bool required = false;                 // without an answer there is no file ...
    std::string_view unless = {};          // ... but for an answer to this key of the same scope
    bool asked = false;                    // a person is asked; else it is taken from flags alone
    std::string fallback;                  // what Enter means; "" when there is none
    std::string example;
    [[nodiscard]] bool secret() const { return key->type == config::KeyType::secret; }
};

// "x" or "x:counts": what was asked to be watched. `fault` says what is wrong with the name.
struct Source {
    std::string platform, kind;
    std::string fault;
    [[nodiscard]] std::string scope() const { return platform + ":" + kind; }
};
[[nodiscard]] Source parse_source(std::string_view word);
[[nodiscard]] std::vector<std::string_view> source_names();    // x, facebook, ..., push
[[nodiscard]] std::vector<std::string_view> receiver_names();  // pagerduty, ...
[[nodiscard]] std::vector<std::string_view> kind_names(std::string_view platform);

// In the order in which they are asked. Fallbacks are made from the brand's name.
[[nodiscard]] std::vector<Question> account_questions(Source const& source,
                                                      std::string const& brand);
[[nodiscard]] std::vector<Question> stream_questions(Source const& source,
                                                     std::string const& brand);
[[nodiscard]] std::vector<Question> receiver_questions(std::string_view type,
                                                       std::string const& brand);

}  // namespace surged::daemon
