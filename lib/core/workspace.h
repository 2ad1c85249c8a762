// Scratch memory of one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "core/tensor.h"

namespace convbert {

// A stack of floats. Allocations live until the Frame that was opened before them ends, and the
// memory is kept for the next round, so that a loop over batches stops allocating once it has seen
// its largest. Move-only; not for use by two threads at a time.
class Workspace {
 public:
  // Gives back, on destruction, all that was allocated since it was opened. Frames nest.
  class Frame {
   public:
    explicit Frame(Workspace& workspace)
        : workspace_(workspace), block_(workspace.block_), used_(workspace.used_) {}
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;
    ~Frame() { workspace_.release(block_, used_); }

   private:
    Workspace& workspace_;
    std::size_t block_;
    std::size_t used_;
  };

  // `count` floats, uninitialised, aligned to a cache line.
  float* floats(std::size_t count);
  // The same for any other plain numbers.
  template <class T>
  T* array(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignof(float));
    return reinterpret_cast<T*>(floats((count * sizeof(T) + sizeof(float) - 1) / sizeof(float)));
  }
  MatrixView matrix(std::int64_t rows, std::int64_t columns) {
    return {floats(static_cast<std::size_t>(rows * columns)), rows, columns, columns};
  }

 private:
  void release(std::size_t block, std::size_t used);

  std::vector<FloatBuffer> blocks_;
  std::size_t block_ = 0;  // the block being filled
  std::size_t used_ = 0;   // floats of it in use
};

}  // namespace convbert
