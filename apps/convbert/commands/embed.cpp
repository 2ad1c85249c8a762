#include <optional>

#include "api/vectors.h"
#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "commands/commands.h"
#include "run/vector_command.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::jsonl, Format::json, Format::csv, Format::tsv,
                               Format::table, Format::npy,  Format::npz};

struct EmbedFlags {
  RecordFlags record;
  VectorFlags vectors;
  bool per_token = false;
};

struct EmbedRequest {
  RecordRequest record;
  VectorsOf of;
  VectorRequest vectors;
};

EmbedRequest make_request(const EmbedFlags& flags) {
  EmbedRequest request{.record = make_request(flags.record, kFormats),
                       .of = flags.per_token ? VectorsOf::tokens : VectorsOf::texts,
                       .vectors = make_request(flags.vectors)};
  refuse_terminal(request.record.output);
  if (flags.per_token && request.record.output.format == Format::npy) {
    usage_error("--per-token: texts differ in length, so they make no npy matrix; expected ",
                "--format jsonl, json or npz");
  }
  if (flags.per_token && request.vectors.stride) {
    usage_error("--per-token and --stride exclude each other");
  }
  if (flags.per_token && request.vectors.options.pooling) {
    usage_error("--per-token and --pooling exclude each other");
  }
  return request;
}

// A vector a token.
class TokenVectorCommand : public EncoderCommand {
 public:
  TokenVectorCommand(LoadedModel loaded, const VectorPlan& plan)
      : EncoderCommand(std::move(loaded)), plan_(plan) {}

  std::vector<std::string> result_names() const override {
    return {"token_embeddings", "tokens", "truncated"};
  }
  std::vector<std::string> columns() const override { return {"tokens", "token_embeddings"}; }
  std::string pair_notice() const override { return kVectorPairNotice; }

 protected:
  std::int64_t layers() const override { return plan_.layer; }

  void write_row(MatrixView hidden, const Job& job, ResultWriter& result) const override {
    result.field("tokens", tokenizer().tokens(job.encoding));
    result.field("token_embeddings", {hidden.rows, plan_.dim}, token_vectors(hidden, plan_));
  }

 private:
  VectorPlan plan_;
};

int run(const EmbedFlags& flags, Console& console) {
  const EmbedRequest request = make_request(flags);
  LoadedModel loaded = load_model(request.record, {.for_vectors = true}, console);
  const VectorPlan plan = make_plan(request.vectors.options, request.of, loaded);
  console.detail(
      concat("vectors: layer ", plan.layer,
             plan.of == VectorsOf::tokens ? ", per token" : concat(", ", name_of(plan.pooling)),
             plan.dense ? ", dense" : "",
             plan.normalization == Normalization::none ? ", " : ", normalised, ", plan.dim,
             " dimensions, texts cut at ", loaded.encode.max_length, " tokens"));
  if (plan.of == VectorsOf::tokens) {
    return run_records(request.record, TokenVectorCommand(std::move(loaded), plan), console);
  }
  return run_records(request.record, VectorCommand(std::move(loaded), plan, request.vectors.stride),
                     console);
}

void add_flags(CLI::App& command, EmbedFlags& flags) {
  add_record_flags(command, flags.record, kFormats);
  add_encoder_flags(command, flags.record.model);
  FlagGroup group(command, "Vectors");
  add_vector_flags(group, flags.vectors);
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
