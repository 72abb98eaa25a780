#include "daemon/ndjson.h"

#include "daemon/pollers/json_reading.h"

namespace surged::daemon {

using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;

struct NdjsonReader::Impl {
    ondemand::parser parser;
};

namespace {

simdjson::error_code read_author(ItemReader& in, ondemand::value value, detectors::Author& author) {
    return each_field(value, [&](std::string_view key, ondemand::value field) {
        if (key == "id")
            author.id = in.id(field);
        else if (key == "handle")
            author.handle = in.text(field, kIdMax);
        else if (key == "followers")
            author.followers = in.count(field);
        else if (key == "created_at")
            author.created_at = in.time(field);
        return simdjson::SUCCESS;
    });
}

simdjson::error_code read_field(ItemReader& in, std::string_view key, ondemand::value field,
                                NdjsonRow& row, bool& kind_unknown) {
    Mention& m = row.mention;
    switch (key.empty() ? '\0'
                        : key[0]) {  // rows are read by the million: one look, then few comparisons
        case 'i':
            if (key == "id")
                m.id = in.id(field);
            else if (key == "in_reply_to")
                m.in_reply_to = in.id(field);
            break;
        case 'c':
            if (key == "created_at")
                m.created_at = in.time(field);
            else if (key == "conversation")
                m.conversation = in.id(field);
            break;
        case 's':
            if (key == "seen_at")
                m.seen_at = in.time(field);
            else if (key == "stream")
                row.stream = in.text(field, kIdMax);
            break;
        case 'p':
            if (key == "platform") row.platform = in.text(field, kIdMax);
            break;
        case 'k':
            if (key == "kind") {
                std::string_view const word = in.view(field);
                m.kind = detectors::mention_kind(word);
                kind_unknown = to_string(m.kind) != word;
            }
            break;
        case 'a':
            if (key == "author") return read_author(in, field, m.author);
            break;
        case 't':
            if (key == "text") m.text = in.text(field);
            break;
        case 'l':
            if (key == "lang") m.lang = in.text(field, kIdMax);
            break;
        case 'u':
            if (key == "url") m.url = in.text(field);
            break;
        case 'q':
            if (key == "quotes") m.quotes = in.id(field);
            break;
        case 'r':
            if (key == "reposts")
                m.reposts = in.id(field);
            else if (key == "reach")
                m.reach = in.count(field);
            break;
        default: break;
    }
    return simdjson::SUCCESS;
}

}  // namespace

NdjsonReader::NdjsonReader() : impl_(std::make_unique<Impl>()) {}
NdjsonReader::~NdjsonReader() = default;

Result<NdjsonRow> NdjsonReader::read(std::string_view line, MentionBatch& batch) {
    if (line.size() > kNdjsonLineMax)
        return Failure(Fault::too_large, "the row is longer than 1 MiB");
    ondemand::document document;
    ondemand::object object;
    auto error =
        impl_->parser.iterate(line.data(), line.size(), line.size() + kNdjsonPadding).get(document);
    if (!error) error = document.get_object().get(object);
    if (error)
        return Failure(Fault::malformed,
                       std::string("not a JSON object: ") + simdjson::error_message(error));
    NdjsonRow row;
    ItemReader in(batch);
    bool kind_unknown = false;
    error = each_field(object, [&](std::string_view key, ondemand::value field) {
        return read_field(in, key, field, row, kind_unknown);
    });
    if (error)
        return Failure(Fault::malformed,
                       std::string("not a JSON object: ") + simdjson::error_message(error));
    if (row.mention.id.empty()) return Failure(Fault::malformed, "id is missing or empty");
    if (row.mention.created_at == kNoTime)
        return Failure(Fault::malformed, "created_at is missing or not an RFC 3339 time");
    if (kind_unknown)
        return Failure(Fault::malformed, "kind is none of post, reply, comment, quote, repost");
    if (!in.ok()) return Failure(Fault::malformed, "a field holds text that is not Unicode");
    return row;
}

}  // namespace surged::daemon
