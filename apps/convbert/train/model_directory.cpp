#include "train/model_directory.h"

#include "core/json.h"
#include "run/copied_files.h"
#include "train/model_tensors.h"

namespace convbert::app {
namespace {

std::string_view use_of(const LabelPlan& plan) {
  const auto head = plan.head();
  if (!head) return "Model";
  return *head == HeadKind::token_classification ? "ForTokenClassification"
                                                 : "ForSequenceClassification";
}

std::string_view problem_type_of(LearningTask task) {
  switch (task) {
    case LearningTask::classify:
    case LearningTask::distill: return "single_label_classification";
    case LearningTask::multilabel: return "multi_label_classification";
    case LearningTask::regress: return "regression";
    default: return "";
  }
}

std::string config_text(const TrainedModelFiles& model) {
  const FileBytes file = model.source.files.open("config.json");
  auto json = OrderedJson::parse(file.text());  // which read_config() has checked
  name_architecture(model.config.family, use_of(model.plan), json);
  if (model.plan.head()) {
    OrderedJson names = OrderedJson::object();
    OrderedJson numbers = OrderedJson::object();
    for (std::int64_t i = 0; i < model.plan.outputs(); ++i) {
      const std::string name = model.plan.names.empty()
                                   ? concat("LABEL_", i)
                                   : model.plan.names[static_cast<std::size_t>(i)];
      names[std::to_string(i)] = name;
      numbers[name] = i;
    }
    json["id2label"] = std::move(names);
    json["label2id"] = std::move(numbers);
    if (const auto type = problem_type_of(model.plan.task); !type.empty()) {
      json["problem_type"] = type;
    }
  }
  return file_text(json);
}

// Texts are cut as those were that it learnt from.
void write_limits(const TrainedModelFiles& model, const std::string& prefix,
                  OutputDirectory& directory) {
  const SentenceConfig& sentence = model.source.sentence;
  const std::int64_t length =
      model.max_length.value_or(sentence.max_length.value_or(model.config.max_positions));
  const OrderedJson limits{{"max_seq_length", length}, {"do_lower_case", sentence.lowercase}};
  directory.add(prefix + "sentence_bert_config.json", limits.dump(2) + "\n");
}

// Of a model that had none: mean or first token, then a length of 1, as cosines are all that its
// vectors were fitted by.
void write_sentence_steps(const TrainedModelFiles& model, OutputDirectory& directory) {
  const bool is_mean = model.source.sentence.pooling == Pooling::mean;
  const OrderedJson steps{{{"idx", 0},
                           {"name", "0"},
                           {"path", ""},
                           {"type", "sentence_transformers.models.Transformer"}},
                          {{"idx", 1},
                           {"name", "1"},
                           {"path", "1_Pooling"},
                           {"type", "sentence_transformers.models.Pooling"}},
                          {{"idx", 2},
                           {"name", "2"},
                           {"path", "2_Normalize"},
                           {"type", "sentence_transformers.models.Normalize"}}};
  const OrderedJson pooling{{"word_embedding_dimension", model.config.hidden_size},
                            {"pooling_mode_cls_token", !is_mean},
                            {"pooling_mode_mean_tokens", is_mean},
                            {"pooling_mode_max_tokens", false},
                            {"pooling_mode_mean_sqrt_len_tokens", false}};
  directory.add("modules.json", steps.dump(2) + "\n");
  directory.add("1_Pooling/config.json", pooling.dump(2) + "\n");
  write_limits(model, "", directory);
}

}  // namespace

void write_model(const TrainedModelFiles& model, OutputDirectory& directory) {
  const SentenceConfig& sentence = model.source.sentence;
  const bool is_of_vectors = model.plan.gives_vectors();
  // transformers looks for a head in the directory itself.
  const bool fits_both = model.keeps_vectors && sentence.transformer_folder.empty();
  const bool keeps_steps = sentence.found && (is_of_vectors || fits_both);
  const std::string folder = keeps_steps ? sentence.transformer_folder : "";
  const std::string prefix = folder.empty() ? "" : folder + "/";
  directory.add(prefix + "config.json", config_text(model));
  directory.add(prefix + "model.safetensors", [&](const OutputDirectory::Put& put) {
    write_tensors(model.parameters, model.config.family, put);
  });
  copy_tokenizer(model.source.files, prefix, directory);
  if (keeps_steps) {
    if (model.max_length && is_of_vectors) {
      write_limits(model, prefix, directory);
    } else {
      copy_file(model.source.files, "sentence_bert_config.json", prefix, directory);
    }
    copy_file(model.top, "modules.json", "", directory);
    copy_file(model.top, "config_sentence_transformers.json", "", directory);
    copy_sentence_steps(model.top, sentence, directory);
  } else if (is_of_vectors) {
    write_sentence_steps(model, directory);
  }
}

}  // namespace convbert::app
