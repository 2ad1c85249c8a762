#include <optional>

#include "api/vectors.h"
#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "commands/commands.h"
#include "nn/compute.h"
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
  std::optional<std::int64_t> stride;
};

struct EmbedRequest {
  RecordRequest record;
  VectorsOf of;
  VectorOptions vectors;
  std::optional<std::int64_t> stride;
};

EmbedRequest make_request(const EmbedFlags& flags) {
  EmbedRequest request{.record = make_request(flags.record, kFormats),
                       .of = flags.per_token ? VectorsOf::tokens : VectorsOf::texts,
                       .vectors = {.layer = flags.layer, .dim = flags.dim},
                       .stride = flags.stride};
  if (flags.pooling) request.vectors.pooling = pooling_from_name(*flags.pooling);
  if (flags.normalize || flags.no_normalize) request.vectors.normalize = flags.normalize;
  refuse_terminal(request.record.output);
  if (flags.per_token && request.record.output.format == Format::npy) {
    usage_error("--per-token: texts differ in length, so they make no npy matrix; expected ",
                "--format jsonl, json or npz");
  }
  if (flags.per_token && flags.stride) {
    usage_error("--per-token and --stride exclude each other");
  }
  if (flags.per_token && flags.pooling) {
    usage_error("--per-token and --pooling exclude each other");
  }
  return request;
}

VectorPlan make_plan(const EmbedRequest& request, const LoadedModel& loaded) {
  const std::string& unsupported = loaded.sentence.unsupported;
  if (!unsupported.empty() && !(request.vectors.pooling && request.vectors.normalize)) {
    throw Error(ErrorKind::format, concat(unsupported, "; --pooling and --normalize or ",
                                          "--no-normalize decide instead of it"));
  }
  return naming_flags([&] { return plan_vectors(loaded, request.vectors, request.of); });
}

class EmbedCommand : public EncoderCommand {
 public:
  EmbedCommand(LoadedModel loaded, const VectorPlan& plan, std::optional<std::int64_t> stride)
      : EncoderCommand(std::move(loaded)), plan_(plan), stride_(stride) {}

  std::vector<std::string> result_names() const override {
    if (is_of_tokens()) return {"token_embeddings", "tokens", "truncated"};
    return {"embedding", "truncated"};
  }
  std::vector<std::string> columns() const override { return {"embedding"}; }
  std::int64_t row_width() const override { return is_of_tokens() ? 0 : plan_.dim; }
  std::string pair_notice() const override {
    return "a record with a pair gives one vector for both texts; --pair-field '' leaves the "
           "second out";
  }

 protected:
  std::int64_t layers() const override { return plan_.layer; }

  void encode(Job& job) const override {
    if (!stride_) return encode_job(loaded(), job);
    encode_windows(loaded(), *stride_, job);
  }

  // Vectors of tokens, or a pooled one a sequence.
  Output run_head(const Batch& batch, const nn::PaddedRows& hidden,
                  Workspace& workspace) const override {
    if (is_of_tokens()) return Output::of_tokens(batch, hidden);
    const nn::PaddedRows pooled = nn::allocate_rows(workspace, batch.sequences(), hidden.columns);
    for (std::int64_t s = 0; s < batch.sequences(); ++s) {
      pool(plan_.pooling, rows_of(hidden, batch, s), pooled.row_span(s));
    }
    return Output::of_sequences(batch, pooled);
  }

  void write_row(MatrixView rows, const Job& job, ResultWriter& result) const override {
    if (is_of_tokens()) return write_tokens(rows, job, result);
    std::vector<std::int64_t> tokens;
    for (const Encoding* window : windows_of(job)) tokens.push_back(std::ssize(window->ids));
    const std::vector<float> vector = finish_vector(mean_of_windows(rows, tokens), plan_);
    result.field("embedding", std::span<const float>(vector));
  }

 private:
  bool is_of_tokens() const { return plan_.of == VectorsOf::tokens; }

  void write_tokens(MatrixView hidden, const Job& job, ResultWriter& result) const {
    result.field("tokens", tokenizer().tokens(job.encoding));
    result.field("token_embeddings", {hidden.rows, plan_.dim}, token_vectors(hidden, plan_));
  }

  VectorPlan plan_;
  std::optional<std::int64_t> stride_;  // none: long texts are cut
};

int run(const EmbedFlags& flags, Console& console) {
  const EmbedRequest request = make_request(flags);
  LoadedModel loaded = load_model(request.record, {.for_vectors = true}, console);
  const VectorPlan plan = make_plan(request, loaded);
  console.detail(
      concat("vectors: layer ", plan.layer,
             plan.of == VectorsOf::tokens ? ", per token" : concat(", ", name_of(plan.pooling)),
             plan.normalization == Normalization::none ? ", " : ", normalised, ", plan.dim,
             " dimensions, texts cut at ", loaded.encode.max_length, " tokens"));
  return run_records(request.record, EmbedCommand(std::move(loaded), plan, request.stride),
                     console);
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
  group
      .add("--dim", flags.dim, "N", "Keep the first N dimensions; --normalize scales what is kept")
      ->check(within(1, 1 << 20));
  group.add_flag("--per-token", flags.per_token,
                 "A vector for each token, [CLS] and [SEP] included, instead of each text; not "
                 "normalised unless asked for");
  add_window_flag(group, flags.stride);
}

}  // namespace

void add_embed_command(CLI::App& app, const Choose& choose) {
  add_command<EmbedFlags>(app, choose,
                          {"embed", "A vector for each text, or for each token", add_flags, run});
}

}  // namespace convbert::app
