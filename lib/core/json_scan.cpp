#include "core/json_scan.h"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace convbert {
namespace {

// Where the parts of the whole go; null where nobody wants them.
struct JsonParts {
  std::vector<JsonMember>* members = nullptr;
  std::vector<std::string_view>* elements = nullptr;
};

// Each step goes past what it is named after, or says what is wrong there.
class JsonScan {
 public:
  JsonScan(std::string_view text, const JsonLimits& limits, const JsonParts& parts = {})
      : text_(text), limits_(limits), parts_(parts) {}

  // What is wrong, or "".
  std::string document() {
    const std::size_t invalid = find_invalid_utf8(text_);
    text_ = text_.substr(0, invalid);
    if (value(1) && (skip_space(), at_ < text_.size())) fail("something follows the value");
    if (!limit_.empty()) return limit_;
    if (at_ < text_.size()) return concat("not valid JSON at byte ", at_ + 1, ": ", wrong_);
    if (invalid != kValidUtf8) return concat("invalid UTF-8 at byte ", invalid + 1);
    if (wrong_ == nullptr) return "";
    return concat("not valid JSON at byte ", at_ + 1, ": it ends too early");
  }

 private:
  bool value(std::size_t depth) {
    if (++values_ > limits_.values) {
      return beyond(concat("JSON with more than ", limits_.values, " values"));
    }
    skip_space();
    switch (peek()) {
      case '"': return string();
      case '{': return list('}', depth, [&] { return member(depth + 1); });
      case '[': return list(']', depth, [&] { return element(depth + 1); });
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }

  template <class Element>
  bool list(char end, std::size_t depth, Element element) {
    if (depth > limits_.depth) {
      return beyond(concat("JSON nested deeper than ", limits_.depth, " levels"));
    }
    ++at_;
    skip_space();
    if (take(end)) return true;
    do {
      if (!element()) return false;
      skip_space();
    } while (take(','));
    return take(end) || fail(end == ']' ? "expected , or ]" : "expected , or }");
  }

  // `depth`: of its value; 2 for a member of the whole.
  bool member(std::size_t depth) {
    skip_space();
    const std::size_t key = at_;
    if (peek() != '"') return fail("expected a name in double quotes");
    if (!string()) return false;
    const std::size_t key_end = at_;
    skip_space();
    if (!take(':')) return fail("expected a colon behind the name");
    skip_space();
    const std::size_t begin = at_;
    if (!value(depth)) return false;
    if (parts_.members == nullptr || depth > 2) return true;
    if (parts_.members->size() == limits_.members) {
      return beyond(concat("a JSON object of more than ", limits_.members, " members"));
    }
    parts_.members->push_back({text_.substr(key, key_end - key), text_.substr(begin, at_ - begin)});
    return true;
  }

  // `depth`: 2 for an element of the whole.
  bool element(std::size_t depth) {
    skip_space();
    const std::size_t begin = at_;
    if (!value(depth)) return false;
    if (parts_.elements != nullptr && depth == 2) {
      parts_.elements->push_back(text_.substr(begin, at_ - begin));
    }
    return true;
  }

  bool string() {
    ++at_;
    while ((at_ = find_json_escape(text_, at_)) < text_.size()) {
      if (take('"')) return true;
      if (!take('\\')) return fail("a control character in a string; expected its escape");
      if (!escape()) return false;
    }
    return fail("the string is not closed");
  }

  bool escape() {
    const char kind = peek();
    if (kind != 'u') {
      if (std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos) {
        return fail("an escape that JSON does not have");
      }
      ++at_;
      return true;
    }
    ++at_;
    const int unit = hex_digits();
    if (unit < 0) return fail("expected four hexadecimal digits");
    if (unit < 0xD800 || unit > 0xDFFF) return true;
    if (unit > 0xDBFF || !take('\\') || !take('u')) return fail("a lone surrogate escape");
    const int low = hex_digits();
    return (low >= 0xDC00 && low <= 0xDFFF) || fail("a lone surrogate escape");
  }

  int hex_digits() {
    const int number = json_hex_digits(text_.substr(at_, 4));
    if (number >= 0) at_ += 4;
    return number;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return fail("expected a value");
    if (take('.') && !digits()) return fail("expected a digit");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return fail("expected a digit");
    }
    return true;
  }

  bool digits() {
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > begin;
  }

  bool word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return fail("expected a value");
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

  bool fail(const char* what) {
    wrong_ = what;
    return false;
  }
  bool beyond(std::string limit) {
    limit_ = std::move(limit);
    return false;
  }

  std::string_view text_;
  JsonLimits limits_;
  JsonParts parts_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  const char* wrong_ = nullptr;  // at `at_`
  std::string limit_;            // that the text goes beyond
};

}  // namespace

std::string check_json(std::string_view text, const JsonLimits& limits) {
  return JsonScan(text, limits).document();
}

std::string split_json_object(std::string_view text, const JsonLimits& limits,
                              std::vector<JsonMember>& members) {
  return JsonScan(text, limits, {.members = &members}).document();
}

std::string split_json_array(std::string_view text, const JsonLimits& limits,
                             std::vector<std::string_view>& elements) {
  return JsonScan(text, limits, {.elements = &elements}).document();
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
