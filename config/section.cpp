#include "config/section.h"

#include "config/section_tree.h"

#include <utility>

namespace surged::config {

void Source::report(Place at, std::string text, bool warning) const {
    auto made = problem(at, std::move(text));
    made.warning = warning;
    problems->list.push_back(std::move(made));
}

Problem Source::problem(Place at, std::string text) const {
    Problem out;
    if (at.file < files.size()) out.file = files[at.file];
    out.line = at.line;
    out.column = at.column;
    out.text = std::move(text);
    return out;
}

std::string Source::name(Place at) const {
    return (at.file < files.size() ? files[at.file] : std::string{}) + ":" +
           std::to_string(at.line);
}

std::string Section::Impl::dotted(std::string_view key) const {
    if (key.empty()) return path;
    return path.empty() ? std::string(key) : path + "." + std::string(key);
}

Entry const* Section::Impl::find(std::string_view key) const {
    for (auto const& entry : node->entries)
        if (entry.key == key) return &entry;
    return nullptr;
}

std::string Section::Impl::shape_of(std::string_view key) const {
    return shape.empty() ? std::string(key) : shape + "." + std::string(key);
}

void Section::Impl::asked(std::string_view key) const {
    if (source->asked != nullptr) source->asked->insert(shape_of(key));
}

Node const* Section::Impl::get(std::string_view key) {
    asked(key);
    known.emplace(key);
    auto const* const entry = find(key);
    return entry == nullptr ? nullptr : entry->value.get();
}

Node const* Section::Impl::scalar(std::string_view key, std::string_view expected) {
    auto const* const value = get(key);
    if (value == nullptr) return nullptr;
    if (value->kind == Node::Kind::scalar) return value;
    fault(key, value->at,
          "must be " + std::string(expected) + ", this is " + std::string(describe(*value)));
    return nullptr;
}

void Section::Impl::fault(std::string_view key, Place at, std::string const& what,
                          bool warning) const {
    auto const prefix = dotted(key);
    source->report(at, prefix.empty() ? what : prefix + ": " + what, warning);
}

Place Section::Impl::place(std::string_view key) const {
    auto const* const entry = key.empty() ? nullptr : find(key);
    return entry == nullptr ? node->at : entry->value->at;
}

Section Section::Impl::child(NodePtr value, std::string child_path, std::string child_shape) const {
    auto made = std::make_unique<Impl>();
    made->source = source;
    made->node = std::move(value);
    made->path = std::move(child_path);
    made->shape = std::move(child_shape);
    return Section(std::move(made));
}

std::string Section::Impl::directory() const {
    auto const& file = source->files.at(node->at.file);
    auto const slash = file.rfind('/');
    return slash == std::string::npos ? std::string{} : file.substr(0, slash + 1);
}

Section::Section(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Section::Section(Section&&) noexcept = default;
Section& Section::operator=(Section&&) noexcept = default;
Section::~Section() = default;

bool Section::has(std::string_view key) const {
    impl_->asked(key);
    impl_->looked.emplace(key);
    return impl_->find(key) != nullptr;
}

bool Section::is_mapping(std::string_view key) const {
    auto const* const entry = impl_->find(key);
    return entry != nullptr && entry->value->kind == Node::Kind::mapping;
}

bool Section::is_list(std::string_view key) const {
    auto const* const entry = impl_->find(key);
    return entry != nullptr && entry->value->kind == Node::Kind::list;
}

std::string const& Section::path() const {
    return impl_->path;
}

std::vector<std::string> Section::keys() {
    std::vector<std::string> out;
    for (auto const& entry : impl_->node->entries) {
        impl_->known.insert(entry.key);
        out.push_back(entry.key);
    }
    return out;
}

void Section::know(std::string_view key) {
    impl_->asked(key);
    impl_->known.emplace(key);
}

std::vector<Section> Section::list(std::string_view key) {
    std::vector<Section> out;
    auto const* const value = impl_->get(key);
    if (value == nullptr) return out;
    if (value->kind != Node::Kind::list) {
        impl_->fault(key, value->at, "must be a list, this is " + std::string(describe(*value)));
        return out;
    }
    for (std::size_t i = 0; i < value->items.size(); ++i) {
        auto const& item = value->items[i];
        auto const path = impl_->dotted(key) + "[" + std::to_string(i) + "]";
        if (item->kind == Node::Kind::mapping)
            out.push_back(impl_->child(item, path, impl_->shape_of(key) + "[]"));
        else
            impl_->source->report(
                item->at, path + ": must be a mapping, this is " + std::string(describe(*item)));
    }
    return out;
}

std::optional<Section> Section::child(std::string_view key) {
    auto const* const value = impl_->get(key);
    if (value == nullptr) return std::nullopt;
    if (value->kind != Node::Kind::mapping) {
        impl_->fault(key, value->at, "must be a mapping, this is " + std::string(describe(*value)));
        return std::nullopt;
    }
    return impl_->child(impl_->find(key)->value, impl_->dotted(key), impl_->shape_of(key));
}

// "accounts:" with every line below it commented out defines nothing, and that is all it does.
std::vector<std::pair<std::string, Section>> Section::children(std::string_view key) {
    std::vector<std::pair<std::string, Section>> out;
    if (auto const* const value = impl_->get(key);
        value != nullptr && value->kind == Node::Kind::null)
        return out;
    auto const parent = child(key);
    if (!parent) return out;
    for (auto const& entry : parent->impl_->node->entries) {
        auto const path = parent->impl_->dotted(entry.key);
        if (entry.value->kind == Node::Kind::mapping)
            out.emplace_back(entry.key,
                             impl_->child(entry.value, path, impl_->shape_of(key) + ".*"));
        else
            impl_->source->report(entry.value->at, path + ": must be a mapping, this is " +
                                                       std::string(describe(*entry.value)));
    }
    return out;
}

void Section::reject(std::string_view key, std::string what) {
    impl_->known.emplace(key);
    impl_->fault(key, impl_->place(key), what);
}

void Section::warn(std::string_view key, std::string what) {
    impl_->known.emplace(key);
    impl_->fault(key, impl_->place(key), what, true);
}

void Section::reject_key(std::string_view key, std::string what) {
    impl_->known.emplace(key);
    auto const* const entry = impl_->find(key);
    impl_->fault(key, entry == nullptr ? impl_->node->at : entry->at, what);
}

void Section::reject_item(std::string_view key, std::size_t i, std::string what) {
    auto made = where_item(key, i);
    made.text += what;
    impl_->source->problems->list.push_back(std::move(made));
}

void Section::warn_item(std::string_view key, std::size_t i, std::string what) {
    auto made = where_item(key, i);
    made.text += what;
    made.warning = true;
    impl_->source->problems->list.push_back(std::move(made));
}

// The text of a where*() is the path and ": ", for the caller to go on with.
Problem Section::where(std::string_view key) const {
    auto const path = impl_->dotted(key);
    return impl_->source->problem(impl_->place(key), path.empty() ? path : path + ": ");
}

Problem Section::where_key(std::string_view key) const {
    auto out = where(key);
    if (auto const* const entry = impl_->find(key)) {
        out.line = entry->at.line;
        out.column = entry->at.column;
    }
    return out;
}

Problem Section::where_item(std::string_view key, std::size_t i) const {
    auto const* const entry = impl_->find(key);
    if (entry == nullptr || i >= entry->value->items.size()) return where(key);
    return impl_->source->problem(entry->value->items[i]->at,
                                  impl_->dotted(key) + "[" + std::to_string(i) + "]: ");
}

void Section::finish() {
    std::vector<std::string_view> known(impl_->known.begin(), impl_->known.end());
    known.insert(known.end(), impl_->looked.begin(), impl_->looked.end());
    for (auto const& entry : impl_->node->entries)
        if (!impl_->known.contains(entry.key))
            impl_->fault("", entry.at,
                         "unknown key '" + entry.key + "'" + did_you_mean(entry.key, known));
}

}  // namespace surged::config
