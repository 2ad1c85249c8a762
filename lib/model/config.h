// config.json of ConvBERT, BERT and ELECTRA, as Hugging Face writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model_files.h"
#include "nn/activation.h"

namespace convbert {

enum class Family { bert, electra, convbert };
std::string_view name_of(Family family);  // "bert", also the prefix of its tensors

enum class ProblemType {
  unspecified,  // decided by the number of labels: one is regression, several a single label
  regression,
  single_label,
  multi_label,
};

// Where the kernels of the convolution come from. Published models have `span`; the others are for
// comparison (paper, figure 2 and table 3; Wu et al. 2019).
enum class ConvolutionKind {
  span,         // from a token's neighbourhood and its query: span-based dynamic convolution
  dynamic,      // from a token's query alone
  lightweight,  // learned, the same at every token
};
std::string_view name_of(ConvolutionKind kind);  // "span", also in config.json

// The convolution beside the attention heads (paper, section 3.2).
struct ConvolutionConfig {
  ConvolutionKind kind = ConvolutionKind::span;
  std::int64_t head_ratio = 2;   // gamma: so many times fewer attention heads than without it
  std::int64_t kernel_size = 9;  // odd
};

// Checked: sizes are positive and bounded, and divide where they must. Defaults are those of
// Hugging Face's configuration classes, by family.
struct ModelConfig {
  Family family = Family::bert;
  std::string architecture;  // "ConvBertForSequenceClassification", or "" where it is not said
  std::int64_t vocab_size = 0;
  std::int64_t embedding_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t layers = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t max_positions = 0;
  std::int64_t type_vocab_size = 0;
  std::int64_t groups = 1;  // of the feed-forward layers
  float layer_norm_epsilon = 1e-12f;
  nn::Activation activation = nn::Activation::gelu;
  std::optional<ConvolutionConfig> convolution;

  // Self-attention heads that remain beside the convolution, and the size of each: with a
  // convolution, attention and convolution each produce heads * head_size = hidden / 2 features.
  std::int64_t attention_heads = 0;
  std::int64_t head_size = 0;

  // Of a trained head: label i is labels[i]; empty where config.json names none.
  std::vector<std::string> labels;
  ProblemType problem_type = ProblemType::unspecified;

  // Is the matrix that scores words the one that embeds them?
  bool ties_words = true;

  bool has_embedding_projection() const { return embedding_size != hidden_size; }
  std::int64_t attention_width() const { return attention_heads * head_size; }
};

// The text of a config.json. Throws Error(format) that begins with `source` and names the key, what
// was expected and found.
ModelConfig parse_config(std::string_view text, const std::string& source);
// Reads config.json. Throws Error(format) naming the file, the key, what was expected and found.
ModelConfig read_config(const ModelFiles& files);

}  // namespace convbert
