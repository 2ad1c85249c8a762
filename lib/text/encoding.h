// What a tokenizer makes of a text or a pair of texts.
#pragma once

#include <cstdint>
#include <vector>

namespace convbert {

// A half-open range of the original text. {0, 0} for a token that stands for no text.
struct Offsets {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool operator==(const Offsets&) const = default;
};

// One entry a token in each list. Offsets of a pair's second text count from that text's start.
struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> type_ids;
  std::vector<Offsets> offsets;            // code points, as Python counts
  std::vector<std::uint8_t> special_mask;  // 1 for a token that the template added
  std::vector<std::uint8_t> sequence;      // 0 first text, 1 second; 0 for added tokens
  std::int64_t truncated = 0;              // tokens that were cut off

  std::size_t size() const { return ids.size(); }
};

}  // namespace convbert
