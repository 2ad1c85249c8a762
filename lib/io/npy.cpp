#include "io/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/error.h"
#include "core/utf8.h"

namespace convbert {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie");

constexpr std::size_t kPrefix = 10;  // magic, version, length
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kCountDigits = 20;  // room for any number of rows
constexpr std::size_t kSpoolBytes = 1 << 18;

template <class Value>
std::string numbers(std::string_view descr, const Shape& shape, std::span<const Value> values) {
  if (element_count(shape) != static_cast<std::int64_t>(values.size())) {
    throw Error(ErrorKind::internal, "npy_array: the shape does not fit the values");
  }
  std::string array = npy_header(descr, shape);
  array.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  return array;
}

void append_utf32(std::string& out, std::string_view text) {
  for (std::size_t position = 0; position < text.size();) {
    const char32_t character = decode_utf8(text, position);
    out.append(reinterpret_cast<const char*>(&character), sizeof character);
  }
}

std::size_t width_of(std::string_view text) {
  const std::size_t characters = count_code_points(text);
  if (characters <= kMostNpyCharacters) return characters;
  throw Error(ErrorKind::input, concat(quoted(text), ": a text of ", characters,
                                       " characters; an array holds at most ", kMostNpyCharacters,
                                       ": shorten it, or write JSON lines"));
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
  std::size_t longest = 1;  // numpy has no strings of no width
  for (const std::string& text : texts) longest = std::max(longest, width_of(text));
  std::string array = npy_header(concat("<U", longest), {static_cast<std::int64_t>(texts.size())});
  array.reserve(array.size() + texts.size() * longest * sizeof(char32_t));
  for (const std::string& text : texts) {
    const std::size_t end = array.size() + longest * sizeof(char32_t);
    append_utf32(array, text);
    array.resize(end, '\0');
  }
  return array;
}

NpyStrings::NpyStrings() : spool_(OutputFile::temporary()) {}

void NpyStrings::add(std::string_view text) {
  const std::uint64_t characters = width_of(text);
  buffer_.append(reinterpret_cast<const char*>(&characters), sizeof characters);
  append_utf32(buffer_, text);
  longest_ = std::max(longest_, characters);
  ++count_;
  if (buffer_.size() < kSpoolBytes) return;
  spool_.write(buffer_);
  buffer_.clear();
}

void NpyStrings::write(const std::function<void(std::string_view)>& visit) {
  spool_.write(buffer_);
  buffer_.clear();
  visit(npy_header(concat("<U", longest_), {count_}));
  std::string length;       // of the text that comes, as far as it has been read
  std::uint64_t bytes = 0;  // of it that are still to come
  std::uint64_t zeros = 0;  // that go behind it
  const auto pad = [&] {
    static constexpr std::array<char, 4096> kZeros{};
    for (; zeros > 0; zeros -= std::min<std::uint64_t>(zeros, kZeros.size())) {
      visit({kZeros.data(), std::min<std::size_t>(zeros, kZeros.size())});
    }
  };
  spool_.read_back([&](std::string_view piece) {
    while (!piece.empty()) {
      if (bytes == 0) {
        const std::string_view part = piece.substr(0, sizeof bytes - length.size());
        length += part;
        piece.remove_prefix(part.size());
        if (length.size() < sizeof bytes) return;
        std::memcpy(&bytes, length.data(), sizeof bytes);
        length.clear();
        zeros = (longest_ - bytes) * sizeof(char32_t);
        bytes *= sizeof(char32_t);
      }
      const std::string_view part = piece.substr(0, bytes);
      visit(part);
      piece.remove_prefix(part.size());
      bytes -= part.size();
      if (bytes == 0) pad();
    }
  });
}

}  // namespace convbert
