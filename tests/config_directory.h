// A directory of its own for a test that needs files: configurations, includes, secrets.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/stat.h>

namespace surged::tests {

class Directory {
public:
    Directory() {
        std::string name = (std::filesystem::temp_directory_path() / "surged-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp: " + name);
        path_ = name + "/";
    }
    Directory(Directory const&) = delete;
    Directory& operator=(Directory const&) = delete;
    ~Directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    // With a "/" at its end.
    [[nodiscard]] std::string const& path() const { return path_; }

    // Writes path() + name, and the folders it stands in. Returns the whole path.
    std::string write(std::string const& name, std::string const& text,
                      unsigned mode = 0600) const {
        std::filesystem::path const file = path_ + name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
        ::chmod(file.c_str(), mode);
        return file;
    }

private:
    std::string path_;
};

inline std::string read_whole(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Every `from` in `text` becomes `to`.
inline std::string replace_all(std::string text, std::string const& from, std::string const& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

}  // namespace surged::tests
