// Numbers that look random and follow from where they stand alone.
#pragma once

#include <cstdint>

namespace convbert {

inline constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15u;  // SplitMix64's increment

// The finaliser of SplitMix64 (Steele et al. 2014): a bijection whose every output bit depends on
// all input bits.
inline std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// Of both, spread over all 64 bits.
inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) { return mixed(a * kGoldenRatio + b); }

// Random bits as a number from 0 to below 1, of 53 bits, or from 0 to below `count`, which is below
// 2^32, of 32 of them.
inline double uniform(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }
inline std::uint64_t below(std::uint64_t count, std::uint64_t bits) {
  return (bits >> 32) * count >> 32;
}

}  // namespace convbert
