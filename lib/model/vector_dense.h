// Dense modules of sentence-transformers: what becomes of a text's vector once it is pooled.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/model_files.h"
#include "nn/activation.h"
#include "nn/linear.h"

namespace convbert {

// y = activation(W x + b), as the module's config.json has it.
struct DenseModule {
  std::string folder;    // of the module, in that of modules.json
  std::int64_t in = 0;   // numbers of the vector that it reads
  std::int64_t out = 0;  // of the one that it gives
  bool has_bias = true;
  nn::Activation activation = nn::Activation::tanh;
};

// All those of a model, one after another, in float32. Owns its weights; const after construction,
// and threads may share it.
class VectorDense {
 public:
  // top: the folder of modules.json; width: numbers of a pooled vector. At least one module. Throws
  // Error(format) naming the file for a module that does not read what comes before it, or whose
  // weights are missing or misshapen; Error(system) for files that cannot be read.
  VectorDense(const ModelFiles& top, std::span<const DenseModule> modules, std::int64_t width);

  std::int64_t out() const { return layers_.back().out(); }

  // pooled: one vector of `width` numbers; gives out() numbers.
  std::vector<float> forward(std::span<const float> pooled) const;

 private:
  std::vector<nn::Linear> layers_;
};

}  // namespace convbert
