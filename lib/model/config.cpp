#include "model/config.h"

#include <map>

#include "core/error.h"
#include "core/json.h"
#include "core/numbers.h"

namespace convbert {
namespace {

constexpr const char* kFileName = "config.json";
constexpr std::int64_t kMaxSize = 1 << 20;  // of any width, and of the number of positions
constexpr std::int64_t kMaxVocabulary = 1 << 26;
constexpr std::int64_t kMaxLayers = 1024;
constexpr std::int64_t kMaxKernel = 1023;
constexpr std::int64_t kMaxGroups = 64;  // each has products of its own
constexpr std::size_t kMaxLabels = 1 << 20;

struct Defaults {
  std::int64_t embedding_size;
  std::int64_t hidden_size;
  std::int64_t heads;
  std::int64_t intermediate_size;
};

// transformers: BertConfig (no embedding_size: it is hidden_size), ElectraConfig, ConvBertConfig.
Defaults defaults_of(Family family) {
  switch (family) {
    case Family::bert: return {768, 768, 12, 3072};
    case Family::electra: return {128, 256, 4, 1024};
    case Family::convbert: return {768, 768, 12, 3072};
  }
  throw Error(ErrorKind::internal, "defaults_of: unknown family");
}

class ConfigReader {
 public:
  ConfigReader(const Json& json, std::string source) : json_(json), source_(std::move(source)) {}

  ModelConfig read() {
    ModelConfig config;
    config.family = read_family();
    const Defaults defaults = defaults_of(config.family);
    config.architecture = read_architecture();
    config.vocab_size = size("vocab_size", 30522, kMaxVocabulary);
    config.hidden_size = size("hidden_size", defaults.hidden_size);
    config.embedding_size = config.family == Family::bert
                                ? config.hidden_size
                                : size("embedding_size", defaults.embedding_size);
    config.layers = size("num_hidden_layers", 12, kMaxLayers);
    config.intermediate_size = size("intermediate_size", defaults.intermediate_size);
    config.max_positions = size("max_position_embeddings", 512);
    config.type_vocab_size = size("type_vocab_size", 2);
    config.layer_norm_epsilon = read_epsilon();
    config.activation = read_activation();
    read_attention(config, size("num_attention_heads", defaults.heads));
    if (config.family == Family::convbert) read_groups(config);
    refuse_unsupported();
    config.labels = read_labels();
    config.ties_words = json_bool(json_, "tie_word_embeddings", true, source_);
    config.problem_type = read_problem_type();
    return config;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::format, concat(source_, ": ", what));
  }

  std::int64_t size(const char* key, std::int64_t fallback, std::int64_t limit = kMaxSize) const {
    const std::int64_t value = json_integer(json_, key, fallback, source_);
    if (value < 1 || value > limit) {
      fail(concat("\"", key, "\": expected 1 to ", limit, ", found ", value));
    }
    return value;
  }

  Family read_family() const {
    const std::string type = json_string(json_, "model_type", "", source_);
    if (type == "bert") return Family::bert;
    if (type == "electra") return Family::electra;
    if (type == "convbert" || type == "conv_bert") return Family::convbert;
    if (type.empty()) fail("\"model_type\" is missing: expected convbert, bert or electra");
    fail(concat("\"model_type\": expected convbert, bert or electra, found \"", printable(type),
                "\""));
  }

  std::string read_architecture() const {
    const auto names = json_.find("architectures");
    if (names == json_.end() || names->is_null()) return "";
    if (!names->is_array() || names->empty() || !names->front().is_string()) {
      fail("\"architectures\": expected a list of names");
    }
    return names->front().get<std::string>();
  }

  float read_epsilon() const {
    const double epsilon = json_number(json_, "layer_norm_eps", 1e-12, source_);
    if (!(epsilon >= 0.0 && epsilon < 1.0)) {
      fail(concat("\"layer_norm_eps\": expected 0 to 1, found ", epsilon));
    }
    return static_cast<float>(epsilon);
  }

  nn::Activation read_activation() const {
    const std::string name = json_string(json_, "hidden_act", "gelu", source_);
    const auto activation = nn::activation_from_name(name);
    if (!activation) {
      fail(concat("\"hidden_act\": expected gelu, gelu_new, relu, silu or tanh, found \"",
                  printable(name), "\""));
    }
    return *activation;
  }

  void read_attention(ModelConfig& config, std::int64_t heads) const {
    if (config.family != Family::convbert) {
      if (config.hidden_size % heads != 0) {
        fail(concat("\"hidden_size\" ", config.hidden_size,
                    " is not a multiple of \"num_attention_heads\" ", heads));
      }
      config.attention_heads = heads;
      config.head_size = config.hidden_size / heads;
      return;
    }
    ConvolutionConfig convolution;
    convolution.kind = read_convolution_kind();
    convolution.head_ratio = size("head_ratio", 2);
    convolution.kernel_size = size("conv_kernel_size", 9, kMaxKernel);
    if (convolution.kernel_size % 2 == 0) {
      fail(concat("\"conv_kernel_size\": expected an odd number, found ", convolution.kernel_size));
    }
    // With a ratio beyond the number of heads, one head remains.
    convolution.head_ratio = std::min(convolution.head_ratio, heads);
    config.attention_heads = heads / convolution.head_ratio;
    config.head_size = config.hidden_size / config.attention_heads / 2;
    if (config.attention_width() * 2 != config.hidden_size) {
      fail(concat("\"hidden_size\" ", config.hidden_size, " is not a multiple of twice the ",
                  config.attention_heads, " attention heads that \"head_ratio\" leaves"));
    }
    config.convolution = convolution;
  }

  // A key of this program's own: transformers knows span-based convolutions only.
  ConvolutionKind read_convolution_kind() const {
    const std::string name = json_string(json_, "conv_type", "span", source_);
    for (const ConvolutionKind kind :
         {ConvolutionKind::span, ConvolutionKind::dynamic, ConvolutionKind::lightweight}) {
      if (name_of(kind) == name) return kind;
    }
    fail(concat("\"conv_type\": expected span, dynamic or lightweight, found \"", printable(name),
                "\""));
  }

  void read_groups(ModelConfig& config) const {
    config.groups = size("num_groups", 1, kMaxGroups);
    if (config.hidden_size % config.groups != 0 || config.intermediate_size % config.groups != 0) {
      fail(concat("\"num_groups\" ", config.groups, " does not divide \"hidden_size\" ",
                  config.hidden_size, " and \"intermediate_size\" ", config.intermediate_size));
    }
  }

  void refuse_unsupported() const {
    if (json_bool(json_, "is_decoder", false, source_) ||
        json_bool(json_, "add_cross_attention", false, source_)) {
      fail("a decoder: only encoders are supported");
    }
    const std::string positions =
        json_string(json_, "position_embedding_type", "absolute", source_);
    if (positions != "absolute") {
      fail(concat("\"position_embedding_type\": expected absolute, found \"", printable(positions),
                  "\""));
    }
  }

  // {"0": "negative", "1": "positive"}: every number from 0 once.
  std::vector<std::string> read_labels() const {
    const auto map = json_.find("id2label");
    if (map == json_.end() || map->is_null()) return {};
    if (!map->is_object() || map->size() > kMaxLabels) {
      fail("\"id2label\": expected an object from numbers to names");
    }
    std::vector<std::string> labels(map->size());
    std::vector<bool> seen(map->size());
    for (const auto& [key, name] : map->items()) {
      const auto id = parse_number<std::size_t>(key);
      if (!id || *id >= labels.size() || seen[*id] || !name.is_string()) {
        fail(concat("\"id2label\": expected the numbers 0 to ", labels.size() - 1,
                    " with a name each, found \"", printable(key), "\""));
      }
      seen[*id] = true;
      labels[*id] = name.get<std::string>();
    }
    return labels;
  }

  ProblemType read_problem_type() const {
    const std::string type = json_string(json_, "problem_type", "", source_);
    if (type.empty()) return ProblemType::unspecified;
    if (type == "regression") return ProblemType::regression;
    if (type == "single_label_classification") return ProblemType::single_label;
    if (type == "multi_label_classification") return ProblemType::multi_label;
    fail(concat("\"problem_type\": expected regression, single_label_classification or ",
                "multi_label_classification, found \"", printable(type), "\""));
  }

  const Json& json_;
  std::string source_;
};

}  // namespace

std::string_view name_of(Family family) {
  switch (family) {
    case Family::bert: return "bert";
    case Family::electra: return "electra";
    case Family::convbert: return "convbert";
  }
  return "unknown";
}

std::string_view name_of(ConvolutionKind kind) {
  switch (kind) {
    case ConvolutionKind::span: return "span";
    case ConvolutionKind::dynamic: return "dynamic";
    case ConvolutionKind::lightweight: return "lightweight";
  }
  return "unknown";
}

ModelConfig parse_config(std::string_view text, const std::string& source) {
  const Json json = parse_json(text, source);
  if (!json.is_object()) {
    throw Error(ErrorKind::format, concat(source, ": expected a JSON object"));
  }
  return ConfigReader(json, source).read();
}

ModelConfig read_config(const ModelFiles& files) {
  return files.parsed(kFileName, [&](std::string_view text) {
    return parse_config(text, files.path_of(kFileName));
  });
}

}  // namespace convbert
