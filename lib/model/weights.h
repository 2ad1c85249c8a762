// Every tensor of an encoder and its heads, by role: trees of whatever is held of each (see
// weight_tree.h), and their tensors in a checkpoint, under Hugging Face's names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "model/config.h"
#include "model/head_form.h"
#include "model/weight_tree.h"

namespace convbert {

// A tensor that the model needs: its name, its shape, and, once bound, where it lies.
struct StoredWeight {
  std::string name;  // without the base prefix ("convbert.") where the tensor belongs to the base
  Shape shape;
  const StoredTensor* stored = nullptr;  // in the Checkpoint, which must outlive this
};

template <class Held>
struct BasicLinearWeights {
  MatrixOf<Held> weight;
  BiasOf<Held> bias;

  static auto fields(auto& self) { return std::tie(self.weight, self.bias); }
};

template <class Held>
struct BasicNormWeights {
  NormScaleOf<Held> scale;
  NormShiftOf<Held> shift;

  static auto fields(auto& self) { return std::tie(self.scale, self.shift); }
};

// The span of a token as a key (paper, equation 3).
template <class Held>
struct BasicSpanWeights {
  DepthwiseOf<Held> depthwise;         // over the hidden states of kernel_size neighbours
  BasicLinearWeights<Held> pointwise;  // and from there to a key as wide as the query

  static auto fields(auto& self) { return std::tie(self.depthwise, self.pointwise); }
};

// A convolution (paper, figure 2; equations 3 and 4) of any ConvolutionKind.
template <class Held>
struct BasicConvolutionWeights {
  std::optional<BasicSpanWeights<Held>> span;      // of span-based ones
  std::optional<BasicLinearWeights<Held>> kernel;  // key times query, or query -> a kernel a head
  std::optional<DepthwiseOf<Held>> filters;        // of lightweight ones: [heads, 1, kernel]
  BasicLinearWeights<Held> value;                  // what the kernels mix

  static auto fields(auto& self) {
    return std::tie(self.span, self.kernel, self.filters, self.value);
  }
};

template <class Held>
struct BasicLayerWeights {
  BasicLinearWeights<Held> query;
  BasicLinearWeights<Held> key;
  BasicLinearWeights<Held> value;
  std::optional<BasicConvolutionWeights<Held>> convolution;
  BasicLinearWeights<Held> attention_output;
  BasicNormWeights<Held> attention_norm;
  BasicLinearWeights<Held> intermediate;
  BasicLinearWeights<Held> output;
  BasicNormWeights<Held> output_norm;

  static auto fields(auto& self) {
    return std::tie(self.query, self.key, self.value, self.convolution, self.attention_output,
                    self.attention_norm, self.intermediate, self.output, self.output_norm);
  }
};

template <class Held>
struct BasicEncoderWeights {
  TableOf<Held> words;
  TableOf<Held> positions;
  TableOf<Held> types;
  BasicNormWeights<Held> embedding_norm;
  std::optional<BasicLinearWeights<Held>> embedding_projection;
  std::vector<BasicLayerWeights<Held>> layers;

  static auto fields(auto& self) {
    return std::tie(self.words, self.positions, self.types, self.embedding_norm,
                    self.embedding_projection, self.layers);
  }
};

// A head (model/head.h): `dense`, an activation and `norm`, where it has them, then `output`.
template <class Held>
struct BasicHeadWeights {
  std::optional<BasicLinearWeights<Held>> dense;
  std::optional<BasicNormWeights<Held>> norm;
  BasicLinearWeights<Held> output;

  static auto fields(auto& self) { return std::tie(self.dense, self.norm, self.output); }
};

// Those of a checkpoint.
using MatrixWeight = MatrixOf<StoredWeight>;
using DepthwiseWeight = DepthwiseOf<StoredWeight>;
using TableWeight = TableOf<StoredWeight>;
using BiasWeight = BiasOf<StoredWeight>;
using NormScale = NormScaleOf<StoredWeight>;
using NormShift = NormShiftOf<StoredWeight>;
using LinearWeights = BasicLinearWeights<StoredWeight>;
using NormWeights = BasicNormWeights<StoredWeight>;
using SpanWeights = BasicSpanWeights<StoredWeight>;
using ConvolutionWeights = BasicConvolutionWeights<StoredWeight>;
using LayerWeights = BasicLayerWeights<StoredWeight>;
using EncoderWeights = BasicEncoderWeights<StoredWeight>;
using HeadWeights = BasicHeadWeights<StoredWeight>;

// Names and shapes as the configuration asks for them; nothing bound yet.
EncoderWeights encoder_layout(const ModelConfig& config);
// `outputs`: of the head.
HeadWeights head_layout(const HeadForm& form, const ModelConfig& config, std::int64_t outputs);

}  // namespace convbert
