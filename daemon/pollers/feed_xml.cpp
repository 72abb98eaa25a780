#include "daemon/pollers/feed_xml.h"

#include "daemon/pollers/html_text.h"

#include <algorithm>
#include <array>
#include <libxml/encoding.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <limits>
#include <memory>

namespace surged::daemon {
namespace {

std::string_view view(xmlChar const* text) {
    return text == nullptr ? std::string_view{} : reinterpret_cast<char const*>(text);
}

constexpr std::string_view kDublinCore = "http://purl.org/dc/";
constexpr std::string_view kContentModule = "http://purl.org/rss/1.0/modules/content/";
constexpr std::string_view kXmlNamespace = "http://www.w3.org/XML/1998/namespace";

// libxml2's attributes: five pointers each, the last two the value's begin and end.
class Attributes {
public:
    Attributes(xmlChar const** all, int count) : all_(all), count_(count) {}
    // The value of the first attribute `name`, in the namespace, or in none when it is "".
    [[nodiscard]] std::string_view get(std::string_view name, std::string_view space = {}) const {
        for (int i = 0; i < count_; ++i) {
            xmlChar const* const* one = all_ + std::ptrdiff_t{5} * i;
            if (view(one[0]) != name || (!space.empty() && view(one[2]) != space)) continue;
            return {reinterpret_cast<char const*>(one[3]),
                    static_cast<std::size_t>(one[4] - one[3])};
        }
        return {};
    }

private:
    xmlChar const** all_;
    int count_;
};

// What libxml2 calls; one document.
class Events {
public:
    Events(FeedItem& item, OnFeedItem const& on_item) : item_(item), on_item_(on_item) {}

    void start(xmlParserCtxtPtr parser, std::string_view name, std::string_view space,
               Attributes const& attributes);
    void end();
    void text(std::string_view characters);
    void fail(xmlParserCtxtPtr parser, Fault fault, std::string why);

    FeedHead head;
    std::optional<Failure> failure;
    bool feed = false;  // the root is one of a feed

private:
    void start_root(std::string_view name, std::string_view space, Attributes const& attributes);
    void start_item(std::string_view name, std::string_view space, Attributes const& attributes);
    void start_field(std::string_view name, std::string_view space, Attributes const& attributes);
    void start_head(std::string_view name);
    void capture(std::string& field) {
        field_ = &field;
        field_depth_ = depth_;
    }
    void capture_text(std::string& field, FeedText& form, Attributes const& attributes);
    void atom_link(Attributes const& attributes);

    FeedItem& item_;
    OnFeedItem const& on_item_;
    int depth_ = 0;
    int item_depth_ = 0;   // of the item's own element; 0: outside
    int field_depth_ = 0;  // of the element whose text is kept
    std::string* field_ = nullptr;
    bool in_author_ = false, markup_ = false;
    bool atom_ = false;
    std::string item_space_;
};

void Events::fail(xmlParserCtxtPtr parser, Fault fault, std::string why) {
    if (!failure) failure = Failure(fault, std::move(why));
    xmlStopParser(parser);
}

void Events::start(xmlParserCtxtPtr parser, std::string_view name, std::string_view space,
                   Attributes const& attributes) {
    ++depth_;
    if (depth_ > kFeedDepthMax) return fail(parser, Fault::malformed, "nested too deeply");
    if (depth_ == 1) {
        start_root(name, space, attributes);
        if (!feed) fail(parser, Fault::malformed, "no feed but <" + std::string(name) + ">");
        return;
    }
    if (field_ != nullptr) {
        // XHTML: its tags are not kept, its paragraphs are.
        if (markup_ && (name == "p" || name == "br" || name == "li" || name == "div") &&
            !field_->empty() && field_->back() != '\n')
            *field_ += '\n';
        return;
    }
    if (item_depth_ == 0 && name == (atom_ ? "entry" : "item")) {
        if (++head.items > kFeedItemsMax)
            return fail(parser, Fault::too_large, "more than 10000 items in a feed");
        return start_item(name, space, attributes);
    }
    if (item_depth_ != 0) {
        if (depth_ == item_depth_ + 1) start_field(name, space, attributes);
        if (in_author_ && depth_ == item_depth_ + 2 && name == "name" && item_.author.empty())
            capture(item_.author);
    } else if (depth_ <= 4) {
        start_head(name);
    }
}

void Events::start_root(std::string_view name, std::string_view space,
                        Attributes const& attributes) {
    atom_ = name == "feed" && space.find("tom") != std::string_view::npos;
    feed = atom_ || name == "rss" || name == "RDF";
    head.lang = attributes.get("lang", kXmlNamespace);
    head.base = attributes.get("base", kXmlNamespace);
}

void Events::start_item(std::string_view /*name*/, std::string_view space,
                        Attributes const& attributes) {
    item_.clear();
    item_depth_ = depth_;
    item_space_ = space;
    item_.base = attributes.get("base", kXmlNamespace);
    item_.lang = attributes.get("lang", kXmlNamespace);
    if (!atom_) item_.id = attributes.get("about");
}

// `type` of Atom's text: text, html, xhtml; absent it is text there and markup in RSS.
void Events::capture_text(std::string& field, FeedText& form, Attributes const& attributes) {
    std::string_view const type = attributes.get("type");
    markup_ = type == "xhtml" || type == "application/xhtml+xml";
    if (atom_)
        form = type.find("html") != std::string_view::npos && !markup_ ? FeedText::html
                                                                       : FeedText::plain;
    capture(field);
}

void Events::atom_link(Attributes const& attributes) {
    std::string_view const rel = attributes.get("rel");
    std::string_view const href = attributes.get("href");
    if ((rel.empty() || rel == "alternate") && item_.link.empty()) item_.link = href;
}

void Events::start_field(std::string_view name, std::string_view space,
                         Attributes const& attributes) {
    if (space.starts_with(kDublinCore)) {
        if (name == "date" && item_.published.empty()) capture(item_.published);
        if (name == "creator" && item_.author.empty()) capture(item_.author);
        return;
    }
    if (space == kContentModule) {
        if (name == "encoded" && item_.text.empty()) capture(item_.text);
        return;
    }
    if (space != item_space_) return;  // media:title, itunes:author and the like
    if (name == "title" && item_.title.empty())
        capture_text(item_.title, item_.title_form, attributes);
    if (name == (atom_ ? "id" : "guid")) {
        item_.id.clear();
        capture(item_.id);
    }
    if (name == "link") {
        if (atom_ || !attributes.get("href").empty())
            atom_link(attributes);
        else if (item_.link.empty())
            capture(item_.link);
    }
    bool const published = name == "published" || name == "pubDate" || name == "issued";
    if (published && item_.published.empty()) capture(item_.published);
    if ((name == "updated" || name == "modified") && item_.updated.empty()) capture(item_.updated);
    if (name == "content" && item_.text.empty())
        capture_text(item_.text, item_.text_form, attributes);
    if ((name == "description" || name == "summary") && item_.summary.empty())
        capture_text(item_.summary, item_.summary_form, attributes);
    if (name == "author") {
        in_author_ = atom_;
        if (!atom_ && item_.author.empty()) capture(item_.author);
    }
}

void Events::start_head(std::string_view name) {
    if (name == "language" && head.lang.empty()) capture(head.lang);
    bool const date = name == "lastBuildDate" || name == "updated" || name == "pubDate";
    if (date && head.updated.empty()) capture(head.updated);
    if (atom_ && name == "name" && depth_ == 3 && head.author.empty()) capture(head.author);
}

void Events::text(std::string_view characters) {
    if (field_ == nullptr || field_->size() >= kFeedFieldMax) return;
    field_->append(cut_text(characters, kFeedFieldMax - field_->size()));
}

void Events::end() {
    if (field_ != nullptr && depth_ == field_depth_) {
        field_ = nullptr;
        markup_ = false;
    }
    if (item_depth_ != 0 && depth_ == item_depth_ + 1) in_author_ = false;
    if (item_depth_ != 0 && depth_ == item_depth_) {
        item_depth_ = 0;
        on_item_(item_, head);
    }
    --depth_;
}

// libxml2 speaks C: no exception may pass through it, and none is expected but want of memory.
Events& events_of(void* context) {
    return *static_cast<Events*>(static_cast<xmlParserCtxtPtr>(context)->_private);
}
void on_start(void* context, xmlChar const* name, xmlChar const*, xmlChar const* space, int,
              xmlChar const**, int count, int, xmlChar const** attributes) noexcept {
    events_of(context).start(static_cast<xmlParserCtxtPtr>(context), view(name), view(space),
                             {attributes, count});
}
void on_end(void* context, xmlChar const*, xmlChar const*, xmlChar const*) noexcept {
    events_of(context).end();
}
void on_text(void* context, xmlChar const* text, int size) noexcept {
    events_of(context).text({reinterpret_cast<char const*>(text), static_cast<std::size_t>(size)});
}
void on_entity(void* context, xmlChar const*, int, xmlChar const*, xmlChar const*,
               xmlChar*) noexcept {
    events_of(context).fail(static_cast<xmlParserCtxtPtr>(context), Fault::malformed,
                            "the document declares entities, which no feed needs");
}
void on_error(void*, xmlErrorPtr) noexcept {}

xmlSAXHandler handlers() {
    xmlSAXHandler out{};
    out.initialized = XML_SAX2_MAGIC;
    out.startElementNs = on_start;
    out.endElementNs = on_end;
    out.characters = on_text;
    out.ignorableWhitespace = on_text;
    out.cdataBlock = on_text;
    out.entityDecl = on_entity;
    out.serror = on_error;
    return out;
}

struct FreeParser {
    void operator()(xmlParserCtxtPtr parser) const {
        xmlFreeDoc(parser->myDoc);
        xmlFreeParserCtxt(parser);
    }
};

bool has_mark(std::string_view body) {
    return body.starts_with("\xEF\xBB\xBF") || body.starts_with("\xFF\xFE") ||
           body.starts_with("\xFE\xFF");
}

bool is_utf8(std::string_view name) {
    std::string lower(name);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return lower.empty() || lower == "utf-8" || lower == "utf8" || lower == "us-ascii";
}

// The encoding that the declaration names; "" when it names none.
std::string_view declared(std::string_view body) {
    std::string_view const head = body.substr(0, 200);
    if (!head.starts_with("<?xml")) return {};
    auto const end = head.find("?>");
    auto const at = head.substr(0, end).find("encoding");
    if (at == std::string_view::npos) return {};
    auto const open = head.find_first_of("\"'", at);
    if (open == std::string_view::npos) return {};
    auto const close = head.find(head[open], open + 1);
    return close == std::string_view::npos ? std::string_view{}
                                           : head.substr(open + 1, close - open - 1);
}

// Appends the reference at the beginning of `text`, mended; returns its length.
std::size_t mend_reference(std::string_view text, std::string& out) {
    auto const end = text.substr(0, 12).find(';');
    std::string_view const name =
        end == std::string_view::npos ? std::string_view{} : text.substr(1, end - 1);
    for (std::string_view const known : {"amp", "lt", "gt", "quot", "apos"})
        if (name == known) {
            out.append(text.substr(0, end + 1));
            return end + 1;
        }
    std::uint32_t const code = name.empty() ? 0 : html_entity(name);
    bool const letter = code >= 0x20 && code != 0xFFFE && code != 0xFFFF && code <= 0x10FFFF &&
                        (code < 0xD800 || code > 0xDFFF);
    if (letter || code == '\n' || code == '\t' || code == '\r') {
        out += "&#" + std::to_string(code) + ";";
        return end + 1;
    }
    out += "&amp;";
    return 1;
}

}  // namespace

Result<FeedHead> read_feed_xml(std::string_view body, std::string_view charset, FeedItem& item,
                               OnFeedItem const& on_item) {
    if (body.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return Failure(Fault::too_large, "a feed of gigabytes");
    std::unique_ptr<xmlParserCtxt, FreeParser> const parser(
        xmlCreateMemoryParserCtxt(body.data(), static_cast<int>(body.size())));
    if (!parser) return Failure(Fault::malformed, "empty answer");
    Events events(item, on_item);
    *parser->sax = handlers();
    parser->_private = &events;
    int options = XML_PARSE_NONET | XML_PARSE_COMPACT;
    if (!charset.empty() && !has_mark(body)) {
        std::string const name(charset);
        if (auto* const handler = xmlFindCharEncodingHandler(name.c_str())) {
            xmlSwitchToEncoding(parser.get(), handler);
            options |= XML_PARSE_IGNORE_ENC;
        }
    }
    xmlCtxtUseOptions(parser.get(), options);
    xmlParseDocument(parser.get());
    if (events.failure) return *events.failure;
    if (parser->wellFormed == 0) {
        std::string why = parser->lastError.message == nullptr ? "" : parser->lastError.message;
        while (!why.empty() && why.back() == '\n') why.pop_back();
        return Failure(Fault::malformed, "line " + std::to_string(parser->lastError.line) + ": " +
                                             std::string(cut_text(why, 160)));
    }
    if (!events.feed) return Failure(Fault::malformed, "no feed");
    return std::move(events.head);
}

std::optional<std::string> repair_feed_xml(std::string_view body, std::string_view charset) {
    if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
    if (has_mark(body) || !is_utf8(charset.empty() ? declared(body) : charset)) return std::nullopt;
    std::string const clean = repair_utf8(body);
    std::string out;
    out.reserve(clean.size() + 1024);
    std::string_view rest = clean;
    while (!rest.empty()) {
        auto const next = std::min(rest.find('&'), rest.size());
        out.append(rest.substr(0, next));
        rest.remove_prefix(next);
        if (!rest.empty()) rest.remove_prefix(mend_reference(rest, out));
    }
    if (out == body) return std::nullopt;
    return out;
}

}  // namespace surged::daemon
