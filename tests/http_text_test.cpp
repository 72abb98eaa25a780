// The pure parts of HTTP: URLs, content encodings.
#include "daemon/inflate.h"
#include "daemon/url.h"

#include <gtest/gtest.h>

#include <libdeflate.h>

namespace surged {
namespace {

using daemon::Fault, daemon::inflate_body, daemon::parse_url, daemon::percent_decode;

TEST(ParseUrl, TakesApart) {
    auto const plain = parse_url("http://Example.ORG");
    ASSERT_TRUE(plain);
    EXPECT_FALSE(plain->tls);
    EXPECT_EQ(plain->host, "example.org");
    EXPECT_EQ(plain->port, 80);
    EXPECT_EQ(plain->target, "/");
    EXPECT_EQ(plain->authority(), "example.org");
    auto const full = parse_url("HTTPS://[2001:db8::1]:8443/a/b?c=d&e#f");
    ASSERT_TRUE(full);
    EXPECT_TRUE(full->tls);
    EXPECT_EQ(full->host, "2001:db8::1");
    EXPECT_EQ(full->port, 8443);
    EXPECT_EQ(full->target, "/a/b?c=d&e");
    EXPECT_EQ(full->authority(), "[2001:db8::1]:8443");
    EXPECT_EQ(full->origin(), "https://[2001:db8::1]:8443");
    EXPECT_EQ(parse_url("https://h?q=1")->target, "/?q=1");
    EXPECT_EQ(parse_url("https://h:443/")->authority(), "h");
    EXPECT_EQ(parse_url("https://h:80/")->authority(), "h:80");
}

TEST(ParseUrl, RefusesWhatCouldMislead) {
    for (auto const* bad : {"",
                            "h",
                            "//h/",
                            "ftp://h/",
                            "http:/h",
                            "http://",
                            "http:///p",
                            "http://u@h/",
                            "http://u:p@h/",
                            "http://h:/x y",
                            "http://h/\r\nX: y",
                            "http://h/\x7f",
                            "http://h/\xc3\xa9",
                            "http://h:99999/",
                            "http://h:0/",
                            "http://h:8x/",
                            "http://[::1/",
                            "http://[::1]x/",
                            "http://a:b:80/",
                            "http://h\"/"})
        EXPECT_FALSE(parse_url(bad)) << bad;
}

TEST(PercentDecode, DecodesOnce) {
    EXPECT_EQ(percent_decode("a%20b%2Fc+d", false), "a b/c+d");
    EXPECT_EQ(percent_decode("a+b%2B", true), "a b+");
    EXPECT_EQ(percent_decode("%2520", false), "%20");
    EXPECT_FALSE(percent_decode("%", false));
    EXPECT_FALSE(percent_decode("%4", false));
    EXPECT_FALSE(percent_decode("%4g", false));
}

using Compress = std::size_t (*)(libdeflate_compressor*, void const*, std::size_t, void*,
                                 std::size_t);

std::string compressed(Compress compress, std::string const& text) {
    auto* const engine = libdeflate_alloc_compressor(6);
    std::string out(text.size() + 1000, '\0');
    out.resize(compress(engine, text.data(), text.size(), out.data(), out.size()));
    libdeflate_free_compressor(engine);
    return out;
}

TEST(InflateBody, UndoesEveryEncodingThatServersSend) {
    std::string const text = "mentions " + std::string(100'000, 'm');
    EXPECT_EQ(inflate_body("", text, 200'000).value(), text);
    EXPECT_EQ(inflate_body("identity", text, 200'000).value(), text);
    EXPECT_EQ(inflate_body("gzip", compressed(libdeflate_gzip_compress, text), 200'000).value(),
              text);
    EXPECT_EQ(inflate_body(" X-GZIP", compressed(libdeflate_gzip_compress, text), 200'000).value(),
              text);
    EXPECT_EQ(inflate_body("deflate", compressed(libdeflate_zlib_compress, text), 200'000).value(),
              text);
    EXPECT_EQ(
        inflate_body("deflate", compressed(libdeflate_deflate_compress, text), 200'000).value(),
        text);
    std::string const two =
        compressed(libdeflate_gzip_compress, "one") + compressed(libdeflate_gzip_compress, "two");
    EXPECT_EQ(inflate_body("gzip", two, 6).value(), "onetwo");
}

TEST(InflateBody, KeepsTheLimitToTheByte) {
    std::string const text(10'000, 'x');
    std::string const packed = compressed(libdeflate_gzip_compress, text);
    EXPECT_TRUE(inflate_body("gzip", packed, 10'000));
    EXPECT_EQ(inflate_body("gzip", packed, 9'999).error().fault, Fault::too_large);
    EXPECT_EQ(inflate_body("gzip", packed + packed, 19'999).error().fault, Fault::too_large);
    EXPECT_EQ(
        inflate_body("deflate", compressed(libdeflate_zlib_compress, text), 9'999).error().fault,
        Fault::too_large);
    EXPECT_EQ(inflate_body("", text, 9'999).error().fault, Fault::too_large);
}

TEST(InflateBody, NamesWhatIsNoEncoding) {
    std::string const packed = compressed(libdeflate_gzip_compress, "hello");
    EXPECT_EQ(inflate_body("gzip", "hello", 100).error().fault, Fault::malformed);
    EXPECT_EQ(inflate_body("gzip", packed.substr(0, packed.size() - 1), 100).error().fault,
              Fault::malformed);
    EXPECT_EQ(inflate_body("gzip", packed + "tail", 100).error().fault, Fault::malformed);
    EXPECT_EQ(inflate_body("br", packed, 100).error().fault, Fault::malformed);
    EXPECT_EQ(inflate_body("gzip, gzip", packed, 100).error().fault, Fault::malformed);
}

}  // namespace
}  // namespace surged
