// Several JSON Pointers (RFC 6901) looked up in one pass over a value.
#pragma once

#include "daemon/pollers/json_reading.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace surged::daemon {

// On-Demand reads a value once, front to back; asking it for one pointer after the other would scan
// the item again and again. Cost of a walk: one pass, whatever the number of pointers.
class PointerTree {
public:
    // `pointer` is "" (the value itself) or "/a/0/b". Several targets may share a pointer. False
    // when it is no pointer.
    [[nodiscard]] bool add(std::string_view pointer, int target);
    [[nodiscard]] bool empty() const { return nodes_.size() == 1 && nodes_[0].targets.empty(); }

    // on_value(targets, value) for each pointer that leads somewhere. A key that comes twice is
    // visited twice.
    template <typename OnValue>
    simdjson::error_code walk(ondemand::value value, OnValue&& on_value) const {
        return walk(0, value, on_value);
    }

private:
    struct Node {
        std::vector<std::pair<std::string, std::size_t>> children;
        std::vector<int> targets;
    };
    [[nodiscard]] std::size_t child(std::size_t node, std::string_view token) const {
        for (auto const& [name, index] : nodes_[node].children)
            if (name == token) return index;
        return 0;
    }

    template <typename OnValue>
    simdjson::error_code walk(std::size_t node, ondemand::value value, OnValue& on_value) const {
        if (!nodes_[node].targets.empty() && nodes_[node].children.empty())
            return on_value(nodes_[node].targets, value);
        ondemand::json_type type{};
        if (auto const error = value.type().get(type)) return error;
        if (type == ondemand::json_type::object)
            return each_field(value, [&](std::string_view key, ondemand::value inner) {
                std::size_t const next = child(node, key);
                return next == 0 ? simdjson::SUCCESS : walk(next, inner, on_value);
            });
        if (type == ondemand::json_type::array) {
            std::size_t index = 0;
            return each_item(value, [&](ondemand::value inner) {
                std::size_t const next = child(node, std::to_string(index++));
                return next == 0 ? simdjson::SUCCESS : walk(next, inner, on_value);
            });
        }
        return nodes_[node].targets.empty() ? simdjson::SUCCESS
                                            : on_value(nodes_[node].targets, value);
    }

    std::vector<Node> nodes_{1};  // 0 is the value itself
};

}  // namespace surged::daemon
