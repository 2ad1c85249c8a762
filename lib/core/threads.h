// What a compute thread needs from its surroundings.
#pragma once

namespace convbert {

// The processors this process may run on (its affinity mask), at least 1.
int available_processors();

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
