#include "daemon/smtp.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <curl/curl.h>
#include <memory>
#include <openssl/crypto.h>
#include <string_view>

namespace surged::daemon {
namespace {

constexpr std::size_t kDialogue = 8 * 1024;  // of the server's lines: the newest is what is told

struct CurlGlobal {
    CurlGlobal() { curl_global_init(CURL_GLOBAL_DEFAULT); }
    ~CurlGlobal() { curl_global_cleanup(); }
};
struct EasyClose {
    void operator()(CURL* c) const { curl_easy_cleanup(c); }
};
struct ListFree {
    void operator()(curl_slist* l) const { curl_slist_free_all(l); }
};

struct Upload {
    std::string_view left;
    BlockingPool::Stop const& stop;
    std::string dialogue;
};

std::size_t read_body(char* to, std::size_t size, std::size_t count, void* user) {
    auto& upload = *static_cast<Upload*>(user);
    std::size_t const take = std::min(size * count, upload.left.size());
    std::memcpy(to, upload.left.data(), take);
    upload.left.remove_prefix(take);
    return take;
}

// libcurl tells the server's lines as headers.
std::size_t hear_line(char* from, std::size_t size, std::size_t count, void* user) {
    auto& dialogue = static_cast<Upload*>(user)->dialogue;
    if (dialogue.size() > kDialogue) dialogue.clear();
    dialogue.append(from, size * count);
    return size * count;
}

int look_at_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Upload*>(user)->stop ? 1 : 0;
}

std::string last_line(std::string_view dialogue) {
    while (dialogue.ends_with('\n') || dialogue.ends_with('\r')) dialogue.remove_suffix(1);
    auto const at = dialogue.find_last_of('\n');
    return std::string(at == std::string_view::npos ? dialogue : dialogue.substr(at + 1));
}

// Why it failed, when the server did not say it with a code.
Result<HttpResponse> failure_of(CURLcode code, std::string const& why) {
    HttpResponse response;
    response.body = why;
    switch (code) {
        case CURLE_LOGIN_DENIED: response.status = 535; return response;
        case CURLE_USE_SSL_FAILED:
            response.status = 530;
            response.body = "the mail server offers no TLS, and none without it is sent";
            return response;
        case CURLE_ABORTED_BY_CALLBACK: return Failure(Fault::timeout, "given up in mid-dialogue");
        case CURLE_OPERATION_TIMEDOUT: return Failure(Fault::timeout, why);
        default: return Failure(Fault::transient, why);
    }
}

}  // namespace

Result<HttpResponse> send_mail(HttpRequest const& mail, std::string const& default_ca_file,
                               std::chrono::milliseconds time, BlockingPool::Stop const& stop) {
    static CurlGlobal const global;
    // OpenSSL keeps things for each thread until that ends, and this one ends with the process.
    struct ThreadEnd {
        ThreadEnd() = default;
        ThreadEnd(ThreadEnd const&) = delete;
        ThreadEnd& operator=(ThreadEnd const&) = delete;
        ~ThreadEnd() { OPENSSL_thread_stop(); }
    } const end;
    std::unique_ptr<CURL, EasyClose> const curl(curl_easy_init());
    if (!curl) return Failure(Fault::transient, "libcurl cannot be used");
    CURL* const c = curl.get();
    Upload upload{mail.body, stop, {}};
    std::array<char, CURL_ERROR_SIZE> error{};
    std::unique_ptr<curl_slist, ListFree> to;
    for (auto const& [name, value] : mail.headers)
        if (name == "to") to.reset(curl_slist_append(to.release(), ("<" + value + ">").c_str()));
    std::string const from = "<" + std::string(exporters::header(mail.headers, "from")) + ">";
    std::string const username{exporters::header(mail.headers, "username")};
    std::string const password{exporters::header(mail.headers, "password")};
    bool const required = exporters::header(mail.headers, "starttls") == "required";
    std::string const& ca_file = mail.ca_file.empty() ? default_ca_file : mail.ca_file;

    curl_easy_setopt(c, CURLOPT_URL, mail.url.c_str());
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(c, CURLOPT_PROXY, "");  // no proxy of the environment: secrets come by file
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, static_cast<long>(time.count()));
    curl_easy_setopt(c, CURLOPT_USE_SSL, long{required ? CURLUSESSL_ALL : CURLUSESSL_TRY});
    curl_easy_setopt(c, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    if (!ca_file.empty()) curl_easy_setopt(c, CURLOPT_CAINFO, ca_file.c_str());
    if (!username.empty()) {
        curl_easy_setopt(c, CURLOPT_USERNAME, username.c_str());
        curl_easy_setopt(c, CURLOPT_PASSWORD, password.c_str());
    }
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, from.c_str());
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to.get());
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(c, CURLOPT_READDATA, &upload);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, hear_line);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, &upload);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look_at_stop);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, &upload);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error.data());

    CURLcode const code = curl_easy_perform(c);
    long reply = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &reply);
    HttpResponse response;
    response.status = static_cast<int>(reply);
    response.body = last_line(upload.dialogue);
    if (code == CURLE_OK) return response;
    if (code != CURLE_USE_SSL_FAILED && reply >= 400 && reply < 600) return response;
    return failure_of(code, error.front() != '\0' ? error.data() : curl_easy_strerror(code));
}

}  // namespace surged::daemon
