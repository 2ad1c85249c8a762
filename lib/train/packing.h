// From documents of any length to sequences of the length that a model learns from, in an order
// that is mixed within a bounded buffer.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace convbert {

using TokenSequence = std::vector<std::int32_t>;  // with [CLS] and [SEP]

enum class Packing {
  full,    // documents follow one another, [SEP] between them, cut wherever a sequence is full
           // (FULL-SENTENCES of Liu et al. 2019, section 4.2)
  record,  // each begins a sequence of its own; a longer one is cut
};

struct PackingOptions {
  Packing packing = Packing::full;
  std::int64_t max_length = 128;  // tokens, with [CLS] and [SEP]; at least 3
  std::int32_t cls = 0;
  std::int32_t sep = 0;
};

class SequencePacker {
 public:
  explicit SequencePacker(const PackingOptions& options);

  // The tokens of a document, without special ones; of none nothing is made.
  void add(std::span<const std::int32_t> document);
  // No more documents: what is left becomes a shorter sequence.
  void finish();
  // The next sequence that is complete.
  std::optional<TokenSequence> take();

 private:
  void emit(std::span<const std::int32_t> content);

  PackingOptions options_;
  std::vector<std::int32_t> pending_;
  std::deque<TokenSequence> complete_;
};

// Holds `capacity` sequences, of which any is equally likely to be the next: which, is a function
// of the key and the number of those taken before.
class ShuffleBuffer {
 public:
  ShuffleBuffer(std::size_t capacity, std::uint64_t key) : capacity_(capacity), key_(key) {}

  bool is_full() const { return held_.size() >= capacity_; }
  bool is_empty() const { return held_.empty(); }
  void add(TokenSequence sequence) { held_.push_back(std::move(sequence)); }
  // Of a buffer that is not empty.
  TokenSequence take();

 private:
  std::size_t capacity_;
  std::uint64_t key_;
  std::uint64_t taken_ = 0;
  std::vector<TokenSequence> held_;
};

}  // namespace convbert
