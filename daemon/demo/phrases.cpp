#include "daemon/demo/phrases.h"

#include <array>
#include <string_view>

namespace surged::daemon::demo {
namespace {

template <std::size_t N>
std::string pick(Random& random, std::array<std::string_view, N> const& parts) {
    return std::string(parts[random.below(N)]);
}

constexpr std::array<std::string_view, 10> kBrandWords = {
    "Acme Corp",          "@acme",           "Acme",          "acme corp",      "the new Acme",
    "my Acme Corp order", "Acme's delivery", "an Acme mixer", "acme glowclean", "the Acme shop"};
constexpr std::array<std::string_view, 16> kOpenings = {
    "Just tried",    "Anyone else using", "Thinking about",     "Got",
    "Finally here:", "Third time with",   "My neighbour loves", "Comparing prices of",
    "Quick note on", "Unboxing",          "Still waiting for",  "Not sure about",
    "A word on",     "Question about",    "Today it was",       "Back to"};
constexpr std::array<std::string_view, 20> kRemarks = {"works fine so far",
                                                       "arrived two days late",
                                                       "does the job",
                                                       "smells nice",
                                                       "was cheaper last week",
                                                       "is worth it",
                                                       "broke after a month",
                                                       "came well packed",
                                                       "is on sale again",
                                                       "looks better in green",
                                                       "has a tiny manual",
                                                       "saved my evening",
                                                       "could be quieter",
                                                       "is out of stock",
                                                       "beats the old one",
                                                       "needs better instructions",
                                                       "made my day",
                                                       "is fine, I suppose",
                                                       "fits the small kitchen",
                                                       "got me a refund quickly"};
constexpr std::array<std::string_view, 14> kClosings = {
    "",          ", any tips?",  ", thanks!",        ", we'll see",   " :)",
    ", as ever", ", who knew",   ", good or bad?",   ", just saying", ", five stars",
    ", hmm",     ", to be fair", ", how about you?", ", that's all"};

constexpr std::array<std::string_view, 16> kShock = {"Wait,",
                                                     "This is dangerous:",
                                                     "Seriously?",
                                                     "Please delete this.",
                                                     "Chemist here.",
                                                     "Nurse here.",
                                                     "My kids read this!",
                                                     "Stop.",
                                                     "How did this get out?",
                                                     "Unbelievable.",
                                                     "Read the label!",
                                                     "I felt sick after this.",
                                                     "Nobody checked?",
                                                     "Again?",
                                                     "Warn people now.",
                                                     "Shame on you."};
constexpr std::array<std::string_view, 20> kAccusations = {
    "mixing that with bleach makes toxic gas",
    "bleach and cleaner in one bucket is how people end up in hospital",
    "that is chlorine gas you are recommending",
    "you are telling people to poison themselves",
    "this advice can kill someone",
    "my mother did exactly that and had to leave the house",
    "every bottle says never to mix these",
    "poison control will have a busy day",
    "take it down before someone gets hurt",
    "that is school chemistry, lesson one",
    "we ended up coughing on the balcony",
    "who approved this post",
    "a warning is needed, not an emoji",
    "this has been up for far too long",
    "you have not said a word about it",
    "I am throwing the bottle away",
    "the fumes were awful",
    "tell people what to do if they tried it",
    "this is not a joke, people follow such tips",
    "a correction is the least you owe us"};
constexpr std::array<std::string_view, 15> kDemands = {"",
                                                       "Answer!",
                                                       "Do something.",
                                                       "Explain this.",
                                                       "Waiting.",
                                                       "Recall it?",
                                                       "Still no reply.",
                                                       "Anyone there?",
                                                       "Unfollowed.",
                                                       "Share this.",
                                                       "Lawsuit incoming.",
                                                       "Delete it.",
                                                       "Say sorry at least.",
                                                       "Speechless.",
                                                       "Be careful, all."};

constexpr std::array<std::string_view, 10> kOwn = {
    "New at Acme Corp: the autumn range is here.",
    "Our Acme Corp team answers your questions until six.",
    "Acme Corp tip of the day: dust from top to bottom.",
    "Meet the people behind the Acme Corp mixer.",
    "Acme Corp GlowClean now in a larger bottle.",
    "Which colour should the next Acme Corp kettle have?",
    "Acme Corp ships free this weekend.",
    "Thank you for a hundred thousand Acme Corp orders!",
    "Acme Corp is looking for a chemist. Apply now.",
    "Acme Corp stores open an hour earlier on Friday."};
constexpr std::array<std::string_view, 24> kNames = {
    "kim", "ana",  "jonas", "mara", "li",   "omar", "eva",  "tom",  "ines", "raj", "zoe", "max",
    "pia", "noah", "ida",   "sam",  "lena", "ravi", "joao", "mina", "carl", "amy", "ben", "ula"};

}  // namespace

std::string everyday_phrase(Random& random) {
    return pick(random, kOpenings) + " " + pick(random, kBrandWords) + ", " +
           pick(random, kRemarks) + pick(random, kClosings);
}

std::string own_phrase(Random& random) {
    return pick(random, kOwn);
}

std::string complaint_phrase(Random& random) {
    return "@acme " + pick(random, kShock) + " " + pick(random, kAccusations) + ". " +
           pick(random, kDemands);
}

std::string person_name(Random& random) {
    return pick(random, kNames) + "_" + std::to_string(10'000 + random.below(90'000));
}

}  // namespace surged::daemon::demo
