// How much there is to read at each token: attention weights alone do not say.
#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor.h"
#include "core/workspace.h"
#include "nn/linear.h"

namespace convbert {

// Some heads of a layer and the values that they read.
struct HeadValues {
  ConstMatrixView values;  // [tokens, heads * head_size], biases included
  std::int64_t head_size = 0;
  std::int64_t first_input = 0;  // of the output layer: where the first head's values go in
};

// ||v_h W_h|| for each head and token, [heads, tokens], where W_h are the head's rows of the output
// layer's weight: what the token adds to the layer's output if head h reads it with weight one
// (Kobayashi et al. 2020, equation 5). `output` must be a layer that accumulates.
std::vector<float> value_norms(const HeadValues& heads, const nn::Linear& output,
                               Workspace& workspace);

}  // namespace convbert
