// What training changes: the tensors of an encoder and its head, as floats.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/tensor.h"
#include "model/config.h"
#include "model/head_form.h"
#include "model/weights.h"

namespace convbert {

// An encoder and the head on it, if it has one.
template <class Held>
struct BasicModelWeights {
  BasicEncoderWeights<Held> encoder;
  std::optional<BasicHeadWeights<Held>> head;

  static auto fields(auto& self) { return std::tie(self.encoder, self.head); }
};

// One tensor: float32, row-major.
struct Values {
  std::string name;  // in the checkpoint, without the base prefix
  Shape shape;
  std::vector<float> floats;  // none of a head's output that is tied to the words
};
using Parameters = BasicModelWeights<Values>;

// Matrices, and tables and filters, which count as such: neither biases nor norms.
template <class Role>
inline constexpr bool kIsMatrix = false;
template <>
inline constexpr bool kIsMatrix<MatrixOf<Values>> = true;
template <>
inline constexpr bool kIsMatrix<DepthwiseOf<Values>> = true;
template <>
inline constexpr bool kIsMatrix<TableOf<Values>> = true;

// The weight of the head's output: its own, or the words that it is tied to.
const Values& output_weight(const Parameters& parameters);

// Layers that stay as they are, from below; then the embeddings do, too.
struct Freeze {
  bool embeddings = false;
  std::int64_t layers = 0;

  bool freezes_embeddings() const { return embeddings || layers > 0; }
};

// The gradient of one tensor. `turns`: slices of the batch that have added their share (turns.h).
struct Gradient {
  std::vector<float> floats;  // none of what is frozen; tied weights have one of their own
  std::int64_t turns = 0;
};
using Gradients = BasicModelWeights<Gradient>;

// Copies the encoder of a checkpoint and, where `head` is given, its head of `outputs` outputs.
// Throws Error(format) where it lacks them.
Parameters load_parameters(const Checkpoint& checkpoint, const ModelConfig& config,
                           const HeadForm* head = nullptr, std::int64_t outputs = 0);

// The same of a head that lies in a checkpoint of its own.
BasicHeadWeights<Values> load_head(const Checkpoint& checkpoint, const ModelConfig& config,
                                   const HeadForm& head, std::int64_t outputs);

// Deviation of new weights, unless config.json has another.
inline constexpr double kUsualDeviation = 0.02;

// A new head of a pre-trained encoder: weights from a normal distribution of that deviation, as
// BERT's were, biases 0, norms 1. The same seed gives the same numbers.
void add_new_head(Parameters& parameters, const ModelConfig& config, const HeadForm& head,
                  std::int64_t outputs, std::uint64_t seed, double deviation = kUsualDeviation);

// A new encoder, likewise: embeddings and filters are weights, too.
Parameters new_parameters(const ModelConfig& config, std::uint64_t seed, double deviation);

// Makes each output y of a head `factor` y + `shift`.
void scale_outputs(BasicHeadWeights<Values>& head, double factor, double shift);

// Zeros.
Gradients allocate_gradients(const Parameters& parameters, const Freeze& freeze = {});
// Back to zeros, for the next step.
void clear(Gradients& gradients);
// Adds the gradient of a tied output to that of the words, after which it is zero.
void fold_tied(const Parameters& parameters, Gradients& gradients);

// sqrt of the sum of squares over all tensors, in doubles, in the tree's order.
double norm(const Gradients& gradients);

}  // namespace convbert
