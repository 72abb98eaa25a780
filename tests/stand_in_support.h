// What the tests of the stand-ins share: requests, parsed bodies, one instant.
#pragma once

#include "daemon/demo/platform.h"
#include "daemon/demo/posts.h"
#include "daemon/demo/snowflake.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon::demo {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-11-20T14:03:27.512Z: the instant of the sample ids in X's and Mastodon's schemes.
inline constexpr WallTime kNow{std::chrono::milliseconds{1'795'183'407'512}};

inline ServerRequest get(std::string const& target, std::string const& token = "secret") {
    HttpRequest request;
    request.url = "http://platform.test" + target;
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    return to_server_request(request);
}

// A parsed body; a body that is not JSON fails the test.
class Body {
public:
    explicit Body(ServerResponse const& response) : response_(response) {
        auto const error = parser_.parse(response.body).get(root_);
        EXPECT_EQ(error, simdjson::SUCCESS) << response.body;
    }
    // The text at a JSON Pointer; "" when there is none.
    std::string text(std::string_view pointer) const {
        std::string_view value;
        return root_.at_pointer(pointer).get(value) == simdjson::SUCCESS ? std::string(value) : "";
    }
    std::int64_t number(std::string_view pointer) const {
        std::int64_t value = 0;
        return root_.at_pointer(pointer).get(value) == simdjson::SUCCESS ? value : -1;
    }
    bool has(std::string_view pointer) const {
        return root_.at_pointer(pointer).error() == simdjson::SUCCESS;
    }
    // The texts under `name` of each element of the array at `pointer`.
    std::vector<std::string> each(std::string_view pointer, std::string_view name) const {
        std::vector<std::string> out;
        simdjson::dom::array all;
        auto const found = pointer.empty() ? root_.get(all) : root_.at_pointer(pointer).get(all);
        if (found != simdjson::SUCCESS) return out;
        for (auto const one : all) out.emplace_back(one.at_key(name).get_string().value());
        return out;
    }

private:
    ServerResponse response_;
    simdjson::dom::parser parser_;
    simdjson::dom::element root_;
};

inline std::string_view header_of(ServerResponse const& response, std::string_view name) {
    return exporters::header(response.headers, name);
}

// A post of X that was written `ago` before kNow and could be seen ten seconds later.
inline Post x_post(std::chrono::milliseconds ago, std::string text, std::uint64_t low = 1) {
    Post post;
    post.created_at = kNow - ago;
    post.visible_at = post.created_at + seconds{10};
    post.id = std::to_string(x_id(post.created_at, low));
    post.platform = "x";
    post.author = {"77", "kim", "Kim", 1200, kNow - hours{24 * 1000}};
    post.text = std::move(text);
    post.lang = "en";
    return post;
}

}  // namespace surged::daemon::demo
