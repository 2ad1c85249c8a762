#include "model/load.h"

#include <algorithm>

#include "core/error.h"

namespace convbert {
namespace {

constexpr std::string_view kWordEmbeddings = "embeddings.word_embeddings.weight";

bool replace_suffix(std::string& name, std::string_view old_suffix, std::string_view new_suffix) {
  if (!name.ends_with(old_suffix)) return false;
  name.replace(name.size() - old_suffix.size(), old_suffix.size(), new_suffix);
  return true;
}

// Everything before "embeddings.word_embeddings.weight". A wrapper may have put more in front of
// the family's own prefix ("module.bert."), as long as there is one such tensor.
std::string find_prefix(const Checkpoint& checkpoint, Family family) {
  const std::string usual = concat(name_of(family), ".");
  if (checkpoint.find(usual + std::string(kWordEmbeddings)) != nullptr) return usual;
  if (checkpoint.find(kWordEmbeddings) != nullptr) return "";
  std::vector<std::string> prefixes;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    if (name.ends_with("." + std::string(kWordEmbeddings))) {
      prefixes.push_back(name.substr(0, name.size() - kWordEmbeddings.size()));
    }
  }
  if (prefixes.size() == 1) return prefixes.front();
  throw Error(ErrorKind::format,
              concat(checkpoint.path(), ": expected a tensor \"", usual, kWordEmbeddings,
                     "\" (or without the prefix), found ",
                     prefixes.empty() ? "none" : concat(prefixes.size(), " under other prefixes"),
                     " among ", checkpoint.tensors().size(), " tensors"));
}

bool is_buffer(const std::string& name) {
  return name.ends_with("embeddings.position_ids") || name.ends_with("embeddings.token_type_ids");
}

// Heads as Hugging Face names them, for all three families.
bool belongs_to_head(std::string_view name) {
  constexpr std::string_view kParts[] = {"classifier",
                                         "pooler",
                                         "cls",
                                         "qa_outputs",
                                         "sequence_summary",
                                         "generator_predictions",
                                         "generator_lm_head",
                                         "discriminator_predictions"};
  return std::ranges::any_of(kParts, [&](std::string_view part) {
    return name.starts_with(part) && name.substr(part.size()).starts_with('.');
  });
}

}  // namespace

std::string_view name_of(HeadKind kind) {
  switch (kind) {
    case HeadKind::sequence_classification: return "sequence classification";
    case HeadKind::token_classification: return "token classification";
    case HeadKind::masked_lm: return "masked language model";
    case HeadKind::question_answering: return "question answering";
    case HeadKind::replaced_token_detection: return "replaced-token detection";
  }
  return "unknown";
}

WeightBinder::WeightBinder(const Checkpoint& checkpoint, const ModelConfig& config)
    : checkpoint_(checkpoint),
      family_(config.family),
      architecture_(config.architecture),
      prefix_(find_prefix(checkpoint, config.family)) {
  for (const auto& [stored_name, tensor] : checkpoint.tensors()) {
    names_.emplace(plain_name(stored_name), stored_name);
    if (is_buffer(stored_name)) used_.insert(stored_name);
  }
}

// Without the base prefix, and with today's names of norms.
std::string WeightBinder::plain_name(std::string name) const {
  if (name.starts_with(prefix_)) name.erase(0, prefix_.size());
  replace_suffix(name, "LayerNorm.gamma", "LayerNorm.weight") ||
      replace_suffix(name, "LayerNorm.beta", "LayerNorm.bias");
  return name;
}

const std::string* WeightBinder::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &found->second;
}

void WeightBinder::bind_one(StoredWeight& weight) {
  const std::string* stored_name = find(weight.name);
  if (stored_name == nullptr) {
    throw Error(ErrorKind::format,
                concat(checkpoint_.path(), ": tensor \"", prefix_, weight.name,
                       "\" is missing: config.json asks for shape ", to_string(weight.shape)));
  }
  const StoredTensor* stored = checkpoint_.find(*stored_name);
  const std::string where =
      concat(checkpoint_.path(), ": tensor \"", printable(*stored_name), "\": ");
  if (stored->shape != weight.shape) {
    throw Error(ErrorKind::format,
                concat(where, "expected shape ", to_string(weight.shape),
                       ", as config.json asks for, found ", to_string(stored->shape)));
  }
  if (!is_floating_point(stored->dtype)) {
    throw Error(ErrorKind::format,
                concat(where, "expected a floating-point type, found ", name_of(stored->dtype)));
  }
  weight.stored = stored;
  used_.insert(*stored_name);
}

void WeightBinder::bind(EncoderWeights& weights) {
  for_each_tensor([this](StoredWeight& weight) { bind_one(weight); }, weights);
}

void WeightBinder::bind(ClassifierWeights& weights) {
  for_each_tensor([this](StoredWeight& weight) { bind_one(weight); }, weights);
}

std::vector<HeadKind> WeightBinder::heads() const {
  std::vector<HeadKind> heads;
  if (family_ == Family::bert) {
    // BERT's sequence and token classifiers have one name; only the former has a pooler.
    const bool token = architecture_.ends_with("ForTokenClassification") ||
                       (architecture_.empty() && !has("pooler.dense.weight"));
    if (has("classifier.weight")) {
      heads.push_back(token ? HeadKind::token_classification : HeadKind::sequence_classification);
    }
    if (has("cls.predictions.transform.dense.weight")) heads.push_back(HeadKind::masked_lm);
  } else {
    if (has("classifier.out_proj.weight")) heads.push_back(HeadKind::sequence_classification);
    if (has("classifier.weight")) heads.push_back(HeadKind::token_classification);
    if (has("generator_predictions.dense.weight")) heads.push_back(HeadKind::masked_lm);
    if (has("discriminator_predictions.dense.weight")) {
      heads.push_back(HeadKind::replaced_token_detection);
    }
  }
  if (has("qa_outputs.weight")) heads.push_back(HeadKind::question_answering);
  return heads;
}

std::int64_t WeightBinder::classifier_labels() const {
  const std::string* name =
      find(family_ == Family::bert ? "classifier.weight" : "classifier.out_proj.weight");
  const Shape shape = name == nullptr ? Shape{} : checkpoint_.find(*name)->shape;
  if (shape.size() != 2 || shape[0] < 1) {
    throw Error(ErrorKind::format,
                concat(checkpoint_.path(), ": the sequence classification head: expected a weight ",
                       "of shape [labels, hidden], found ", to_string(shape)));
  }
  return shape[0];
}

UnusedTensors WeightBinder::unused() const {
  UnusedTensors unused;
  for (const auto& [name, tensor] : checkpoint_.tensors()) {
    if (used_.contains(name)) continue;
    (belongs_to_head(plain_name(name)) ? unused.of_heads : unused.unknown).push_back(name);
  }
  return unused;
}

}  // namespace convbert
