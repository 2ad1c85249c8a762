#include "run/encoder_command.h"

#include <memory>

#include "core/tensor.h"
#include "nn/compute.h"

namespace convbert::app {
namespace {

bool all_rows_finite(MatrixView values) {
  for (std::int64_t row = 0; row < values.rows; ++row) {
    if (!all_finite(values.row_span(row))) return false;
  }
  return true;
}

}  // namespace

PackedJobs pack(std::span<Job> jobs) {
  PackedJobs packed;
  for (Job& job : jobs) {
    if (job.failed()) continue;
    packed.batch.append(job.encoding.ids, job.encoding.type_ids);
    packed.jobs.push_back(&job);
  }
  return packed;
}

void EncoderCommand::prepare(Job& job) const { encode_job(loaded_, job); }

EncoderCommand::Output EncoderCommand::run_head(const Batch&, MatrixView hidden, Workspace&) const {
  return {.values = hidden, .is_of_texts = false};
}

// What one thread needs.
struct EncoderCommand::Worker {
  explicit Worker(const ResultLayout& layout) : result(layout) {}

  Workspace workspace;
  ResultWriter result;
};

ComputeBatch EncoderCommand::make_worker(const ResultLayout& layout) const {
  auto worker = std::make_shared<Worker>(layout);
  return [this, worker](std::span<Job> jobs, int threads) {
    const nn::ComputeScope scope(threads);
    run_batch(pack(jobs), *worker);
  };
}

void EncoderCommand::run_batch(const PackedJobs& packed, Worker& worker) const {
  const Batch& batch = packed.batch;
  Workspace& workspace = worker.workspace;
  const Workspace::Frame frame(workspace);
  const MatrixView hidden =
      nn::allocate_rows(workspace, batch.tokens(), model().config.hidden_size);
  model().encoder.forward(batch, layers(), hidden, workspace);
  const Output output = run_head(batch, hidden, workspace);
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    Job& job = *packed.jobs[static_cast<std::size_t>(s)];
    const MatrixView rows =
        output.is_of_texts ? output.values.row_range(s, 1) : rows_of(output.values, batch, s);
    if (!all_rows_finite(rows)) {
      fail_not_finite(job);
      continue;
    }
    attempt(job, [&] {
      worker.result.begin(job);
      write_row(rows, job, worker.result);
      worker.result.finish();
    });
  }
}

}  // namespace convbert::app
