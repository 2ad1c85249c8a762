#include "io/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

#include "core/error.h"
#include "core/json.h"

namespace convbert {
namespace {

template <class Value>
void append_array(std::string& out, std::span<const Value> values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    if constexpr (std::is_same_v<Value, std::string>) {
      append_json_string(out, values[i]);
    } else if constexpr (std::is_floating_point_v<Value>) {
      append_json_number(out, values[i]);
    } else {
      append_json_number(out, std::int64_t{values[i]});
    }
  }
  out += ']';
}

// Walks well-formed JSON, of which only the boundaries matter.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip_space() { position_ = text_.find_first_not_of(" \t\r\n", position_); }
  char next() const { return text_[position_]; }
  void pass() { ++position_; }

  std::string_view take_string() {
    const std::size_t begin = position_++;
    while (text_[position_] != '"') position_ += text_[position_] == '\\' ? 2 : 1;
    ++position_;
    return text_.substr(begin, position_ - begin);
  }

  std::string_view take_value() {
    const std::size_t begin = position_;
    if (next() == '"') return take_string();
    if (next() == '{' || next() == '[') {
      std::size_t depth = 0;
      do {
        const char c = next();
        if (c == '"') {
          take_string();
          continue;
        }
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        ++position_;
      } while (depth > 0);
    } else {
      position_ = std::min(text_.find_first_of(",}] \t\r\n", position_), text_.size());
    }
    return text_.substr(begin, position_ - begin);
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, copied, i - copied);
    copied = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, copied);
  out += '"';
}

void append_json_number(std::string& out, float value) {
  if (!std::isfinite(value)) {
    throw Error(ErrorKind::internal, "append_json_number: not a finite number");
  }
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_json_number(std::string& out, std::int64_t value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_json_array(std::string& out, std::span<const float> values) {
  append_array(out, values);
}

void append_json_array(std::string& out, std::span<const std::int32_t> values) {
  append_array(out, values);
}

void append_json_array(std::string& out, std::span<const std::string> texts) {
  append_array(out, texts);
}

bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

std::vector<JsonMember> split_json_object(std::string_view object) {
  std::vector<JsonMember> members;
  Scanner scanner(object);
  scanner.skip_space();
  scanner.pass();  // {
  scanner.skip_space();
  while (scanner.next() != '}') {
    if (scanner.next() == ',') {
      scanner.pass();
      scanner.skip_space();
    }
    JsonMember member;
    member.key = scanner.take_string();
    scanner.skip_space();
    scanner.pass();  // :
    scanner.skip_space();
    member.value = scanner.take_value();
    members.push_back(member);
    scanner.skip_space();
  }
  return members;
}

std::string decode_json_string(std::string_view quoted) {
  if (quoted.find('\\') == std::string_view::npos) {
    return std::string(quoted.substr(1, quoted.size() - 2));
  }
  return Json::parse(quoted.begin(), quoted.end()).get<std::string>();
}

}  // namespace convbert
