// What a configuration names by path: secrets, certificates.
#include "config/section_tree.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace surged::config {
namespace {

constexpr std::size_t kSecretBytes = 64U << 10U;      // a chain of certificates with its key
constexpr std::size_t kCertificateBytes = 4U << 20U;  // every CA there is: 230 kB

struct Expanded {
    std::string path;
    std::vector<std::string> unset;
    bool broken = false;  // "${" without "}"
};

Expanded expand(std::string_view path) {
    Expanded out;
    while (!path.empty()) {
        auto const begin = path.find("${");
        out.path += path.substr(0, begin);
        if (begin == std::string_view::npos) break;
        path.remove_prefix(begin);
        auto const end = path.find('}');
        if (end == std::string_view::npos || end == 2) {
            out.broken = true;
            return out;
        }
        std::string const name(path.substr(2, end - 2));
        if (char const* const value = std::getenv(name.c_str()))
            out.path += value;
        else
            out.unset.push_back(name);
        path.remove_prefix(end + 1);
    }
    return out;
}

std::string cut_newline(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

}  // namespace

// Opened without waiting: a path that leads to a pipe must not hold up the start.
FileText read_file(std::string const& path, std::size_t limit) {
    FileText out;
    int const fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        out.error = std::strerror(errno);
        return out;
    }
    struct stat info {};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        out.error = S_ISDIR(info.st_mode) ? "Is a directory" : "Not a regular file";
        ::close(fd);
        return out;
    }
    out.mode = info.st_mode & 0777U;
    std::array<char, 16384> chunk{};
    for (;;) {
        auto const n = ::read(fd, chunk.data(), chunk.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) out.error = std::strerror(errno);
        if (n <= 0) break;
        out.text.append(chunk.data(), static_cast<std::size_t>(n));
        if (out.text.size() > limit) {
            out.error = "Larger than " + std::to_string(limit >> 10U) + " KiB";
            break;
        }
    }
    ::close(fd);
    return out;
}

bool Secret::reload() {
    if (file.empty()) return false;
    auto read = read_file(file, kSecretBytes);
    auto next = cut_newline(std::move(read.text));
    if (!read.error.empty() || next.empty() || next == value) return false;
    value = std::move(next);
    return true;
}

// The path as it will be opened; empty when there is none, and the fault is reported.
std::string Section::Impl::resolve(std::string_view key, bool required) {
    if (required && find(key) == nullptr)
        fault("", node->at, "missing key '" + std::string(key) + "'");
    auto const* const written = scalar(key, "the path of a file");
    if (written == nullptr) return {};
    auto expanded = expand(written->scalar);
    if (written->scalar.empty() || expanded.broken) {
        fault(key, written->at,
              expanded.broken ? "'${' without a name and '}'" : "must be the path of a file");
        return {};
    }
    for (auto const& name : expanded.unset) {
        fault(key, written->at,
              "${" + name + "} is not set in the environment: `surged run` would refuse to start",
              true);
        source->problems->list.back().stops_run = true;
    }
    if (!expanded.unset.empty()) return {};
    return expanded.path.starts_with('/') ? expanded.path : directory() + expanded.path;
}

Secret Section::secret(std::string_view key, bool required) {
    Secret out;
    out.file = impl_->resolve(key, required);
    if (out.file.empty()) return out;
    auto read = read_file(out.file, kSecretBytes);
    auto const at = impl_->place(key);
    if (!read.error.empty()) {
        impl_->fault(key, at, "cannot read '" + out.file + "': " + read.error);
        return out;
    }
    out.value = cut_newline(std::move(read.text));
    if (out.value.empty()) impl_->fault(key, at, "'" + out.file + "' is empty");
    impl_->warn_of_mode(key, out.file, read.mode);
    return out;
}

std::string Section::file(std::string_view key, bool required, bool is_private) {
    auto path = impl_->resolve(key, required);
    if (path.empty()) return path;
    auto const read = read_file(path, kCertificateBytes);
    if (!read.error.empty())
        impl_->fault(key, impl_->place(key), "cannot read '" + path + "': " + read.error);
    else if (is_private)
        impl_->warn_of_mode(key, path, read.mode);
    return path;
}

void Section::Impl::warn_of_mode(std::string_view key, std::string const& file, unsigned mode) {
    if ((mode & 04U) != 0)
        fault(key, place(key), "'" + file + "' can be read by everyone on this machine", true);
}

}  // namespace surged::config
