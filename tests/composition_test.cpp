// Goal: what is said of a surge's makeup is what a plain recount says, whatever the order, and
// beyond the sample within the stated error. Method: recounts written here without the classes
// under test, on recorded mentions; planted floods beside crowds; hostile text.
#include "detectors/composition.h"

#include "daemon/ndjson.h"
#include "detectors/growth.h"
#include "detectors/likeness.h"
#include "detectors/terms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>
#include <random>
#include <set>
#include <sstream>

namespace surged::tests {
namespace {

using namespace std::chrono_literals;
using namespace surged::detectors;

WallTime const kNoon = parse_time("2026-03-01T12:00:00Z").value();
constexpr std::uint64_t kX = 7;  // a platform

struct Recorded {
    MentionBatch batch;
    std::vector<Mention> rows;
};

// Rows of a recorded file whose `stream` is `stream` ("": all); empty when the file is not here.
void read_recorded(std::string const& name, std::string const& stream, std::size_t most,
                   Recorded& out) {
    std::ifstream in(std::string(SHARED_DIR) + "/data/mentions/" + name);
    daemon::NdjsonReader reader;
    std::string line;
    while (out.rows.size() < most && std::getline(in, line)) {
        auto const row = reader.read(line, out.batch);
        if (row && (stream.empty() || row->stream == stream)) out.rows.push_back(row->mention);
    }
}

SurgeSketch sketch_of(std::vector<Mention> const& rows) {
    SurgeSketch sketch;
    for (Mention const& m : rows) sketch.add(digest_of(m, m.created_at), "s", kX);
    return sketch;
}

// A normalisation of its own: words in lower case without links, handles and punctuation, runs of
// digits as 0.
std::vector<std::string> plain_words(std::string_view text) {
    std::vector<std::string> words;
    std::istringstream in{std::string(text)};
    for (std::string piece; in >> piece;) {
        if (piece[0] == '@' || piece.starts_with("http://") || piece.starts_with("https://"))
            continue;
        std::string word;
        for (char const c : piece) {
            if (std::isalpha(static_cast<unsigned char>(c)) || c == '_')
                word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            else if (std::isdigit(static_cast<unsigned char>(c))) {
                if (word.empty() || word.back() != '0') word += '0';
            } else if (c != '\'') {
                if (!word.empty()) words.push_back(word);
                word.clear();
            }
        }
        if (!word.empty()) words.push_back(word);
    }
    return words;
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// --- likeness

TEST(Likeness, LinksHandlesDigitsAndCaseMakeNoDifference) {
    auto const a = text_marks("@acme Your bottle 4711 leaks, do not buy it! https://t.co/aaa");
    auto const b = text_marks("YOUR bottle 23 leaks -- do not buy it... @kim @lee http://x.y/b?z");
    EXPECT_NE(a.likeness, 0u);
    EXPECT_EQ(a.likeness, b.likeness);
    EXPECT_NE(a.link, b.link);
    EXPECT_TRUE(text_marks("RT @kim: Your bottle 1 leaks, do not buy it").forwarded);
    EXPECT_EQ(text_marks("RT @kim: Your bottle 1 leaks, do not buy it").likeness, a.likeness);
    EXPECT_FALSE(a.forwarded);
}

TEST(Likeness, AChangedWordIsNearAnotherTextIsFar) {
    std::string const text =
        "my flight was cancelled again and nobody at the desk could tell us when the next one "
        "would leave so we slept on the floor of the terminal with two small children all night";
    std::string changed = text;
    changed.replace(changed.find("small"), 5, "tired");
    EXPECT_TRUE(near_copies(text_marks(text).likeness, text_marks(changed).likeness));
    auto const other = text_marks(
        "the new lounge in Dallas has great coffee and the staff went out of their way for us "
        "today thank you for making this trip such a pleasant one we will come back in summer");
    EXPECT_GT(distance(text_marks(text).likeness, other.likeness), 16);
}

TEST(Likeness, FewWordsAreNoCopies) {
    EXPECT_EQ(text_marks("@united thank you so much!").likeness, 0u);
    EXPECT_EQ(text_marks("").likeness, 0u);
    EXPECT_EQ(text_marks("@a @b @c @d @e @f https://x.y/z").likeness, 0u);
    EXPECT_NE(text_marks("thank you so very much").likeness, 0u);
}

TEST(Likeness, ScriptsWithoutSpacesAndTricksWithMarks) {
    // Six Han characters are six words; a full stop and an emoji separate nothing that counts.
    auto const a =
        text_marks("\xE4\xB8\x8D\xE8\xA6\x81\xE4\xB9\xB0\xE8\xBF\x99\xE4\xB8\xAA\xE6\xB0\xB4");
    auto const b = text_marks(
        "\xE4\xB8\x8D\xE8\xA6\x81\xE4\xB9\xB0\xE3\x80\x82\xE8\xBF\x99\xE4\xB8\xAA\xE6\xB0\xB4\xF0"
        "\x9F\x94\xA5");
    EXPECT_NE(a.likeness, 0u);
    EXPECT_EQ(a.likeness, b.likeness);
    // A zero-width space inside a word does not make it another one.
    EXPECT_EQ(text_marks("do not buy this bottle").likeness,
              text_marks("do not b\xE2\x80\x8Buy this bottle").likeness);
}

TEST(Likeness, ALinkIsTheSameHoweverItIsDressed) {
    auto const link = [](std::string const& url) { return text_marks("see " + url).link; };
    auto const plain = link("https://news.example/acme/recall");
    EXPECT_NE(plain, 0u);
    for (char const* url :
         {"http://www.news.example/acme/recall/", "https://NEWS.example/acme/recall?utm_source=x",
          "https://news.example/acme/recall#top", "https://news.example/acme/recall).",
          "https://news.example/acme/recall?fbclid=1&utm_medium=y"})
        EXPECT_EQ(link(url), plain) << url;
    EXPECT_NE(link("https://news.example/acme/recall?page=2"), plain);
    EXPECT_NE(link("https://news.example/acme/Recall"), plain);  // a path knows its case
    EXPECT_EQ(link("https://"), 0u);
    EXPECT_EQ(text_marks("no link here").link, 0u);
}

TEST(Likeness, HostileTextDoesNotHarm) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string text(random() % 300, ' ');
        for (char& c : text) c = static_cast<char>(random());
        if (round % 3 == 0) text = "http://" + text;
        if (round % 5 == 0) text.insert(text.size() / 2, " @\xE2\x80");
        // Nothing behind the end is read: the same bytes in a buffer of their own say the same.
        std::vector<char> exact(text.begin(), text.end());
        auto const a = text_marks(text);
        auto const b = text_marks({exact.data(), exact.size()});
        ASSERT_EQ(a.likeness, b.likeness);
        ASSERT_EQ(a.link, b.link);
        TermCounts terms;
        terms.add({exact.data(), exact.size()});
    }
    std::string const endless(1 << 20, 'a');
    EXPECT_EQ(text_marks(endless).likeness, 0u);  // one word
    std::string many;
    for (int i = 0; i < 100'000; ++i) many += "a ";
    EXPECT_NE(text_marks(many).likeness, 0u);
    // Arabic is written from right to left and with spaces: words like others.
    std::string const arabic =
        "\xD9\x84\xD8\xA7 \xD8\xAA\xD8\xB4\xD8\xAA\xD8\xB1\xD9\x88\xD8\xA7 "
        "\xD9\x87\xD8\xB0\xD8\xA7 \xD8\xA7\xD9\x84\xD9\x85\xD8\xA7\xD8\xA1 "
        "\xD8\xA3\xD8\xA8\xD8\xAF\xD8\xA7";
    EXPECT_NE(text_marks(arabic).likeness, 0u);
    EXPECT_EQ(text_marks("\xE2\x80\xAE" + arabic).likeness, text_marks(arabic).likeness);
}

// --- on recorded mentions

TEST(Recorded, WhoWroteIsWhatAPlainCountSays) {
    Recorded data;
    read_recorded("support-2017.ndjson", "", 1500, data);
    if (data.rows.empty()) GTEST_SKIP() << "the recorded mentions are not here";
    std::map<std::string_view, int> authors;
    int reposts = 0;
    for (Mention const& m : data.rows) {
        ++authors[m.author.id];
        reposts += m.kind == MentionKind::repost ? 1 : 0;
    }
    int top = 0;
    for (auto const& [author, n] : authors) top = std::max(top, n);
    SurgeSketch const sketch = sketch_of(data.rows);
    SurgeFacts const facts = sketch.facts();
    EXPECT_TRUE(sketch.exact());
    EXPECT_EQ(facts.mentions, 1500);
    EXPECT_EQ(facts.composition.authors, std::int64_t(authors.size()));
    EXPECT_DOUBLE_EQ(facts.composition.top_author, top / 1500.0);
    EXPECT_DOUBLE_EQ(facts.composition.reposts, reposts / 1500.0);
    EXPECT_EQ(facts.error, 0);

    // All five thousand: beyond the sample, within the stated error.
    Recorded all;
    read_recorded("support-2017.ndjson", "", 1'000'000, all);
    authors.clear();
    for (Mention const& m : all.rows) ++authors[m.author.id];
    top = 0;
    for (auto const& [author, n] : authors) top = std::max(top, n);
    SurgeFacts const many = sketch_of(all.rows).facts();
    double const n = double(all.rows.size());
    std::cout << "support-2017: " << n << " mentions, estimated " << many.mentions << "; "
              << authors.size() << " authors, estimated " << many.composition.authors
              << "; the busiest " << top / n << ", estimated " << many.composition.top_author
              << "\n";
    EXPECT_NEAR(many.mentions / n, 1, 3 * 0.022);
    EXPECT_NEAR(double(many.composition.authors) / double(authors.size()), 1, 3 * 0.016);
    EXPECT_NEAR(many.composition.top_author, top / n, 4 * many.error);
}

TEST(Recorded, CopiesAreTextsThatAPlainComparisonCallsTheSame) {
    Recorded data;
    read_recorded("airline-2015.ndjson", "", 6000, data);
    if (data.rows.empty()) GTEST_SKIP() << "the recorded mentions are not here";
    std::size_t const n = data.rows.size();
    std::vector<std::uint64_t> likeness;
    std::vector<std::vector<std::string>> words;
    for (Mention const& m : data.rows) {
        likeness.push_back(text_marks(m.text).likeness);
        // Forwarded ones begin with "RT @kim:", whose RT is no word of theirs.
        std::string_view text = m.text;
        if (text.starts_with("RT @")) text.remove_prefix(3);
        words.push_back(plain_words(text));
    }
    // Every pair: union-find over near hashes, and equality of the plain words beside it.
    std::vector<std::size_t> parent(n);
    std::iota(parent.begin(), parent.end(), 0u);
    auto const root = [&](std::size_t i) {
        while (parent[i] != i) i = parent[i];
        return i;
    };
    int same = 0, missed = 0, near = 0, strangers = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = i + 1; j < n; ++j) {
            bool const is_near = likeness[i] != 0 && likeness[j] != 0 &&
                                 std::popcount(likeness[i] ^ likeness[j]) <= kCopyDistance;
            if (is_near) parent[root(i)] = root(j);
            bool const equal = words[i].size() >= std::size_t(kLeastWords) &&
                               words[i] == words[j] && is_ascii(data.rows[i].text) &&
                               is_ascii(data.rows[j].text);
            same += equal ? 1 : 0;
            missed += equal && !is_near ? 1 : 0;
            if (!is_near) continue;
            ++near;
            std::set<std::string> const a(words[i].begin(), words[i].end()),
                b(words[j].begin(), words[j].end());
            std::size_t common = 0;
            for (auto const& w : a) common += b.contains(w) ? 1 : 0;
            double const jaccard = double(common) / double(a.size() + b.size() - common);
            if (jaccard >= 0.6) continue;
            if (++strangers <= 5)
                std::cout << "near, and hardly the same: " << data.rows[i].text << " | "
                          << data.rows[j].text << "\n";
        }
    std::size_t copies = 0;
    for (std::size_t i = 0; i < n; ++i) copies += likeness[i] != 0 && root(i) != i ? 1 : 0;
    std::cout << "airline-2015: " << n << " texts, " << same << " equal pairs, " << near
              << " near pairs (" << strangers << " with few words in common), " << copies
              << " copies\n";
    EXPECT_GT(same, 20);
    EXPECT_EQ(missed, 0);
    EXPECT_LE(strangers, near / 50);
    CopyGroups const groups(likeness);
    EXPECT_EQ(groups.copies(), copies);
    // What the sketch says, as long as everything is in its sample.
    data.rows.resize(2000);
    likeness.resize(2000);
    EXPECT_DOUBLE_EQ(sketch_of(data.rows).facts().composition.copies,
                     double(CopyGroups(likeness).copies()) / 2000);
}

TEST(Recorded, RisingTermsAreThoseOfAPlainCount) {
    Recorded data;
    read_recorded("airline-2015.ndjson", "Delta", 1'000'000, data);
    if (data.rows.empty()) GTEST_SKIP() << "the recorded mentions are not here";
    // The day on which JetBlue said that its "fleet's on fleek".
    WallTime const from = parse_time("2015-02-23T00:00:00Z").value();
    WallTime const until = from + 24h;
    TermCounts surge, usual;
    std::map<std::string, std::pair<int, int>> counts;  // in the surge, before
    int now = 0, before = 0;
    for (Mention const& m : data.rows) {
        if (m.created_at >= until) continue;
        bool const rising = m.created_at >= from;
        (rising ? surge : usual).add(m.text);
        ++(rising ? now : before);
        for (auto const& w : [&] {
                 auto const all = plain_words(m.text);
                 return std::set<std::string>(all.begin(), all.end());
             }())
            ++(rising ? counts[w].first : counts[w].second);
    }
    ASSERT_GT(now, 100);
    auto const terms = rising_terms(surge, usual, 4);
    ASSERT_EQ(terms.size(), 4u);
    bool fleek = false;
    for (RisingTerm const& t : terms) {
        std::cout << "rising: " << t.term << " " << t.share << ", usually " << t.usual << "\n";
        fleek = fleek || t.term == "fleek";
        EXPECT_NEAR(t.share, counts[t.term].first / double(now), 0.02) << t.term;
        EXPECT_NEAR(t.usual, counts[t.term].second / double(before), 0.02) << t.term;
        EXPECT_GE(t.share, 2 * t.usual) << t.term;
    }
    EXPECT_TRUE(fleek);
    EXPECT_TRUE(rising_terms(surge, TermCounts{}, 4).empty());
}

// --- planted

struct Post {
    std::string id, author, text;
    int minute = 0;
    bool fresh = false, repost = false;
    std::string of;
    std::int64_t followers = -1;
};

MentionDigest digest(Post const& p) {
    Mention m;
    m.id = p.id;
    m.author.id = p.author;
    m.author.followers = p.followers;
    m.author.created_at = kNoon - (p.fresh ? 24h * 5 : 24h * 900);
    m.text = p.text;
    m.lang = "en-GB";
    if (p.repost) {
        m.kind = MentionKind::repost;
        m.reposts = p.of;
    }
    return digest_of(m, kNoon + std::chrono::minutes{p.minute});
}

class World {
public:
    explicit World(std::uint64_t seed) : random_(seed) {}
    std::size_t below(std::size_t n) { return random_() % n; }
    double chance() { return double(random_() >> 11U) * 0x1.0p-53; }

    std::string sentence(std::size_t words) {
        static std::vector<std::string> const kWords{
            "bottle",    "water",   "acme",  "taste",  "never",  "again", "really", "why",
            "today",     "shop",    "kids",  "asked",  "they",   "about", "refund", "help",
            "line",      "waiting", "store", "monday", "broken", "cap",   "colour", "green",
            "please",    "sick",    "worse", "people", "news",   "saw",   "heard",  "from",
            "neighbour", "their",   "plant", "river"};
        std::string text;
        for (std::size_t i = 0; i < words; ++i)
            text += (i > 0 ? " " : "") + kWords[below(kWords.size())];
        return text;
    }
    Post crowd(int i) {
        Post p;
        p.id = std::to_string(1'000'000 + i);
        // Most say one thing, some a few.
        p.author = "a" + std::to_string(below(4) == 0 ? below(60) : 1000 + below(1'000'000));
        p.text = sentence(8 + below(20));
        p.fresh = chance() < 0.03;
        p.minute = int(below(10));
        if (chance() < 0.2) {
            p.repost = true;
            p.of = std::to_string(1'000'000 + below(std::size_t(i) + 1));
        }
        return p;
    }

private:
    std::mt19937_64 random_;
};

enum class Plant { organic, few_authors, copies, new_accounts, amplified };

// Of `n` mentions a share is the plant, the rest the usual crowd.
SurgeFacts planted(Plant what, std::size_t n, std::uint64_t seed) {
    World world(seed);
    std::string const said = world.sentence(18);
    SurgeSketch sketch;
    for (std::size_t i = 0; i < n; ++i) {
        Post p = world.crowd(int(i));
        if (what != Plant::organic && world.chance() < 0.7) {
            switch (what) {
                case Plant::few_authors:
                    p.author = "f" + std::to_string(world.below(6));
                    p.repost = false;
                    // A few accounts cannot be a quarter of what is left as a crowd.
                    break;
                case Plant::copies:
                    p.repost = false;
                    p.text = "@k" + std::to_string(world.below(999)) + " " + said +
                             " http://t.co/" + std::to_string(world.below(99999));
                    break;
                case Plant::new_accounts:
                    p.repost = false;
                    p.fresh = true;
                    break;
                case Plant::amplified:
                    p.repost = true;
                    p.of = "1000000";
                    break;
                case Plant::organic: break;
            }
        }
        sketch.add(digest(p), "s", kX);
    }
    return sketch.facts();
}

TEST(Floods, AreToldFromCrowdsOfTheSameVolume) {
    struct Row {
        Plant plant;
        char const* name;
        char const* kind;
    };
    constexpr Row kRows[] = {{Plant::organic, "organic", "organic"},
                             {Plant::few_authors, "few authors", "flood"},
                             {Plant::copies, "copies", "flood"},
                             {Plant::new_accounts, "new accounts", "flood"},
                             {Plant::amplified, "reposts", "amplified"}};
    std::cout << "planted (20 seeds, 30 to 2100 mentions)   organic  amplified  flood\n";
    for (Row const& row : kRows) {
        std::map<std::string, int> said;
        for (std::uint64_t seed = 1; seed <= 20; ++seed)
            for (std::size_t const n : {30, 300, 2100})
                ++said[planted(row.plant, n, seed).composition.kind];
        std::printf("%-40s  %7d  %9d  %5d\n", row.name, said["organic"], said["amplified"],
                    said["flood"]);
        EXPECT_GE(said[row.kind], 57) << row.name;  // of 60
    }
}

TEST(Composition, TheRuleOfTheKind) {
    auto const kind = [](std::int64_t authors, double top, double reposts, double copies,
                         double fresh, double n = 100, double forwarded = 0, double busiest = 0) {
        return std::string(
            kind_of({"", authors, top, reposts, copies, fresh}, n, busiest, forwarded));
    };
    EXPECT_EQ(kind(90, 0.05, 0.1, 0.1, 0.1), "organic");
    EXPECT_EQ(kind(90, 0.05, 0.6, 0, 0), "amplified");
    EXPECT_EQ(kind(90, 0.05, 0.1, 0, 0, 100, 0.45), "amplified");
    EXPECT_EQ(kind(90, 0.05, 0.4, 0.2, 0), "amplified");
    EXPECT_EQ(kind(90, 0.05, 0.1, 0.5, 0), "flood");
    EXPECT_EQ(kind(26, 0.05, 0, 0, 0), "organic");
    EXPECT_EQ(kind(25, 0.05, 0, 0, 0), "flood");
    EXPECT_EQ(kind(60, 0.5, 0, 0, 0), "flood");
    EXPECT_EQ(kind(60, 0.1, 0, 0, 0, 100, 0, 0.5), "flood");
    EXPECT_EQ(kind(90, 0.05, 0, 0, 0.5), "flood");
    EXPECT_EQ(kind(0, 0, 0, 0, 0), "organic");     // nobody told who wrote
    EXPECT_EQ(kind(1, 1, 0, 0, 1, 4), "organic");  // too few to say
}

TEST(Composition, DoesNotDependOnOrderOrOnHowOftenOrBySomeWay) {
    for (std::size_t const n : {500, 5000}) {
        World world(n);
        std::vector<MentionDigest> all;
        for (std::size_t i = 0; i < n; ++i) {
            Post p = world.crowd(int(i));
            p.followers = std::int64_t(world.below(100'000));
            all.push_back(digest(p));
        }
        auto const facts_of = [](std::vector<MentionDigest> const& list) {
            SurgeSketch s;
            for (auto const& d : list) s.add(d, "s", kX);
            return s.facts();
        };
        SurgeFacts const once = facts_of(all);
        auto shuffled = all;
        std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937_64(2));
        shuffled.insert(shuffled.end(), all.begin(), all.begin() + 300);  // and some twice
        // By two streams of one platform that share a part.
        SurgeSketch left, right;
        for (std::size_t i = 0; i < n; ++i) {
            if (i < 2 * n / 3) left.add(all[i], "s", kX);
            if (i > n / 3) right.add(all[i], "s", kX);
        }
        right.merge(left);
        for (SurgeFacts const& other : {facts_of(shuffled), right.facts()}) {
            EXPECT_EQ(other.mentions, once.mentions);
            EXPECT_EQ(other.composition.authors, once.composition.authors);
            EXPECT_EQ(other.composition.top_author, once.composition.top_author);
            EXPECT_EQ(other.composition.reposts, once.composition.reposts);
            EXPECT_EQ(other.composition.copies, once.composition.copies);
            EXPECT_EQ(other.composition.kind, once.composition.kind);
            EXPECT_EQ(other.organic, once.organic);
            EXPECT_EQ(other.visible, once.visible);
            EXPECT_EQ(other.links, once.links);
            EXPECT_EQ(other.copies, once.copies);
        }
        // On another platform the same id is another mention.
        SurgeSketch two;
        two.add(all[0], "s", kX);
        two.add(all[0], "t", kX + 1);
        EXPECT_EQ(two.facts().mentions, 2);
    }
}

TEST(Composition, TheSketchKeepsItsStatedError) {
    double worst_authors = 0, worst_share = 0, worst_mentions = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World world(seed);
        SurgeSketch sketch;
        std::set<std::string> authors;
        std::size_t const n = 20'000;
        std::size_t reposts = 0;
        for (std::size_t i = 0; i < n; ++i) {
            Post p;
            p.id = std::to_string(5'000'000 + i);
            p.author = "a" + std::to_string(world.below(30'000));
            p.repost = world.chance() < 0.3;
            p.of = "1";
            authors.insert(p.author);
            reposts += p.repost ? 1 : 0;
            sketch.add(digest(p), "s", kX);
        }
        SurgeFacts const f = sketch.facts();
        worst_authors = std::max(
            worst_authors, std::abs(double(f.composition.authors) / double(authors.size()) - 1));
        worst_share =
            std::max(worst_share, std::abs(f.composition.reposts - double(reposts) / double(n)));
        worst_mentions = std::max(worst_mentions, std::abs(f.mentions / double(n) - 1));
        EXPECT_LE(sketch.heap_bytes(), 320u * 1024);
    }
    std::cout << "worst of 20 seeds: authors " << 100 * worst_authors << " %, a share "
              << 100 * worst_share << " points, mentions " << 100 * worst_mentions << " %\n";
    EXPECT_LE(worst_authors, 3 * 0.016);
    EXPECT_LE(worst_share, 3.5 * 0.0102);  // sqrt(0.3 * 0.7 / 2048)
    EXPECT_LE(worst_mentions, 3 * 0.022);
    EXPECT_GT(worst_share, 0);  // it is a sketch
}

TEST(Composition, TheMostVisibleFirst) {
    SurgeSketch sketch;
    auto const add = [&](Post p) { sketch.add(digest(p), "s", kX); };
    add({"1", "kim", "a small one", 0, false, false, "", 10});
    add({"2", "star", "a big one", 1, false, false, "", 1'000'000});
    add({"3", "lee", "carried by a star", 2, false, false, "", 5});
    add({"4", "nova", "", 3, false, true, "3", 2'000'000});
    SurgeFacts const f = sketch.facts();
    ASSERT_EQ(f.visible.size(), 3u);  // the repost lends its audience to what it carries
    EXPECT_EQ(f.visible[0].key, 3u);
    EXPECT_EQ(f.visible[0].audience, 2'000'000u);
    EXPECT_EQ(f.visible[0].echoes, 1u);
    EXPECT_EQ(f.visible[1].key, 2u);
    EXPECT_EQ(f.visible[2].key, 1u);
    // Nobody tells an audience: who is answered most.
    SurgeSketch silent;
    for (int i = 0; i < 5; ++i)
        silent.add(digest({std::to_string(20 + i), "b", "", 1, false, true, i < 3 ? "11" : "10"}),
                   "s", kX);
    silent.add(digest({"10", "a", "hello", 0, false, false, ""}), "s", kX);
    silent.add(digest({"11", "a", "hello too", 0, false, false, ""}), "s", kX);
    auto const visible = silent.facts().visible;
    ASSERT_GE(visible.size(), 2u);
    EXPECT_EQ(visible[0].key, 11u);
    EXPECT_EQ(visible[1].key, 10u);
}

TEST(Composition, NothingToldIsNoComposition) {
    SurgeSketch sketch;
    for (int i = 0; i < 100; ++i) {
        Mention m;
        std::string const id = std::to_string(i + 1);
        m.id = id;
        sketch.add(digest_of(m, kNoon), "s", kX);
    }
    EXPECT_FALSE(sketch.facts().told);
    EXPECT_FALSE(SurgeSketch{}.facts().told);
}

TEST(RecentMentions, GrowAsMentionsComeAndForgetTheOld) {
    RecentMentions recent;
    EXPECT_EQ(recent.heap_bytes(), 0u);
    MentionDigest d;
    for (std::size_t i = 0; i < 10'000; ++i) {
        d.at = kNoon + std::chrono::seconds{i};
        d.key = i;
        recent.push(d);
    }
    EXPECT_EQ(recent.size(), RecentMentions::kMost);
    EXPECT_EQ(recent[0].key, 10'000 - RecentMentions::kMost);
    EXPECT_EQ(recent[recent.size() - 1].key, 9'999u);
    EXPECT_EQ(recent.heap_bytes(), RecentMentions::kMost * 64);
    d.at = kNoon + 49h;
    recent.push(d);
    d.at = kNoon + 60h;
    recent.push(d);
    EXPECT_EQ(recent.size(), 2u);  // all others are older than two days
}

// --- growth

// A Poisson count of `mean`.
double poisson(World& world, double mean) {
    double const limit = std::exp(-mean);
    double product = world.chance();
    int n = 0;
    for (; product > limit; ++n) product *= world.chance();
    return n;
}

TEST(Growth, FindsTheDoublingTimeWithinItsError) {
    int inside = 0, told = 0;
    double sum = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        World world(seed);
        GrowthCurve curve(kNoon);
        double const base = 0.05;  // a second
        for (int s = 0; s < 16 * 60; s += 10) {
            double const grown = 0.05 * std::exp2(s / 240.0);  // doubles every four minutes
            double const n = poisson(world, 10 * (base + grown));
            for (int i = 0; i < int(n); ++i)
                curve.add(kNoon + std::chrono::milliseconds{s * 1000 + i});
        }
        auto const d = curve.fit(kNoon + 16min, base);
        if (!d) continue;
        ++told;
        sum += double(d->time.count());
        inside += std::abs(double(d->time.count()) - 240) <= 1.96 * d->error + 1 ? 1 : 0;
    }
    std::cout << "doubling of 240 s: told " << told << " of 200, mean " << sum / told
              << " s, within 1.96 standard errors " << inside << "\n";
    EXPECT_GE(told, 198);
    EXPECT_NEAR(sum / told, 240, 20);
    EXPECT_GE(inside, told * 88 / 100);
}

TEST(Growth, SaysNothingOfWhatDoesNotGrow) {
    int told = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        World world(seed);
        GrowthCurve curve(kNoon);
        for (int s = 0; s < 30 * 60; s += 10)
            for (double n = poisson(world, 5); n > 0; --n)
                curve.add(kNoon + std::chrono::seconds{s});
        told += curve.fit(kNoon + 30min, 0.1) ? 1 : 0;
    }
    std::cout << "a level surge was told to grow in " << told << " of 200\n";
    EXPECT_LE(told, 10);
    GrowthCurve few(kNoon);
    for (int i = 0; i < 8; ++i) few.add(kNoon + std::chrono::seconds{i * i * 8});
    EXPECT_FALSE(few.fit(kNoon + 10min, 0));
    EXPECT_FALSE(GrowthCurve(kNoon).fit(kNoon + 1h, 1));
    EXPECT_EQ(rounded_doubling(237s), 240s);
    EXPECT_EQ(rounded_doubling(61s), 60s);
    EXPECT_EQ(rounded_doubling(2000s), 1980s);
    EXPECT_EQ(rounded_doubling(1s), 5s);
}

TEST(Growth, WidensItsBinsWithoutLosingAny) {
    GrowthCurve fine(kNoon), coarse(kNoon, 80s);
    World world(3);
    for (int i = 0; i < 20'000; ++i) {
        double const t = 14'400 * std::log2(1 + world.chance() * 3);  // grows for four hours
        WallTime const at = kNoon + std::chrono::seconds{std::int64_t(t / 2)};
        fine.add(at);
        coarse.add(at);
    }
    auto const a = fine.fit(kNoon + 4h, 0), b = coarse.fit(kNoon + 4h, 0);
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->time, b->time);
    EXPECT_NEAR(double(a->time.count()), 7200, 400);
}

}  // namespace
}  // namespace surged::tests
