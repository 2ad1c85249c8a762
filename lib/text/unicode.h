// Properties of code points, as the reference tokenizer was built with: general categories of
// Unicode 8, canonical decomposition of Unicode 9, lower-casing of Unicode 17. Newer tables
// disagree on hundreds of code points, and models were trained with these.
// Only unicode.cpp uses ICU's tables: for decomposition and combining classes, which are stable
// across versions once a code point is assigned, and for is_word_character().
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace convbert::unicode {

enum Property : std::uint8_t {
  kWhitespace = 1,      // White_Space
  kOther = 2,           // categories Cc, Cf, Co: control, format, private use
  kNonspacingMark = 4,  // category Mn
  kPunctuation = 8,     // categories P*, and the symbols of ASCII ($, +, <, ...)
  kCjk = 16,            // blocks that the reference takes for Chinese characters
  kHasLowercase = 32,
  kDecomposes = 64,  // decompose() changes it
  kCombining = 128,  // its combining class is not 0
};

// The properties of all code points in two stages: a page of 128 code points, then the code point
// in it. Texts need few pages: each is made when it is first asked for, by whichever thread asks.
class PropertyTable {
 public:
  static constexpr char32_t kPageSize = 128;
  using Page = std::array<std::uint8_t, kPageSize>;

  constexpr PropertyTable() = default;
  PropertyTable(const PropertyTable&) = delete;
  PropertyTable& operator=(const PropertyTable&) = delete;
  ~PropertyTable();

  std::uint8_t operator[](char32_t c) {
    const Page* page = pages_[c / kPageSize].load(std::memory_order_acquire);
    if (page == nullptr) page = &add_page(c / kPageSize);
    return (*page)[c % kPageSize];
  }

 private:
  const Page& add_page(char32_t number);

  std::array<std::atomic<const Page*>, 0x110000 / kPageSize> pages_{};
};
extern constinit PropertyTable property_table;

// A set of Property bits.
inline std::uint8_t properties(char32_t c) { return property_table[c]; }
inline bool is(char32_t c, Property property) { return (properties(c) & property) != 0; }

// Letters, marks, digits and connectors: \w of a regular expression. Of the installed ICU's
// version: it bounds added tokens that ask for whole words, nothing else.
bool is_word_character(char32_t c);

// Lower-cases one code point without regard to its neighbours, so that a final sigma is like any
// other. U+0130 becomes two; all others one.
struct Lowercase {
  char32_t characters[2];
  int count;
};
Lowercase lowercase(char32_t c);

// The full canonical decomposition (NFD before reordering).
constexpr int kMaxDecomposition = 18;
struct Decomposition {
  char32_t characters[kMaxDecomposition];
  int count;
};
Decomposition decompose(char32_t c);

// Canonical_Combining_Class; 0 for a starter.
std::uint8_t combining_class(char32_t c);

}  // namespace convbert::unicode
