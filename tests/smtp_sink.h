// A mail server for tests: as strict as a real one (order of commands, line lengths, dots), and it
// fails as one fails. Speaks STARTTLS and AUTH PLAIN. One conversation at a time, on its own
// thread.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace surged::tests {

struct SinkMail {
    std::string from, body, user;
    std::vector<std::string> to;
    bool tls = false;
};

class SmtpSink {
public:
    // What is answered instead of the usual: by verb ("MAIL", "DATA", "." for the end of the
    // message), or "RCPT <address>"; "DROP" hangs up, "HANG" says nothing more.
    using Script = std::map<std::string, std::string>;

    explicit SmtpSink(Script script = {}, std::string certificate = {}, std::string key = {},
                      std::string login = {})
        : script_(std::move(script)),
          login_(std::move(login)),
          acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}) {
        if (!certificate.empty()) {
            tls_.emplace(boost::asio::ssl::context::tls_server);
            tls_->use_certificate_chain_file(certificate);
            tls_->use_private_key_file(key, boost::asio::ssl::context::pem);
        }
        thread_ = std::thread([this] { serve(); });
    }
    ~SmtpSink() {
        {
            std::lock_guard const lock(mutex_);
            closing_ = true;
            if (current_ >= 0) ::shutdown(current_, SHUT_RDWR);
        }
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);  // ends accept()
        thread_.join();
    }
    SmtpSink(SmtpSink const&) = delete;
    SmtpSink& operator=(SmtpSink const&) = delete;

    [[nodiscard]] std::string url(std::string const& host = "127.0.0.1") const {
        return "smtp://" + host + ":" + std::to_string(acceptor_.local_endpoint().port());
    }
    [[nodiscard]] std::vector<SinkMail> mails() {
        std::lock_guard const lock(mutex_);
        return mails_;
    }

private:
    using Tcp = boost::asio::ip::tcp;

    void serve() {
        for (;;) {
            boost::system::error_code error;
            Tcp::socket socket(io_);
            acceptor_.accept(socket, error);
            if (error) return;
            {
                std::lock_guard const lock(mutex_);
                if (closing_) return;
                current_ = socket.native_handle();
            }
            try {
                std::string buffer;
                bool upgrade = false;
                say(socket, answer("CONNECT", "220 sink ESMTP"));
                talk(socket, buffer, false, upgrade);
                if (upgrade) {
                    boost::asio::ssl::stream<Tcp::socket&> secure(socket, *tls_);
                    secure.handshake(boost::asio::ssl::stream_base::server);
                    talk(secure, buffer, true, upgrade);
                }
            } catch (std::exception const&) {  // the peer hung up
            }
            std::lock_guard const lock(mutex_);
            current_ = -1;
        }
    }

    std::string answer(std::string const& verb, std::string usual) const {
        auto const it = script_.find(verb);
        return it == script_.end() ? usual : it->second;
    }
    template <typename Stream>
    void say(Stream& stream, std::string const& line) {
        if (line == "DROP") throw std::runtime_error("hangs up");
        if (line == "HANG") {
            char byte = 0;
            for (;;) boost::asio::read(stream, boost::asio::buffer(&byte, 1));
        }
        boost::asio::write(stream, boost::asio::buffer(line + "\r\n"));
    }
    template <typename Stream>
    std::string line(Stream& stream, std::string& buffer) {
        auto const n = boost::asio::read_until(stream, boost::asio::dynamic_buffer(buffer), "\r\n");
        std::string out = buffer.substr(0, n - 2);
        buffer.erase(0, n);
        return out;
    }

    template <typename Stream>
    void talk(Stream& stream, std::string& buffer, bool secure, bool& upgrade) {
        SinkMail mail;
        mail.tls = secure;
        for (;;) {
            std::string const command = line(stream, buffer);
            std::string verb = command.substr(0, 4);
            std::transform(verb.begin(), verb.end(), verb.begin(), ::toupper);
            if (verb == "EHLO") {
                std::string more = "250-sink\r\n";
                if (tls_ && !secure) more += "250-STARTTLS\r\n";
                if (!login_.empty()) more += "250-AUTH PLAIN\r\n";
                say(stream, answer("EHLO", more + "250 SIZE 1000000"));
            } else if (command == "STARTTLS") {
                say(stream, answer("STARTTLS", "220 go ahead"));
                upgrade = true;
                return;
            } else if (verb == "AUTH") {
                std::string told = command.substr(std::min<std::size_t>(11, command.size()));
                if (told.empty()) {
                    say(stream, "334 ");
                    told = line(stream, buffer);
                }
                bool const known = told == login_;
                if (known) mail.user = login_;
                say(stream, known ? "235 2.7.0 welcome" : "535 5.7.8 who are you");
            } else if (verb == "MAIL") {
                if (!login_.empty() && mail.user.empty()) {
                    say(stream, "530 5.7.0 log in first");
                    continue;
                }
                mail.from = command.substr(10);
                say(stream, answer("MAIL", "250 2.1.0 ok"));
            } else if (verb == "RCPT") {
                std::string const to = command.substr(8);
                std::string const said = answer("RCPT " + to, "250 2.1.5 ok");
                if (said.starts_with("250")) mail.to.push_back(to);
                say(stream, said);
            } else if (verb == "DATA") {
                if (mail.from.empty() || mail.to.empty()) {
                    say(stream, "503 5.5.1 nobody to send it to");
                    continue;
                }
                say(stream, answer("DATA", "354 go on"));
                bool too_long = false;
                for (std::string text; (text = line(stream, buffer)) != ".";) {
                    too_long = too_long || text.size() > 998;
                    mail.body += (text.starts_with('.') ? text.substr(1) : text) + "\r\n";
                }
                std::string const said =
                    too_long ? "554 5.6.0 line too long" : answer(".", "250 2.0.0 queued");
                if (said.starts_with("250")) {
                    std::lock_guard const lock(mutex_);
                    mails_.push_back(mail);
                }
                say(stream, said);
            } else if (verb == "QUIT") {
                say(stream, "221 bye");
                return;
            } else {
                say(stream, "500 5.5.1 what?");
            }
        }
    }

    Script script_;
    std::string login_;  // base64 of \0user\0password; empty: none asked for
    boost::asio::io_context io_;
    std::optional<boost::asio::ssl::context> tls_;
    Tcp::acceptor acceptor_;
    std::mutex mutex_;
    std::vector<SinkMail> mails_;
    int current_ = -1;
    bool closing_ = false;
    std::thread thread_;
};

}  // namespace surged::tests
