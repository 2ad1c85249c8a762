// A model for programs that have texts: opened once, then asked for vectors, labels and maps.
//
//   const TextModel model = TextModel::open("path/to/checkpoint");
//   const TextVectors vectors = model.embed({"A dog sleeps.", "The dog is asleep."});
//   std::span<const float> first = vectors.vector(0);
//
// Const after opening: threads may share one, and each may call it at any time. A result depends on
// its text alone, to the last bit: not on the texts beside it, their order or the threads. Results
// own what they hold. A whole program is docs/examples/nearest.cpp.
//
// Errors are of type Error. Its kind is input for a text that cannot be used, its message then
// beginning with "text 3:", counted from 0; usage for a request that the model cannot meet, naming
// the option; format where the model's files are not what they should be, or its weights make NaN
// of a text.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "api/classification.h"
#include "api/vectors.h"
#include "attention/text_maps.h"
#include "core/model_files.h"
#include "model/config.h"
#include "model/model.h"
#include "text/encoding.h"
#include "text/tokenizer.h"

namespace convbert {

// A text, or two that belong together ([CLS] text [SEP] pair [SEP]). UTF-8.
struct Text {
  template <std::convertible_to<std::string_view> String>
  Text(const String& string) : text(string) {}
  Text(std::string_view first, std::string_view second) : text(first), pair(second) {}

  std::string_view text;
  std::optional<std::string_view> pair;
};

// What a range may give: a string that lies somewhere, a view of one, or a Text. A string that is
// made anew for each look at the range, as std::views::transform does with a function that returns
// std::string, is gone before anything looks at it.
template <class Reference>
concept LastingText = std::convertible_to<Reference, Text> &&
    (std::is_reference_v<Reference> || std::is_pointer_v<Reference> ||
     std::same_as<std::remove_cv_t<Reference>, std::string_view> ||
     std::same_as<std::remove_cv_t<Reference>, Text>);

// Any range of strings or Texts, as a call takes it; or in braces. It looks at the strings, which
// must live until the call returns: a range that makes them as it goes does not compile, and is to
// be gathered in a vector first.
class Texts {
 public:
  Texts(std::initializer_list<Text> texts) : texts_(texts) {}
  template <std::ranges::forward_range Range>
  requires LastingText<std::ranges::range_reference_t<const Range>> Texts(const Range& range)
      : texts_(std::ranges::begin(range), std::ranges::end(range)) {}

  std::size_t size() const { return texts_.size(); }
  const Text& operator[](std::size_t index) const { return texts_[index]; }

 private:
  std::vector<Text> texts_;
};

struct TextModelOptions {
  ModelParts parts = ModelParts::everything;  // what is loaded
  nn::Precision precision = nn::Precision::f32;
  int threads = 0;  // of loading, and of each call at the most; 0: all processors
  // Tokens of a text, with special tokens, before it is cut; none: as many as the model says.
  std::optional<std::int64_t> max_length{};
  Truncation truncation = Truncation::longest_first;
  std::int64_t batch_tokens = 4096;  // computed together, on each thread
};

// A vector a text.
struct TextVectors {
  std::int64_t dim = 0;
  std::vector<float> values;            // [texts, dim]
  std::vector<std::int64_t> truncated;  // of each text, tokens that were cut off

  std::span<const float> vector(std::size_t text) const {
    const auto width = static_cast<std::size_t>(dim);
    return std::span(values).subspan(text * width, width);
  }
};

// Of one text, a vector a token.
struct TokenVectors {
  std::vector<std::string> tokens;  // special tokens included
  std::int64_t dim = 0;
  std::vector<float> values;   // [tokens, dim]
  std::int64_t truncated = 0;  // tokens that were cut off
};

class TextModel {
 public:
  // A checkpoint directory: config.json, the tokenizer's files, the weights, and perhaps those of
  // sentence-transformers. Throws Error(system) for files that cannot be read, Error(format) for
  // those that are not what they should be, Error(usage) where `options` ask for what is not there.
  static TextModel open(const std::filesystem::path& directory,
                        const TextModelOptions& options = {});
  // The same of files from anywhere, which must outlive it where they are in memory.
  static TextModel open(const ModelFiles& files, const TextModelOptions& options = {});

  TextModel(TextModel&&) noexcept;
  TextModel& operator=(TextModel&&) noexcept;
  ~TextModel();

  const ModelConfig& config() const;
  const Tokenizer& tokenizer() const;
  // Of the head for classification; empty for a model without one.
  const std::vector<std::string>& labels() const;
  // What the scores of classify() are; unspecified for a model without a head.
  ProblemType problem_type() const;

  // The tokens of each text, cut to the limit.
  std::vector<Encoding> encode(const Texts& texts) const;

  TextVectors embed(const Texts& texts, const VectorOptions& options = {}) const;
  // options.pooling does not count.
  std::vector<TokenVectors> embed_tokens(const Texts& texts,
                                         const VectorOptions& options = {}) const;

  // Throws Error(usage) for a model without a head for sequence classification.
  std::vector<Classification> classify(const Texts& texts) const;

  // Maps of attention and convolution. What a request leaves empty is everything: all layers, all
  // heads; self-attention, and kernels where the model has them. Memory grows with the square of
  // the length: of a model of 12 layers by 12 heads, 512 tokens are 151 MB.
  std::vector<TextMaps> attention(const Texts& texts, const MapRequest& request = {}) const;

 private:
  struct Impl;
  explicit TextModel(std::unique_ptr<const Impl> impl);

  std::unique_ptr<const Impl> impl_;
};

}  // namespace convbert
