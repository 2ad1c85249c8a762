#include "nn/peak.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <unordered_map>

#include "core/error.h"
#include "nn/compute.h"
#include "nn/onednn.h"

namespace convbert::nn {
namespace {

using Clock = std::chrono::steady_clock;

struct ProductShape {
  std::int64_t rows;
  std::int64_t inner;
  std::int64_t columns;

  double flops() const { return 2.0 * static_cast<double>(rows * inner * columns); }
};

// The feed-forward layers of a base model at the heights that batches have.
constexpr ProductShape kShapes[] = {
    {512, 768, 3072}, {512, 3072, 768}, {2048, 768, 3072}, {2048, 3072, 768}};

struct ProductTypes {
  DataType source;
  DataType weights;
  DataType destination;
};

ProductTypes types_of(Precision precision) {
  switch (precision) {
    case Precision::f32: break;
    case Precision::bf16: return {DataType::bf16, DataType::bf16, DataType::bf16};
    case Precision::int8: return {DataType::u8, DataType::s8, DataType::s32};
  }
  return {DataType::f32, DataType::f32, DataType::f32};
}

// As oneDNN would have them, but that floats are floats.
dnnl::primitive_attr strict_attributes() {
  dnnl::primitive_attr attr;
  attr.set_fpmath_mode(dnnl::fpmath_mode::strict);
  return attr;
}

// Memory whose every element is a small normal number: 60 as an integer, 0.0115 as a float.
dnnl::memory filled(const dnnl::memory::desc& desc) {
  dnnl::memory memory = allocate(desc);
  std::memset(memory.get_data_handle(), 0x3c, desc.get_size());
  return memory;
}

double fastest_rate(const ProductShape& shape, const ProductTypes& types, double seconds) {
  const auto desc = matmul_desc({{shape.rows, shape.inner}, types.source, FormatTag::ab},
                                {{shape.inner, shape.columns}, types.weights, FormatTag::any}, {},
                                {{shape.rows, shape.columns}, types.destination, FormatTag::ab},
                                strict_attributes());
  const dnnl::matmul product =
      call_onednn("compiling a product", [&] { return dnnl::matmul(desc); });
  const std::unordered_map<int, dnnl::memory> arguments{
      {DNNL_ARG_SRC, filled(desc.src_desc())},
      {DNNL_ARG_WEIGHTS, filled(desc.weights_desc())},
      {DNNL_ARG_DST, filled(desc.dst_desc())}};
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  double best = 0;
  do {
    const auto begin = Clock::now();
    call_onednn("running a product", [&] { product.execute(stream(), arguments); });
    const std::chrono::duration<double> taken = Clock::now() - begin;
    best = std::max(best, shape.flops() / taken.count());
  } while (Clock::now() < end);
  return best;
}

}  // namespace

std::optional<double> matmul_peak(Precision precision, double seconds) {
  if (!is_native(precision)) return std::nullopt;
  const ComputeScope scope;
  double best = 0;
  try {
    for (const ProductShape& shape : kShapes) {
      best = std::max(best, fastest_rate(shape, types_of(precision), seconds));
    }
  } catch (const Error&) {
    return std::nullopt;  // oneDNN has no such product
  }
  return best;
}

}  // namespace convbert::nn
