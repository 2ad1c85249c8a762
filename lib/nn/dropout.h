// Dropout (Srivastava et al. 2014), whose random numbers are a function of their place.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "core/tensor.h"

namespace convbert::nn {

// Mixes numbers that name a place (seed, step, layer, site) into a key: any of them, changed or
// moved, gives another.
std::uint64_t random_key(std::initializer_list<std::uint64_t> parts);

// y = m x / (1 - rate), where m is 0 with probability `rate`, else 1. Whether an element stays is a
// hash of key, row and column: nothing depends on threads or on how a batch is cut, and a backward
// pass asks again instead of keeping a mask.
struct Dropout {
  float rate = 0.0f;  // from 0; below 1
  std::uint64_t key = 0;

  bool is_active() const { return rate > 0.0f; }

  // `first_row`: the number of x's first row in the whole batch. y may be x. The gradient is the
  // same function: dx = apply(dy).
  void apply(ConstMatrixView x, MatrixView y, std::int64_t first_row) const;
};

}  // namespace convbert::nn
