#include "core/threads.h"

#include <algorithm>
#include <cstdint>
#include <thread>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace convbert {
namespace {

#if defined(__SSE2__)
// MXCSR: bit 15 flushes results to zero, bit 6 reads subnormal operands as zero.
constexpr unsigned long kFlushBits = 0x8040;
unsigned long float_control() { return _mm_getcsr(); }
void set_float_control(unsigned long value) { _mm_setcsr(static_cast<unsigned>(value)); }
#elif defined(__aarch64__)
// FPCR: bit 24 flushes operands and results to zero.
constexpr unsigned long kFlushBits = 1ul << 24;
unsigned long float_control() {
  std::uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void set_float_control(unsigned long value) {
  asm volatile("msr fpcr, %0" : : "r"(static_cast<std::uint64_t>(value)));
}
#else
constexpr unsigned long kFlushBits = 0;
unsigned long float_control() { return 0; }
void set_float_control(unsigned long) {}
#endif

}  // namespace

int available_processors() {
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

FlushDenormals::FlushDenormals() : saved_(float_control()) {
  set_float_control(saved_ | kFlushBits);
}

FlushDenormals::~FlushDenormals() { set_float_control(saved_); }

}  // namespace convbert
