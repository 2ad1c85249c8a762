#include "train/trained_model.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>

#include "core/threads.h"
#include "nn/compute.h"

namespace convbert {
namespace {

// Rows of `from` at `places`, one after another.
nn::PaddedRows gather(ConstMatrixView from, const std::vector<std::int64_t>& places,
                      Workspace& workspace) {
  const nn::PaddedRows to = nn::allocate_rows(workspace, std::ssize(places), from.columns);
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::copy_n(from.row(places[i]), from.columns, to.row(static_cast<std::int64_t>(i)));
  }
  return to;
}

// Adds to d_hidden what rows that were gathered have.
void add_scattered(ConstMatrixView from, const std::vector<std::int64_t>& places, MatrixView to) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::span<float> row = to.row_span(places[i]);
    std::ranges::transform(row, from.row_span(static_cast<std::int64_t>(i)), row.begin(),
                           std::plus<>());
  }
}

// Adds to d_hidden what the vectors of sequences have: `from`, a row a sequence.
void add_pooled(Pooling pooling, const Batch& batch, ConstMatrixView from, MatrixView to) {
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const std::int64_t read = pooling == Pooling::mean ? batch.length(s) : 1;
    const auto count = static_cast<float>(read);
    for (std::int64_t row = batch.start(s); row < batch.start(s) + read; ++row) {
      std::ranges::transform(to.row_span(row), from.row_span(s), to.row(row),
                             [&](float sum, float d) { return sum + d / count; });
    }
  }
}

}  // namespace

TrainedModel::TrainedModel(const ModelConfig& config, const Parameters& parameters,
                           const TrainedModelOptions& options)
    : config_(config),
      options_(options),
      encoder_(config, parameters.encoder, options.dropout, options.precision) {
  if (options.head != nullptr) {
    head_.emplace(*options.head, config, parameters, options.dropout.head, options.precision);
    if (options.gives_vectors && head_->rows() == HeadRows::every_token) {
      throw Error(ErrorKind::internal, "TrainedModel: vectors beside a head over tokens");
    }
  }
  if ((vector_width() > 0 || head_reads_vectors()) && !can_be_trained(options.pooling)) {
    throw Error(ErrorKind::usage, concat("training of sentence vectors: expected pooling mean or "
                                         "cls, found ",
                                         name_of(options.pooling)));
  }
}

void TrainedModel::repack(const Parameters& parameters, int threads) {
  encoder_.repack(parameters.encoder, threads);
  repack_head(parameters);
}

void TrainedModel::repack_head(const Parameters& parameters) {
  if (head_) head_->repack(parameters);
}

TrainedModel::Rows TrainedModel::rows_of(const TrainingBatch& batch, const SlicePass& pass) const {
  const bool reads_tokens = head_ && head_->rows() == HeadRows::every_token;
  if (!reads_tokens) {
    // The first token of each sequence.
    const auto& starts = pass.batch.starts;
    return {pass.first_sequence, {starts.begin(), starts.end() - 1}};
  }
  const auto begin = std::ranges::lower_bound(batch.rows, pass.first_token);
  const auto end = std::ranges::lower_bound(batch.rows, pass.first_token + pass.batch.tokens());
  Rows rows{begin - batch.rows.begin(), {begin, end}};
  for (std::int64_t& token : rows.tokens) token -= pass.first_token;
  return rows;
}

nn::PaddedRows TrainedModel::read_by_head(const SlicePass& pass, const Rows& rows,
                                          ConstMatrixView hidden) const {
  if (!head_reads_vectors()) return gather(hidden, rows.tokens, pass.workspace);
  const nn::PaddedRows vectors =
      nn::allocate_rows(pass.workspace, pass.batch.sequences(), hidden.columns);
  pool_each(options_.pooling, pass.batch, hidden, vectors);
  return vectors;
}

TrainedModel::Outputs TrainedModel::forward(const SlicePass& pass, const Rows& rows) const {
  Outputs result{.encoding = encoder_.forward(pass), .head = {}, .outputs = {}};
  const nn::PaddedRows& hidden = result.encoding.hidden;
  if (head_) {
    result.head = head_->forward(pass, rows.first, read_by_head(pass, rows, hidden));
    result.outputs = result.head->logits;
  }
  const std::int64_t width = vector_width();
  if (width == 0) return result;
  result.outputs = nn::allocate_rows(pass.workspace, pass.batch.sequences(), outputs());
  const MatrixView all = result.outputs;
  pool_each(options_.pooling, pass.batch, hidden, all.column_range(0, width));
  if (head_) copy_rows(result.head->logits, all.column_range(width, head_->outputs()));
  return result;
}

// One slice and what lies between its way forward and its way back.
struct TrainedModel::Run {
  Run(const TrainedModel& model, const TrainingBatch& training, const Slice& slice,
      const RandomPlace& place, Workspace& workspace)
      : frame(workspace),
        batch(take(training.batch, slice)),
        pass{batch, training.batch.start(slice.first), slice.first, place, workspace},
        rows(model.rows_of(training, pass)),
        outputs(model.forward(pass, rows)),
        d_outputs(nn::allocate_rows(workspace, outputs.outputs.rows, outputs.outputs.columns)) {}

  Workspace::Frame frame;
  Batch batch;
  SlicePass pass;
  Rows rows;
  Outputs outputs;
  nn::PaddedRows d_outputs;
};

void TrainedModel::backward(const Run& run, Gradients& gradients, const SliceTurns& turns) const {
  const auto& [frame, batch, pass, rows, outputs, d_outputs] = run;
  const nn::PaddedRows& hidden = outputs.encoding.hidden;
  const nn::PaddedRows d_hidden = allocate_zeros(pass.workspace, hidden.rows, hidden.columns);
  const std::int64_t width = vector_width();
  if (width > 0) {
    const ConstMatrixView d_vectors = ConstMatrixView(d_outputs).column_range(0, width);
    add_pooled(options_.pooling, batch, d_vectors, d_hidden);
  }
  if (head_) {
    nn::PaddedRows d_logits = d_outputs;
    if (width > 0) {
      d_logits = nn::allocate_rows(pass.workspace, d_outputs.rows, head_->outputs());
      copy_rows(ConstMatrixView(d_outputs).column_range(width, head_->outputs()), d_logits);
    }
    const nn::PaddedRows d_read =
        head_->backward(pass, rows.first, *outputs.head, d_logits, *gradients.head, turns);
    if (head_reads_vectors()) {
      add_pooled(options_.pooling, batch, d_read, d_hidden);
    } else {
      add_scattered(d_read, rows.tokens, d_hidden);
    }
  }
  encoder_.backward(pass, outputs.encoding, d_hidden, options_.freeze, gradients.encoder, turns);
}

void TrainedModel::run_forward(const TrainingBatch& batch, int threads, Wanted wanted,
                               MatrixView to) {
  const std::vector<Slice> slices = cut(batch.batch, batch.group);
  workspaces_.resize(std::max(workspaces_.size(), static_cast<std::size_t>(threads)));
  share_out(slices.size(), threads, [&](std::size_t index, std::size_t worker) {
    const nn::ComputeScope scope(1);
    Workspace& workspace = workspaces_[worker];
    const Workspace::Frame frame(workspace);
    const Batch part = take(batch.batch, slices[index]);
    const SlicePass pass{part, batch.batch.start(slices[index].first), slices[index].first,
                         RandomPlace{.drops = false}, workspace};
    const Rows rows = rows_of(batch, pass);
    if (wanted == Wanted::features) {
      const KeptEncoding encoding = encoder_.forward(pass);
      const nn::PaddedRows read = read_by_head(pass, rows, encoding.hidden);
      copy_rows(read, to.row_range(rows.first, read.rows));
    } else {
      const Outputs outputs = forward(pass, rows);
      copy_rows(outputs.outputs, to.row_range(rows.first, outputs.outputs.rows));
    }
  });
}

void TrainedModel::predict(const TrainingBatch& batch, int threads, MatrixView to) {
  run_forward(batch, threads, Wanted::outputs, to);
}

void TrainedModel::read_features(const TrainingBatch& batch, int threads, MatrixView to) {
  run_forward(batch, threads, Wanted::features, to);
}

void TrainedModel::predict_from(ConstMatrixView features, MatrixView to) {
  workspaces_.resize(std::max<std::size_t>(workspaces_.size(), 1));
  Workspace& workspace = workspaces_.front();
  const nn::ComputeScope scope(1);
  const Workspace::Frame frame(workspace);
  const Batch none;
  const SlicePass pass{none, 0, 0, RandomPlace{.drops = false}, workspace};
  const nn::PaddedRows input = nn::allocate_rows(workspace, features.rows, features.columns);
  copy_rows(features, input);
  copy_rows(head_->forward(pass, 0, input).logits, to);
}

double TrainedModel::add_head_gradients(ConstMatrixView features, const LossFunction& loss,
                                        Gradients& gradients, const RandomPlace& place) {
  for_each_tensor([](Gradient& gradient) { gradient.turns = 0; }, gradients);
  workspaces_.resize(std::max<std::size_t>(workspaces_.size(), 1));
  Workspace& workspace = workspaces_.front();
  const nn::ComputeScope scope(1);
  const Workspace::Frame frame(workspace);
  const Batch none;
  const SlicePass pass{none, 0, 0, place, workspace};
  const nn::PaddedRows input = nn::allocate_rows(workspace, features.rows, features.columns);
  copy_rows(features, input);
  const KeptHead kept = head_->forward(pass, 0, input);
  const nn::PaddedRows d_logits =
      nn::allocate_rows(workspace, kept.logits.rows, kept.logits.columns);
  const double total = loss(0, kept.logits, d_logits);
  Turns turns;
  head_->backward(pass, 0, kept, d_logits, *gradients.head, {turns, 0});
  return total;
}

double TrainedModel::add_gradients(const TrainingBatch& batch, const LossFunction& loss,
                                   Gradients& gradients, const StepOptions& options) {
  for_each_tensor([](Gradient& gradient) { gradient.turns = 0; }, gradients);
  const std::vector<Slice> slices = cut(batch.batch, batch.group);
  return options.scope == LossScope::slice ? add_by_slice(batch, slices, loss, gradients, options)
                                           : add_whole(batch, slices, loss, gradients, options);
}

double TrainedModel::add_by_slice(const TrainingBatch& batch, const std::vector<Slice>& slices,
                                  const LossFunction& loss, Gradients& gradients,
                                  const StepOptions& options) {
  workspaces_.resize(std::max(workspaces_.size(), static_cast<std::size_t>(options.threads)));
  std::vector<double> losses(slices.size());
  Turns turns;
  share_out(slices.size(), options.threads, [&](std::size_t index, std::size_t worker) {
    try {
      const nn::ComputeScope scope(1);
      const Run run(*this, batch, slices[index], options.place, workspaces_[worker]);
      losses[index] = loss(run.rows.first, run.outputs.outputs, run.d_outputs);
      backward(run, gradients, {turns, static_cast<std::int64_t>(index)});
    } catch (...) {
      turns.fail(static_cast<std::int64_t>(index));
      throw;
    }
  });
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

double TrainedModel::add_whole(const TrainingBatch& batch, const std::vector<Slice>& slices,
                               const LossFunction& loss, Gradients& gradients,
                               const StepOptions& options) {
  workspaces_.resize(std::max(workspaces_.size(), slices.size()));
  std::vector<std::unique_ptr<const Run>> runs(slices.size());
  share_out(slices.size(), options.threads, [&](std::size_t index, std::size_t) {
    const nn::ComputeScope scope(1);
    runs[index] =
        std::make_unique<const Run>(*this, batch, slices[index], options.place, workspaces_[index]);
  });
  Workspace whole;
  const Run& last = *runs.back();
  const std::int64_t rows = last.rows.first + last.d_outputs.rows;
  const MatrixView outputs = whole.matrix(rows, last.d_outputs.columns);
  const MatrixView d_outputs = whole.matrix(rows, outputs.columns);
  const auto part_of = [](MatrixView matrix, const Run& run) {
    return matrix.row_range(run.rows.first, run.d_outputs.rows);
  };
  for (const auto& run : runs) copy_rows(run->outputs.outputs, part_of(outputs, *run));
  const double total = loss(0, outputs, d_outputs);
  Turns turns;
  share_out(slices.size(), options.threads, [&](std::size_t index, std::size_t) {
    try {
      const nn::ComputeScope scope(1);
      const Run& run = *runs[index];
      copy_rows(part_of(d_outputs, run), run.d_outputs);
      backward(run, gradients, {turns, static_cast<std::int64_t>(index)});
    } catch (...) {
      turns.fail(static_cast<std::int64_t>(index));
      throw;
    }
  });
  return total;
}

}  // namespace convbert
