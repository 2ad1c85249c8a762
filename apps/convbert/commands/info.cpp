#include <algorithm>
#include <map>

#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/table.h"
#include "cli/usage_error.h"
#include "cli/whole_output.h"
#include "commands/commands.h"
#include "core/error.h"
#include "core/json.h"
#include "core/threads.h"
#include "model/model.h"
#include "nn/compute.h"
#include "run/models.h"
#include "search/approximate/approximate_index.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::text, Format::json};

struct InfoFlags {
  std::string argument;
  std::string model;  // the same by its flag
  std::string format{name_of(kFormats[0])};
  bool tensors = false;
  bool card = false;
};

std::string_view name_of(ProblemType type) {
  switch (type) {
    case ProblemType::regression: return "regression";
    case ProblemType::single_label: return "single label";
    case ProblemType::multi_label: return "several labels";
    case ProblemType::unspecified: break;
  }
  return "unspecified";
}

// Everything that the command tells, in the order that it tells it.
class Info {
 public:
  Info(const ModelSource& source, const Model& model, const Tokenizer& tokenizer)
      : source_(source), model_(model), tokenizer_(tokenizer), config_(model.config) {}

  struct Extent {
    bool tensors;
    bool operations;
  };
  OrderedJson collect(Extent extent) const {
    OrderedJson info;
    info["model"] = model_.origin;
    info["architecture"] = config_.architecture.empty() ? "not stated" : config_.architecture;
    info["family"] = convbert::name_of(config_.family);
    add_sizes(info);
    info["tokenizer"] = tokenizer_summary();
    info["vectors"] = vectors_summary();
    info["heads"] = heads_summary();
    info["commands"] = commands();
    info["lacks"] = lacks();
    info["unused_tensors"] = model_.unused.unknown;
    info["runs_here"] = {{"precision", "f32, unless --precision says otherwise"},
                         {"native_precisions", nn::native_precisions()},
                         {"instruction_set", nn::name_of(nn::instruction_set())},
                         {"onednn", nn::onednn_version()},
                         {"faiss", faiss_version()},
                         {"threads", available_processors()}};
    if (extent.operations) info["operations"] = operations();
    if (extent.tensors) info["tensors"] = tensors();
    info["card"] = card();
    return info;
  }

 private:
  void add_sizes(OrderedJson& info) const {
    std::int64_t parameters = 0;
    std::map<std::string, std::int64_t> by_type;
    for (const auto& [name, tensor] : model_.checkpoint.tensors()) {
      if (!is_floating_point(tensor.dtype)) continue;
      parameters += tensor.elements();
      by_type[std::string(convbert::name_of(tensor.dtype))] += tensor.elements();
    }
    info["parameters"] = parameters;
    info["stored_as"] = by_type;
    info["layers"] = config_.layers;
    info["hidden_size"] = config_.hidden_size;
    info["embedding_size"] = config_.embedding_size;
    info["attention_heads"] = config_.attention_heads;
    info["head_size"] = config_.head_size;
    if (config_.convolution) {
      info["convolution"] = {{"kind", name_of(config_.convolution->kind)},
                             {"heads", config_.attention_heads},
                             {"kernel_size", config_.convolution->kernel_size},
                             {"head_ratio", config_.convolution->head_ratio}};
    }
    info["intermediate_size"] = config_.intermediate_size;
    info["groups"] = config_.groups;
    info["activation"] = nn::name_of(config_.activation);
    info["max_positions"] = config_.max_positions;
  }

  OrderedJson tokenizer_summary() const {
    const TokenizerSpec& spec = tokenizer_.spec();
    return {{"type", "WordPiece"},
            {"tokens", spec.vocab.size()},
            {"lowercase", spec.normalizer.lowercase},
            {"strip_accents", spec.normalizer.strips_accents()}};
  }

  OrderedJson vectors_summary() const {
    const SentenceConfig& sentence = source_.sentence;
    OrderedJson vectors{{"pooling", convbert::name_of(sentence.pooling)}};
    std::int64_t width = config_.hidden_size;
    for (const DenseModule& module : sentence.dense) {
      width = module.out;
      vectors["dense"].push_back(
          {{"dimensions", width}, {"activation", nn::name_of(module.activation)}});
    }
    vectors["normalize"] = sentence.normalize;
    vectors["dimensions"] = std::min(sentence.dim.value_or(width), width);
    if (sentence.max_length) vectors["max_length"] = *sentence.max_length;
    vectors["from"] = sentence.found ? "modules.json" : "defaults";
    for (const std::string& reason : {sentence.unsupported_prompt, sentence.unsupported}) {
      if (!reason.empty()) vectors["unsupported"] = reason;
    }
    return vectors;
  }

  OrderedJson heads_summary() const {
    OrderedJson heads = OrderedJson::array();
    for (const Head& head : model_.heads) {
      OrderedJson summary{{"kind", convbert::name_of(head.kind())}};
      if (head.kind() == HeadKind::sequence_classification) {
        summary["problem"] = name_of(resolve_problem_type(config_, head.outputs()));
      }
      if (info_of(head.kind()).outputs == HeadOutputs::labels) summary["labels"] = config_.labels;
      heads.push_back(summary);
    }
    return heads;
  }

  std::vector<std::string> commands() const {
    std::vector<std::string> names{"tokenize", "embed",    "attention",
                                   "similar",  "evaluate", "convert"};
    for (const Head& head : model_.heads) names.emplace_back(info_of(head.kind()).command);
    return names;
  }

  // By command, what the checkpoint would have to have for it.
  OrderedJson lacks() const {
    OrderedJson lacks = OrderedJson::object();
    for (const HeadKindInfo& kind : head_kinds()) {
      if (model_.head(kind.kind) != nullptr) continue;
      const HeadForm* form = form_of(kind.kind, config_.family);
      std::string what = concat("a head for ", kind.name);
      if (form == nullptr) {
        what += concat(", which ", convbert::name_of(config_.family), " has none of");
      } else {
        what += concat(" (", form->dense.empty() ? form->output : form->dense, ".weight)");
      }
      lacks[std::string(kind.command)] = what;
    }
    return lacks;
  }

  OrderedJson tensors() const {
    OrderedJson list = OrderedJson::array();
    for (const auto& [name, tensor] : model_.checkpoint.tensors()) {
      list.push_back(
          {{"name", name}, {"dtype", convbert::name_of(tensor.dtype)}, {"shape", tensor.shape}});
    }
    return list;
  }

  // What computes each part of a layer here.
  OrderedJson operations() const {
    OrderedJson list = OrderedJson::array();
    for (const auto& [part, kernel] : model_.encoder.operations()) {
      list.push_back({{"part", part}, {"kernel", kernel}});
    }
    return list;
  }

  // README.md, which is a model's card, without the block of YAML that the hub puts first.
  std::string card() const {
    if (!source_.files.contains("README.md")) return "";
    const FileBytes file = source_.files.open("README.md");
    std::string_view text = file.text();
    if (text.starts_with("---\n")) {
      const std::size_t end = text.find("\n---\n", 3);
      if (end != std::string_view::npos) text.remove_prefix(end + 5);
    }
    const std::size_t first = text.find_first_not_of('\n');
    return std::string(first == std::string_view::npos ? "" : text.substr(first));
  }

  const ModelSource& source_;
  const Model& model_;
  const Tokenizer& tokenizer_;
  const ModelConfig& config_;
};

// One value on one line: numbers grouped, lists and objects flat.
std::string to_line(const OrderedJson& value) {
  if (value.is_string()) return printable(value.get<std::string>(), 200);
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_integer()) return grouped(value.get<std::int64_t>());
  std::string line;
  for (const auto& [key, part] : value.items()) {
    if (!line.empty()) line += ", ";
    if (value.is_object()) {
      std::string name = key;
      std::ranges::replace(name, '_', ' ');
      line += name + " ";
    }
    line += part.is_array() ? "(" + to_line(part) + ")" : to_line(part);
  }
  return line.empty() ? "none" : line;
}

std::string to_text(const OrderedJson& info) {
  Table summary({Align::left});
  for (const auto& [key, value] : info.items()) {
    if (key == "card" || key == "tensors" || key == "operations" || key == "lacks") continue;
    std::string label = key;
    std::ranges::replace(label, '_', ' ');
    summary.add({label, to_line(value)});
  }
  std::string text = summary.text();
  if (!info["lacks"].empty()) {
    Table lacks({Align::left});
    for (const auto& [command, what] : info["lacks"].items()) {
      lacks.add({command, what.get<std::string>()});
    }
    text += "\nOther commands would need:\n" + lacks.text();
  }
  if (info.contains("operations")) {
    Table operations({Align::left});
    for (const OrderedJson& operation : info["operations"]) {
      operations.add(
          {operation["part"].get<std::string>(), operation["kernel"].get<std::string>()});
    }
    text += "\nA layer, in f32:\n" + operations.text();
  }
  if (info.contains("tensors")) {
    Table tensors({Align::left});
    for (const OrderedJson& tensor : info["tensors"]) {
      tensors.add({printable(tensor["name"].get<std::string>(), 200),
                   tensor["dtype"].get<std::string>(), tensor["shape"].dump()});
    }
    text += "\n" + tensors.text();
  }
  return text;
}

// Throws Error(usage) for a model without one.
std::string card_text(const OrderedJson& info) {
  const auto card = info["card"].get<std::string>();
  if (card.empty()) {
    usage_error("--card: ", printable(info["model"].get<std::string>()),
                " has no README.md, which is where a model's card is");
  }
  return printable_lines(card);
}

int run(const InfoFlags& flags, Console& console) {
  const ModelSource source =
      open_model_source(flags.argument.empty() ? flags.model : flags.argument);
  const Tokenizer tokenizer = open_tokenizer(source);
  const Model model = load_model(
      source.files, {.threads = available_processors(), .classifier = source.classifier});
  const OrderedJson info =
      Info(source, model, tokenizer)
          .collect({.tensors = flags.tensors, .operations = console.is_verbose()});
  const bool is_json = format_from_name(flags.format, kFormats) == Format::json;
  // Names and the card are the model's own words, which need not be UTF-8.
  write_whole(OutputFile::standard_output(), is_json      ? file_text(info)
                                             : flags.card ? card_text(info)
                                                          : to_text(info));
  return 0;
}

void add_flags(CLI::App& command, InfoFlags& flags) {
  FlagGroup model(command, "Model");
  const Flag argument =
      model.add_argument("MODEL", flags.argument, "As --model of the other commands").not_empty();
  model.add("-m,--model", flags.model, "MODEL", "The same").not_empty().excludes(argument);
  FlagGroup output(command, "Output");
  output
      .add_choice("-f,--format", flags.format, names_of(kFormats), "FORMAT",
                  list_of(names_of(kFormats)))
      .with_default();
  const Flag card = output.add_flag(
      "--card", flags.card, "Show the model's README.md instead, which json has as \"card\"");
  output.add_flag("--tensors", flags.tensors, "List the checkpoint's tensors, too").excludes(card);
}

}  // namespace

void add_info_command(CLI::App& app, const Choose& choose) {
  add_command<InfoFlags>(
      app, choose, {"info", "What a model is, what it can do, how it runs here", add_flags, run});
}

}  // namespace convbert::app
