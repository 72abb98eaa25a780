#include "daemon/demo/feed_stand_in.h"

#include "daemon/demo/random.h"
#include "detectors/json_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace surged::daemon::demo {
namespace {

using std::chrono::seconds;

std::string escaped(std::string_view text) {
    std::string out;
    for (char const c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else
            out += c;
    }
    return out;
}

std::string link_of(Post const& post) {
    return "https://news.example/a/" + post.id;
}

}  // namespace

std::string rfc822(WallTime t) {
    constexpr std::array<char const*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    constexpr std::array<char const*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    auto const day = std::chrono::floor<std::chrono::days>(t);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss const time{std::chrono::floor<seconds>(t - day)};
    std::array<char, 96> out{};
    std::snprintf(out.data(), out.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000",
                  kDays[std::chrono::weekday{day}.c_encoding()], unsigned(date.day()),
                  kMonths[unsigned(date.month()) - 1], int(date.year()), int(time.hours().count()),
                  int(time.minutes().count()), int(time.seconds().count()));
    return out.data();
}

bool FeedStandIn::has_guid(Post const& post) const {
    return options_.guid_every == 0 || post.serial % options_.guid_every != 0;
}

ServerResponse FeedStandIn::handle(ServerRequest const& request, WallTime now) {
    std::size_t items = 0;
    if (!window_.take(now)) {
        auto response = json_answer(429, "slow down", "text/plain");
        auto const left = std::chrono::ceil<seconds>(window_.reset() - now);
        response.headers.emplace_back("Retry-After", std::to_string(left.count()));
        return counted(std::move(response));
    }
    auto response = answer(request, now, items);
    if (response.status == 304) ++unchanged_;
    return counted(std::move(response), items);
}

ServerResponse FeedStandIn::refuse(Trouble trouble, ServerRequest const& request, WallTime now) {
    if (trouble == Trouble::rate_limited) {
        auto response = json_answer(429, "slow down", "text/plain");
        response.headers.emplace_back("Retry-After", "600");
        return counted(std::move(response));
    }
    if (trouble == Trouble::expired_cursor || trouble == Trouble::token_expired)
        return handle(request, now);
    return counted(json_answer(502, "<html><body>Bad Gateway</body></html>", "text/html"));
}

ServerResponse FeedStandIn::answer(ServerRequest const& request, WallTime now, std::size_t& items) {
    if (request.path == "/moved") {
        auto response = json_answer(302, "", "text/plain");
        response.headers.emplace_back("Location", "/feed.rss");
        return response;
    }
    auto const posts = book_.newest(Listing(now), 0, options_.window).posts;
    std::uint64_t state = posts.size();
    for (Post const* post : posts) state = scramble(state, post->serial);
    std::string const etag = "W/\"" + std::to_string(state) + "\"";
    if (exporters::header(request.headers, "If-None-Match") == etag) {
        auto response = json_answer(304, "", "application/rss+xml");
        response.headers.emplace_back("ETag", etag);
        return response;
    }
    std::string body, type;
    if (request.path == "/feed.rss" || request.path == "/feed.rdf") {
        body = rss(posts, request.path == "/feed.rdf");
        type = "application/rss+xml; charset=utf-8";
    } else if (request.path == "/feed.atom") {
        body = atom(posts);
        type = "application/atom+xml";
    } else if (request.path == "/feed.json") {
        body = json(posts);
        type = "application/feed+json";
    } else {
        return json_answer(404, "not here", "text/plain");
    }
    items = posts.size();
    auto response = json_answer(200, std::move(body), type);
    response.headers.emplace_back("ETag", etag);
    response.headers.emplace_back("Last-Modified", rfc822(now));
    return response;
}

std::string FeedStandIn::rss(std::vector<Post const*> const& posts, bool rdf) const {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    out += rdf ? "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "
                 "xmlns=\"http://purl.org/rss/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">"
                 "<channel><title>City News</title></channel>\n"
               : "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel>"
                 "<title>City News</title><link>https://news.example/</link><ttl>5</ttl>\n";
    for (Post const* post : posts) {
        out += rdf ? "<item rdf:about=\"" + link_of(*post) + "\">" : std::string("<item>");
        out += "<title>" + escaped(post->text) + "</title><link>" + link_of(*post) + "</link>";
        if (!rdf && has_guid(*post))
            out += "<guid isPermaLink=\"false\">tag:news.example,2026:" + post->id + "</guid>";
        if (rdf)
            out += "<dc:date>" + detectors::rfc3339(post->created_at) + "</dc:date>";
        else
            out += "<pubDate>" + rfc822(post->created_at) + "</pubDate>";
        out += "<dc:creator>" + escaped(post->author.handle) + "</dc:creator>";
        out += "<description>&lt;p&gt;" + escaped(escaped(post->text)) +
               "&lt;/p&gt;</description></item>\n";
    }
    return out + (rdf ? "</rdf:RDF>\n" : "</channel></rss>\n");
}

std::string FeedStandIn::atom(std::vector<Post const*> const& posts) const {
    std::string out =
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" "
        "xml:lang=\"en\" xml:base=\"https://news.example/\"><title>City News</title>"
        "<id>tag:news.example,2026:feed</id><author><name>Staff</name></author>\n";
    for (Post const* post : posts)
        out += "<entry><title>" + escaped(post->text) +
               "</title><id>tag:news.example,2026:" + post->id + "</id><link href=\"a/" + post->id +
               "\"/><updated>" + detectors::rfc3339(post->created_at) +
               "</updated><content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><p>" +
               escaped(post->text) + "</p></div></content></entry>\n";
    return out + "</feed>\n";
}

std::string FeedStandIn::json(std::vector<Post const*> const& posts) const {
    detectors::JsonWriter json;
    json.object().field("version", "https://jsonfeed.org/version/1.1").key("items").array();
    for (Post const* post : posts) {
        json.object().field("id", post->id).field("url", link_of(*post));
        json.field("content_text", post->text).field("date_published", post->created_at);
        json.key("authors").array().object().field("name", post->author.handle).end().end().end();
    }
    json.end().end();
    return json.take();
}

}  // namespace surged::daemon::demo
