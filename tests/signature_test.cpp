#include "exporters/signature.h"

#include <gtest/gtest.h>

namespace surged::exporters {
namespace {

detectors::WallTime at(std::int64_t seconds) {
    return detectors::WallTime{std::chrono::seconds{seconds}};
}

// The vector of the reference libraries of standardwebhooks.com.
TEST(Signature, SignsAsTheReferenceLibrariesOfStandardWebhooksDo) {
    auto const key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    EXPECT_EQ(key.size(), 24u);
    EXPECT_EQ(webhook_signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", at(1614265330),
                                R"({"test": 2432232314})"),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, SignsWholeSecondsOfTheAttempt) {
    auto const late = detectors::WallTime{std::chrono::milliseconds{1614265330999}};
    EXPECT_EQ(unix_seconds(late), "1614265330");
    EXPECT_EQ(webhook_signature("k", "i", late, "b"),
              webhook_signature("k", "i", at(1614265330), "b"));
    EXPECT_NE(webhook_signature("k", "i", at(1614265331), "b"),
              webhook_signature("k", "i", at(1614265330), "b"));
}

TEST(Signature, TakesASecretThatIsNotSerialisedAsItsBytes) {
    EXPECT_EQ(webhook_key("hunter2"), "hunter2");
    EXPECT_EQ(webhook_key("whsec_not base64!"), "whsec_not base64!");
    EXPECT_EQ(webhook_key("whsec_"), "whsec_");
    EXPECT_EQ(webhook_key("whsec_AQID"), "\x01\x02\x03");
}

// FIPS 180-2 appendix B.1 and RFC 4231 test case 2.
TEST(Signature, DigestsByTheBook) {
    EXPECT_EQ(hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex(hmac_sha256("", "")),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 4648 section 10.
TEST(Signature, Base64GoesThereAndBack) {
    struct Row {
        char const *plain, *text;
    };
    for (auto const& row : {Row{"", ""}, Row{"f", "Zg=="}, Row{"fo", "Zm8="}, Row{"foo", "Zm9v"},
                            Row{"foob", "Zm9vYg=="}, Row{"fooba", "Zm9vYmE="},
                            Row{"foobar", "Zm9vYmFy"}, Row{"\xff\xef\xbe", "/+++"}}) {
        EXPECT_EQ(base64(row.plain), row.text);
        EXPECT_EQ(base64_decode(row.text), row.plain);
    }
    EXPECT_EQ(base64_decode("Zg"), "f");
}

TEST(Signature, Base64RefusesWhatIsNotCanonical) {
    for (auto const* bad : {"Z", "Zg===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm-_", "=", "Z=g="})
        EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
}

TEST(Signature, ComparesSecretsWhole) {
    EXPECT_TRUE(same_secret("", ""));
    EXPECT_TRUE(same_secret("abc", "abc"));
    EXPECT_FALSE(same_secret("abc", "abd"));
    EXPECT_FALSE(same_secret("abc", "abcd"));
}

}  // namespace
}  // namespace surged::exporters
