// Vectors of 16 numbers, in the compilers' portable notation, and a choice of instruction set at
// run time. Private to lib/nn.
//
// A loop is written once, as a struct with an always-inlined `run`, and compiled once for each
// instruction set; the compiler splits a vector into as many registers as it takes. A loop's sums
// have the order that it spells out, so its result on a row is the same wherever the row stands.
#pragma once

#include <cstdint>
#include <cstring>

#include "nn/compute.h"

#if defined(__x86_64__)
#define CONVBERT_AVX2 __attribute__((target("avx2,fma")))
#define CONVBERT_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#endif
#define CONVBERT_ALWAYS_INLINE __attribute__((always_inline))  // of a lambda
#define CONVBERT_INLINE inline CONVBERT_ALWAYS_INLINE

// Vectors are passed between inlined functions only, so that no calling convention is at stake.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace convbert::nn {

// Calls Loop::run(arguments...) as compiled for instruction_set().
#if defined(__x86_64__)
template <class Loop, class... Arguments>
CONVBERT_AVX512 void run_avx512(Arguments... arguments) {
  Loop::run(arguments...);
}
template <class Loop, class... Arguments>
CONVBERT_AVX2 void run_avx2(Arguments... arguments) {
  Loop::run(arguments...);
}
#endif
template <class Loop, class... Arguments>
void dispatch(Arguments... arguments) {
#if defined(__x86_64__)
  switch (instruction_set()) {
    case InstructionSet::avx512: return run_avx512<Loop>(arguments...);
    case InstructionSet::avx2: return run_avx2<Loop>(arguments...);
    case InstructionSet::portable: break;
  }
#endif
  Loop::run(arguments...);
}

inline constexpr std::int64_t kLanes = 16;

using Floats = float __attribute__((vector_size(64)));
using Ints = std::int32_t __attribute__((vector_size(64)));
using Words = std::uint32_t __attribute__((vector_size(64)));

// In memory: any alignment.
template <class T>
struct Unaligned {
  using Vector __attribute__((vector_size(16 * sizeof(T)), aligned(alignof(T)), may_alias)) = T;
};

CONVBERT_INLINE Floats load(const float* from) {
  return *reinterpret_cast<const Unaligned<float>::Vector*>(from);
}
CONVBERT_INLINE Ints load(const std::int32_t* from) {
  return *reinterpret_cast<const Unaligned<std::int32_t>::Vector*>(from);
}
CONVBERT_INLINE void store(float* to, Floats value) {
  *reinterpret_cast<Unaligned<float>::Vector*>(to) = value;
}
// The first `count` lanes, the others zero; and back.
CONVBERT_INLINE Floats load_first(const float* from, std::int64_t count) {
  Floats value{};
  std::memcpy(&value, from, static_cast<std::size_t>(count) * sizeof(float));
  return value;
}
CONVBERT_INLINE void store_first(float* to, Floats value, std::int64_t count) {
  std::memcpy(to, &value, static_cast<std::size_t>(count) * sizeof(float));
}

// Calls step(first, lanes) for each vector of `count` numbers; only the last may have fewer lanes
// than kLanes.
template <class Step>
CONVBERT_INLINE void for_each_vector(std::int64_t count, Step step) {
  std::int64_t first = 0;
  for (; first + kLanes <= count; first += kLanes) step(first, kLanes);
  if (first < count) step(first, count - first);
}
CONVBERT_INLINE Floats load_lanes(const float* from, std::int64_t lanes) {
  return lanes == kLanes ? load(from) : load_first(from, lanes);
}
CONVBERT_INLINE void store_lanes(float* to, Floats value, std::int64_t lanes) {
  lanes == kLanes ? store(to, value) : store_first(to, value, lanes);
}

CONVBERT_INLINE Floats splat(float value) { return value - Floats{}; }
CONVBERT_INLINE Floats smaller(Floats a, Floats b) { return a < b ? a : b; }
CONVBERT_INLINE Floats larger(Floats a, Floats b) { return a > b ? a : b; }
CONVBERT_INLINE Floats clamp(Floats x, float low, float high) {
  return smaller(larger(x, splat(low)), splat(high));
}
CONVBERT_INLINE Floats to_floats(Ints value) { return __builtin_convertvector(value, Floats); }
CONVBERT_INLINE Ints truncate(Floats value) { return __builtin_convertvector(value, Ints); }

CONVBERT_INLINE float sum_of(Floats v) {
  float halves[kLanes];
  std::memcpy(halves, &v, sizeof(halves));
  for (std::int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::int64_t i = 0; i < width; ++i) halves[i] += halves[i + width];
  }
  return halves[0];
}
CONVBERT_INLINE float largest_of(Floats v) {
  float halves[kLanes];
  std::memcpy(halves, &v, sizeof(halves));
  for (std::int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::int64_t i = 0; i < width; ++i) {
      halves[i] = halves[i] > halves[i + width] ? halves[i] : halves[i + width];
    }
  }
  return halves[0];
}
CONVBERT_INLINE float smallest_of(Floats v) { return -largest_of(-v); }

}  // namespace convbert::nn
