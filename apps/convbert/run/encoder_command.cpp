#include "run/encoder_command.h"

#include <memory>
#include <numeric>

#include "core/tensor.h"
#include "nn/compute.h"

namespace convbert::app {
PackedJobs pack(std::span<Job> jobs) {
  PackedJobs packed;
  for (Job& job : jobs) {
    if (job.failed() || job.windows.size() > 1) continue;
    packed.batch.append(job.encoding.ids, job.encoding.type_ids);
    packed.jobs.push_back(&job);
  }
  return packed;
}

void EncoderCommand::prepare(Job& job) const { encode(job); }

EncoderCommand::Output EncoderCommand::Output::of_tokens(const Batch& batch, MatrixView values) {
  std::vector<std::int64_t> first_rows;
  for (std::int64_t s = 0; s < batch.sequences(); ++s) first_rows.push_back(batch.start(s));
  first_rows.push_back(batch.tokens());
  return {values, std::move(first_rows)};
}

EncoderCommand::Output EncoderCommand::Output::of_sequences(const Batch& batch, MatrixView values) {
  std::vector<std::int64_t> first_rows(static_cast<std::size_t>(batch.sequences()) + 1);
  std::iota(first_rows.begin(), first_rows.end(), std::int64_t{0});
  return {values, std::move(first_rows)};
}

EncoderCommand::Output EncoderCommand::run_head(const Batch& batch, const nn::PaddedRows& hidden,
                                                Workspace&) const {
  return Output::of_tokens(batch, hidden);
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
    for (Job& job : jobs) {
      if (!job.failed() && job.windows.size() > 1) run_windows(job, *worker);
    }
  };
}

void EncoderCommand::run_batch(const PackedJobs& packed, Worker& worker) const {
  if (packed.jobs.empty()) return;
  Workspace& workspace = worker.workspace;
  const Workspace::Frame frame(workspace);
  const Output output = run_model(packed.batch, workspace);
  for (std::int64_t s = 0; s < packed.batch.sequences(); ++s) {
    write_result(output.of(s), *packed.jobs[static_cast<std::size_t>(s)], worker);
  }
}

void EncoderCommand::run_windows(Job& job, Worker& worker) const {
  attempt(job, [&] {
    const std::unique_ptr<WindowResults> results = gather_windows(job);
    for (std::size_t next = 0; next < job.windows.size();) {
      Batch batch;
      std::vector<Encoding> windows;
      while (next < job.windows.size() && batch.tokens() < default_batch_weight()) {
        windows.push_back(job.windows.cut(job.encoding, next++));
        batch.append(windows.back().ids, windows.back().type_ids);
      }
      const Workspace::Frame frame(worker.workspace);
      const Output output = run_model(batch, worker.workspace);
      for (std::size_t i = 0; i < windows.size(); ++i) {
        const MatrixView values = output.of(static_cast<std::int64_t>(i));
        if (!all_finite(values)) return fail_not_finite(job);
        results->add(values, windows[i]);
      }
    }
    worker.result.begin(job);
    results->write(worker.result);
    worker.result.finish();
  });
}

std::unique_ptr<EncoderCommand::WindowResults> EncoderCommand::gather_windows(const Job&) const {
  throw Error(ErrorKind::internal, "a command without results of a text");
}

void EncoderCommand::write_row(MatrixView values, const Job& job, ResultWriter& result) const {
  const std::unique_ptr<WindowResults> results = gather_windows(job);
  results->add(values, job.encoding);
  results->write(result);
}

EncoderCommand::Output EncoderCommand::run_model(const Batch& batch, Workspace& workspace) const {
  const nn::PaddedRows hidden =
      nn::allocate_rows(workspace, batch.tokens(), model().config.hidden_size);
  model().encoder.forward(batch, layers(), hidden, workspace);
  return run_head(batch, hidden, workspace);
}

void EncoderCommand::write_result(MatrixView values, Job& job, Worker& worker) const {
  if (!all_finite(values)) return fail_not_finite(job);
  attempt(job, [&] {
    worker.result.begin(job);
    write_row(values, job, worker.result);
    worker.result.finish();
  });
}

EncoderCommand::Output HeadCommand::run_head(const Batch& batch, const nn::PaddedRows& hidden,
                                             Workspace& workspace) const {
  const MatrixView outputs = head_.forward(batch, hidden, workspace);
  const bool is_of_tokens = info_of(head_.kind()).rows == HeadRows::every_token;
  return is_of_tokens ? Output::of_tokens(batch, outputs) : Output::of_sequences(batch, outputs);
}

}  // namespace convbert::app
