// What this machine's matrix products reach at best: the ceiling that other figures are held to.
#pragma once

#include <optional>

#include "nn/precision.h"

namespace convbert::nn {

// FLOP/s (a multiplication and an addition count as two) of the fastest of a few large matrix
// products on the calling thread alone, the weights in the layout that oneDNN prefers, each
// repeated for `seconds`; int8 is u8 times s8 with sums in 32 bits. Nothing where the precision is
// not native.
std::optional<double> matmul_peak(Precision precision, double seconds = 0.3);

}  // namespace convbert::nn
