#include "nn/peak.h"

#include <doctest/doctest.h>

namespace convbert::nn {
namespace {

TEST_CASE("what is native has a peak, and nothing else") {
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    INFO(name_of(precision));
    const auto peak = matmul_peak(precision, 0);
    CHECK(peak.has_value() == is_native(precision));
    if (peak) CHECK(*peak > 1e8);
  }
  CHECK(is_native(Precision::f32));
}

}  // namespace
}  // namespace convbert::nn
