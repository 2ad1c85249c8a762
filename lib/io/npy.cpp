#include "io/npy.h"

#include <algorithm>
#include <bit>

#include "core/error.h"
#include "core/utf8.h"

namespace convbert {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie");

constexpr std::size_t kPrefix = 10;  // magic, version, length
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kCountDigits = 20;  // room for any number of rows

template <class Value>
std::string numbers(std::string_view descr, const Shape& shape, std::span<const Value> values) {
  if (element_count(shape) != static_cast<std::int64_t>(values.size())) {
    throw Error(ErrorKind::internal, "npy_array: the shape does not fit the values");
  }
  std::string array = npy_header(descr, shape);
  array.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return array;
}

}  // namespace

std::string npy_header(std::string_view descr, const Shape& shape) {
  std::string dimensions;
  for (const std::int64_t dimension : shape) dimensions += std::to_string(dimension) + ", ";
  if (shape.size() > 1) dimensions.resize(dimensions.size() - 2);
  std::string header =
      concat("{'descr': '", descr, "', 'fortran_order': False, 'shape': (", dimensions, "), }");
  const std::size_t digits = shape.empty() ? 0 : std::to_string(shape.front()).size();
  const std::size_t needed = kPrefix + header.size() + (kCountDigits - digits) + 1;
  const std::size_t total = (needed + kAlignment - 1) / kAlignment * kAlignment;
  header.resize(total - kPrefix - 1, ' ');
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());
  std::string prefix("\x93NUMPY\x01\x00", 8);
  prefix += static_cast<char>(length & 0xFF);
  prefix += static_cast<char>(length >> 8);
  return prefix + header;
}

std::string npy_array(const Shape& shape, std::span<const float> values) {
  return numbers("<f4", shape, values);
}

std::string npy_array(const Shape& shape, std::span<const std::int64_t> values) {
  return numbers("<i8", shape, values);
}

std::string npy_array(const std::vector<std::string>& texts) {
  std::vector<std::u32string> wide;
  std::size_t longest = 1;  // numpy has no strings of no width
  for (const std::string& text : texts) {
    std::u32string& characters = wide.emplace_back();
    for (std::size_t position = 0; position < text.size();) {
      characters.push_back(decode_utf8(text, position));
    }
    longest = std::max(longest, characters.size());
  }
  std::string array = npy_header(concat("<U", longest), {static_cast<std::int64_t>(texts.size())});
  for (std::u32string& characters : wide) {
    characters.resize(longest, U'\0');
    array.append(reinterpret_cast<const char*>(characters.data()), longest * sizeof(char32_t));
  }
  return array;
}

}  // namespace convbert
