// What the trained heads of the three families are: one table of their kinds and one of how each
// family stores them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "model/config.h"
#include "nn/activation.h"

namespace convbert {

enum class HeadKind {
  sequence_classification,
  token_classification,
  masked_lm,
  question_answering,
  replaced_token_detection,
};

// Which hidden states a head reads.
enum class HeadRows { first_token, every_token };

// What its outputs are: labels of config.json's id2label; the vocabulary; start and end of an
// answer; one value.
enum class HeadOutputs { labels, vocabulary, span, value };

struct HeadKindInfo {
  HeadKind kind;
  std::string_view name;     // "token classification"
  std::string_view command;  // of the program, that uses it
  HeadRows rows;
  HeadOutputs outputs;
};
const HeadKindInfo& info_of(HeadKind kind);
inline std::string_view name_of(HeadKind kind) { return info_of(kind).name; }
std::span<const HeadKindInfo> head_kinds();

// How a family stores a head: Hugging Face's names, without ".weight" and ".bias"; "" where there
// is no such part.
struct HeadForm {
  HeadKind kind;
  Family family;
  std::string_view dense{};
  std::string_view norm{};
  std::string_view output;
  std::string_view output_bias{};              // the whole name, where it is not output + ".bias"
  std::optional<nn::Activation> activation{};  // after `dense`; none: the configuration's
  bool is_tied = false;  // the output's weight is the word embeddings, unless config.json unties it
  bool reads_vectors = false;  // pooled from all tokens of a text, in place of its first token
};
// Null where the family has no such head.
const HeadForm* form_of(HeadKind kind, Family family);

// A head for sequence classification on any encoder, in a file of its own: the Dense module of
// sentence-transformers, logits = W v + b of a text's vector v.
const HeadForm& vector_classifier_form();

// Is this the name of an output of a tied head, of which the model has the tensor under another:
// the word embeddings, or the bias that lies apart?
bool is_tied_name(std::string_view tensor, const ModelConfig& config);

}  // namespace convbert
