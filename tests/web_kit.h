// Pollers of Hacker News, Reddit, YouTube and feeds for tests, with a session that is alive.
#pragma once

#include "daemon/pollers/feed.h"
#include "daemon/pollers/hackernews.h"
#include "daemon/pollers/reddit.h"
#include "daemon/pollers/youtube.h"
#include "tests/poller_kit.h"

namespace surged::tests {

inline daemon::AccountSettings reddit_account(std::string base = "https://oauth.reddit.com",
                                              bool logged_in = true) {
    auto a = account(std::move(base), {{"client_secret_file", "reddit-secret"}});
    a.values.text["client_id"] = "abc";
    a.values.text["user_agent"] = "test:surged:1 (by /u/acme)";
    if (logged_in) {
        a.session->access = "reddit-token";
        a.session->expires = kNow + 24h;
    }
    return a;
}
inline std::unique_ptr<Poller> reddit_search() {
    return daemon::make_reddit_search(reddit_account(),
                                      stream("reddit", "search", {{"query", "acme"}}));
}
inline std::unique_ptr<Poller> reddit_subreddit(std::string query = "") {
    Pairs texts{{"subreddit", "soda"}};
    if (!query.empty()) texts.emplace_back("query", query);
    return daemon::make_reddit_subreddit(reddit_account(), stream("reddit", "subreddit", texts));
}
inline std::unique_ptr<Poller> hackernews(std::string query = "") {
    return daemon::make_hackernews_search(
        account("https://hn.algolia.com"),
        stream("hackernews", "search", {{"query", std::move(query)}}));
}
inline std::unique_ptr<Poller> youtube_comments(std::string query = "") {
    Pairs texts{{"channel", "UCbrand"}};
    if (!query.empty()) texts.emplace_back("query", query);
    return daemon::make_youtube_comments(
        account("https://www.googleapis.com", {{"api_key_file", "AIza-key-of-test"}}),
        stream("youtube", "comments", texts));
}
inline std::unique_ptr<Poller> youtube_search() {
    return daemon::make_youtube_search(
        account("https://www.googleapis.com", {{"api_key_file", "AIza-key-of-test"}}),
        stream("youtube", "search", {{"query", "acme"}}));
}
inline std::unique_ptr<Poller> feed(std::vector<std::string> match = {},
                                    std::string url = "https://news.example/feed") {
    auto s = stream("feed", "feed", {{"url", std::move(url)}});
    if (!match.empty()) s.values.lists["match"] = std::move(match);
    return daemon::make_feed(account(""), s);
}

}  // namespace surged::tests
