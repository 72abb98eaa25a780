#include "daemon/demo/x_query.h"

#include "daemon/demo/params.h"
#include "daemon/demo/words.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace surged::daemon::demo {
namespace {

// A query is at most 4,096 characters: this deep it is an attack on the stack, not a question.
constexpr int kDepthMax = 64;

constexpr std::array<std::string_view, 15> kStandalone = {"from",
                                                          "to",
                                                          "retweets_of",
                                                          "url",
                                                          "conversation_id",
                                                          "in_reply_to_tweet_id",
                                                          "list",
                                                          "min_likes",
                                                          "min_replies",
                                                          "min_reposts",
                                                          "quotes_of_tweet_id",
                                                          "stream",
                                                          "retweets_of_tweet_id",
                                                          "context",
                                                          "entity"};
constexpr std::array<std::string_view, 3> kConjunction = {"is", "has", "lang"};

template <std::size_t N>
bool one_of(std::array<std::string_view, N> const& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool at_least(std::int64_t count, std::string_view value) {
    auto const least = whole_number(value);
    return least && count >= *least;
}

bool is_a(std::string_view what, Post const& post) {
    if (what == "retweet") return post.kind == MentionKind::repost;
    if (what == "reply") return post.kind == MentionKind::reply;
    if (what == "quote") return post.kind == MentionKind::quote;
    return false;  // verified, nullcast: nobody here is
}

bool has_a(std::string_view what, std::string_view folded) {
    char const sign = what == "hashtags"   ? '#'
                      : what == "mentions" ? '@'
                      : what == "links"    ? 'u'
                                           : 0;
    if (sign == 0) return false;  // media, images, video_link, geo: posts here are text
    for (auto const& entity : entities(folded))
        if (entity.sign == sign) return true;
    return false;
}

bool answers(Post const& post, std::string_view folded, std::string_view handle,
             PostBook const& book) {
    if (post.in_reply_to.empty()) return false;
    if (Post const* parent = book.find(post.in_reply_to))
        return fold(parent->author.handle) == handle;
    return folded.starts_with("@" + std::string(handle));
}

}  // namespace

class XQuery::Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    bool parse(Node& out) {
        skip();
        if (at_end()) return fail("missing EXPRESSION");
        if (!either(out, 0)) return false;
        return at_end() || fail("no viable alternative");
    }
    [[nodiscard]] std::string const& error() const { return error_; }

private:
    [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
    void skip() {
        while (!at_end() && text_[at_] == ' ') ++at_;
    }
    bool fail(std::string_view what) {
        error_ = "There were errors processing your request: " + std::string(what) +
                 " (at position " + std::to_string(at_ + 1) + ")";
        return false;
    }
    [[nodiscard]] bool at_or() const {
        return text_.substr(at_).starts_with("OR") &&
               (at_ + 2 == text_.size() || text_[at_ + 2] == ' ' || text_[at_ + 2] == '(');
    }

    bool either(Node& out, int depth) {
        if (depth > kDepthMax) return fail("nested too deep");
        out.kind = Node::Kind::either;
        do {
            skip();
            if (!every(out.children.emplace_back(), depth)) return false;
            skip();
        } while (take_or());
        return true;
    }
    bool take_or() {
        if (at_end() || !at_or()) return false;
        at_ += 2;
        return true;
    }

    bool every(Node& out, int depth) {
        out.kind = Node::Kind::every;
        for (skip(); !at_end() && text_[at_] != ')' && !at_or(); skip())
            if (!negation(out.children.emplace_back(), depth)) return false;
        return !out.children.empty() || fail("missing EXPRESSION");
    }

    bool negation(Node& out, int depth) {
        if (text_[at_] != '-') return group(out, depth);
        ++at_;
        if (!at_end() && text_[at_] == '(') return fail("negated groups are not supported");
        out.kind = Node::Kind::negation;
        return !at_end() ? group(out.children.emplace_back(), depth) : fail("missing EXPRESSION");
    }

    bool group(Node& out, int depth) {
        if (text_[at_] != '(') return leaf(out);
        ++at_;
        if (!either(out, depth + 1)) return false;
        if (at_end() || text_[at_] != ')') return fail("missing ')'");
        ++at_;
        return true;
    }

    bool leaf(Node& out) {
        out.kind = Node::Kind::leaf;
        if (text_[at_] == '"') {
            out.name = "phrase";
            return quoted(out.value);
        }
        std::size_t const begin = at_;
        while (!at_end() && std::string_view(" ()\":").find(text_[at_]) == std::string_view::npos)
            ++at_;
        auto const word = text_.substr(begin, at_ - begin);
        if (!at_end() && text_[at_] == ':') return operation(out, word);
        if (word.empty()) return fail("missing EXPRESSION");
        bool const marked = std::string_view("#@$").find(word[0]) != std::string_view::npos;
        out.name = marked ? word.substr(0, 1) : std::string_view{};
        out.value = fold(marked ? word.substr(1) : word);
        return !out.value.empty() || fail("missing EXPRESSION");
    }

    bool operation(Node& out, std::string_view word) {
        out.name = fold(word);
        if (!one_of(kStandalone, out.name) && !one_of(kConjunction, out.name))
            return fail("Reference to invalid operator '" + out.name + "'");
        ++at_;
        if (!at_end() && text_[at_] == '"') return quoted(out.value);
        std::size_t const begin = at_;
        while (!at_end() && std::string_view(" ()\"").find(text_[at_]) == std::string_view::npos)
            ++at_;
        out.value = fold(text_.substr(begin, at_ - begin));
        if (out.name == "from" || out.name == "to")
            if (out.value.starts_with('@')) out.value.erase(0, 1);
        return !out.value.empty() || fail("missing a value for '" + out.name + "'");
    }

    bool quoted(std::string& value) {
        auto const end = text_.find('"', at_ + 1);
        if (end == std::string_view::npos) return fail("missing '\"'");
        value = fold(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        return !value.empty() || fail("missing EXPRESSION");
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string error_;
};

std::optional<XQuery> XQuery::parse(std::string_view text, std::string& error) {
    XQuery query;
    Parser parser(text);
    if (!parser.parse(query.root_)) {
        error = parser.error();
        return std::nullopt;
    }
    if (stands_alone(query.root_)) return query;
    error =
        "There were errors processing your request: Rules must contain at least one positive, "
        "non-stopword clause (at position 1)";
    return std::nullopt;
}

// Every alternative needs something that may stand alone.
bool XQuery::stands_alone(Node const& node) {
    auto const alone = [](Node const& child) { return stands_alone(child); };
    switch (node.kind) {
        case Node::Kind::either:
            return std::all_of(node.children.begin(), node.children.end(), alone);
        case Node::Kind::every:
            return std::any_of(node.children.begin(), node.children.end(), alone);
        case Node::Kind::negation: return false;
        case Node::Kind::leaf: break;
    }
    return !one_of(kConjunction, node.name);
}

bool XQuery::matches(Post const& post, PostBook const& book) const {
    return matches(root_, post, fold(post.text), book);
}

bool XQuery::matches(Node const& node, Post const& post, std::string_view folded,
                     PostBook const& book) {
    auto const fits = [&](Node const& child) { return matches(child, post, folded, book); };
    switch (node.kind) {
        case Node::Kind::either:
            return std::any_of(node.children.begin(), node.children.end(), fits);
        case Node::Kind::every:
            return std::all_of(node.children.begin(), node.children.end(), fits);
        case Node::Kind::negation: return !fits(node.children.front());
        case Node::Kind::leaf: break;
    }
    return leaf_matches(node, post, folded, book);
}

bool XQuery::leaf_matches(Node const& leaf, Post const& post, std::string_view folded,
                          PostBook const& book) {
    std::string const& name = leaf.name;
    std::string const& value = leaf.value;
    if (name.empty() || name == "phrase") return has_phrase(folded, value);
    if (name == "#" || name == "@" || name == "$") return has_signed(folded, name[0], value);
    if (name == "stream") return fold(post.stream) == value;
    if (name == "from") return fold(post.author.handle) == value || post.author.id == value;
    if (name == "to") return answers(post, folded, value, book);
    if (name == "conversation_id")
        return (post.conversation.empty() ? post.id : post.conversation) == value;
    if (name == "in_reply_to_tweet_id") return post.in_reply_to == value;
    if (name == "quotes_of_tweet_id") return post.quotes == value;
    if (name == "retweets_of_tweet_id") return post.reposts == value;
    if (name == "lang") return post.lang == value;
    if (name == "is") return is_a(value, post);
    if (name == "has") return has_a(value, folded);
    if (name == "url") return folded.find(value) != std::string_view::npos;
    if (name == "min_likes") return at_least(post.metrics.likes, value);
    if (name == "min_replies") return at_least(post.metrics.replies, value);
    if (name == "min_reposts") return at_least(post.metrics.reposts, value);
    return false;  // list:, retweets_of:, context:, entity: select nothing here
}

}  // namespace surged::daemon::demo
