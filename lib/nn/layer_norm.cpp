#include "nn/layer_norm.h"

#include "core/error.h"
#include "nn/row_loops.h"

namespace convbert::nn {

LayerNorm::LayerNorm(std::span<const float> scale, std::span<const float> shift, float epsilon)
    : scale_(scale.begin(), scale.end()), shift_(shift.begin(), shift.end()), epsilon_(epsilon) {
  if (scale.size() != shift.size()) {
    throw Error(ErrorKind::internal, "LayerNorm: scale and shift differ in length");
  }
}

void LayerNorm::forward(MatrixView x) const {
  if (x.columns != static_cast<std::int64_t>(scale_.size())) {
    throw Error(ErrorKind::internal, "LayerNorm: x has the wrong shape");
  }
  for (std::int64_t row = 0; row < x.rows; ++row) {
    normalize(x.row(row), scale_.data(), shift_.data(), epsilon_, x.columns);
  }
}

}  // namespace convbert::nn
