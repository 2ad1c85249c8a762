#include "text/unicode.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <vector>

#include "core/error.h"

namespace convbert::unicode {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};
struct LowercaseRun {
  char32_t first;
  char32_t last;
  int step;
  int distance;
};

namespace tables {
#include "text/unicode_tables.inc"

constexpr Range kWhitespace[] = {
    {0x9, 0xD},       {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
    {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
// The sixth block starts at U+2B820 in Unicode; the reference has U+2B920.
constexpr Range kCjk[] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF},
                          {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF},
                          {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
}  // namespace tables

// Two stages: a page of 256 code points, then the code point in it. Pages without any property
// share the first.
class PropertyTable {
 public:
  PropertyTable() : pages_(1) {
    page_of_.fill(0);
    add(tables::kWhitespace, kWhitespace);
    add(tables::kOther, kOther);
    add(tables::kNonspacingMark, kNonspacingMark);
    add(tables::kPunctuation, kPunctuation);
    add(tables::kCjk, kCjk);
    for (const LowercaseRun& run : tables::kLowercase) {
      for (char32_t c = run.first; c <= run.last; c += static_cast<char32_t>(run.step)) {
        set(c, kHasLowercase);
      }
    }
  }

  std::uint8_t operator[](char32_t c) const { return pages_[page_of_[c >> 8]][c & 0xFF]; }

 private:
  void add(std::span<const Range> ranges, Property property) {
    for (const Range& range : ranges) {
      for (char32_t c = range.first; c <= range.last; ++c) set(c, property);
    }
  }
  void set(char32_t c, Property property) {
    std::uint16_t& page = page_of_[c >> 8];
    if (page == 0) {
      page = static_cast<std::uint16_t>(pages_.size());
      pages_.emplace_back();
    }
    pages_[page][c & 0xFF] |= property;
  }

  std::array<std::uint16_t, 0x1100> page_of_;
  std::vector<std::array<std::uint8_t, 256>> pages_;
};

// Unicode 9 is as far as the reference's normalisation tables go.
bool in_unicode_9(char32_t c) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] >= 1 && age[0] <= 9;
}

const UNormalizer2* nfd() {
  static const UNormalizer2* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2* normalizer = unorm2_getNFDInstance(&status);
    if (U_FAILURE(status)) {
      throw Error(ErrorKind::system, concat("ICU: no normalisation data: ", u_errorName(status)));
    }
    return normalizer;
  }();
  return instance;
}

}  // namespace

std::uint8_t properties(char32_t c) {
  static const PropertyTable table;
  return table[c];
}

bool is_word_character(char32_t c) {
  const auto point = static_cast<UChar32>(c);
  constexpr std::uint32_t kWord = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_hasBinaryProperty(point, UCHAR_ALPHABETIC) || (U_GET_GC_MASK(point) & kWord) != 0 ||
         u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL);
}

Lowercase lowercase(char32_t c) {
  if (c == 0x130) return {{U'i', 0x307}, 2};
  if (!is(c, kHasLowercase)) return {{c, 0}, 1};
  const auto after = std::ranges::upper_bound(tables::kLowercase, c, {}, &LowercaseRun::first);
  const LowercaseRun& run = *std::prev(after);
  return {{static_cast<char32_t>(static_cast<int>(c) + run.distance), 0}, 1};
}

Decomposition decompose(char32_t c) {
  Decomposition result{{c}, 1};
  if (c < 0xC0 || !in_unicode_9(c)) return result;
  UErrorCode status = U_ZERO_ERROR;
  UChar units[2 * kMaxDecomposition];
  const int length = unorm2_getDecomposition(nfd(), static_cast<UChar32>(c), units,
                                             static_cast<int>(std::size(units)), &status);
  if (length < 0 || U_FAILURE(status)) return result;
  result.count = 0;
  for (int i = 0; i < length;) {
    UChar32 point;
    U16_NEXT(units, i, length, point);
    result.characters[result.count++] = static_cast<char32_t>(point);
  }
  return result;
}

std::uint8_t combining_class(char32_t c) {
  return c < 0x300 || !in_unicode_9(c) ? 0 : u_getCombiningClass(static_cast<UChar32>(c));
}

}  // namespace convbert::unicode
