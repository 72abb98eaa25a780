// Looks for words in every byte of every file below a directory, as somebody would who has the
// disk.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace surged::tests {

// Shows name and bytes of every file.
template <typename Show>
void each_file(std::string const& directory, Show&& show) {
    for (auto const& file : std::filesystem::recursive_directory_iterator(directory)) {
        if (!file.is_regular_file()) continue;
        std::ifstream in(file.path(), std::ios::binary);
        std::string const bytes((std::istreambuf_iterator<char>(in)), {});
        show(file.path().filename().string(), bytes);
    }
}

// "surged.db-wal: zoë" for each of `needles` that is anywhere; nothing: none is.
inline std::vector<std::string> found_in(std::string const& directory,
                                         std::vector<std::string> const& needles) {
    std::vector<std::string> found;
    each_file(directory, [&](std::string const& name, std::string const& bytes) {
        for (std::string const& needle : needles)
            if (bytes.find(needle) != std::string::npos) found.push_back(name + ": " + needle);
    });
    return found;
}

}  // namespace surged::tests
