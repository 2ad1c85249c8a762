// Whole numbers as decimal text, three digits at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace convbert {

inline constexpr std::size_t kMostDecimalDigits = 10;  // of 32 bits

namespace decimal {

// For each number below 1000 its three digits and how many of them are leading zeros; then a byte
// that a copy may read.
inline constexpr auto kThousand = [] {
  std::array<char, 4 * 1000 + 4> table{};
  for (std::size_t i = 0; i < 1000; ++i) {
    table[4 * i] = static_cast<char>('0' + i / 100);
    table[4 * i + 1] = static_cast<char>('0' + i / 10 % 10);
    table[4 * i + 2] = static_cast<char>('0' + i % 10);
    table[4 * i + 3] = static_cast<char>(i < 10 ? 2 : i < 100 ? 1 : 0);
  }
  return table;
}();

// All of it, or without the zeros in front; three bytes are written all the same.
inline char* write_three(char* at, std::uint32_t below_1000) {
  std::memcpy(at, &kThousand[4 * below_1000], 3);
  return at + 3;
}
inline char* write_leading(char* at, std::uint32_t below_1000) {
  const char* digits = &kThousand[4 * below_1000];
  const int zeros = digits[3];
  std::memcpy(at, digits + zeros, 3);
  return at + 3 - zeros;
}

}  // namespace decimal

// Writes the digits and returns their end. There must be room for kMostDecimalDigits + 2: what lies
// behind the end is overwritten, too.
inline char* write_decimal(char* at, std::uint32_t value) {
  using namespace decimal;
  if (value < 1'000) return write_leading(at, value);
  if (value < 1'000'000) return write_three(write_leading(at, value / 1'000), value % 1'000);
  at = write_decimal(at, value / 1'000'000);
  return write_three(write_three(at, value / 1'000 % 1'000), value % 1'000);
}

}  // namespace convbert
