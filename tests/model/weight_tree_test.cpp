#include "model/weight_tree.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

#include "model/random_model.h"
#include "model/weights.h"

namespace convbert {
namespace {

struct Gradient {
  std::vector<float> values;
  std::string of;  // the tensor's name
};
struct Moment {
  double value = 0;
};

template <class Role>
constexpr std::string_view kRoleName = "?";
template <class Held>
constexpr std::string_view kRoleName<MatrixOf<Held>> = "matrix";
template <class Held>
constexpr std::string_view kRoleName<DepthwiseOf<Held>> = "depthwise";
template <class Held>
constexpr std::string_view kRoleName<TableOf<Held>> = "table";
template <class Held>
constexpr std::string_view kRoleName<BiasOf<Held>> = "bias";
template <class Held>
constexpr std::string_view kRoleName<NormScaleOf<Held>> = "norm scale";
template <class Held>
constexpr std::string_view kRoleName<NormShiftOf<Held>> = "norm shift";

EncoderWeights small_layout() { return encoder_layout(*published_shape("conv-bert-small")); }

template <class Held>
BasicEncoderWeights<Held> empty_like(const EncoderWeights& weights) {
  return same_structure<BasicEncoderWeights<Held>>(weights);
}

TEST_CASE("each tensor is visited once, under its role") {
  const EncoderWeights weights = small_layout();
  std::set<std::string> names;
  std::map<std::string_view, int> roles;
  int total = 0;
  for_each_tensor(
      [&]<class Role>(const Role& weight) {
        names.insert(weight.name);
        ++roles[kRoleName<Role>];
        ++total;
      },
      weights);
  CHECK(static_cast<int>(names.size()) == total);
  // Three tables, a norm and a projection; of a layer nine linear layers, two norms, and the span.
  CHECK(total == 3 + 2 + 2 + 12 * 23);
  CHECK(roles == std::map<std::string_view, int>{{"table", 3},
                                                 {"matrix", 1 + 12 * 9},
                                                 {"bias", 1 + 12 * 9},
                                                 {"norm scale", 1 + 12 * 2},
                                                 {"norm shift", 1 + 12 * 2},
                                                 {"depthwise", 12}});
}

TEST_CASE("a head's tensors, in the order of the computation") {
  const auto names = [](HeadKind kind, const ModelConfig& config) {
    std::vector<std::string> list;
    const HeadWeights weights = head_layout(*form_of(kind, config.family), config, 3);
    for_each_tensor([&](const StoredWeight& weight) { list.push_back(weight.name); }, weights);
    return list;
  };
  using Names = std::vector<std::string>;
  ModelConfig config = *published_shape("bert-base");
  CHECK(names(HeadKind::sequence_classification, config) ==
        Names{"pooler.dense.weight", "pooler.dense.bias", "classifier.weight", "classifier.bias"});
  const Names transform{
      "cls.predictions.transform.dense.weight", "cls.predictions.transform.dense.bias",
      "cls.predictions.transform.LayerNorm.weight", "cls.predictions.transform.LayerNorm.bias"};
  Names tied = transform;
  tied.insert(tied.end(), {"embeddings.word_embeddings.weight", "cls.predictions.bias"});
  CHECK(names(HeadKind::masked_lm, config) == tied);
  config.ties_words = false;
  Names untied = transform;
  untied.insert(untied.end(), {"cls.predictions.decoder.weight", "cls.predictions.bias"});
  CHECK(names(HeadKind::masked_lm, config) == untied);
  CHECK(form_of(HeadKind::replaced_token_detection, Family::bert) == nullptr);
}

TEST_CASE("several trees are walked in step") {
  const EncoderWeights weights = small_layout();
  auto gradients = empty_like<Gradient>(weights);
  auto moments = empty_like<Moment>(weights);
  int visits = 0;
  for_each_tensor(
      [&]<template <class> class Role>(const Role<StoredWeight>& weight, Role<Gradient>& gradient,
                                       Role<Moment>& moment) {
        gradient.of = weight.name;
        gradient.values.resize(static_cast<std::size_t>(*element_count(weight.shape)));
        moment.value = ++visits;
      },
      weights, gradients, moments);

  CHECK(visits == 3 + 2 + 2 + 12 * 23);
  CHECK(gradients.words.of == weights.words.name);
  CHECK(moments.words.value == 1);
  CHECK(gradients.embedding_projection->bias.of == weights.embedding_projection->bias.name);
  const auto& layer = gradients.layers[7];
  CHECK(layer.convolution->span->depthwise.of ==
        "encoder.layer.7.attention.self.key_conv_attn_layer.depthwise.weight");
  CHECK(layer.convolution->span->depthwise.values.size() == 256 * 9);
  CHECK(layer.output.weight.of == "encoder.layer.7.output.dense.weight");
  CHECK(gradients.layers.back().output_norm.shift.of ==
        weights.layers.back().output_norm.shift.name);
  CHECK(moments.layers.back().output_norm.shift.value == visits);

  // No tensor was given another's.
  for_each_tensor([](const StoredWeight& weight,
                     const Gradient& gradient) { CHECK(gradient.of == weight.name); },
                  weights, gradients);
}

TEST_CASE("trees of different structure are refused before anything is visited") {
  const EncoderWeights weights = small_layout();
  const auto check_refused = [&](BasicEncoderWeights<Gradient> gradients, std::string_view why) {
    int visits = 0;
    const auto count = [&](const auto&, const auto&) { ++visits; };
    std::string message;
    try {
      for_each_tensor(count, weights, gradients);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::internal);
      message = error.what();
    }
    INFO(message);
    CHECK(message.find(why) != std::string::npos);
    CHECK(visits == 0);
  };

  auto short_tree = empty_like<Gradient>(weights);
  short_tree.layers.pop_back();
  check_refused(short_tree, "lists of 12 and 11 parts");

  auto unprojected = empty_like<Gradient>(weights);
  unprojected.embedding_projection.reset();
  check_refused(unprojected, "a part is in some of them only");

  auto half_bert = empty_like<Gradient>(weights);
  half_bert.layers.back().convolution.reset();
  check_refused(half_bert, "a part is in some of them only");
}

}  // namespace
}  // namespace convbert
