// From a checkpoint's tensors to a model's weights.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "model/config.h"
#include "model/weights.h"

namespace convbert {

enum class HeadKind {
  sequence_classification,
  token_classification,
  masked_lm,
  question_answering,
  replaced_token_detection,
};
std::string_view name_of(HeadKind kind);  // "sequence classification"

// By their names in the checkpoint.
struct UnusedTensors {
  std::vector<std::string> of_heads;  // of heads that were not asked for, or have no command yet
  std::vector<std::string> unknown;   // that no part of such a model has
};

// Finds tensors whatever form their names take: under the base model's prefix or without, under
// TensorFlow's old names for norms (gamma, beta).
class WeightBinder {
 public:
  // `checkpoint` must outlive the binder and what it binds. Throws Error(format) when it holds no
  // model of the family.
  WeightBinder(const Checkpoint& checkpoint, const ModelConfig& config);

  // Throw Error(format) naming the first tensor that is missing or misshapen, with the shape
  // expected and the shape found.
  void bind(EncoderWeights& weights);
  void bind(ClassifierWeights& weights);

  // The heads that the checkpoint holds, trained or at least present.
  std::vector<HeadKind> heads() const;
  // The number of labels of the sequence classification head, from its shape.
  std::int64_t classifier_labels() const;

  // Tensors that nothing has been bound to, buffers without weights (position_ids) left out.
  UnusedTensors unused() const;

 private:
  std::string plain_name(std::string name) const;
  const std::string* find(const std::string& name) const;
  void bind_one(StoredWeight& weight);
  bool has(const std::string& name) const { return find(name) != nullptr; }

  const Checkpoint& checkpoint_;
  Family family_;
  std::string architecture_;
  std::string prefix_;                        // "convbert." or ""
  std::map<std::string, std::string> names_;  // plain name -> stored name
  std::set<std::string, std::less<>> used_;   // stored names
};

}  // namespace convbert
