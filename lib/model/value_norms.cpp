#include "model/value_norms.h"

#include <algorithm>
#include <cmath>

#include "nn/compute.h"

namespace convbert {

std::vector<float> value_norms(const HeadValues& heads, const nn::Linear& output,
                               Workspace& workspace) {
  const Workspace::Frame frame(workspace);
  const std::int64_t tokens = heads.values.rows;
  const std::int64_t count = heads.values.columns / heads.head_size;
  // One more row, of zeros, gives the bias, which is no head's.
  const nn::PaddedRows input = nn::allocate_rows(workspace, tokens + 1, output.in());
  const nn::PaddedRows added = nn::allocate_rows(workspace, tokens + 1, output.out());
  std::vector<float> norms;
  norms.reserve(static_cast<std::size_t>(count * tokens));
  for (std::int64_t head = 0; head < count; ++head) {
    for (std::int64_t t = 0; t <= tokens; ++t) {
      std::ranges::fill(input.row_span(t), 0.0f);
      std::ranges::fill(added.row_span(t), 0.0f);
      if (t == tokens) continue;
      std::copy_n(heads.values.row(t) + head * heads.head_size, heads.head_size,
                  input.row(t) + heads.first_input + head * heads.head_size);
    }
    output.forward(input, added, workspace);
    const float* bias = added.row(tokens);
    for (std::int64_t t = 0; t < tokens; ++t) {
      double sum = 0;
      for (std::int64_t c = 0; c < output.out(); ++c) {
        const double difference = added.row(t)[c] - bias[c];
        sum += difference * difference;
      }
      norms.push_back(static_cast<float>(std::sqrt(sum)));
    }
  }
  return norms;
}

}  // namespace convbert
