// The vocabulary: WordPiece tokens and their ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace convbert {

// Ids are below this, those of added tokens, too; the largest WordPiece vocabularies have half.
inline constexpr std::int32_t kMostTokens = 1 << 20;
// Of all tokens of a vocabulary.
inline constexpr std::size_t kMostVocabularyBytes = 16 << 20;

class Vocab {
 public:
  // vocab.txt: a token a line, its id the line's number from 0. White space at the end of a line
  // belongs to no token; of equal lines the last counts; bytes that are no UTF-8, which published
  // vocabularies have, become U+FFFD. Throws Error(format) when it is empty, too large or
  // made to slow look-ups down.
  static Vocab from_lines(std::string_view text, const std::string& source);
  // From token -> id below kMostTokens, as tokenizer.json has it. Throws likewise.
  static Vocab from_pairs(const std::vector<std::pair<std::string, std::int32_t>>& pairs,
                          const std::string& source);

  // The hash of a token, which grows byte by byte (FNV-1a with another multiplier).
  class Hash {
   public:
    void add(char byte) {
      state_ = (state_ ^ static_cast<unsigned char>(byte)) * 0x9E3779B97F4A7C15u;
    }
    std::uint32_t value() const { return static_cast<std::uint32_t>(state_ >> 32); }

   private:
    std::uint64_t state_ = 0xCBF29CE484222325u;
  };

  // One past the largest id.
  std::int32_t size() const { return static_cast<std::int32_t>(slot_of_id_.size()); }
  std::optional<std::int32_t> find(std::string_view token) const;
  // The same for a token in two parts whose hash is known; kNoId where there is none.
  static constexpr std::int32_t kNoId = -1;
  std::int32_t find(std::string_view begin, std::string_view end, Hash hash) const {
    return slots_[slot_of(begin, end, hash.value())].id;
  }
  // The token that find() maps to `id`; nothing where there is none.
  std::optional<std::string_view> token(std::int32_t id) const;

  // Calls visit(token, id) for each token, with the id that find() gives.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.id != kNoId) visit(token_of(slot), slot.id);
    }
  }

 private:
  struct Slot {
    std::int32_t id = kNoId;  // kNoId: empty
    std::uint32_t hash = 0;
    std::uint32_t begin = 0;  // of the token in text_
    std::uint32_t length = 0;
  };
  static constexpr std::uint32_t kNoSlot = 0xFFFFFFFF;

  void reserve(std::size_t tokens, std::size_t bytes);
  void insert(std::string_view token, std::int32_t id, const std::string& source);
  // The slot that holds the token, or the empty one where it belongs.
  std::size_t slot_of(std::string_view begin, std::string_view end, std::uint32_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      const Slot& slot = slots_[i];
      if (slot.id == kNoId) return i;
      if (slot.hash != hash || slot.length != begin.size() + end.size()) continue;
      const std::string_view token = token_of(slot);
      if (token.starts_with(begin) && token.ends_with(end)) return i;
    }
  }
  std::string_view token_of(const Slot& slot) const {
    return std::string_view(text_).substr(slot.begin, slot.length);
  }

  std::string text_;                                // the tokens, one after another
  std::vector<Slot> slots_ = std::vector<Slot>(1);  // open addressing, at most half full
  std::vector<std::uint32_t> slot_of_id_;           // or kNoSlot
};

}  // namespace convbert
