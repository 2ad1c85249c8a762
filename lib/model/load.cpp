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

// What a wrapper has put in front of every tensor's name, of the base model's prefix: "module." of
// "module.bert.".
std::string wrapper_of(const std::string& prefix, Family family) {
  const std::string usual = concat(name_of(family), ".");
  if (!prefix.ends_with("." + usual)) return "";
  return prefix.substr(0, prefix.size() - usual.size());
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

// stored_name: null where the checkpoint has no such tensor; prefix: of what was looked for.
void bind_to(StoredWeight& weight, const Checkpoint& checkpoint, std::string_view prefix,
             const std::string* stored_name) {
  const StoredTensor* stored = stored_name == nullptr ? nullptr : checkpoint.find(*stored_name);
  if (stored == nullptr) {
    throw Error(ErrorKind::format,
                concat(checkpoint.path(), ": tensor \"", printable(prefix), weight.name,
                       "\" is missing: config.json asks for shape ", to_string(weight.shape)));
  }
  const std::string where =
      concat(checkpoint.path(), ": tensor \"", printable(*stored_name), "\": ");
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
}

}  // namespace

void bind_alone(HeadWeights& weights, const Checkpoint& checkpoint) {
  for_each_tensor([&](StoredWeight& weight) { bind_alone(weight, checkpoint); }, weights);
}

void bind_alone(StoredWeight& weight, const Checkpoint& checkpoint) {
  bind_to(weight, checkpoint, "", &weight.name);
}

WeightBinder::WeightBinder(const Checkpoint& checkpoint, const ModelConfig& config)
    : checkpoint_(checkpoint),
      config_(config),
      prefix_(find_prefix(checkpoint, config.family)),
      wrapper_(wrapper_of(prefix_, config.family)) {
  for (const auto& [stored_name, tensor] : checkpoint.tensors()) {
    names_.emplace(plain_name(stored_name), stored_name);
    if (is_buffer(stored_name)) used_.insert(stored_name);
  }
}

// Without a wrapper's and the base model's prefix, and with today's names of norms.
std::string WeightBinder::plain_name(std::string name) const {
  if (name.starts_with(prefix_)) {
    name.erase(0, prefix_.size());
  } else if (name.starts_with(wrapper_)) {
    name.erase(0, wrapper_.size());
  }
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
  bind_to(weight, checkpoint_, prefix_, stored_name);
  used_.insert(*stored_name);
}

void WeightBinder::bind(EncoderWeights& weights) {
  for_each_tensor([this](StoredWeight& weight) { bind_one(weight); }, weights);
}

void WeightBinder::bind(HeadWeights& weights) {
  for_each_tensor([this](StoredWeight& weight) { bind_one(weight); }, weights);
}

bool WeightBinder::holds(const HeadForm& form) const {
  if (!form.dense.empty() && !has(form.dense)) return false;
  const bool reads_words = form.is_tied && config_.ties_words;
  if (!reads_words && !has(form.output)) return false;
  if (form.family != Family::bert || form.output != "classifier") return true;
  // BERT's sequence and token classifiers have one name; only the former has a pooler.
  const std::string& architecture = config_.architecture;
  const bool is_of_tokens = architecture.ends_with("ForTokenClassification") ||
                            (architecture.empty() && !has("pooler.dense"));
  return is_of_tokens == (form.kind == HeadKind::token_classification);
}

std::vector<HeadKind> WeightBinder::heads() const {
  std::vector<HeadKind> heads;
  for (const HeadKindInfo& info : head_kinds()) {
    const HeadForm* form = form_of(info.kind, config_.family);
    if (form != nullptr && holds(*form)) heads.push_back(info.kind);
  }
  return heads;
}

std::int64_t WeightBinder::outputs_of(HeadKind kind) const {
  switch (info_of(kind).outputs) {
    case HeadOutputs::vocabulary: return config_.vocab_size;
    case HeadOutputs::span: return 2;
    case HeadOutputs::value: return 1;
    case HeadOutputs::labels: break;
  }
  const HeadForm* form = form_of(kind, config_.family);
  const std::string* name = form == nullptr ? nullptr : find(concat(form->output, ".weight"));
  const Shape shape = name == nullptr ? Shape{} : checkpoint_.find(*name)->shape;
  if (shape.size() != 2 || shape[0] < 1) {
    throw Error(ErrorKind::format,
                concat(checkpoint_.path(), ": the head for ", name_of(kind), ": expected a weight ",
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
