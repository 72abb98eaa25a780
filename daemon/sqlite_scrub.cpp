#include "daemon/sqlite_scrub.h"

#include <algorithm>
#include <sqlite3.h>
#include <vector>

// The format of pages: https://www.sqlite.org/fileformat2.html, sections 1.3 and 1.6.
namespace surged::daemon {
namespace {

using Page = std::vector<unsigned char>;

constexpr std::size_t kFileHeader = 100;  // before the header of page 1
// Beyond, the number of the next page, with which overflow and trunk pages begin, could be taken
// for the type of a B-tree page.
constexpr std::int64_t kPagesMost = 0x0200'0000;

std::size_t number(Page const& page, std::size_t at) {
    return std::size_t{page[at]} << 8U | page[at + 1];
}

// [from, until): between the index of a B-tree page and its rows. Empty for any other page, and
// for one whose header says what cannot be.
struct Gap {
    std::size_t from = 0, until = 0;
};

Gap gap_of(Page const& page, bool first) {
    std::size_t const header = first ? kFileHeader : 0;
    unsigned char const type = page[header];
    bool const interior = type == 0x02 || type == 0x05;
    bool const leaf = type == 0x0a || type == 0x0d;
    if (!interior && !leaf) return {};
    std::size_t const rows = number(page, header + 3);
    std::size_t const stored = number(page, header + 5);
    std::size_t const content = stored == 0 ? 65536 : stored;
    std::size_t const from = header + (interior ? 12 : 8) + 2 * rows;
    if (from > content || content > page.size()) return {};
    return {from, content};
}

// True when there was something to overwrite.
bool clear_gap(Page& page, bool first) {
    Gap const gap = gap_of(page, first);
    auto const begin = page.begin() + static_cast<std::ptrdiff_t>(gap.from);
    auto const end = page.begin() + static_cast<std::ptrdiff_t>(gap.until);
    if (std::all_of(begin, end, [](unsigned char byte) { return byte == 0; })) return false;
    std::fill(begin, end, static_cast<unsigned char>(0));
    return true;
}

Failure failed(int code) {
    return {Fault::transient,
            std::string("cannot overwrite unused space: ") + sqlite3_errstr(code)};
}

}  // namespace

bool empty_log(Database& db) {
    int const code = sqlite3_wal_checkpoint_v2(db.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                               nullptr, nullptr);
    if (code == SQLITE_OK) return true;
    db.fail(std::string("the log cannot be emptied: ") + sqlite3_errstr(code));
    return false;
}

// Through SQLite's own handle: opening the file a second time and closing it would drop the locks
// that this process holds on it.
Result<bool> scrub_pages(Database& db, std::int64_t first, std::int64_t count) {
    auto const size = db.integer("PRAGMA page_size");
    auto const pages = db.integer("PRAGMA page_count");
    sqlite3_file* file = nullptr;
    int code = sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (!size || !pages || code != SQLITE_OK || file == nullptr || file->pMethods == nullptr)
        return db.failure();
    std::int64_t const end = std::min({first + count, *pages + 1, kPagesMost});
    Page page(static_cast<std::size_t>(*size));
    bool wrote = false;
    for (std::int64_t n = first; n < end; ++n) {
        std::int64_t const offset = (n - 1) * *size;
        code = file->pMethods->xRead(file, page.data(), static_cast<int>(*size), offset);
        if (code != SQLITE_OK) return failed(code);
        if (!clear_gap(page, n == 1)) continue;
        code = file->pMethods->xWrite(file, page.data(), static_cast<int>(*size), offset);
        if (code != SQLITE_OK) return failed(code);
        wrote = true;
    }
    if (wrote && (code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL)) != SQLITE_OK)
        return failed(code);
    sqlite3_db_release_memory(db.handle());
    return end > *pages || end == kPagesMost;
}

}  // namespace surged::daemon
