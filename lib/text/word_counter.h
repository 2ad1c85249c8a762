// How often each word occurs in text of any size, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace convbert {

// Counts are exact until the words no longer fit. Then the rarest are forgotten, those seen once,
// twice and so on, until at most half of the room is taken; a forgotten word that comes again
// begins anew. What is forgotten follows from the words and their order alone.
struct WordFigures {
  std::int64_t total = 0;     // words seen, those left out and forgotten included
  std::int64_t too_long = 0;  // left out
  // Of words forgotten: how often they had been seen together, and each of them at the most.
  std::int64_t forgotten = 0;
  std::int64_t most_forgotten = 0;
};

class WordCounter {
 public:
  // Longer words are not counted: WordPiece takes them for unknown.
  static constexpr std::size_t kMostCharacters = 100;
  // What a word counts for: the bytes that it and learning from it take (see wordpiece_trainer.h).
  static constexpr std::size_t kBytesOfWord = 64;  // and its own bytes
  static constexpr std::size_t kBytesOfCharacter = 96;
  static constexpr std::size_t kLeastBytes = 1 << 20;
  static constexpr std::size_t kMostBytes = std::size_t{64} << 30;

  // `most_bytes`: from kLeastBytes to kMostBytes.
  explicit WordCounter(std::size_t most_bytes);

  // Not empty, well-formed UTF-8.
  void add(std::string_view word);

  std::size_t size() const { return entries_.size(); }  // distinct words
  const WordFigures& figures() const { return figures_; }

  // Calls visit(word, count) for each word, in the order in which they first came.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Entry& entry : entries_) visit(word_of(entry), entry.count);
  }

 private:
  struct Entry {
    std::int64_t count;
    std::uint32_t begin;  // in text_
    std::uint32_t hash;
    std::uint32_t length;
  };
  static constexpr std::uint32_t kNoEntry = 0xFFFFFFFF;

  static std::size_t cost_of(std::string_view word);
  std::string_view word_of(const Entry& entry) const {
    return std::string_view(text_).substr(entry.begin, entry.length);
  }
  void forget_the_rarest();
  void index_again(std::size_t slots);

  std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::string text_;  // the words, one after another
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // numbers of entries; open addressing, at most half full
  WordFigures figures_;
};

}  // namespace convbert
