#include "daemon/inflate.h"

#include <algorithm>
#include <libdeflate.h>
#include <memory>

namespace surged::daemon {
namespace {

struct Free {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

using Decompress = libdeflate_result (*)(libdeflate_decompressor*, void const*, std::size_t, void*,
                                         std::size_t, std::size_t*, std::size_t*);

// Appends what one member holds; `in` loses the member. The buffer grows until it fits or `limit`.
libdeflate_result append_member(libdeflate_decompressor* engine, Decompress decompress,
                                std::string_view& in, std::string& out, std::size_t limit) {
    std::size_t const before = out.size();
    std::size_t room = std::min(limit - before, std::max<std::size_t>(in.size() * 8, 4096));
    for (;;) {
        out.resize(before + room);
        std::size_t read = 0;
        std::size_t wrote = 0;
        auto const result =
            decompress(engine, in.data(), in.size(), out.data() + before, room, &read, &wrote);
        if (result == LIBDEFLATE_INSUFFICIENT_SPACE && room < limit - before) {
            room = std::min(limit - before, room * 4);
            continue;
        }
        out.resize(before + (result == LIBDEFLATE_SUCCESS ? wrote : 0));
        if (result == LIBDEFLATE_SUCCESS) in.remove_prefix(read);
        return result;
    }
}

std::string lower(std::string_view text) {
    std::string out;
    for (char const c : text)
        if (c != ' ' && c != '\t')
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

}  // namespace

Result<std::string> inflate_body(std::string_view encoding, std::string body, std::size_t limit) {
    std::string const kind = lower(encoding);
    auto const too_large = [&] {
        return Failure{Fault::too_large, "body over " + std::to_string(limit) + " bytes"};
    };
    if (kind.empty() || kind == "identity" || body.empty()) {
        if (body.size() > limit) return too_large();
        return body;
    }
    bool const gzip = kind == "gzip" || kind == "x-gzip";
    if (!gzip && kind != "deflate") return Failure{Fault::malformed, "unknown content encoding"};
    std::unique_ptr<libdeflate_decompressor, Free> const engine(libdeflate_alloc_decompressor());
    std::string out;
    std::string_view in = body;
    libdeflate_result result = LIBDEFLATE_SUCCESS;
    if (gzip) {
        while (!in.empty() && result == LIBDEFLATE_SUCCESS)
            result = append_member(engine.get(), libdeflate_gzip_decompress_ex, in, out, limit);
    } else {
        result = append_member(engine.get(), libdeflate_zlib_decompress_ex, in, out, limit);
        if (result == LIBDEFLATE_BAD_DATA)
            result = append_member(engine.get(), libdeflate_deflate_decompress_ex, in, out, limit);
    }
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) return too_large();
    if (result != LIBDEFLATE_SUCCESS) return Failure{Fault::malformed, "bad " + kind};
    return out;
}

}  // namespace surged::daemon
