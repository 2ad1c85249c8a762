#include "train/model_directory.h"

#include "core/json.h"
#include "run/copied_files.h"
#include "train/model_tensors.h"

namespace convbert::app {
namespace {

std::string_view use_of(const TrainedModelFiles& model) {
  const auto head = model.plan.head();
  if (!head || model.pooling_of_head) return "Model";
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
  name_architecture(model.config.family, use_of(model), json);
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

// A module of sentence-transformers; the first has no folder of its own.
OrderedJson module_json(std::int64_t index, const std::string& name) {
  const std::string number = std::to_string(index);
  return {{"idx", index},
          {"name", number},
          {"path", index == 0 ? "" : number + "_" + name},
          {"type", "sentence_transformers.models." + name}};
}

// A transformer, a pooling and `last`.
void write_sentence_steps(const TrainedModelFiles& model, Pooling pooling, const std::string& last,
                          OutputDirectory& directory) {
  const OrderedJson steps{module_json(0, "Transformer"), module_json(1, "Pooling"),
                          module_json(2, last)};
  const bool is_mean = pooling == Pooling::mean;
  const OrderedJson settings{{"word_embedding_dimension", model.config.hidden_size},
                             {"pooling_mode_cls_token", !is_mean},
                             {"pooling_mode_mean_tokens", is_mean},
                             {"pooling_mode_max_tokens", false},
                             {"pooling_mode_mean_sqrt_len_tokens", false}};
  directory.add("modules.json", steps.dump(2) + "\n");
  directory.add("1_Pooling/config.json", settings.dump(2) + "\n");
  write_limits(model, "", directory);
}

void write_encoder(const TrainedModelFiles& model, const std::string& prefix,
                   OutputDirectory& directory) {
  directory.add(prefix + "config.json", config_text(model));
  directory.add(prefix + "model.safetensors", [&](const OutputDirectory::Put& put) {
    if (model.pooling_of_head) return write_tensors(model.parameters.encoder, put);
    write_tensors(model.parameters, model.config.family, put);
  });
  copy_tokenizer(model.source.files, prefix, directory);
}

// The vector as it leaves the pooling, and a Dense module whose outputs are the labels' logits.
void write_vector_classifier(const TrainedModelFiles& model, OutputDirectory& directory) {
  write_encoder(model, "", directory);
  write_sentence_steps(model, *model.pooling_of_head, "Dense", directory);
  const OrderedJson dense{{"in_features", model.config.hidden_size},
                          {"out_features", model.plan.outputs()},
                          {"bias", true},
                          {"activation_function", "torch.nn.modules.linear.Identity"}};
  directory.add("2_Dense/config.json", dense.dump(2) + "\n");
  directory.add("2_Dense/model.safetensors", [&](const OutputDirectory::Put& put) {
    write_tensors(*model.parameters.head, put);
  });
}

}  // namespace

void write_model(const TrainedModelFiles& model, OutputDirectory& directory) {
  if (model.pooling_of_head) return write_vector_classifier(model, directory);
  const SentenceConfig& sentence = model.source.sentence;
  const bool is_of_vectors = model.plan.gives_vectors();
  // transformers looks for a head in the directory itself.
  const bool fits_both = model.keeps_vectors && sentence.transformer_folder.empty();
  // A classifier of other vectors, or with other labels, is of no use any more.
  const bool has_classifier = !sentence.classifier_folder.empty();
  const bool keeps_steps = sentence.found && !has_classifier && (is_of_vectors || fits_both);
  const std::string folder = keeps_steps ? sentence.transformer_folder : "";
  const std::string prefix = folder.empty() ? "" : folder + "/";
  write_encoder(model, prefix, directory);
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
    // A length of 1, as cosines are all that its vectors were fitted by.
    write_sentence_steps(model, sentence.pooling, "Normalize", directory);
  }
}

}  // namespace convbert::app
