#include "core/json_scan.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "core/json.h"
#include "core/utf8.h"

namespace convbert {
namespace {

// Of longer numbers, and of exponents with more digits, check_json() says whether they have a
// value.
constexpr std::size_t kMostNumberBytes = 100;
constexpr std::size_t kMostExponentDigits = 3;

// Each step goes past what it is named after, or says that it is not there.
class PlainScan {
 public:
  PlainScan(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  bool document() { return value(1) && (skip_space(), at_ == text_.size()); }

 private:
  bool value(std::size_t depth) {
    if (++values_ > limits_.values) return false;
    skip_space();
    switch (peek()) {
      case '"': return string();
      case '{': return list('}', depth, [&] { return member(depth + 1); });
      case '[': return list(']', depth, [&] { return value(depth + 1); });
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }

  template <class Element>
  bool list(char end, std::size_t depth, Element element) {
    if (depth > limits_.depth) return false;
    ++at_;
    skip_space();
    if (take(end)) return true;
    do {
      if (!element()) return false;
      skip_space();
    } while (take(','));
    return take(end);
  }

  bool member(std::size_t depth) {
    skip_space();
    if (peek() != '"' || !string()) return false;
    skip_space();
    return take(':') && value(depth);
  }

  bool string() {
    ++at_;
    while ((at_ = find_json_escape(text_, at_)) < text_.size()) {
      if (take('"')) return true;
      if (!take('\\') || !escape()) return false;
    }
    return false;
  }

  bool escape() {
    const char kind = peek();
    ++at_;
    if (kind != 'u') {
      return std::string_view("\"\\/bfnrt").find(kind) != std::string_view::npos;
    }
    const int unit = hex_digits();
    if (unit < 0xD800 || unit > 0xDFFF) return unit >= 0;
    if (unit > 0xDBFF || !take('\\') || !take('u')) return false;
    const int low = hex_digits();
    return low >= 0xDC00 && low <= 0xDFFF;
  }

  int hex_digits() {
    const int number = json_hex_digits(text_.substr(std::min(at_, text_.size()), 4));
    at_ += 4;
    return number;
  }

  bool number() {
    const std::size_t begin = at_;
    take('-');
    if (!take('0') && digits() == 0) return false;
    if (take('.') && digits() == 0) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      const std::size_t count = digits();
      if (count == 0 || count > kMostExponentDigits) return false;
    }
    return at_ - begin <= kMostNumberBytes;
  }

  std::size_t digits() {
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - begin;
  }

  bool word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  JsonLimits limits_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
};

}  // namespace

bool is_plain_json(std::string_view text, const JsonLimits& limits) {
  return find_invalid_utf8(text) == kValidUtf8 && PlainScan(text, limits).document();
}

std::size_t find_json_escape(std::string_view text, std::size_t begin) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHighBits = 0x80 * kOnes;
  // Not 0 where a byte of `chunk` is below `limit`, at most 0x80.
  const auto has_below = [](std::uint64_t chunk, std::uint64_t limit) {
    return (chunk - limit * kOnes) & ~chunk & kHighBits;
  };
  for (; begin + 8 <= text.size(); begin += 8) {
    std::uint64_t chunk;
    std::memcpy(&chunk, text.data() + begin, sizeof chunk);
    if ((has_below(chunk, 0x20) | has_below(chunk ^ '"' * kOnes, 1) |
         has_below(chunk ^ '\\' * kOnes, 1)) != 0) {
      break;
    }
  }
  for (; begin < text.size(); ++begin) {
    const auto c = static_cast<unsigned char>(text[begin]);
    if (c < 0x20 || c == '"' || c == '\\') break;
  }
  return begin;
}

int json_hex_digits(std::string_view digits) {
  int number = -1;
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  const bool all = error == std::errc() && stop == digits.data() + digits.size();
  return all && digits.size() == 4 && digits.front() != '-' ? number : -1;
}

}  // namespace convbert
