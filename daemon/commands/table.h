// Aligned columns for a terminal.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace surged::daemon {

// Columns as wide as their widest cell, two spaces between; control characters of cells become "?".
// Widths are counted in code points. With `colour` the head is strong and the words under STATE and
// SEVERITY have their tone (terminal.h).
class Table {
public:
    explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    void print(std::ostream& out, bool colour = false) const;

private:
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace surged::daemon
