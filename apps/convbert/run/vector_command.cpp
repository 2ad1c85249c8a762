#include "run/vector_command.h"

#include "cli/flag_group.h"
#include "cli/flags.h"
#include "nn/compute.h"

namespace convbert::app {

void add_vector_flags(FlagGroup& group, VectorFlags& flags) {
  group.add_choice("--pooling", flags.pooling, {"mean", "cls", "max", "last"}, "HOW",
                   "mean, cls, max or last over all tokens; default: what the model says, else "
                   "mean");
  const Flag normalize =
      group.add_flag("--normalize", flags.normalize,
                     "Scale vectors to length 1; default: what the model says, else not");
  group.add_flag("--no-normalize", flags.no_normalize, "Leave vectors as they are")
      .excludes(normalize);
  group.add("--layer", flags.layer, "N",
            "Hidden states after so many layers: 0 the embeddings, -1 the last (default)");
  group.add("--dim", flags.dim, "N", "Keep the first N dimensions; --normalize scales what is kept")
      .within(1, 1 << 20);
  add_window_flag(group, flags.stride);
}

VectorRequest make_request(const VectorFlags& flags) {
  VectorRequest request{.options = {.layer = flags.layer, .dim = flags.dim},
                        .stride = flags.stride};
  if (flags.pooling) request.options.pooling = pooling_from_name(*flags.pooling);
  if (flags.normalize || flags.no_normalize) request.options.normalize = flags.normalize;
  return request;
}

VectorPlan make_plan(const VectorOptions& options, VectorsOf of, const LoadedModel& loaded) {
  const std::string& unsupported = loaded.sentence.unsupported;
  if (!unsupported.empty() && !(options.pooling && options.normalize)) {
    throw Error(ErrorKind::format, concat(unsupported, "; --pooling and --normalize or ",
                                          "--no-normalize decide instead of it"));
  }
  return plan_vectors(loaded, options, of);
}

void VectorCommand::encode(Job& job) const {
  if (!stride_) return encode_job(loaded(), job);
  encode_windows(loaded(), *stride_, job);
}

EncoderCommand::Output VectorCommand::run_head(const Batch& batch, const nn::PaddedRows& hidden,
                                               Workspace& workspace) const {
  const nn::PaddedRows pooled = nn::allocate_rows(workspace, batch.sequences(), hidden.columns);
  pool_each(plan_.pooling, batch, hidden, pooled);
  return Output::of_sequences(batch, pooled);
}

class VectorCommand::Vector : public WindowResults {
 public:
  Vector(const VectorPlan& plan, std::int64_t tokens) : plan_(plan), mean_(tokens) {}

  void add(ConstMatrixView pooled, const Encoding& window) override {
    mean_.add(pooled.row_span(0), std::ssize(window.ids));
  }
  void write(ResultWriter& result) override {
    const std::vector<float> vector = finish_vector(mean_.mean(), plan_);
    result.field("embedding", std::span<const float>(vector));
  }

 private:
  const VectorPlan& plan_;
  WindowMean mean_;
};

std::unique_ptr<EncoderCommand::WindowResults> VectorCommand::gather_windows(const Job& job) const {
  return std::make_unique<Vector>(plan_, job.windows.tokens(job.encoding));
}

}  // namespace convbert::app
