// State to bytes and back, bit for bit: what the store keeps of detectors, incidents and intakes.
#pragma once

#include "detectors/time.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace surged::detectors {

// A type is archived by one function that names its fields once, for both directions:
//
//   template <typename A> void archive(A& a, Point& p) { a(p.x, p.y); }
//
// found by argument-dependent lookup. Numbers are little-endian and of fixed width; text and lists
// carry their length. There is no version inside: each blob begins with its own number, written by
// its owner.
class ArchiveWriter {
public:
    static constexpr bool kReading = false;
    template <typename... T>
    void operator()(T&... fields) {
        (put(fields), ...);
    }
    [[nodiscard]] std::string take() { return std::move(out_); }
    [[nodiscard]] bool ok() const { return true; }

private:
    void bytes(void const* p, std::size_t n) { out_.append(static_cast<char const*>(p), n); }

    template <typename T>
    void put(T& v);

    std::string out_;
};

// Bytes that are too short, too long (see done()) or carry an impossible length leave `ok()` false
// and the remaining fields at their values: a blob that was damaged is reported by the owner, never
// half-trusted.
class ArchiveReader {
public:
    static constexpr bool kReading = true;
    explicit ArchiveReader(std::string_view in) : in_(in) {}
    template <typename... T>
    void operator()(T&... fields) {
        (get(fields), ...);
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool done() const { return ok_ && in_.empty(); }

private:
    bool bytes(void* p, std::size_t n) {
        if (!ok_ || in_.size() < n) return ok_ = false;
        std::memcpy(p, in_.data(), n);
        in_.remove_prefix(n);
        return true;
    }

    template <typename T>
    void get(T& v);
    std::size_t length(std::size_t at_least_each);

    std::string_view in_;
    bool ok_ = true;
};

namespace archive_detail {
template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsArray : std::false_type {};
template <typename T, std::size_t N>
struct IsArray<std::array<T, N>> : std::true_type {};
template <typename T>
struct IsMap : std::false_type {};
template <typename K, typename V>
struct IsMap<std::map<K, V>> : std::true_type {};
template <typename T>
struct IsDuration : std::false_type {};
template <typename R, typename P>
struct IsDuration<std::chrono::duration<R, P>> : std::true_type {};
static_assert(std::endian::native == std::endian::little, "blobs are little-endian");
}  // namespace archive_detail

template <typename T>
void ArchiveWriter::put(T& v) {
    using U = std::remove_const_t<T>;
    using namespace archive_detail;
    if constexpr (std::is_arithmetic_v<U> || std::is_enum_v<U>) {
        bytes(&v, sizeof v);
    } else if constexpr (std::is_same_v<U, WallTime>) {
        std::int64_t const ms = v.time_since_epoch().count();
        bytes(&ms, sizeof ms);
    } else if constexpr (IsDuration<U>::value) {
        std::int64_t const count = v.count();
        bytes(&count, sizeof count);
    } else if constexpr (std::is_same_v<U, std::string>) {
        auto const n = static_cast<std::uint32_t>(v.size());
        bytes(&n, sizeof n);
        bytes(v.data(), v.size());
    } else if constexpr (IsVector<U>::value || IsMap<U>::value) {
        auto const n = static_cast<std::uint32_t>(v.size());
        bytes(&n, sizeof n);
        for (auto& element : v) {
            if constexpr (IsMap<U>::value) {
                put(element.first);
                put(element.second);
            } else {
                put(element);
            }
        }
    } else if constexpr (IsArray<U>::value) {
        for (auto& element : v) put(element);
    } else if constexpr (IsOptional<U>::value) {
        bool const has = v.has_value();
        bytes(&has, sizeof has);
        if (has) put(*v);
    } else {
        archive(*this, const_cast<U&>(v));
    }
}

inline std::size_t ArchiveReader::length(std::size_t at_least_each) {
    std::uint32_t n = 0;
    if (!bytes(&n, sizeof n)) return 0;
    if (n > in_.size() / at_least_each) {  // each element takes a byte at the least: no blob can
                                           // make us allocate
        ok_ = false;
        return 0;
    }
    return n;
}

template <typename T>
void ArchiveReader::get(T& v) {
    using namespace archive_detail;
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
        bytes(&v, sizeof v);
    } else if constexpr (std::is_same_v<T, WallTime>) {
        std::int64_t ms = 0;
        if (bytes(&ms, sizeof ms)) v = WallTime{std::chrono::milliseconds{ms}};
    } else if constexpr (IsDuration<T>::value) {
        std::int64_t count = 0;
        if (bytes(&count, sizeof count)) v = T{count};
    } else if constexpr (std::is_same_v<T, std::string>) {
        std::size_t const n = length(1);
        v.assign(in_.substr(0, n));
        in_.remove_prefix(n);
    } else if constexpr (IsVector<T>::value) {
        std::size_t const n = length(1);
        v.clear();
        for (std::size_t i = 0; i < n && ok_; ++i) {
            typename T::value_type element{};
            get(element);
            v.push_back(std::move(element));
        }
    } else if constexpr (IsMap<T>::value) {
        std::size_t const n = length(1);
        v.clear();
        for (std::size_t i = 0; i < n && ok_; ++i) {
            typename T::key_type key{};
            typename T::mapped_type value{};
            get(key);
            get(value);
            v.emplace(std::move(key), std::move(value));
        }
    } else if constexpr (IsArray<T>::value) {
        for (auto& element : v) get(element);
    } else if constexpr (IsOptional<T>::value) {
        bool has = false;
        if (!bytes(&has, sizeof has) || !has) {
            v.reset();
            return;
        }
        v.emplace();
        get(*v);
    } else {
        archive(*this, v);
    }
}

// The two directions as functions: `restore` is true when the whole blob was read and nothing is
// left.
template <typename T>
[[nodiscard]] std::string to_blob(T const& v) {
    ArchiveWriter w;
    w(const_cast<T&>(v));
    return w.take();
}
template <typename T>
[[nodiscard]] bool from_blob(std::string_view blob, T& v) {
    ArchiveReader r(blob);
    r(v);
    return r.done();
}

}  // namespace surged::detectors
