// Every tensor of an encoder and its heads, by role, under the names of Hugging Face's checkpoints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "model/config.h"

namespace convbert {

// A tensor that the model needs: its name, its shape, and, once bound, where it lies.
struct Weight {
  std::string name;  // without the base prefix ("convbert.") where the tensor belongs to the base
  Shape shape;
  const StoredTensor* stored = nullptr;  // in the Checkpoint, which must outlive this
};

// What a tensor is, as a type: a visitor that treats matrices and biases differently overloads.
struct MatrixWeight : Weight {};     // [out, in], or [groups, in / groups, out / groups]
struct DepthwiseWeight : Weight {};  // [channels, 1, kernel]
struct TableWeight : Weight {};      // [entries, width]: looked up, never multiplied
struct BiasWeight : Weight {};
struct NormScale : Weight {};
struct NormShift : Weight {};

struct LinearWeights {
  MatrixWeight weight;
  BiasWeight bias;
};
struct NormWeights {
  NormScale scale;
  NormShift shift;
};

// The span-based dynamic convolution (paper, figure 2; equations 3 and 4).
struct ConvolutionWeights {
  DepthwiseWeight depthwise;  // the span: over the hidden states of kernel_size neighbours
  LinearWeights pointwise;    // and from there to a key as wide as the query
  LinearWeights kernel;       // key times query -> a kernel for each head
  LinearWeights value;        // what the kernels mix
};

struct LayerWeights {
  LinearWeights query;
  LinearWeights key;
  LinearWeights value;
  std::optional<ConvolutionWeights> convolution;
  LinearWeights attention_output;
  NormWeights attention_norm;
  LinearWeights intermediate;
  LinearWeights output;
  NormWeights output_norm;
};

struct EncoderWeights {
  TableWeight words;
  TableWeight positions;
  TableWeight types;
  NormWeights embedding_norm;
  std::optional<LinearWeights> embedding_projection;
  std::vector<LayerWeights> layers;
};

// Sequence classification: the first token through `dense` and an activation, then `output`.
struct ClassifierWeights {
  LinearWeights dense;
  LinearWeights output;
};

// Names and shapes as the configuration asks for them; nothing bound yet.
EncoderWeights encoder_layout(const ModelConfig& config);
ClassifierWeights classifier_layout(const ModelConfig& config, std::int64_t labels);

// Calls visit(tensor) for every tensor once, in the order of the computation; `visit` sees each
// under its role's type.
template <class Linear, class Visit>
void for_each_linear_tensor(Linear& linear, Visit& visit) {
  visit(linear.weight);
  visit(linear.bias);
}
template <class Norm, class Visit>
void for_each_norm_tensor(Norm& norm, Visit& visit) {
  visit(norm.scale);
  visit(norm.shift);
}
template <class Layer, class Visit>
void for_each_layer_tensor(Layer& layer, Visit& visit) {
  for_each_linear_tensor(layer.query, visit);
  for_each_linear_tensor(layer.key, visit);
  for_each_linear_tensor(layer.value, visit);
  if (layer.convolution) {
    visit(layer.convolution->depthwise);
    for_each_linear_tensor(layer.convolution->pointwise, visit);
    for_each_linear_tensor(layer.convolution->kernel, visit);
    for_each_linear_tensor(layer.convolution->value, visit);
  }
  for_each_linear_tensor(layer.attention_output, visit);
  for_each_norm_tensor(layer.attention_norm, visit);
  for_each_linear_tensor(layer.intermediate, visit);
  for_each_linear_tensor(layer.output, visit);
  for_each_norm_tensor(layer.output_norm, visit);
}
template <class Encoder, class Visit>
void for_each_encoder_tensor(Encoder& encoder, Visit visit) {
  visit(encoder.words);
  visit(encoder.positions);
  visit(encoder.types);
  for_each_norm_tensor(encoder.embedding_norm, visit);
  if (encoder.embedding_projection) for_each_linear_tensor(*encoder.embedding_projection, visit);
  for (auto& layer : encoder.layers) for_each_layer_tensor(layer, visit);
}
template <class Classifier, class Visit>
void for_each_classifier_tensor(Classifier& classifier, Visit visit) {
  for_each_linear_tensor(classifier.dense, visit);
  for_each_linear_tensor(classifier.output, visit);
}

}  // namespace convbert
