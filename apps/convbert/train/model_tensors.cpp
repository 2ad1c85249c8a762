#include "train/model_tensors.h"

#include <map>
#include <vector>

#include "core/error.h"

namespace convbert::app {

void name_architecture(Family family, std::string_view use, OrderedJson& config) {
  const std::string_view name = family == Family::convbert  ? "ConvBert"
                                : family == Family::electra ? "Electra"
                                                            : "Bert";
  config["model_type"] = name_of(family);
  config["architectures"] = {concat(name, use)};
  config["dtype"] = "float32";
  for (const char* key : {"torch_dtype", "id2label", "label2id", "num_labels", "problem_type"}) {
    config.erase(key);
  }
}

void write_tensors(const Parameters& parameters, Family family, const SafetensorsWriter::Put& put) {
  const std::string prefix = parameters.head ? concat(name_of(family), ".") : "";
  std::vector<TensorHeader> headers;
  std::map<std::string, const std::vector<float>*> values;
  const auto add = [&](const std::string& name, const Values& tensor) {
    if (tensor.floats.empty()) return;  // tied
    headers.push_back({name, DType::f32, tensor.shape});
    values.emplace(name, &tensor.floats);
  };
  for_each_tensor([&](const Values& tensor) { add(prefix + tensor.name, tensor); },
                  parameters.encoder);
  // Some heads' layers are the base's, as BERT's pooler is.
  const auto add_of_head = [&](const Values& tensor) {
    add(tensor.name.starts_with("pooler.") ? prefix + tensor.name : tensor.name, tensor);
  };
  if (parameters.head) for_each_tensor(add_of_head, *parameters.head);
  SafetensorsWriter writer(std::move(headers), put);
  for (const TensorHeader& tensor : writer.tensors()) writer.append(*values.at(tensor.name));
  writer.finish();
}

}  // namespace convbert::app
