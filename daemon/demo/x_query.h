// X's search language, as far as brands use it: which posts does a query select?
#pragma once

#include "daemon/demo/posts.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace surged::daemon::demo {

// Keywords, "phrases", #tags, @handles, $cash, from: to: conversation_id: in_reply_to_tweet_id:
// quotes_of_tweet_id: lang: url: min_likes: min_replies: min_reposts: is: has:, AND by
// juxtaposition (binds tighter), OR, "-", parentheses. Matching ignores case and accents. Beyond X:
// `stream:NAME` or `stream:"NAME WITH SPACES"` selects the posts tagged with that stream.
class XQuery {
public:
    // None, and X's kind of message in `error`: unknown operator, unbalanced parenthesis, negated
    // group, nothing but negations or nothing that stands alone.
    static std::optional<XQuery> parse(std::string_view text, std::string& error);

    // `book` is where the post answered is looked up (to:).
    [[nodiscard]] bool matches(Post const& post, PostBook const& book) const;

private:
    struct Node {
        enum class Kind : std::uint8_t { every, either, negation, leaf };
        Kind kind = Kind::leaf;
        std::vector<Node> children;
        std::string name;   // of a leaf: "", "phrase", "#", "@", "$" or the operator
        std::string value;  // folded
    };
    class Parser;

    static bool matches(Node const& node, Post const& post, std::string_view folded,
                        PostBook const& book);
    static bool leaf_matches(Node const& leaf, Post const& post, std::string_view folded,
                             PostBook const& book);
    static bool stands_alone(Node const& node);

    Node root_;
};

}  // namespace surged::daemon::demo
