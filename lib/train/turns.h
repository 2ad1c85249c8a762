// Sums whose order does not depend on threads.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>

#include "core/error.h"
#include "train/parameters.h"

namespace convbert {

// The slices of a batch, which threads work on at a time, add to each gradient in the order of
// their numbers: a slice waits until the one before it has added to that tensor. As all slices add
// to the tensors in one order, they follow one another at the distance of one addition. Slices must
// be begun in their order, each by a thread that brings it to its end.
class Turns {
 public:
  // Calls add() when it is the turn of `slice` at `gradient`. Throws Error(internal) where a slice
  // before it has failed.
  template <class Add>
  void take(Gradient& gradient, std::int64_t slice, Add add) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return failed_ < slice || gradient.turns == slice; });
      if (failed_ < slice) throw Error(ErrorKind::internal, "another slice of the batch failed");
    }
    add();
    {
      const std::scoped_lock lock(mutex_);
      ++gradient.turns;
    }
    changed_.notify_all();
  }

  // The slice will not take its turns: those after it need not wait any more.
  void fail(std::int64_t slice) {
    {
      const std::scoped_lock lock(mutex_);
      failed_ = std::min(failed_, slice);
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t failed_ = std::numeric_limits<std::int64_t>::max();  // the first that has
};

// The turns of one slice.
struct SliceTurns {
  Turns& turns;
  std::int64_t slice;

  template <class Add>
  void take(Gradient& gradient, Add add) const {
    turns.take(gradient, slice, add);
  }
};

}  // namespace convbert
