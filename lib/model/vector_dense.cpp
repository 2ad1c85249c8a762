#include "model/vector_dense.h"

#include <algorithm>

#include "core/error.h"
#include "core/workspace.h"
#include "model/load.h"
#include "model/weights_to_ops.h"
#include "nn/compute.h"

namespace convbert {
namespace {

nn::Linear load_layer(const ModelFiles& files, const DenseModule& module) {
  const Checkpoint checkpoint = Checkpoint::open(files);
  StoredWeight weight{"linear.weight", {module.out, module.in}};
  bind_alone(weight, checkpoint);
  StoredWeight bias{"linear.bias", {module.out}};
  std::vector<float> biases(static_cast<std::size_t>(module.out));
  if (module.has_bias) {
    bind_alone(bias, checkpoint);
    std::ranges::copy(WeightFloats(bias).span(), biases.begin());
  }
  nn::Linear layer({.in = module.in,
                    .out = module.out,
                    .weight = WeightFloats(weight).span(),
                    .bias = biases,
                    .name = weight.name,
                    .activation = module.activation});
  for (const FileBytes& file : checkpoint.files()) file.check();
  return layer;
}

}  // namespace

VectorDense::VectorDense(const ModelFiles& top, std::span<const DenseModule> modules,
                         std::int64_t width) {
  const nn::ComputeScope scope;
  for (const DenseModule& module : modules) {
    const ModelFiles files = top.subdirectory(module.folder);
    if (module.in != width) {
      throw Error(ErrorKind::format,
                  concat(files.path_of("config.json"), ": \"in_features\": expected ", width,
                         ", the numbers of the vector before it, found ", module.in));
    }
    layers_.push_back(load_layer(files, module));
    width = module.out;
  }
}

std::vector<float> VectorDense::forward(std::span<const float> pooled) const {
  const nn::ComputeScope scope;
  Workspace workspace;
  nn::PaddedRows vector = nn::allocate_rows(workspace, 1, std::ssize(pooled));
  std::ranges::copy(pooled, vector.row_span(0).begin());
  for (const nn::Linear& layer : layers_) {
    const nn::PaddedRows next = nn::allocate_rows(workspace, 1, layer.out());
    layer.forward(vector, next, workspace);
    vector = next;
  }
  const std::span<const float> result = vector.row_span(0);
  return {result.begin(), result.end()};
}

}  // namespace convbert
