#include "text/wordpiece_trainer.h"

#include <algorithm>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/random.h"
#include "core/utf8.h"

namespace convbert {
namespace {

using TokenId = std::uint32_t;
constexpr TokenId kNone = 0xFFFFFFFF;
constexpr std::string_view kPrefix = "##";
constexpr char32_t kCodePoints = 0x110000;
constexpr std::size_t kTokensBetweenCalls = 64;

template <class Visit>
void for_each_character(std::string_view word, Visit visit) {
  for (std::size_t position = 0; position < word.size();) {
    const bool is_first = position == 0;
    visit(decode_utf8(word, position), is_first);
  }
}

// Two neighbours.
struct Pair {
  TokenId left;
  TokenId right;

  // Compares as the ids do, the left one first.
  std::uint64_t key() const { return std::uint64_t{left} << 32 | right; }
};

// Pairs that have occurred, numbered from 0, and how often they occur in all words.
class PairTable {
 public:
  struct Entry {
    Pair pair;
    std::int64_t count = 0;
    // Of the words that have it and wait to be queued: how many, and where the next one goes.
    std::uint32_t found = 0;
    std::uint32_t next = 0;
  };

  std::uint32_t number_of(Pair pair) {
    std::size_t slot = slot_of(pair);
    if (slots_[slot] != kNone) return slots_[slot];
    if (2 * (entries_.size() + 1) > slots_.size()) {
      grow();
      slot = slot_of(pair);
    }
    slots_[slot] = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({pair});
    return slots_[slot];
  }

  Entry& operator[](std::uint32_t number) { return entries_[number]; }

 private:
  std::size_t slot_of(Pair pair) const {
    const std::uint64_t key = pair.key();
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = (key * kGoldenRatio) >> 32 & mask;
    while (slots_[slot] != kNone && entries_[slots_[slot]].pair.key() != key)
      slot = (slot + 1) & mask;
    return slot;
  }

  void grow() {
    slots_.assign(2 * slots_.size(), kNone);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      slots_[slot_of(entries_[i].pair)] = static_cast<std::uint32_t>(i);
    }
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(1 << 16, kNone);
};

// A pair that may be merged, with the words where it was found. A pair that is formed again later
// gets another one, with those words alone.
struct Candidate {
  std::int64_t count;  // when it was made; the pair's may have fallen since
  Pair pair;
  std::uint32_t number;  // of the pair
  std::uint32_t words;   // how many
  std::uint32_t begin;   // of them in places_
};

// For a queue whose top is the most frequent.
struct ComesLater {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.count != b.count ? a.count < b.count : a.pair.key() > b.pair.key();
  }
};

class Learning {
 public:
  Learning(const WordCounter& words, const WordPieceTraining& training) : training_(training) {
    for (const std::string& token : training.reserved) id_of(token);
    add_characters(words);
    spell(words);
  }

  // Counts the pairs of all words.
  void begin() {
    found_.reserve(symbols_.size() - words_.size());
    for (std::uint32_t word = 0; word < words_.size(); ++word) {
      const auto [begin, length, count] = words_[word];
      for (std::size_t i = begin + 1; i < begin + length; ++i) {
        add({symbols_[i - 1], symbols_[i]}, word, count);
      }
    }
    queue_found();
    found_ = {};
  }

  // Merges the most frequent pair; false where none is frequent enough.
  bool merge_next() {
    while (!queue_.empty()) {
      Candidate top = queue_.top();
      queue_.pop();
      const std::int64_t count = pairs_[top.number].count;
      if (top.count != count) {
        top.count = count;
        queue_.push(top);
        continue;
      }
      if (count < std::max<std::int64_t>(training_.min_frequency, 1)) return false;
      merge(top);
      return true;
    }
    return false;
  }

  std::size_t size() const { return tokens_.size(); }
  std::vector<std::string> take_tokens() { return std::move(tokens_); }

 private:
  struct Spelling {
    std::size_t begin;     // in symbols_
    std::uint32_t length;  // in tokens
    std::int64_t count;
  };
  struct Found {
    std::uint32_t number;  // of a pair
    std::uint32_t word;
  };

  TokenId id_of(const std::string& token) {
    const auto [place, is_new] = ids_.emplace(token, static_cast<TokenId>(tokens_.size()));
    if (is_new) {
      bytes_ += token.size() + 1;
      if (bytes_ > kMostVocabularyBytes) {
        throw Error(ErrorKind::usage, OptionName{"size"},
                    concat(": ", tokens_.size(), " tokens take more than ", kMostVocabularyBytes,
                           " bytes; expected fewer"));
      }
      tokens_.push_back(token);
    }
    return place->second;
  }

  void add_characters(const WordCounter& words) {
    std::vector<std::int64_t> counts(kCodePoints);
    std::vector<bool> is_inside(kCodePoints);
    words.for_each([&](std::string_view word, std::int64_t count) {
      for_each_character(word, [&](char32_t c, bool is_first) {
        counts[c] += count;
        if (!is_first) is_inside[c] = true;
      });
    });
    std::vector<char32_t> kept;
    for (char32_t c = 0; c < kCodePoints; ++c) {
      if (counts[c] > 0) kept.push_back(c);
    }
    std::ranges::stable_sort(kept, std::greater(), [&](char32_t c) { return counts[c]; });
    kept.resize(std::min(kept.size(), training_.limit_alphabet));
    std::ranges::sort(kept);
    first_.assign(kCodePoints, kNone);
    inside_.assign(kCodePoints, kNone);
    for (const char32_t c : kept) first_[c] = id_of(text_of(c));
    for (const char32_t c : kept) {
      if (is_inside[c]) inside_[c] = id_of(std::string(kPrefix) + text_of(c));
    }
    if (tokens_.size() > training_.size) {
      throw Error(ErrorKind::usage, OptionName{"size"},
                  concat(": expected at least ", tokens_.size(), ", for ",
                         training_.reserved.size(), " reserved tokens and ", kept.size(),
                         " characters, with ", kPrefix, " and without, found ", training_.size));
    }
  }

  static std::string text_of(char32_t c) {
    std::string text;
    append_utf8(text, c);
    return text;
  }

  // Words as the tokens of their characters; those of one have no pair.
  void spell(const WordCounter& words) {
    words.for_each([&](std::string_view word, std::int64_t count) {
      const std::size_t begin = symbols_.size();
      for_each_character(word, [&](char32_t c, bool is_first) {
        const TokenId id = (is_first ? first_ : inside_)[c];
        if (id != kNone) symbols_.push_back(id);
      });
      const std::size_t length = symbols_.size() - begin;
      if (length < 2) {
        symbols_.resize(begin);
        return;
      }
      words_.push_back({begin, static_cast<std::uint32_t>(length), count});
    });
    first_ = {};
    inside_ = {};
  }

  // The word has the pair, `count` times more.
  void add(Pair pair, std::uint32_t word, std::int64_t count) {
    const std::uint32_t number = pairs_.number_of(pair);
    pairs_[number].count += count;
    ++pairs_[number].found;
    found_.push_back({number, word});
  }

  void take_away(Pair pair, std::int64_t count) { pairs_[pairs_.number_of(pair)].count -= count; }

  // A Candidate of each pair that was found, with its words.
  void queue_found() {
    std::size_t end = places_.size();
    places_.resize(end + found_.size());
    for (const auto& [number, word] : found_) {
      PairTable::Entry& entry = pairs_[number];
      if (entry.found == 0) continue;
      entry.next = static_cast<std::uint32_t>(end);
      const Candidate candidate{entry.count, entry.pair, number, entry.found, entry.next};
      end += std::exchange(entry.found, 0);
      if (candidate.count > 0) queue_.push(candidate);
    }
    for (const auto& [number, word] : found_) places_[pairs_[number].next++] = word;
    found_.clear();
  }

  // The pair's own count stays as it was: where its tokens come together once more, because one of
  // them can be formed in several ways, it is as frequent as it was and what is new.
  void merge(const Candidate& candidate) {
    const std::string_view right = tokens_[candidate.pair.right];
    const TokenId merged =
        id_of(concat(tokens_[candidate.pair.left], right.substr(kPrefix.size())));
    for (std::size_t i = 0; i < candidate.words; ++i) {
      merge_in(places_[candidate.begin + i], candidate.pair, merged);
    }
    queue_found();
  }

  void merge_in(std::uint32_t word, Pair pair, TokenId merged) {
    Spelling& spelling = words_[word];
    TokenId* const symbols = symbols_.data() + spelling.begin;
    const std::size_t length = spelling.length;
    const std::int64_t count = spelling.count;
    std::size_t end = 0;  // of what the word has become
    for (std::size_t i = 0; i < length; ++i) {
      const bool is_pair =
          i + 1 < length && symbols[i] == pair.left && symbols[i + 1] == pair.right;
      if (!is_pair) {
        symbols[end++] = symbols[i];
        continue;
      }
      if (end > 0) {
        take_away({symbols[end - 1], pair.left}, count);
        add({symbols[end - 1], merged}, word, count);
      }
      ++i;
      if (i + 1 < length) {
        take_away({pair.right, symbols[i + 1]}, count);
        add({merged, symbols[i + 1]}, word, count);
      }
      symbols[end++] = merged;
    }
    spelling.length = static_cast<std::uint32_t>(end);
  }

  const WordPieceTraining& training_;
  std::vector<std::string> tokens_;
  std::size_t bytes_ = 0;  // of the tokens, a line each
  std::unordered_map<std::string, TokenId> ids_;
  std::vector<TokenId> first_;   // by code point: of one that begins a word
  std::vector<TokenId> inside_;  // of one inside
  std::vector<TokenId> symbols_;
  std::vector<Spelling> words_;
  PairTable pairs_;
  std::vector<std::uint32_t> places_;  // numbers of words
  std::priority_queue<Candidate, std::vector<Candidate>, ComesLater> queue_;
  std::vector<Found> found_;  // since the last queue_found()
};

}  // namespace

std::optional<std::vector<std::string>> learn_wordpieces(WordCounter words,
                                                         const WordPieceTraining& training,
                                                         const TrainingProgress& progress) {
  Learning learning(words, training);
  words = WordCounter(WordCounter::kLeastBytes);  // they are spelt there
  learning.begin();
  const std::size_t most = std::min<std::size_t>(training.size, kMostTokens);
  std::size_t next_call = 0;
  while (learning.size() < most) {
    if (learning.size() >= next_call) {
      if (!progress(learning.size())) return std::nullopt;
      next_call = learning.size() + kTokensBetweenCalls;
    }
    if (!learning.merge_next()) break;
  }
  return learning.take_tokens();
}

}  // namespace convbert
