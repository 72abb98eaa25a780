#include "daemon/pollers/pointer_tree.h"

#include <algorithm>

namespace surged::daemon {

bool PointerTree::add(std::string_view pointer, int target) {
    if (!pointer.empty() && pointer[0] != '/') return false;
    std::size_t node = 0;
    while (!pointer.empty()) {
        pointer.remove_prefix(1);
        std::size_t const end = std::min(pointer.find('/'), pointer.size());
        std::string token;
        for (std::size_t i = 0; i < end; ++i) {
            if (pointer[i] != '~') {
                token += pointer[i];
                continue;
            }
            if (++i == end || (pointer[i] != '0' && pointer[i] != '1')) return false;
            token += pointer[i] == '0' ? '~' : '/';
        }
        pointer.remove_prefix(end);
        std::size_t next = child(node, token);
        if (next == 0) {
            next = nodes_.size();
            nodes_[node].children.emplace_back(std::move(token), next);
            nodes_.emplace_back();
        }
        node = next;
    }
    nodes_[node].targets.push_back(target);
    return true;
}

}  // namespace surged::daemon
