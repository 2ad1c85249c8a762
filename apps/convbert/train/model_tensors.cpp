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

namespace {

// The tensors of one file.
class TensorFile {
 public:
  void add(const std::string& name, const Values& tensor) {
    if (tensor.floats.empty()) return;  // tied
    headers_.push_back({name, DType::f32, tensor.shape});
    values_.emplace(name, &tensor.floats);
  }
  void add_all(const std::string& prefix, const BasicEncoderWeights<Values>& encoder) {
    for_each_tensor([&](const Values& tensor) { add(prefix + tensor.name, tensor); }, encoder);
  }
  void write(const SafetensorsWriter::Put& put) && {
    SafetensorsWriter writer(std::move(headers_), put);
    for (const TensorHeader& tensor : writer.tensors()) writer.append(*values_.at(tensor.name));
    writer.finish();
  }

 private:
  std::vector<TensorHeader> headers_;
  std::map<std::string, const std::vector<float>*> values_;
};

}  // namespace

void write_tensors(const Parameters& parameters, Family family, const SafetensorsWriter::Put& put) {
  const std::string prefix = parameters.head ? concat(name_of(family), ".") : "";
  TensorFile file;
  file.add_all(prefix, parameters.encoder);
  // Some heads' layers are the base's, as BERT's pooler is.
  const auto add_of_head = [&](const Values& tensor) {
    file.add(tensor.name.starts_with("pooler.") ? prefix + tensor.name : tensor.name, tensor);
  };
  if (parameters.head) for_each_tensor(add_of_head, *parameters.head);
  std::move(file).write(put);
}

void write_tensors(const BasicEncoderWeights<Values>& encoder, const SafetensorsWriter::Put& put) {
  TensorFile file;
  file.add_all("", encoder);
  std::move(file).write(put);
}

void write_tensors(const BasicHeadWeights<Values>& head, const SafetensorsWriter::Put& put) {
  TensorFile file;
  for_each_tensor([&](const Values& tensor) { file.add(tensor.name, tensor); }, head);
  std::move(file).write(put);
}

}  // namespace convbert::app
