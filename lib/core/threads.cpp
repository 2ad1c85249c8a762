#include "core/threads.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

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

int processors_of_affinity() {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// The least quota of this process's control group and of those around it (cgroup v2).
std::optional<int> processors_of_quotas() {
  constexpr std::string_view kOwnGroup = "0::";
  const std::filesystem::path root = "/sys/fs/cgroup";
  std::optional<int> least;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with(kOwnGroup)) continue;
    std::filesystem::path group = std::filesystem::path(line.substr(kOwnGroup.size()));
    group = root / group.relative_path();
    for (;; group = group.parent_path()) {
      std::ifstream file(group / "cpu.max");
      std::string cpu_max;
      std::getline(file, cpu_max);
      const std::optional<int> processors = processors_of_quota(cpu_max);
      if (processors) least = std::min(least.value_or(*processors), *processors);
      if (group == root || !group.has_relative_path()) break;
    }
  }
  return least;
}

}  // namespace

std::optional<int> processors_of_quota(std::string_view cpu_max) {
  std::int64_t quota = 0;
  std::int64_t period = 0;
  const char* end = cpu_max.data() + cpu_max.size();
  const auto [space, quota_error] = std::from_chars(cpu_max.data(), end, quota);
  if (quota_error != std::errc() || space == end || *space != ' ') return std::nullopt;
  const auto [rest, period_error] = std::from_chars(space + 1, end, period);
  if (period_error != std::errc() || quota < 1 || period < 1) return std::nullopt;
  constexpr std::int64_t kMost = 1 << 16;
  return static_cast<int>(std::min(kMost, quota / period + (quota % period > 0 ? 1 : 0)));
}

int available_processors() {
  const int processors = processors_of_affinity();
  return std::min(processors, processors_of_quotas().value_or(processors));
}

void share_out(std::size_t count, int threads,
               const std::function<void(std::size_t index, std::size_t worker)>& work) {
  std::mutex mutex;
  std::size_t next = 0;
  std::exception_ptr failure;  // of the least index that failed
  std::size_t failed = count;
  const auto take_turns = [&](std::size_t worker) {
    std::unique_lock lock(mutex);
    while (next < count && !failure) {
      const std::size_t index = next++;
      lock.unlock();
      std::exception_ptr own_failure;
      try {
        work(index, worker);
      } catch (...) {
        own_failure = std::current_exception();
      }
      lock.lock();
      if (own_failure && index < failed) {
        failure = own_failure;
        failed = index;
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    try {
      const auto workers = std::min(count, static_cast<std::size_t>(std::max(1, threads)));
      for (std::size_t worker = 1; worker < workers; ++worker) {
        helpers.emplace_back(take_turns, worker);
      }
    } catch (const std::system_error&) {
      // Those that there are do the work.
    }
    take_turns(0);
  }
  if (failure) std::rethrow_exception(failure);
}

FlushDenormals::FlushDenormals() : saved_(float_control()) {
  set_float_control(saved_ | kFlushBits);
}

FlushDenormals::~FlushDenormals() { set_float_control(saved_); }

}  // namespace convbert
