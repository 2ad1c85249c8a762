// Numbers that look random and follow from where they stand alone.
#pragma once

#include <cstdint>

namespace convbert {

// Of both, spread over all 64 bits (Steele et al. 2014, the finaliser of SplitMix64).
inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9E3779B97F4A7C15u + b;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace convbert
