#include "nn/peak.h"

#include <doctest/doctest.h>

#include "nn/compute.h"

namespace convbert::nn {
namespace {

TEST_CASE("every processor multiplies floats and bytes, not every one bfloat16") {
  CHECK(matmul_peak(MatmulType::f32, 0).value() > 1e8);
  CHECK(matmul_peak(MatmulType::int8, 0).value() > 1e8);
  const auto bf16 = matmul_peak(MatmulType::bf16, 0);
  if (instruction_set() != InstructionSet::avx512) CHECK_FALSE(bf16.has_value());
  if (bf16) CHECK(*bf16 > 1e8);
}

}  // namespace
}  // namespace convbert::nn
