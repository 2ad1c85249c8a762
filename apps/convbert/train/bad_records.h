// Records that nothing can be learnt from.
#pragma once

#include <cstdint>
#include <string>

#include "cli/console.h"
#include "cli/error_message.h"
#include "core/error.h"
#include "io/record.h"

namespace convbert::app {

// The first bad record of --strict, which ends the run with kSomeFailed.
class StoppedByStrict : public Error {
 public:
  explicit StoppedByStrict(const std::string& message)
      : Error(ErrorKind::input, concat("--strict: ", message)) {}
};

// Counts bad records, names the first of them, and ends the run where it should.
class BadRecords {
 public:
  BadRecords(Console& console, bool is_strict) : console_(console), is_strict_(is_strict) {}
  // Throws StoppedByStrict where the first one ends the run.
  void add(const std::string& message);
  // Calls use(), which throws Error(input), without having changed anything, for a record that
  // nothing can be learnt from; not for one that could not be read.
  template <class Use>
  void sift(const Record& record, Use use) {
    if (!record.error.empty()) return add(record.error);
    try {
      use();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) throw;
      add(concat(record.where, ": ", message_of(error)));
    }
  }
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
