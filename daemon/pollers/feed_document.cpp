#include "daemon/pollers/feed_document.h"

#include "daemon/pollers/feed_xml.h"

#include <utility>

namespace surged::daemon {
namespace {

using simdjson::error_code;
using simdjson::SUCCESS;

}  // namespace

void FeedItem::clear() {
    for (auto* part :
         {&id, &title, &text, &summary, &link, &base, &author, &lang, &published, &updated})
        part->clear();
    title_form = FeedText::plain;
    text_form = summary_form = FeedText::html;
    ok = true;
}

Result<FeedHead> FeedReader::read(std::string_view body, std::string_view charset,
                                  OnFeedItem on_item) {
    auto const first = body.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return Failure(Fault::malformed, "empty answer");
    if (body[first] == '{' || body.substr(first).starts_with("\xEF\xBB\xBF{"))
        return read_json(body.substr(first), on_item);
    Result<FeedHead> head = read_feed_xml(body.substr(first), charset, item_, on_item);
    if (head || head.error().fault != Fault::malformed) return head;
    auto const repaired = repair_feed_xml(body.substr(first), charset);
    if (!repaired) return head;
    Result<FeedHead> again = read_feed_xml(*repaired, "UTF-8", item_, on_item);
    if (!again) return head;
    again->repaired = true;
    return again;
}

error_code FeedReader::read_json_item(ondemand::value value, FeedHead const& head,
                                      detectors::MentionBatch& scratch, OnFeedItem const& on_item) {
    ItemReader in(scratch);
    item_.clear();
    auto const set = [&](std::string& field, ondemand::value from) {
        field = in.text(from, kFeedFieldMax);
    };
    auto const person = [&](std::string_view key, ondemand::value from) {
        if (key == "name" && item_.author.empty()) set(item_.author, from);
        return SUCCESS;
    };
    auto const error = each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "id") item_.id = in.id(field);
        if (key == "title") set(item_.title, field);
        if (key == "url") set(item_.link, field);
        if (key == "external_url" && item_.link.empty()) set(item_.link, field);
        if (key == "summary") {
            set(item_.summary, field);
            item_.summary_form = FeedText::plain;
        }
        if (key == "content_html" && item_.text.empty()) set(item_.text, field);
        if (key == "content_text") {
            set(item_.text, field);
            item_.text_form = FeedText::plain;
        }
        if (key == "date_published") set(item_.published, field);
        if (key == "date_modified") set(item_.updated, field);
        if (key == "language") set(item_.lang, field);
        if (key == "author") return each_field(field, person);
        if (key == "authors")
            return each_item(field, [&](ondemand::value one) { return each_field(one, person); });
        return SUCCESS;
    });
    if (error) return error;
    item_.ok = in.ok();
    on_item(item_, head);
    return SUCCESS;
}

Result<FeedHead> FeedReader::read_json(std::string_view body, OnFeedItem const& on_item) {
    FeedHead head;
    scratch_.clear();
    bool has_list = false;
    auto opened = document_.open(body);
    if (!opened) return opened.error();
    ondemand::object root;
    if (auto const error = (*opened)->get_object().get(root)) return broken(error);
    auto const error = each_field(root, [&](std::string_view key, ondemand::value value) {
        ItemReader in(scratch_);
        if (key == "language") head.lang = in.text(value);
        if (key == "next_url") head.next = in.id(value);
        if (key != "items") return SUCCESS;
        has_list = is_list(value);
        return each_item(value, [&](ondemand::value item) {
            if (++head.items > kFeedItemsMax) return simdjson::CAPACITY;
            return read_json_item(item, head, scratch_, on_item);
        });
    });
    if (error == simdjson::CAPACITY)
        return Failure(Fault::too_large, "more than 10000 items in a feed");
    if (error) return broken(error);
    if (auto trailing = document_.finish()) return *trailing;
    if (!has_list) {
        std::string const words = error_words(body);
        return Failure(Fault::malformed,
                       words.empty() ? "no feed" : "answered 200 with an error: " + words);
    }
    head.repaired = document_.repaired();
    return head;
}

}  // namespace surged::daemon
