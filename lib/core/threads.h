// What a compute thread needs from its surroundings.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

namespace convbert {

// The processors this process may use, at least 1: those of its affinity mask, and no more than the
// quota of its control groups pays for.
int available_processors();

// Of a control group's cpu.max, "QUOTA PERIOD" in microseconds: whole processors, rounded up;
// nothing for "max", or for what is no such text.
std::optional<int> processors_of_quota(std::string_view cpu_max);

// Calls work(index, worker) for each index below `count` on up to `threads` threads, worker 0 being
// the calling one, each taking the next index that is left; where the system gives no more threads,
// those that there are do the work. If some calls throw, no more indices are taken, and the
// exception of the least index among them is thrown on.
void share_out(std::size_t count, int threads,
               const std::function<void(std::size_t index, std::size_t worker)>& work);

// While it lives, subnormal floats are read and written as zero on this thread, so that a value
// that fades out does not slow the arithmetic by orders of magnitude. Does nothing on processors
// without such a mode.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned long saved_;
};

}  // namespace convbert
