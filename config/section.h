// Typed, line-aware reading of one mapping of the configuration. yaml-cpp is in section_yaml.cpp
// and nowhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::config {

// One thing wrong (or odd) with the configuration. Lines and columns are 1-based; 0: the file as a
// whole.
struct Problem {
    std::string file;
    int line = 0, column = 0;
    bool warning = false;
    std::string text;        // "brands[0].streams[1].every: must be at least 60s, got 10s"
    bool stops_run = false;  // a warning for `check`, a refusal of `run` (an unset ${NAME})
};
// "surged.yaml:41:7: error: ..." or "... warning: ..."; a fault of the file as a whole is shown at
// 1:1, so that every line has one form.
[[nodiscard]] std::string to_string(Problem const& problem);

// All faults of all files.
struct Problems {
    std::vector<Problem> list;
    std::vector<std::string> files;    // in the order they were read, the naming file first
    [[nodiscard]] bool fatal() const;  // any that is not a warning
    [[nodiscard]] std::size_t warnings() const;
    // In order of file, line and column; the same fault said twice is said once.
    void sort();
};

// A secret comes by file only; a relative path begins at the file that names it. At most 64 KiB of
// one regular file. The value never appears in a Problem, a log, a metric.
struct Secret {
    std::string file;   // with ${NAME} expanded
    std::string value;  // trailing newline cut
    // Reads the file again; true when the value changed. An unreadable or empty file leaves the old
    // value.
    bool reload();
};

// A cursor over one YAML mapping. Reading never throws: every fault is recorded and the fallback is
// returned, so one run reports every mistake in the file. finish() reports the keys that nobody
// read, with the nearest one that somebody would have; duplicates are reported when the Section is
// made. A moved-from Section may only be destroyed.
class Section {
public:
    struct Impl;  // keeps yaml-cpp out of every header
    explicit Section(std::unique_ptr<Impl> impl);
    Section(Section&&) noexcept;
    Section& operator=(Section&&) noexcept;
    ~Section();

    [[nodiscard]] bool has(std::string_view key) const;  // present, whatever it holds
    [[nodiscard]] bool is_mapping(std::string_view key) const;
    [[nodiscard]] bool is_list(std::string_view key) const;
    [[nodiscard]] std::string const& path() const;  // "brands[0].streams[1]"
    // Every key that is there, in order; all count as read.
    std::vector<std::string> keys();
    // Keys that belong here though nobody reads them this time: no fault, and offered as nearest.
    void know(std::string_view key);

    // Scalars. A required() key that is absent is a fault at the mapping; an optional one gives the
    // fallback.
    std::string text(std::string_view key, std::string fallback = {});
    std::string required_text(std::string_view key);
    std::string choice(std::string_view key, std::vector<std::string_view> const& allowed,
                       std::string fallback);
    double number(std::string_view key, double min, double max, double fallback);
    std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max,
                         std::int64_t fallback);
    bool boolean(std::string_view key, bool fallback);
    std::chrono::seconds duration(std::string_view key, std::chrono::seconds min,
                                  std::chrono::seconds max,
                                  std::chrono::seconds fallback);  // "90s", "15m", "1h30m", "7d"
    std::optional<std::chrono::seconds> duration(std::string_view key, std::chrono::seconds min,
                                                 std::chrono::seconds max);
    double percent(std::string_view key, double fallback);  // "20%" -> 0.2
    Secret secret(std::string_view key, bool required);     // a *_file key
    // The path of a file that is not kept in memory (a certificate, a CA bundle): ${NAME} expanded,
    // made absolute as a secret's is, readable now. `is_private` warns when the world can read it.
    std::string file(std::string_view key, bool required, bool is_private);
    std::string url(std::string_view key, bool required,
                    std::string fallback = {});  // http or https, with a host

    std::vector<std::string> texts(std::string_view key);  // a list of scalars
    std::vector<std::string> urls(std::string_view key);   // likewise, each one a URL
    std::vector<std::pair<std::string, std::string>> pairs(
        std::string_view key);                           // a mapping of scalars, in order
    std::vector<Section> list(std::string_view key);     // a list of mappings
    std::optional<Section> child(std::string_view key);  // a mapping
    std::vector<std::pair<std::string, Section>> children(
        std::string_view key);  // a mapping of mappings, in order
    // A key that holds one scalar or a list of scalars.
    std::vector<std::string> text_or_list(std::string_view key);

    // Faults of the caller's own rules, at the value of `key` (or at the mapping when it is absent,
    // or key is "").
    void reject(std::string_view key, std::string what);
    void warn(std::string_view key, std::string what);
    // At the key itself: a name that is no name.
    void reject_key(std::string_view key, std::string what);
    // At element `i` of the list under `key` (at the value when it is no list).
    void reject_item(std::string_view key, std::size_t i, std::string what);
    void warn_item(std::string_view key, std::size_t i, std::string what);
    // Where a later check (a dangling reference) will point: file, line and column of the value of
    // `key`.
    [[nodiscard]] Problem where(std::string_view key) const;
    [[nodiscard]] Problem where_key(std::string_view key) const;
    [[nodiscard]] Problem where_item(std::string_view key, std::size_t i) const;

    void finish();

private:
    std::unique_ptr<Impl> impl_;
};

// One file, its includes united with it (contract section 3). `root` is null when a file is not
// YAML at all.
struct Parsed {
    std::unique_ptr<Section> root;
    std::shared_ptr<Problems> problems;
};
Parsed parse_file(std::string const& path);
Parsed parse_text(std::string const& text, std::string const& file_name_for_messages);

// The candidate nearest to `word` by edit distance, if it is near enough to be what was meant; else
// empty.
[[nodiscard]] std::string nearest(std::string_view word,
                                  std::vector<std::string_view> const& candidates);
// ": did you mean 'receivers'?", or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::vector<std::string_view> const& candidates);

}  // namespace surged::config
