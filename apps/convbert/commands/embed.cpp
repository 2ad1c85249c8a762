#include <optional>

#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "commands/commands.h"
#include "model/pooling.h"
#include "run/encoder_command.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::jsonl, Format::json, Format::npy, Format::npz};

struct EmbedFlags {
  RecordFlags record;
  std::optional<std::string> pooling;
  bool normalize = false;
  bool no_normalize = false;
  std::optional<std::int64_t> layer;
  std::int64_t dim = 0;  // 0: all
  bool per_token = false;
};

// What is not asked for, the model says.
struct EmbedRequest {
  RecordRequest record;
  std::optional<Pooling> pooling;
  std::optional<bool> normalize;
  std::optional<std::int64_t> layer;
  std::int64_t dim;  // 0: all
  bool per_token;
};

EmbedRequest make_request(const EmbedFlags& flags) {
  EmbedRequest request{.record = make_request(flags.record, kFormats),
                       .pooling = std::nullopt,
                       .normalize = std::nullopt,
                       .layer = flags.layer,
                       .dim = flags.dim,
                       .per_token = flags.per_token};
  if (flags.pooling) request.pooling = pooling_from_name(*flags.pooling);
  if (flags.normalize || flags.no_normalize) request.normalize = flags.normalize;
  refuse_terminal(request.record.output);
  if (flags.per_token && request.record.output.format == Format::npy) {
    usage_error("--per-token: texts differ in length, so they make no npy matrix; expected ",
                "--format jsonl, json or npz");
  }
  if (flags.per_token && flags.pooling) {
    usage_error("--per-token and --pooling exclude each other");
  }
  return request;
}

// The request with the model's own answers filled in.
struct VectorPlan {
  Pooling pooling;
  bool normalize;
  std::int64_t layer;
  std::int64_t dim;
  bool per_token;
};

VectorPlan make_plan(const EmbedRequest& request, const LoadedModel& loaded) {
  const ModelConfig& config = loaded.model.config;
  const SentenceConfig& sentence = loaded.sentence;
  if (!sentence.unsupported.empty() && !(request.pooling && request.normalize)) {
    throw Error(ErrorKind::format, concat(sentence.unsupported, "; --pooling and --normalize or ",
                                          "--no-normalize decide instead of it"));
  }
  VectorPlan plan{
      .pooling = request.pooling.value_or(sentence.pooling),
      .normalize = request.normalize.value_or(sentence.normalize && !request.per_token),
      .layer = request.layer.value_or(config.layers),
      .dim = request.dim > 0 ? request.dim : config.hidden_size,
      .per_token = request.per_token,
  };
  if (plan.layer < 0) plan.layer += config.layers + 1;
  if (plan.layer < 0 || plan.layer > config.layers) {
    usage_error("--layer: expected 0 (the embeddings) to ", config.layers, ", found ",
                *request.layer);
  }
  if (plan.dim > config.hidden_size) {
    usage_error("--dim: expected 1 to ", config.hidden_size,
                ", the size of the model's vectors, found ", plan.dim);
  }
  return plan;
}

class EmbedCommand : public EncoderCommand {
 public:
  EmbedCommand(LoadedModel loaded, const VectorPlan& plan)
      : EncoderCommand(std::move(loaded)), plan_(plan) {}

  std::vector<std::string> result_names() const override {
    if (plan_.per_token) return {"token_embeddings", "tokens", "truncated"};
    return {"embedding", "truncated"};
  }
  std::vector<std::string> columns() const override { return {"embedding"}; }
  std::int64_t row_width() const override { return plan_.per_token ? 0 : plan_.dim; }
  std::string pair_notice() const override {
    return "a record with a pair gives one vector for both texts; --pair-field '' leaves the "
           "second out";
  }

 protected:
  std::int64_t layers() const override { return plan_.layer; }

  void write_row(MatrixView hidden, const Job& job, ResultWriter& result) const override {
    if (plan_.per_token) return write_tokens(hidden, job, result);
    std::vector<float> vector(static_cast<std::size_t>(hidden.columns));
    pool(plan_.pooling, hidden, vector);
    if (plan_.normalize) normalize(vector);
    vector.resize(static_cast<std::size_t>(plan_.dim));
    result.field("embedding", std::span<const float>(vector));
  }

 private:
  void write_tokens(MatrixView hidden, const Job& job, ResultWriter& result) const {
    std::vector<float> vectors;
    for (std::int64_t row = 0; row < hidden.rows; ++row) {
      const std::span<float> vector = hidden.row_span(row);
      if (plan_.normalize) normalize(vector);
      vectors.insert(vectors.end(), vector.begin(), vector.begin() + plan_.dim);
    }
    result.field("tokens", tokenizer().tokens(job.encoding));
    result.field("token_embeddings", {hidden.rows, plan_.dim}, vectors);
  }

  VectorPlan plan_;
};

int run(const EmbedFlags& flags, Console& console) {
  const EmbedRequest request = make_request(flags);
  LoadedModel loaded =
      load_model(request.record, {.parts = ModelParts::encoder, .for_vectors = true}, console);
  const VectorPlan plan = make_plan(request, loaded);
  console.detail(concat("vectors: layer ", plan.layer,
                        plan.per_token ? ", per token" : concat(", ", name_of(plan.pooling)),
                        plan.normalize ? ", normalised, " : ", ", plan.dim,
                        " dimensions, texts cut at ", loaded.encode.max_length, " tokens"));
  return run_records(request.record, EmbedCommand(std::move(loaded), plan), console);
}

void add_flags(CLI::App& command, EmbedFlags& flags) {
  add_record_flags(command, flags.record, kFormats);
  add_encoder_flags(command, flags.record.model);
  FlagGroup group(command, "Vectors");
  group.add_choice("--pooling", flags.pooling, {"mean", "cls", "max", "last"}, "HOW",
                   "mean, cls, max or last over all tokens; default: what the model says, else "
                   "mean");
  CLI::Option* normalize =
      group.add_flag("--normalize", flags.normalize,
                     "Scale vectors to length 1; default: what the model says, else not");
  group.add_flag("--no-normalize", flags.no_normalize, "Leave vectors as they are")
      ->excludes(normalize);
  group.add("--layer", flags.layer, "N",
            "Hidden states after so many layers: 0 the embeddings, -1 the last (default)");
  group.add("--dim", flags.dim, "N", "Keep the first N dimensions")->check(within(1, 1 << 20));
  group.add_flag("--per-token", flags.per_token,
                 "A vector for each token, [CLS] and [SEP] included, instead of each text; not "
                 "normalised unless asked for");
}

}  // namespace

void add_embed_command(CLI::App& app, const Choose& choose) {
  add_command<EmbedFlags>(app, choose,
                          {"embed", "A vector for each text, or for each token", add_flags, run});
}

}  // namespace convbert::app
