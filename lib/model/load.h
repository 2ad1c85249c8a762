// From a checkpoint's tensors to a model's weights.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/error.h"
#include "model/config.h"
#include "model/head_form.h"
#include "model/weights.h"

namespace convbert {

// By their names in the checkpoint.
struct UnusedTensors {
  std::vector<std::string> of_heads;  // of heads that were not asked for, or have no command yet
  std::vector<std::string> unknown;   // that no part of such a model has
};

// Bind what a checkpoint that holds nothing else has, under its own name: a head, a tensor. Throw
// Error(format) as WeightBinder::bind().
void bind_alone(HeadWeights& weights, const Checkpoint& checkpoint);
void bind_alone(StoredWeight& weight, const Checkpoint& checkpoint);

// Finds tensors whatever form their names take: under the base model's prefix or without, under
// TensorFlow's old names for norms (gamma, beta).
class WeightBinder {
 public:
  // Both must outlive the binder, the checkpoint also what it binds. Throws Error(format) when it
  // holds no model of the family.
  WeightBinder(const Checkpoint& checkpoint, const ModelConfig& config);

  // Throw Error(format) naming the first tensor that is missing or misshapen, with the shape
  // expected and the shape found.
  void bind(EncoderWeights& weights);
  void bind(HeadWeights& weights);

  // The heads that the checkpoint holds, trained or at least present.
  std::vector<HeadKind> heads() const;
  // The number of outputs of a head that it holds: of labels from its shape.
  std::int64_t outputs_of(HeadKind kind) const;

  // Tensors that nothing has been bound to, buffers without weights (position_ids) left out.
  UnusedTensors unused() const;

 private:
  std::string plain_name(std::string name) const;
  const std::string* find(const std::string& name) const;
  void bind_one(StoredWeight& weight);
  bool has(std::string_view name) const { return find(concat(name, ".weight")) != nullptr; }
  bool holds(const HeadForm& form) const;

  const Checkpoint& checkpoint_;
  const ModelConfig& config_;
  std::string prefix_;                        // "convbert." or "", behind a wrapper's
  std::string wrapper_;                       // "module." or ""
  std::map<std::string, std::string> names_;  // plain name -> stored name
  std::set<std::string, std::less<>> used_;   // stored names
};

}  // namespace convbert
