#include "daemon/report_themes.h"

#include "daemon/kept_texts.h"
#include "daemon/report_input.h"
#include "detectors/likeness.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace surged::daemon {

using namespace detectors;
using exporters::ReportInput;
using exporters::ReportPost;
using exporters::ReportTheme;

namespace {

constexpr std::size_t kAllTexts = 10'000;
constexpr std::size_t kDistinct = 2000;  // likenesses that are compared with each other
constexpr std::size_t kLeastCopies = 3;
constexpr double kLeastShare = 0.02;

class Themes {
public:
    // An exact likeness is counted at once; near ones are joined at the end.
    void add(Mention const& m, std::function<ReportPost()> const& post) {
        ++texts_;
        std::uint64_t const likeness = text_marks(m.text).likeness;
        if (likeness == 0) return;
        auto const [it, fresh] = alike_.try_emplace(likeness, alike_.size());
        if (fresh)
            groups_.push_back({likeness, 1, post()});
        else
            ++groups_[it->second].copies;
    }
    [[nodiscard]] std::size_t texts() const { return texts_; }

    std::vector<ReportTheme> groups() {
        std::stable_sort(groups_.begin(), groups_.end(),
                         [](Alike const& a, Alike const& b) { return a.copies > b.copies; });
        if (groups_.size() > kDistinct) groups_.resize(kDistinct);
        std::vector<Alike> joined;
        for (Alike& one : groups_) {
            auto const it = std::find_if(joined.begin(), joined.end(), [&](Alike const& g) {
                return near_copies(g.likeness, one.likeness);
            });
            if (it == joined.end()) {
                joined.push_back(std::move(one));
                continue;
            }
            it->copies += one.copies;
            if (one.first.at < it->first.at) it->first = std::move(one.first);
        }
        std::stable_sort(joined.begin(), joined.end(),
                         [](Alike const& a, Alike const& b) { return a.copies > b.copies; });
        std::vector<ReportTheme> out;
        for (Alike& g : joined) {
            double const share = double(g.copies) / double(texts_);
            if (out.size() == kThemeGroups || g.copies < kLeastCopies || share < kLeastShare) break;
            out.push_back({g.copies, share, std::move(g.first)});
        }
        return out;
    }

private:
    struct Alike {
        std::uint64_t likeness = 0;
        std::size_t copies = 0;
        ReportPost first;
    };
    std::unordered_map<std::uint64_t, std::size_t> alike_;
    std::vector<Alike> groups_;
    std::size_t texts_ = 0;
};

// Posts that vanished or were edited, of which the text may still be here.
std::map<std::pair<std::string, std::string>, bool> wanted_posts(ReportInput const& in) {
    std::map<std::pair<std::string, std::string>, bool> out;
    for (Event const& e : in.events)
        if (e.name == EventName::evidence_deleted || e.name == EventName::evidence_edited)
            out[{e.platform, e.mention}] = false;
    return out;
}

}  // namespace

void put_themes(ReportInput& in, Engine const& engine) {
    Incident const& i = in.incident;
    auto wanted = wanted_posts(in);
    Themes themes;
    std::set<std::pair<std::string, MentionKey>> known;  // a mention that two streams return
    std::size_t left = kAllTexts;
    if (i.streams.size() > kReportStreams)
        in.limits.push_back("Texts of " + std::to_string(i.streams.size() - kReportStreams) +
                            " further streams were not read.");
    for (std::size_t n = 0; n < std::min(kReportStreams, i.streams.size()) && left > 0; ++n) {
        IncidentStream const& s = i.streams[n];
        std::size_t const most = std::min(kReportTexts, left);
        WallTime const until = i.closed == kNoTime ? WallTime::max() : i.closed;
        std::size_t const read = each_kept(
            engine, s.name, i.onset, until, most, [&](MentionRow const& row, Mention const& m) {
                if (!known.insert({s.platform, row.key}).second) return;
                auto const post = [&] { return report_post(s.platform, s.name, row, m); };
                if (auto const it = wanted.find({s.platform, row.id}); it != wanted.end()) {
                    it->second = true;
                    in.changed.push_back(post());
                }
                bool const repost = m.kind == MentionKind::repost || text_marks(m.text).forwarded;
                if (!m.text.empty() && !repost) themes.add(m, post);
            });
        in.themes.cut = in.themes.cut || read >= most;
        left -= std::min(left, read);
    }
    in.themes.read = themes.texts();
    in.themes.groups = themes.groups();
    in.themes.terms = kept_terms(engine, i, kReportStreams, kReportTexts / 2, kThemeTerms);
    // Somebody told what was said, and nothing of it is here: it was erased.
    bool const told = in.facts || (i.composition && !i.composition->kind.empty());
    in.themes.erased = in.themes.read == 0 && told;
    for (auto const& [place, found] : wanted) {
        if (found) continue;
        ReportPost gone;
        gone.platform = place.first;
        gone.id = place.second;
        gone.erased = in.themes.erased;
        in.changed.push_back(std::move(gone));
    }
}

}  // namespace surged::daemon
