// Records that nothing can be learnt from.
#pragma once

#include <cstdint>
#include <string>

#include "cli/console.h"

namespace convbert::app {

// Counts bad records, names the first of them, and ends the run where it should.
class BadRecords {
 public:
  BadRecords(Console& console, bool is_strict) : console_(console), is_strict_(is_strict) {}
  // Throws Error(usage) where the first one ends the run.
  void add(const std::string& message);
  std::int64_t count() const { return count_; }
  const std::string& first() const { return first_; }

 private:
  static constexpr std::int64_t kMostNamed = 10;
  Console& console_;
  bool is_strict_;
  std::int64_t count_ = 0;
  std::string first_;
};

}  // namespace convbert::app
