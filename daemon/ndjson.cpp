#include "daemon/ndjson.h"

#include "daemon/pollers/json_reading.h"

#include <utility>

namespace surged::daemon {
namespace {

using detectors::kNoTime;
using detectors::Mention;
using detectors::MentionBatch;
using detectors::WallTime;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr std::string_view kBom = "\xEF\xBB\xBF";

// Reads the values of one row; the first that is wrong is the reason of the refusal.
class RowReader {
public:
    RowReader(MentionBatch& batch, std::string& problem) : batch_(batch), problem_(problem) {}

    error_code text(std::string_view name, ondemand::value value, std::string_view& out,
                    std::size_t max = kTextMax) {
        std::string_view view;
        if (string(name, value, view)) out = batch_.keep(cut_text(view, max));
        return SUCCESS;
    }
    // Also a number, kept as it is written.
    error_code id(std::string_view name, ondemand::value value, std::string_view& out) {
        ondemand::json_type type{};
        if (auto const error = value.type().get(type)) return error;
        std::string_view view;
        if (type == ondemand::json_type::number) {
            std::uint64_t number = 0;
            view = value.raw_json_token();
            view = view.substr(0, view.find_last_not_of(" \t\r\n") + 1);
            // Read, so that 12ab is refused; a fraction or an exponent is no id.
            if (value.get_uint64().get(number)) return refuse(name, "must be text");
        } else if (!string(name, value, view)) {
            return SUCCESS;
        }
        if (view.size() > kIdMax) return refuse(name, "longer than 1024 bytes");
        out = batch_.keep(view);
        return SUCCESS;
    }
    error_code time(std::string_view name, ondemand::value value, WallTime& out) {
        std::string_view view;
        if (!string(name, value, view)) return SUCCESS;
        auto const time = detectors::parse_time(view);
        if (!time) return refuse(name, "not a time");
        out = *time;
        return SUCCESS;
    }
    error_code count(std::string_view name, ondemand::value value, std::int64_t& out) {
        ondemand::json_type type{};
        if (auto const error = value.type().get(type)) return error;
        if (type == ondemand::json_type::null) return SUCCESS;
        double number = 0;
        if (value.get_double().get(number)) return refuse(name, "must be a number");
        if (number >= 0 && number < 9e18) out = static_cast<std::int64_t>(number);
        return SUCCESS;
    }
    error_code kind(ondemand::value value, detectors::MentionKind& out) {
        std::string_view view;
        if (!string("kind", value, view) || view.empty()) return SUCCESS;
        using detectors::MentionKind;
        // A word that is no kind comes back as whatever was the fallback.
        MentionKind const kind = detectors::mention_kind(view, MentionKind::post);
        if (kind != detectors::mention_kind(view, MentionKind::repost))
            return refuse("kind", "must be post, reply, comment, quote or repost");
        out = kind;
        return SUCCESS;
    }
    error_code author(ondemand::value value, detectors::Author& out) {
        ondemand::json_type type{};
        if (auto const error = value.type().get(type)) return error;
        if (type == ondemand::json_type::null) return SUCCESS;
        if (type != ondemand::json_type::object) return refuse("author", "must be an object");
        return each_field(value, [&](std::string_view key, ondemand::value inner) {
            if (key == "id") return id("author.id", inner, out.id);
            if (key == "handle") return text("author.handle", inner, out.handle, kIdMax);
            if (key == "followers") return count("author.followers", inner, out.followers);
            if (key == "created_at") return time("author.created_at", inner, out.created_at);
            return SUCCESS;
        });
    }

private:
    // False when it is null, or no string: then the row is refused.
    bool string(std::string_view name, ondemand::value& value, std::string_view& out) {
        auto const error = value.get_string().get(out);
        if (!error) return true;
        if (error == simdjson::INCORRECT_TYPE && value.is_null()) return false;
        (void)refuse(name, error == simdjson::INCORRECT_TYPE ? "must be text" : "not Unicode text");
        return false;
    }
    error_code refuse(std::string_view name, std::string_view why) {
        if (problem_.empty()) problem_.append(name).append(": ").append(why);
        return SUCCESS;
    }

    MentionBatch& batch_;
    std::string& problem_;
};

error_code read_row(ondemand::object object, MentionBatch& batch, NdjsonRow& row,
                    std::string& problem) {
    RowReader in(batch, problem);
    Mention& m = row.mention;
    return each_field(object, [&](std::string_view key, ondemand::value value) {
        if (key == "id") return in.id(key, value, m.id);
        if (key == "created_at") return in.time(key, value, m.created_at);
        if (key == "text") return in.text(key, value, m.text);
        if (key == "author") return in.author(value, m.author);
        if (key == "platform") return in.text(key, value, row.platform, kIdMax);
        if (key == "stream") return in.text(key, value, row.stream, kIdMax);
        if (key == "kind") return in.kind(value, m.kind);
        if (key == "lang") return in.text(key, value, m.lang, kIdMax);
        if (key == "url") return in.text(key, value, m.url);
        if (key == "conversation") return in.id(key, value, m.conversation);
        if (key == "in_reply_to") return in.id(key, value, m.in_reply_to);
        if (key == "quotes") return in.id(key, value, m.quotes);
        if (key == "reposts") return in.id(key, value, m.reposts);
        if (key == "reach") return in.count(key, value, m.reach);
        if (key == "seen_at") return in.time(key, value, m.seen_at);
        return SUCCESS;
    });
}

}  // namespace

struct NdjsonReader::State {
    ondemand::parser parser;
    std::string copy, problem;
};

NdjsonReader::NdjsonReader() : state_(std::make_unique<State>()) {}
NdjsonReader::~NdjsonReader() = default;
NdjsonReader::NdjsonReader(NdjsonReader&&) noexcept = default;
NdjsonReader& NdjsonReader::operator=(NdjsonReader&&) noexcept = default;

Result<NdjsonRow> NdjsonReader::read(std::string_view line, MentionBatch& batch) {
    if (line.size() > kRowMax) return Failure(Fault::too_large, "a row longer than 256 KiB");
    std::string& copy = state_->copy;
    copy.reserve(line.size() + kPadding);
    copy.assign(line);
    return read_padded(copy, batch);
}

Result<NdjsonRow> NdjsonReader::read_padded(std::string_view line, MentionBatch& batch) {
    static_assert(kPadding >= simdjson::SIMDJSON_PADDING);
    if (line.size() > kRowMax) return Failure(Fault::too_large, "a row longer than 256 KiB");
    if (line.starts_with(kBom)) line.remove_prefix(kBom.size());
    if (line.ends_with('\r')) line.remove_suffix(1);
    NdjsonRow row;
    std::string& problem = state_->problem;
    problem.clear();
    ondemand::document document;
    auto error =
        state_->parser
            .iterate(simdjson::padded_string_view(line.data(), line.size(), line.size() + kPadding))
            .get(document);
    if (error == simdjson::UTF8_ERROR) return Failure(Fault::malformed, "not UTF-8");
    ondemand::object object;
    if (!error) error = document.get_object().get(object);
    if (error == simdjson::INCORRECT_TYPE || error == simdjson::EMPTY)
        return Failure(Fault::malformed, "not a JSON object");
    if (!error) error = read_row(object, batch, row, problem);
    if (error) return broken(error, "not a JSON object");
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
        return Failure(Fault::malformed, "more than one JSON value");
    if (problem.empty() && row.mention.id.empty()) problem = "id: missing";
    if (problem.empty() && row.mention.created_at == kNoTime) problem = "created_at: missing";
    if (!problem.empty()) return Failure(Fault::malformed, problem);
    return row;
}

}  // namespace surged::daemon
