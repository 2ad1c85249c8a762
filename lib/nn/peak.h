// What this machine's matrix products reach at best: the ceiling that other figures are held to.
#pragma once

#include <optional>

namespace convbert::nn {

// Of the factors; int8 is u8 times s8 with sums in 32 bits, the others sum and give their own type.
enum class MatmulType { f32, bf16, int8 };

// FLOP/s (a multiplication and an addition count as two) of the fastest of a few large matrix
// products on the calling thread alone, the weights in the layout that oneDNN prefers, each
// repeated for `seconds`. Nothing where this processor, or the instruction set that oneDNN is held
// to, has no arithmetic of that type.
std::optional<double> matmul_peak(MatmulType type, double seconds = 0.3);

}  // namespace convbert::nn
