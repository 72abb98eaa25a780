#include "detectors/unanswered.h"

#include "detectors/archive.h"
#include "detectors/links.h"

#include <algorithm>
#include <array>

namespace surged::detectors {
namespace {

constexpr std::uint32_t kVersion = 1;

// Question marks beyond ASCII: full-width, Arabic, Greek, Armenian, inverted, double, interrobang.
constexpr std::array<std::string_view, 7> kMarks = {
    "\xEF\xBC\x9F", "\xD8\x9F", "\xCD\xBE", "\xD5\x9E", "\xC2\xBF", "\xE2\x81\x87", "\xE2\x80\xBD"};

// Lower case; a space at the end: the word ends there.
constexpr std::string_view kOpeners[] = {
    // English
    "how do ",
    "how does ",
    "how did ",
    "how can ",
    "how could ",
    "how much ",
    "how many ",
    "how long ",
    "how come ",
    "how are you ",
    "how would ",
    "how should ",
    "how will ",
    "why ",
    "when will ",
    "when is ",
    "when are ",
    "when does ",
    "when do ",
    "when can ",
    "when did ",
    "where is ",
    "where are ",
    "where can ",
    "where do ",
    "where does ",
    "where did ",
    "what is ",
    "what are ",
    "what does ",
    "what do ",
    "what did ",
    "what about ",
    "what happened ",
    "what time ",
    "whats ",
    "what's ",
    "who is ",
    "who can ",
    "who do ",
    "which one ",
    "can i ",
    "can you ",
    "can we ",
    "can u ",
    "can someone ",
    "can anyone ",
    "can somebody ",
    "can anybody ",
    "could you ",
    "could i ",
    "could someone ",
    "could anyone ",
    "is there ",
    "is it ",
    "is this ",
    "are you ",
    "are there ",
    "do you ",
    "do i ",
    "do we ",
    "does anyone ",
    "does anybody ",
    "does it ",
    "does this ",
    "did you ",
    "did anyone ",
    "will you ",
    "will there ",
    "will it ",
    "would you ",
    "any update ",
    "any updates ",
    "any idea ",
    "any news ",
    "anyone know ",
    "anybody know ",
    "has anyone ",
    "have you ",
    // German
    "wann ",
    "warum ",
    "wieso ",
    "weshalb ",
    "wie lange ",
    "wie viel ",
    "wie kann ",
    "wie komme ",
    "wie geht ",
    "wie oft ",
    "wie bekomme ",
    "wo ist ",
    "wo kann ",
    "wo finde ",
    "wer kann ",
    "wer ist ",
    "was ist ",
    "was soll ",
    "was kostet ",
    "kann ich ",
    "kann man ",
    "kann mir ",
    "k\xC3\xB6nnt ihr ",
    "k\xC3\xB6nnen sie ",
    "gibt es ",
    "habt ihr ",
    "seid ihr ",
    "welche ",
    // French
    "pourquoi ",
    "comment faire ",
    "comment puis",
    "comment peut",
    "comment se fait",
    "quand ",
    "est-ce ",
    "est ce que ",
    "combien ",
    "o\xC3\xB9 ",
    "qu'est-ce ",
    "avez-vous ",
    "pouvez-vous ",
    "y a-t-il ",
    // Spanish
    "cu\xC3\xA1ndo ",
    "c\xC3\xB3mo ",
    "por qu\xC3\xA9 ",
    "d\xC3\xB3nde ",
    "cu\xC3\xA1nto ",
    "cu\xC3\xA1nta ",
    "qu\xC3\xA9 pasa ",
    "qu\xC3\xA9 es ",
    "qui\xC3\xA9n ",
    "alguien sabe ",
    "hay alguna ",
    // Portuguese
    "como fa\xC3\xA7o ",
    "como posso ",
    "por que ",
    "porque \xC3\xA9 que ",
    "onde ",
    "quanto ",
    "algu\xC3\xA9m sabe ",
    "voc\xC3\xAAs t\xC3\xAAm ",
    // Italian
    "perch\xC3\xA9 ",
    "come posso ",
    "come faccio ",
    "come mai ",
    "dove posso ",
    "dove si ",
    "quando ",
    "qualcuno sa ",
    "si pu\xC3\xB2 ",
    // Dutch
    "waarom ",
    "wanneer ",
    "hoe lang ",
    "hoe kan ",
    "hoeveel ",
    "waar is ",
    "waar kan ",
    "kunnen jullie ",
    "hebben jullie ",
    "weet iemand ",
};

std::string lower(std::string_view text) {
    std::string out(text);
    for (std::size_t i = 0; i < out.size(); ++i) {
        char& c = out[i];
        if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
        // Latin-1 capitals of two bytes: "\xC3\x80" to "\xC3\x9E".
        bool const after = i > 0 && static_cast<unsigned char>(out[i - 1]) == 0xC3;
        auto const u = static_cast<unsigned char>(c);
        if (after && u >= 0x80 && u <= 0x9E && u != 0x97) c = char(u + 0x20);
    }
    return out;
}

bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> out;
    for (std::size_t i = 0; i < text.size();) {
        if (blank(text[i])) {
            ++i;
            continue;
        }
        std::size_t const from = i;
        while (i < text.size() && !blank(text[i])) ++i;
        out.push_back(text.substr(from, i - from));
    }
    return out;
}

bool is_url(std::string_view word) {
    return word.find("://") != std::string_view::npos || word.starts_with("www.");
}

std::uint64_t key(std::string_view id) {
    return id.empty() ? 0 : key_of(id);
}

bool holds(std::deque<std::uint64_t> const& keys, std::uint64_t k) {
    return k != 0 && std::find(keys.rbegin(), keys.rend(), k) != keys.rend();
}

void remember(std::deque<std::uint64_t>& keys, std::uint64_t k) {
    if (k == 0 || holds(keys, k)) return;
    keys.push_back(k);
    if (keys.size() > Unanswered::kOwn) keys.pop_front();
}

bool is_answered_by(Question const& q, std::uint64_t k) {
    return k != 0 && (q.key == k || std::find(q.also.begin(), q.also.end(), k) != q.also.end());
}

}  // namespace

template <typename A>
void archive(A& a, Question& q) {
    a(q.id, q.url, q.thread, q.key, q.parent, q.root, q.author, q.at, q.under_own, q.raise, q.told,
      q.also);
}

bool asks(std::string_view text) {
    std::string begin;  // the text from its first word that is no @name, for the openers
    std::size_t count = 0;
    bool exclaims = false;
    for (std::string_view const word : words(text)) {
        if (is_url(word)) {
            // "is this you? https://..": a mark behind the address is the writer's.
            continue;
        }
        if (word.find('?') != std::string_view::npos) return true;
        for (std::string_view const mark : kMarks)
            if (word.find(mark) != std::string_view::npos) return true;
        if (begin.empty() && word.starts_with('@')) continue;
        ++count;
        if (begin.size() < 64) begin += std::string(word) + " ";
        exclaims = word.ends_with('!');
    }
    if (count < 3 || exclaims) return false;
    begin = lower(begin);
    return std::any_of(std::begin(kOpeners), std::end(kOpeners),
                       [&](std::string_view opener) { return begin.starts_with(opener); });
}

bool Unanswered::ours(Question const& q) const {
    return q.under_own || holds(own_, q.root) || holds(own_, q.parent);
}

bool Unanswered::make_room() {
    if (questions_.size() < kOpen) return true;
    ++dropped_;
    auto const it = std::find_if(questions_.begin(), questions_.end(),
                                 [&](Question const& q) { return !q.told && !ours(q); });
    if (it == questions_.end()) return false;
    questions_.erase(it);
    return true;
}

void Unanswered::mention(Mention const& m, WallTime at, bool under_own, bool raise) {
    if (m.kind == MentionKind::repost) return;
    std::uint64_t const author = key(m.author.id.empty() ? m.author.handle : m.author.id);
    std::uint64_t const root = key(m.conversation), parent = key(m.in_reply_to);
    for (Question& q : questions_) {
        bool const thread = (root != 0 && (root == q.root || root == q.key)) ||
                            (parent != 0 && (parent == q.parent || parent == q.key));
        if (author == 0 || author != q.author || !thread || at < q.at) continue;
        if (q.also.size() < kAlso) q.also.push_back(key(m.id));
    }
    // Under a post: it names a parent or another root than itself; else it is a post of its own.
    bool const below = parent != 0 || (root != 0 && root != key(m.id));
    if (!below && !under_own) return;
    if (!asks(m.text) || holds(answered_, key(m.id))) return;
    if (!make_room()) return;
    Question& q = questions_.emplace_back();
    q.id = std::string(m.id);
    q.key = key(m.id);
    q.url = nameless_link(m);
    q.thread = std::string(m.conversation.empty() ? m.in_reply_to : m.conversation);
    q.parent = parent;
    q.root = root;
    q.author = author;
    q.at = at;
    q.under_own = under_own;
    q.raise = raise;
}

bool Unanswered::own_post(std::string_view id, std::string_view in_reply_to,
                          std::string_view quotes, std::string_view conversation, WallTime at) {
    remember(own_, key(id));
    remember(answered_, key(in_reply_to));
    remember(answered_, key(quotes));
    bool const flat =
        in_reply_to.empty() && quotes.empty() && !conversation.empty() && conversation != id;
    bool const any = told() > 0;
    std::erase_if(questions_, [&](Question const& q) {
        if (is_answered_by(q, key(in_reply_to)) || is_answered_by(q, key(quotes))) return true;
        return flat && at >= q.at && (q.root == key(conversation) || q.key == key(conversation));
    });
    return any && told() == 0;
}

void Unanswered::take_due(WallTime covered, std::vector<Question>& due) {
    if (covered == kNoTime) return;
    std::size_t const first = due.size();
    std::erase_if(questions_, [&](Question& q) {
        if (q.told || q.at + within_ > covered) return false;
        if (!ours(q)) return true;  // nobody of ours was asked
        q.told = true;
        due.push_back(q);
        return false;
    });
    std::stable_sort(due.begin() + std::ptrdiff_t(first), due.end(),
                     [](Question const& a, Question const& b) { return a.at < b.at; });
}

bool Unanswered::forget_before(WallTime t, WallTime now) {
    bool const any = told() > 0;
    std::erase_if(questions_, [&](Question const& q) {
        return q.told ? now - q.at > kForget + within_ : q.at < t;
    });
    return any && told() == 0;
}

bool Unanswered::erase(std::string_view platform, Erasure const& erasure) {
    bool any = false;
    for (Question& q : questions_)
        if (!q.url.empty() && erasure.covers(platform, q.id, q.at)) {
            q.url.clear();
            any = true;
        }
    return any;
}

std::size_t Unanswered::told() const {
    return std::size_t(std::count_if(questions_.begin(), questions_.end(),
                                     [](Question const& q) { return q.told; }));
}

std::string Unanswered::save() const {
    Unanswered copy = *this;  // the archive takes what it could also read into
    std::uint32_t version = kVersion;
    std::vector<std::uint64_t> own(own_.begin(), own_.end());
    std::vector<std::uint64_t> answered(answered_.begin(), answered_.end());
    ArchiveWriter w;
    w(version, copy.questions_, own, answered, copy.dropped_);
    return w.take();
}

bool Unanswered::restore(std::string_view blob) {
    std::uint32_t version = 0;
    std::vector<Question> questions;
    std::vector<std::uint64_t> own, answered;
    std::uint64_t dropped = 0;
    ArchiveReader r(blob);
    r(version);
    if (!r.ok() || version != kVersion) return false;
    r(questions, own, answered, dropped);
    if (!r.done() || questions.size() > kOpen || own.size() > kOwn || answered.size() > kOwn)
        return false;
    questions_ = std::move(questions);
    own_.assign(own.begin(), own.end());
    answered_.assign(answered.begin(), answered.end());
    dropped_ = dropped;
    return true;
}

}  // namespace surged::detectors
