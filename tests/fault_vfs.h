// A disk in memory for SQLite that fails when told to: full, broken, or without power.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <sqlite3.h>
#include <string>
#include <vector>

namespace surged::tests {

// Register one per simulated machine and open the store with `vfs = name()`. Every call that could
// change the disk (write, truncate, sync, delete) is an operation and is counted; a fault begins at
// the N-th. What is random comes from the seed alone.
//
// What the disk does: a write is seen at once and is safe after the next successful sync of its
// file. When the power fails, of what was not safe all is there, nothing, each write by chance, or
// each 512-byte sector by chance: which of the four is chance too. A sync that fails loses some of
// the writes it was for, and a later sync does not bring them back (as Linux does). Names of files
// are safe at once: SQLite syncs the directory where it matters, and this disk does not check that
// it does.
class FaultVfs {
public:
    enum class Fault : std::uint8_t { none, full, io_error, power };

    explicit FaultVfs(std::string name, std::uint64_t seed = 1)
        : name_(std::move(name)), random_(seed) {
        vfs_.iVersion = 2;
        vfs_.szOsFile = sizeof(Handle);
        vfs_.mxPathname = 512;
        vfs_.zName = name_.c_str();
        vfs_.pAppData = this;
        vfs_.xOpen = open;
        vfs_.xDelete = remove;
        vfs_.xAccess = access;
        vfs_.xFullPathname = full_path;
        vfs_.xRandomness = randomness;
        vfs_.xSleep = [](sqlite3_vfs*, int) { return 0; };
        vfs_.xCurrentTime = [](sqlite3_vfs*, double* t) { return *t = 2461101.0, SQLITE_OK; };
        vfs_.xCurrentTimeInt64 = [](sqlite3_vfs*, sqlite3_int64* t) {
            return *t = 212639126400000, SQLITE_OK;
        };
        vfs_.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
        sqlite3_vfs_register(&vfs_, 0);
    }
    FaultVfs(FaultVfs const&) = delete;
    FaultVfs& operator=(FaultVfs const&) = delete;
    ~FaultVfs() {
        assert(handles_ == 0 && "close the store before its disk goes");
        sqlite3_vfs_unregister(&vfs_);
    }

    [[nodiscard]] std::string const& name() const { return name_; }

    // From operation `at` on (1: the next one), `count` operations fail. Power fails once and for
    // all, in the midst of operation `at`.
    void plan(Fault fault, std::uint64_t at, std::uint64_t count = 1) {
        fault_ = fault;
        first_ = operations_ + at;
        last_ = first_ + count - 1;
    }
    void heal() { fault_ = Fault::none; }
    [[nodiscard]] std::uint64_t operations() const { return operations_; }
    [[nodiscard]] std::uint64_t faults() const { return faults_; }  // operations that failed
    [[nodiscard]] bool power_failed() const { return dead_; }

    // The machine starts again: what was safe, and of the rest what chance left. Every connection
    // must be closed.
    void reboot() {
        assert(handles_ == 0 && "close the store before the machine starts again");
        for (auto& [path, node] : nodes_) {
            lose_some(*node);
            node->content = node->safe;
            node->shared_memory.clear();
        }
        dead_ = false;
        fault_ = Fault::none;
    }

private:
    static constexpr std::size_t kSector = 512;

    struct Change {
        bool truncate = false;
        std::size_t offset = 0;  // truncate: the new size
        std::string bytes;
    };
    struct Handle;
    struct Node {
        std::string content, safe;
        std::vector<Change> unsafe;
        std::vector<std::unique_ptr<char[]>> shared_memory;
        std::vector<Handle*> handles;
    };
    struct Handle {
        sqlite3_file base;
        FaultVfs* vfs;
        Node* node;
        int lock;
        unsigned shared, exclusive;  // slots of the log's index held, as bits
    };

    static Handle& self(sqlite3_file* f) { return *reinterpret_cast<Handle*>(f); }
    static FaultVfs& self(sqlite3_vfs* v) { return *static_cast<FaultVfs*>(v->pAppData); }

    // What becomes of the next operation.
    Fault next() {
        if (dead_) return Fault::power;
        ++operations_;
        if (fault_ == Fault::none || operations_ < first_ || operations_ > last_)
            return Fault::none;
        ++faults_;
        if (fault_ == Fault::power) dead_ = true;
        return fault_;
    }
    bool chance() { return (random_() & 1U) != 0; }

    static void apply(std::string& image, Change const& change) {
        if (change.truncate) return image.resize(change.offset);
        if (image.size() < change.offset + change.bytes.size())
            image.resize(change.offset + change.bytes.size());
        image.replace(change.offset, change.bytes.size(), change.bytes);
    }
    // What is left on the disk of writes that no sync made safe.
    void lose_some(Node& node) {
        enum : std::uint8_t { all, nothing, writes, sectors };
        auto const left = random_() % 4;
        for (auto const& change : node.unsafe) {
            if (left == sectors && !change.truncate)
                apply_torn(node.safe, change);
            else if (left == all || (left != nothing && chance()))
                apply(node.safe, change);
        }
        node.unsafe.clear();
    }
    void apply_torn(std::string& image, Change const& change) {
        for (std::size_t done = 0; done < change.bytes.size();) {
            std::size_t const offset = change.offset + done;
            std::size_t const n = std::min(change.bytes.size() - done, kSector - offset % kSector);
            if (chance()) apply(image, {false, offset, change.bytes.substr(done, n)});
            done += n;
        }
    }
    void change(Node& node, Change c) {
        apply(node.content, c);
        node.unsafe.push_back(std::move(c));
    }

    // The file's methods.
    static int close(sqlite3_file* f) {
        Handle& h = self(f);
        std::erase(h.node->handles, &h);
        --h.vfs->handles_;
        return SQLITE_OK;
    }
    static int read(sqlite3_file* f, void* out, int amount, sqlite3_int64 at) {
        Handle const& h = self(f);
        if (h.vfs->dead_) return SQLITE_IOERR_READ;
        auto const offset = static_cast<std::size_t>(at), wanted = static_cast<std::size_t>(amount);
        std::string const& from = h.node->content;
        std::size_t const n = offset < from.size() ? std::min(wanted, from.size() - offset) : 0;
        if (n > 0) std::memcpy(out, from.data() + offset, n);
        std::memset(static_cast<char*>(out) + n, 0, wanted - n);
        return n == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
    }
    static int write(sqlite3_file* f, void const* in, int amount, sqlite3_int64 at) {
        Handle const& h = self(f);
        if (h.vfs->dead_) return SQLITE_IOERR_WRITE;
        Change c{false,
                 static_cast<std::size_t>(at),
                 {static_cast<char const*>(in), static_cast<std::size_t>(amount)}};
        switch (h.vfs->next()) {
            case Fault::none: h.vfs->change(*h.node, std::move(c)); return SQLITE_OK;
            case Fault::full: {
                // A full disk takes what still fits.
                c.bytes.resize(c.bytes.size() / 2);
                h.vfs->change(*h.node, std::move(c));
                return SQLITE_FULL;
            }
            case Fault::power: h.vfs->change(*h.node, std::move(c)); return SQLITE_IOERR_WRITE;
            case Fault::io_error: break;
        }
        return SQLITE_IOERR_WRITE;
    }
    static int truncate(sqlite3_file* f, sqlite3_int64 size) {
        Handle const& h = self(f);
        if (h.vfs->next() != Fault::none) return SQLITE_IOERR_TRUNCATE;
        h.vfs->change(*h.node, {true, static_cast<std::size_t>(size), {}});
        return SQLITE_OK;
    }
    static int sync(sqlite3_file* f, int /*flags*/) {
        Handle const& h = self(f);
        Node& node = *h.node;
        Fault const fault = h.vfs->next();
        if (fault == Fault::power) return SQLITE_IOERR_FSYNC;
        if (fault != Fault::none) {
            h.vfs->lose_some(node);
            return SQLITE_IOERR_FSYNC;
        }
        for (auto const& c : node.unsafe) apply(node.safe, c);
        node.unsafe.clear();
        return SQLITE_OK;
    }
    static int file_size(sqlite3_file* f, sqlite3_int64* size) {
        if (self(f).vfs->dead_) return SQLITE_IOERR_FSTAT;
        *size = static_cast<sqlite3_int64>(self(f).node->content.size());
        return SQLITE_OK;
    }
    static int lock(sqlite3_file* f, int level) {
        Handle& h = self(f);
        for (Handle const* other : h.node->handles) {
            if (other == &h) continue;
            bool const clash =
                (level == SQLITE_LOCK_EXCLUSIVE && other->lock != SQLITE_LOCK_NONE) ||
                (level == SQLITE_LOCK_RESERVED && other->lock > SQLITE_LOCK_SHARED) ||
                other->lock == SQLITE_LOCK_EXCLUSIVE;
            if (clash) return SQLITE_BUSY;
        }
        h.lock = std::max(h.lock, level);
        return SQLITE_OK;
    }
    static int unlock(sqlite3_file* f, int level) {
        self(f).lock = std::min(self(f).lock, level);
        return SQLITE_OK;
    }
    static int reserved(sqlite3_file* f, int* out) {
        auto const& handles = self(f).node->handles;
        *out = std::any_of(handles.begin(), handles.end(),
                           [](Handle const* h) { return h->lock > SQLITE_LOCK_SHARED; });
        return SQLITE_OK;
    }
    static int memory_map(sqlite3_file* f, int region, int size, int extend, void volatile** out) {
        auto& regions = self(f).node->shared_memory;
        auto const index = static_cast<std::size_t>(region);
        while (regions.size() <= index && extend != 0)
            regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
        *out = index < regions.size() ? regions[index].get() : nullptr;
        return SQLITE_OK;
    }
    static int memory_lock(sqlite3_file* f, int offset, int n, int flags) {
        Handle& h = self(f);
        unsigned const slots = ((1U << static_cast<unsigned>(n)) - 1U)
                               << static_cast<unsigned>(offset);
        bool const shared = (flags & SQLITE_SHM_SHARED) != 0;
        if ((flags & SQLITE_SHM_UNLOCK) != 0) {
            (shared ? h.shared : h.exclusive) &= ~slots;
            return SQLITE_OK;
        }
        for (Handle const* other : h.node->handles)
            if (other != &h &&
                ((other->exclusive & slots) != 0 || (!shared && (other->shared & slots) != 0)))
                return SQLITE_BUSY;
        (shared ? h.shared : h.exclusive) |= slots;
        return SQLITE_OK;
    }
    static void memory_barrier(sqlite3_file* /*f*/) {}
    static int memory_unmap(sqlite3_file* f, int forget) {
        Handle& h = self(f);
        h.shared = h.exclusive = 0;
        if (forget != 0) h.node->shared_memory.clear();
        return SQLITE_OK;
    }
    static int control(sqlite3_file* /*f*/, int /*op*/, void* /*arg*/) { return SQLITE_NOTFOUND; }
    static int sector_size(sqlite3_file* /*f*/) { return 4096; }
    // As the system's own: a write does not harm bytes beside its own when the power fails.
    static int characteristics(sqlite3_file* /*f*/) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

    // The disk's methods.
    static int open(sqlite3_vfs* v, char const* path, sqlite3_file* f, int flags, int* out_flags) {
        static sqlite3_io_methods const methods{2,
                                                close,
                                                read,
                                                write,
                                                truncate,
                                                sync,
                                                file_size,
                                                lock,
                                                unlock,
                                                reserved,
                                                control,
                                                sector_size,
                                                characteristics,
                                                memory_map,
                                                memory_lock,
                                                memory_barrier,
                                                memory_unmap,
                                                nullptr,
                                                nullptr};
        FaultVfs& vfs = self(v);
        f->pMethods = nullptr;
        if (vfs.dead_ || path == nullptr) return SQLITE_CANTOPEN;
        auto& node = vfs.nodes_[path];
        if (!node) {
            if ((flags & SQLITE_OPEN_CREATE) == 0) {
                vfs.nodes_.erase(path);
                return SQLITE_CANTOPEN;
            }
            node = std::make_unique<Node>();
        }
        auto* h = new (f) Handle{{&methods}, &vfs, node.get(), SQLITE_LOCK_NONE, 0, 0};
        node->handles.push_back(h);
        ++vfs.handles_;
        if (out_flags != nullptr) *out_flags = flags;
        return SQLITE_OK;
    }
    static int remove(sqlite3_vfs* v, char const* path, int /*sync_directory*/) {
        FaultVfs& vfs = self(v);
        if (vfs.next() != Fault::none) return SQLITE_IOERR_DELETE;
        auto const it = vfs.nodes_.find(path);
        if (it == vfs.nodes_.end()) return SQLITE_IOERR_DELETE_NOENT;
        assert(it->second->handles.empty());
        vfs.nodes_.erase(it);
        return SQLITE_OK;
    }
    static int access(sqlite3_vfs* v, char const* path, int /*flags*/, int* out) {
        if (self(v).dead_) return SQLITE_IOERR_ACCESS;
        *out = self(v).nodes_.contains(path) ? 1 : 0;
        return SQLITE_OK;
    }
    static int full_path(sqlite3_vfs* /*v*/, char const* path, int n, char* out) {
        if (std::strlen(path) >= static_cast<std::size_t>(n)) return SQLITE_CANTOPEN;
        std::memcpy(out, path, std::strlen(path) + 1);
        return SQLITE_OK;
    }
    static int randomness(sqlite3_vfs* v, int n, char* out) {
        for (int i = 0; i < n; ++i) out[i] = static_cast<char>(self(v).random_());
        return n;
    }

    std::string name_;
    std::mt19937_64 random_;
    sqlite3_vfs vfs_{};
    std::map<std::string, std::unique_ptr<Node>> nodes_;
    Fault fault_ = Fault::none;
    std::uint64_t first_ = 0, last_ = 0, operations_ = 0, faults_ = 0;
    int handles_ = 0;
    bool dead_ = false;
};

}  // namespace surged::tests
