#include "model/weights.h"

#include "core/error.h"

namespace convbert {
namespace {

constexpr const char* kWordEmbeddings = "embeddings.word_embeddings.weight";

LinearWeights linear(const std::string& name, std::int64_t in, std::int64_t out) {
  return {{{name + ".weight", {out, in}}}, {{name + ".bias", {out}}}};
}

LinearWeights grouped_linear(const std::string& name, std::int64_t in, std::int64_t out,
                             std::int64_t groups) {
  if (groups == 1) return linear(name, in, out);
  return {{{name + ".weight", {groups, in / groups, out / groups}}}, {{name + ".bias", {out}}}};
}

NormWeights norm(const std::string& name, std::int64_t width) {
  return {{{name + ".weight", {width}}}, {{name + ".bias", {width}}}};
}

TableWeight table(const std::string& name, std::int64_t entries, std::int64_t width) {
  return {{name + ".weight", {entries, width}}};
}

ConvolutionWeights convolution_layout(const std::string& self, const ModelConfig& config) {
  const std::int64_t hidden = config.hidden_size;
  const std::int64_t width = config.attention_width();
  const std::int64_t kernel = config.convolution->kernel_size;
  const std::int64_t heads = config.attention_heads;
  ConvolutionWeights weights{.span = {},
                             .kernel = {},
                             .filters = {},
                             .value = linear(self + "conv_out_layer", hidden, width)};
  if (config.convolution->kind == ConvolutionKind::lightweight) {
    weights.filters = DepthwiseWeight{{self + "conv_kernel.weight", {heads, 1, kernel}}};
    return weights;
  }
  weights.kernel = linear(self + "conv_kernel_layer", width, heads * kernel);
  if (config.convolution->kind == ConvolutionKind::dynamic) return weights;
  const std::string separable = self + "key_conv_attn_layer.";
  weights.span = SpanWeights{.depthwise = {{separable + "depthwise.weight", {hidden, 1, kernel}}},
                             .pointwise = {{{separable + "pointwise.weight", {width, hidden, 1}}},
                                           {{separable + "bias", {width, 1}}}}};
  return weights;
}

LayerWeights layer_layout(const ModelConfig& config, std::int64_t index) {
  const std::string layer = concat("encoder.layer.", index, ".");
  const std::string self = layer + "attention.self.";
  const std::int64_t hidden = config.hidden_size;
  const std::int64_t width = config.attention_width();
  LayerWeights weights{
      .query = linear(self + "query", hidden, width),
      .key = linear(self + "key", hidden, width),
      .value = linear(self + "value", hidden, width),
      .convolution = std::nullopt,
      .attention_output = linear(layer + "attention.output.dense", hidden, hidden),
      .attention_norm = norm(layer + "attention.output.LayerNorm", hidden),
      .intermediate = grouped_linear(layer + "intermediate.dense", hidden, config.intermediate_size,
                                     config.groups),
      .output =
          grouped_linear(layer + "output.dense", config.intermediate_size, hidden, config.groups),
      .output_norm = norm(layer + "output.LayerNorm", hidden),
  };
  if (config.convolution) weights.convolution = convolution_layout(self, config);
  return weights;
}

}  // namespace

EncoderWeights encoder_layout(const ModelConfig& config) {
  const std::int64_t embedding = config.embedding_size;
  EncoderWeights weights{
      .words = table("embeddings.word_embeddings", config.vocab_size, embedding),
      .positions = table("embeddings.position_embeddings", config.max_positions, embedding),
      .types = table("embeddings.token_type_embeddings", config.type_vocab_size, embedding),
      .embedding_norm = norm("embeddings.LayerNorm", embedding),
      .embedding_projection = std::nullopt,
      .layers = {},
  };
  if (config.has_embedding_projection()) {
    weights.embedding_projection = linear("embeddings_project", embedding, config.hidden_size);
  }
  for (std::int64_t i = 0; i < config.layers; ++i) {
    weights.layers.push_back(layer_layout(config, i));
  }
  return weights;
}

HeadWeights head_layout(const HeadForm& form, const ModelConfig& config, std::int64_t outputs) {
  const std::int64_t hidden = config.hidden_size;
  // A head over the vocabulary comes back to the width of the embeddings.
  const bool scores_words = info_of(form.kind).outputs == HeadOutputs::vocabulary;
  const std::int64_t width = scores_words ? config.embedding_size : hidden;
  HeadWeights weights;
  if (!form.dense.empty()) weights.dense = linear(std::string(form.dense), hidden, width);
  if (!form.norm.empty()) weights.norm = norm(std::string(form.norm), width);
  weights.output = linear(std::string(form.output), width, outputs);
  if (form.is_tied && config.ties_words) weights.output.weight.name = kWordEmbeddings;
  if (!form.output_bias.empty()) weights.output.bias.name = form.output_bias;
  return weights;
}

}  // namespace convbert
