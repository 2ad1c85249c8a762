#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "api/open_model.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors_writer.h"
#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "commands/commands.h"
#include "core/json.h"
#include "io/output_directory.h"
#include "model/head_form.h"
#include "model/load.h"
#include "run/copied_files.h"
#include "run/models.h"

namespace convbert::app {
namespace {

// What is copied as it is from the top, beside the tokenizer and a sentence model's other steps.
constexpr const char* kTopFiles[] = {"modules.json", "config_sentence_transformers.json",
                                     "README.md",    "LICENSE",
                                     "LICENSE.txt",  "LICENSE.md",
                                     "NOTICE"};

struct TypeName {
  const char* flag;
  DType dtype;
  std::string_view of_torch;  // as config.json spells it
};
constexpr std::array kTypes{TypeName{"f32", DType::f32, "float32"},
                            TypeName{"bf16", DType::bf16, "bfloat16"},
                            TypeName{"f16", DType::f16, "float16"}};

struct ConvertFlags {
  ModelFlags model;
  std::string directory;
  std::optional<std::string> type;
};

struct ConvertRequest {
  std::string model;
  std::string directory;
  std::optional<DType> dtype;  // none: as each tensor is stored
};

ConvertRequest make_request(const ConvertFlags& flags) {
  if (flags.directory == "-") usage_error("-o: expected the name of a directory, found -");
  ConvertRequest request{.model = flags.model.model, .directory = flags.directory, .dtype = {}};
  if (flags.type) request.dtype = std::ranges::find(kTypes, *flags.type, &TypeName::flag)->dtype;
  return request;
}

// A model's tensors under the names and in the types that they will have.
class Conversion {
 public:
  Conversion(const ModelFiles& top, const std::optional<DType>& dtype)
      : top_(top),
        source_(model_source(top)),
        config_(read_config(source_.files)),
        checkpoint_(Checkpoint::open(source_.files)),
        dtype_(dtype) {
    // What this program could not use is not converted.
    EncoderWeights encoder = encoder_layout(config_);
    WeightBinder(checkpoint_, config_).bind(encoder);
    open_tokenizer(source_);
    for (const auto& [name, tensor] : checkpoint_.tensors()) {
      if (is_second_name(name, tensor)) continue;
      const bool is_converted = dtype_ && is_floating_point(tensor.dtype);
      headers_.push_back({name, is_converted ? *dtype_ : tensor.dtype, tensor.shape});
    }
  }

  std::size_t tensors() const { return headers_.size(); }

  void write(OutputDirectory& directory) const {
    const std::string& folder = source_.sentence.transformer_folder;
    const std::string prefix = folder.empty() ? "" : folder + "/";
    directory.add(prefix + "config.json", config_text());
    directory.add(prefix + "model.safetensors",
                  [this](const OutputDirectory::Put& put) { write_tensors(put); });
    copy_tokenizer(source_.files, prefix, directory);
    copy_file(source_.files, "sentence_bert_config.json", prefix, directory);
    for (const char* name : kTopFiles) copy_file(top_, name, "", directory);
    if (source_.sentence.found) copy_sentence_steps(top_, source_.sentence, directory);
  }

 private:
  // The same bytes as another tensor's, as tied embeddings are in a torch file.
  bool is_second_name(const std::string& name, const StoredTensor& tensor) const {
    if (!is_tied_name(name, config_)) return false;
    return std::ranges::any_of(checkpoint_.tensors(), [&](const auto& other) {
      return !is_tied_name(other.first, config_) &&
             other.second.bytes.data() == tensor.bytes.data() &&
             other.second.dtype == tensor.dtype && other.second.shape == tensor.shape &&
             other.second.strides == tensor.strides;
    });
  }

  void write_tensors(const OutputDirectory::Put& put) const {
    SafetensorsWriter writer(headers_, put);
    for (const TensorHeader& header : writer.tensors()) {
      writer.append_tensor(*checkpoint_.find(header.name));
      checkpoint_.release_pages();
    }
    writer.finish();
    for (const FileBytes& file : checkpoint_.files()) file.check();
  }

  // The type of all floating-point tensors; "" where they differ, or torch calls it otherwise.
  std::string_view type_name() const {
    std::string_view name;
    for (const TensorHeader& header : headers_) {
      if (!is_floating_point(header.dtype)) continue;
      const auto type = std::ranges::find(kTypes, header.dtype, &TypeName::dtype);
      if (type == kTypes.end() || (!name.empty() && name != type->of_torch)) return "";
      name = type->of_torch;
    }
    return name;
  }

  // config.json with every member as it stands, save the type of the weights and the family's name,
  // of which transformers knows one spelling.
  std::string config_text() const {
    const FileBytes file = source_.files.open("config.json");
    std::vector<JsonMember> members;
    if (!split_json_object(file.text(), {}, members).empty()) return std::string(file.text());
    const std::string_view type_is = type_name();
    const std::string type = concat('"', type_is, '"');
    const std::string family = concat('"', convbert::name_of(config_.family), '"');
    bool has_type = type_is.empty();
    std::string text;
    const auto append = [&text](std::string_view key, std::string_view value) {
      text += concat(text.empty() ? "{\n  " : ",\n  ", key, ": ", value);
    };
    for (const auto& [key, value] : members) {
      const bool is_type = key == R"("torch_dtype")" || key == R"("dtype")";
      if (is_type && !type_is.empty()) {
        append(key, type);
        has_type = true;
      } else {
        append(key, key == R"("model_type")" ? family : value);
      }
    }
    if (!has_type) append(R"("torch_dtype")", type);
    return text + "\n}\n";
  }

  const ModelFiles& top_;
  ModelSource source_;
  ModelConfig config_;
  Checkpoint checkpoint_;
  std::optional<DType> dtype_;
  std::vector<TensorHeader> headers_;
};

int run(const ConvertFlags& flags, Console& console) {
  const ConvertRequest request = make_request(flags);
  const ModelFiles files = find_model(request.model);
  const Conversion conversion(files, request.dtype);
  OutputDirectory directory(request.directory);
  conversion.write(directory);
  directory.finish();
  console.detail(concat(request.directory, ": ", conversion.tensors(), " tensors"));
  return 0;
}

void add_flags(CLI::App& command, ConvertFlags& flags) {
  add_model_flag(command, flags.model);
  FlagGroup group(command, "Output");
  group
      .add("-o,--output", flags.directory, "DIR",
           "Directory to make; it appears when it is complete: config.json, model.safetensors, the "
           "tokenizer's files, those of sentence-transformers, the card")
      .required()
      .not_empty();
  std::vector<std::string> types;
  for (const TypeName& type : kTypes) types.emplace_back(type.flag);
  group.add_choice("--dtype", flags.type, types, "TYPE",
                   "Of the weights: f32, or bf16 or f16, rounded to nearest; default: as they are");
}

}  // namespace

void add_convert_command(CLI::App& app, const Choose& choose) {
  add_command<ConvertFlags>(
      app, choose,
      {"convert", "A checkpoint as a directory in safetensors, which other tools load", add_flags,
       run});
}

}  // namespace convbert::app
