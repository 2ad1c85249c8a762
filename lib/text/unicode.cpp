#include "text/unicode.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>

#include "core/error.h"

namespace convbert::unicode {
namespace {

struct Range {
  char32_t first;
  char32_t last;
  bool contains(char32_t c) const { return c >= first && c <= last; }
};
struct LowercaseRun {
  char32_t first;
  char32_t last;
  char32_t step;
  int distance;
  bool contains(char32_t c) const { return c >= first && c <= last && (c - first) % step == 0; }
};

namespace tables {
#include "text/unicode_tables.inc"

constexpr Range kWhitespace[] = {
    {0x9, 0xD},       {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
    {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
// The seventh block starts at U+2B820 in Unicode; the reference has U+2B920.
constexpr Range kCjk[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                          {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F},
                          {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
}  // namespace tables

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

constexpr char32_t kFirstSyllable = 0xAC00;  // Hangul, chapter 3.12 of the Unicode Standard
constexpr char32_t kLastSyllable = 0xD7A3;

Decomposition decompose_syllable(char32_t c) {
  constexpr char32_t kVowels = 21;
  constexpr char32_t kTrails = 28;  // one of them none
  const char32_t index = c - kFirstSyllable;
  const char32_t trail = index % kTrails;
  return {
      {0x1100 + index / (kVowels * kTrails), 0x1161 + index / kTrails % kVowels, 0x11A7 + trail},
      trail == 0 ? 2 : 3};
}

Decomposition decompose_by_icu(char32_t c) {
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

std::uint8_t combining_class_by_icu(char32_t c) {
  return c < 0x300 || !in_unicode_9(c) ? 0 : u_getCombiningClass(static_cast<UChar32>(c));
}

// `ranges` is sorted.
template <class Range, std::size_t kCount>
void mark(PropertyTable::Page& page, char32_t first, const Range (&ranges)[kCount],
          Property property) {
  const char32_t last = first + PropertyTable::kPageSize - 1;
  for (const Range* range = std::ranges::lower_bound(ranges, first, {}, &Range::last);
       range != std::end(ranges) && range->first <= last; ++range) {
    for (char32_t c = std::max(range->first, first); c <= std::min(range->last, last); ++c) {
      if (range->contains(c)) page[c - first] |= property;
    }
  }
}

PropertyTable::Page make_page(char32_t first) {
  PropertyTable::Page page{};
  mark(page, first, tables::kWhitespace, kWhitespace);
  mark(page, first, tables::kOther, kOther);
  mark(page, first, tables::kNonspacingMark, kNonspacingMark);
  mark(page, first, tables::kPunctuation, kPunctuation);
  mark(page, first, tables::kCjk, kCjk);
  mark(page, first, tables::kLowercase, kHasLowercase);
  for (char32_t i = 0; i < PropertyTable::kPageSize; ++i) {
    const Decomposition parts = decompose_by_icu(first + i);
    if (parts.count > 1 || parts.characters[0] != first + i) page[i] |= kDecomposes;
    if (combining_class_by_icu(first + i) != 0) page[i] |= kCombining;
  }
  return page;
}

}  // namespace

constinit PropertyTable property_table;

PropertyTable::~PropertyTable() {
  for (const std::atomic<const Page*>& page : pages_) delete page.load();
}

const PropertyTable::Page& PropertyTable::add_page(char32_t number) {
  auto page = std::make_unique<const Page>(make_page(number * kPageSize));
  const Page* expected = nullptr;
  if (pages_[number].compare_exchange_strong(expected, page.get())) return *page.release();
  return *expected;  // another thread was first
}

bool is_word_character(char32_t c) {
  const auto point = static_cast<UChar32>(c);
  constexpr std::uint32_t kWord = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_hasBinaryProperty(point, UCHAR_ALPHABETIC) || (U_GET_GC_MASK(point) & kWord) != 0 ||
         u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL);
}

Lowercase lowercase(char32_t c) {
  if (!is(c, kHasLowercase)) return {{c, 0}, 1};
  if (c == 0x130) return {{U'i', 0x307}, 2};
  const auto after = std::ranges::upper_bound(tables::kLowercase, c, {}, &LowercaseRun::first);
  const LowercaseRun& run = *std::prev(after);
  return {{static_cast<char32_t>(static_cast<int>(c) + run.distance), 0}, 1};
}

Decomposition decompose(char32_t c) {
  if (!is(c, kDecomposes)) return {{c}, 1};
  if (c >= kFirstSyllable && c <= kLastSyllable) return decompose_syllable(c);
  return decompose_by_icu(c);
}

std::uint8_t combining_class(char32_t c) {
  return is(c, kCombining) ? u_getCombiningClass(static_cast<UChar32>(c)) : 0;
}

}  // namespace convbert::unicode
