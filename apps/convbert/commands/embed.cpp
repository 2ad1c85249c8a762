#include <optional>

#include "commands/commands.h"
#include "core/error.h"
#include "io/json_text.h"
#include "io/npy.h"
#include "model/pooling.h"
#include "nn/compute.h"
#include "run/model_run.h"
#include "run/record_command.h"

namespace convbert::app {
namespace {

struct EmbedOptions {
  RecordOptions record;
  std::optional<Pooling> pooling;
  std::optional<bool> normalize;
  std::optional<std::int64_t> layer;
  std::int64_t dim = 0;  // 0: all
  bool per_token = false;
};

// The options with the model's own answers filled in.
struct VectorPlan {
  Pooling pooling;
  bool normalize;
  std::int64_t layer;
  std::int64_t dim;
  bool per_token;
};

class EmbedCommand : public RecordCommand {
 public:
  EmbedCommand(LoadedModel loaded, const VectorPlan& plan, std::string format)
      : loaded_(std::move(loaded)), plan_(plan), format_(std::move(format)) {}

  std::vector<std::string> result_names() const override {
    if (plan_.per_token) return {"token_embeddings", "tokens", "truncated"};
    return {"embedding", "truncated"};
  }
  void prepare(Job& job) const override { encode_job(loaded_, job); }
  std::string pair_notice() const override {
    return "a record with a pair gives one vector for both texts; --pair-field '' leaves the "
           "second out";
  }
  std::int64_t row_width() const override { return plan_.per_token ? 0 : plan_.dim; }

  ComputeBatch make_worker(const RecordStyle& style) const override {
    auto workspace = std::make_shared<Workspace>();
    return [this, style, workspace](std::span<Job> jobs, int threads) {
      const nn::ComputeScope scope(threads);
      const PackedJobs packed = pack(jobs);
      const Workspace::Frame frame(*workspace);
      const MatrixView hidden =
          nn::allocate_rows(*workspace, packed.batch.tokens(), loaded_.model.config.hidden_size);
      loaded_.model.encoder.forward(packed.batch, plan_.layer, hidden, *workspace);
      for (std::int64_t s = 0; s < packed.batch.sequences(); ++s) {
        const MatrixView rows = rows_of(hidden, packed.batch, s);
        Job& job = *packed.jobs[static_cast<std::size_t>(s)];
        plan_.per_token ? put_tokens(rows, job, style) : put_vector(rows, job, style);
      }
    };
  }

 private:
  void put_vector(MatrixView hidden, Job& job, const RecordStyle& style) const {
    std::vector<float> vector(static_cast<std::size_t>(hidden.columns));
    pool(plan_.pooling, hidden, vector);
    if (plan_.normalize) normalize(vector);
    vector.resize(static_cast<std::size_t>(plan_.dim));
    if (!all_finite(vector)) return fail_not_finite(job);
    if (format_ == "npy" || format_ == "npz") {
      job.output.assign(reinterpret_cast<const char*>(vector.data()),
                        vector.size() * sizeof(float));
      return;
    }
    begin_record(job.output, job.record, style);
    append_truncated(job.output, job, style);
    append_result_name(job.output, "embedding", style);
    append_json_array(job.output, std::span<const float>(vector));
    job.output += '}';
  }

  void put_tokens(MatrixView hidden, Job& job, const RecordStyle& style) const {
    const std::vector<std::string> tokens = loaded_.tokenizer.tokens(job.encoding);
    std::vector<float> vectors;
    for (std::int64_t row = 0; row < hidden.rows; ++row) {
      const std::span<float> vector = hidden.row_span(row);
      if (plan_.normalize) normalize(vector);
      if (!all_finite(vector)) return fail_not_finite(job);
      vectors.insert(vectors.end(), vector.begin(), vector.begin() + plan_.dim);
    }
    if (format_ == "npz") {
      job.arrays.emplace_back(style.result_prefix + "tokens", npy_array(tokens));
      job.arrays.emplace_back(style.result_prefix + "token_embeddings",
                              npy_array({hidden.rows, plan_.dim}, std::span<const float>(vectors)));
      return;
    }
    std::string& out = job.output;
    begin_record(out, job.record, style);
    append_truncated(out, job, style);
    append_result_name(out, "tokens", style);
    append_json_array(out, tokens);
    append_result_name(out, "token_embeddings", style);
    out += '[';
    const auto dim = static_cast<std::size_t>(plan_.dim);
    for (std::size_t row = 0; row < tokens.size(); ++row) {
      if (row > 0) out += ',';
      append_json_array(out, std::span<const float>(vectors).subspan(row * dim, dim));
    }
    out += "]}";
  }

  LoadedModel loaded_;
  VectorPlan plan_;
  std::string format_;
};

VectorPlan make_plan(const EmbedOptions& options, const LoadedModel& loaded) {
  const ModelConfig& config = loaded.model.config;
  const SentenceConfig& sentence = loaded.sentence;
  if (!sentence.unsupported.empty() && !(options.pooling && options.normalize)) {
    throw Error(ErrorKind::format, concat(sentence.unsupported, "; --pooling and --normalize or ",
                                          "--no-normalize decide instead of it"));
  }
  VectorPlan plan{
      .pooling = options.pooling.value_or(sentence.pooling),
      .normalize = options.normalize.value_or(sentence.normalize && !options.per_token),
      .layer = options.layer.value_or(config.layers),
      .dim = options.dim > 0 ? options.dim : config.hidden_size,
      .per_token = options.per_token,
  };
  if (plan.layer < 0) plan.layer += config.layers + 1;
  if (plan.layer < 0 || plan.layer > config.layers) {
    throw Error(ErrorKind::usage, concat("--layer: expected 0 (the embeddings) to ", config.layers,
                                         ", found ", *options.layer));
  }
  if (plan.dim > config.hidden_size) {
    throw Error(ErrorKind::usage, concat("--dim: expected 1 to ", config.hidden_size,
                                         ", the size of the model's vectors, found ", plan.dim));
  }
  return plan;
}

int run(EmbedOptions& options, Console& console) {
  validate(options.record);
  refuse_terminal(options.record.output);
  if (options.per_token && options.record.output.format == "npy") {
    throw Error(ErrorKind::usage,
                "--per-token: texts differ in length, so they make no npy "
                "matrix; expected --format jsonl, json or npz");
  }
  if (options.per_token && options.pooling) {
    throw Error(ErrorKind::usage, "--per-token and --pooling exclude each other");
  }
  LoadedModel loaded = load_for_records(options.record, ModelParts::encoder, true, console);
  const VectorPlan plan = make_plan(options, loaded);
  console.detail(concat("vectors: layer ", plan.layer,
                        plan.per_token ? ", per token" : concat(", ", name_of(plan.pooling)),
                        plan.normalize ? ", normalised, " : ", ", plan.dim,
                        " dimensions, texts cut at ", loaded.encode.max_length, " tokens"));
  return run_records(options.record,
                     EmbedCommand(std::move(loaded), plan, options.record.output.format), console);
}

}  // namespace

void add_embed_command(CLI::App& app, const Choose& choose) {
  constexpr const char* kGroup = "Vectors";
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* command = app.add_subcommand("embed", "A vector for each text, or for each token");
  add_record_options(*command, options->record, {"jsonl", "json", "npy", "npz"});
  add_model_options(*command, options->record.model, true);
  command
      ->add_option_function<std::string>(
          "--pooling",
          [options](const std::string& name) { options->pooling = pooling_from_name(name); },
          "mean, cls, max or last over all tokens; default: what the model says, else mean")
      ->check(CLI::IsMember({"mean", "cls", "max", "last"}).description(""))
      ->group(kGroup)
      ->type_name("HOW");
  CLI::Option* normalize =
      command
          ->add_flag_callback(
              "--normalize", [options] { options->normalize = true; },
              "Scale vectors to length 1; default: what the model says, else not")
          ->group(kGroup);
  command
      ->add_flag_callback(
          "--no-normalize", [options] { options->normalize = false; }, "Leave vectors as they are")
      ->excludes(normalize)
      ->group(kGroup);
  command
      ->add_option("--layer", options->layer,
                   "Hidden states after so many layers: 0 the embeddings, -1 the last (default)")
      ->group(kGroup)
      ->type_name("N");
  command->add_option("--dim", options->dim, "Keep the first N dimensions")
      ->check(CLI::Range(1, 1 << 20).description(""))
      ->group(kGroup)
      ->type_name("N");
  command
      ->add_flag("--per-token", options->per_token,
                 "A vector for each token, [CLS] and [SEP] included, instead of each text; not "
                 "normalised unless asked for")
      ->group(kGroup);
  command->callback([options, choose] {
    choose(options->record.console, [options](Console& console) { return run(*options, console); });
  });
}

}  // namespace convbert::app
