// What the commands that run the encoder share: a command writes only its row.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/batch.h"
#include "core/tensor.h"
#include "core/workspace.h"
#include "run/loaded_model.h"
#include "run/record_command.h"
#include "run/result_writer.h"

namespace convbert::app {

// The jobs of a batch that have not failed, packed: sequence s belongs to jobs[s].
struct PackedJobs {
  Batch batch;
  std::vector<Job*> jobs;
};
PackedJobs pack(std::span<Job> jobs);

// Tokenizes each text as it is read; runs the model on batches of them, packed; hands the rows of
// each text to the command.
class EncoderCommand : public RecordCommand {
 public:
  void prepare(Job& job) const final;
  ComputeBatch make_worker(const ResultLayout& layout) const final;

 protected:
  explicit EncoderCommand(LoadedModel loaded) : loaded_(std::move(loaded)) {}

  const Model& model() const { return loaded_.model; }
  const Tokenizer& tokenizer() const { return loaded_.tokenizer; }

  // How many layers to run; 0 gives the output of the embeddings.
  virtual std::int64_t layers() const { return model().config.layers; }
  // A head on the hidden states [tokens, hidden] of a batch: [tokens, n], or [sequences, n], where
  // it makes one row of a text. Its memory comes from `workspace`.
  struct Output {
    MatrixView values;
    bool is_of_texts;
  };
  virtual Output run_head(const Batch& batch, MatrixView hidden, Workspace& workspace) const;
  // The results of one text. values: its rows, all of them finite, [its tokens, n] or [1, n]; they
  // may be changed. Throws Error(input) for a text that the command cannot use.
  virtual void write_row(MatrixView values, const Job& job, ResultWriter& result) const = 0;

 private:
  struct Worker;
  void run_batch(const PackedJobs& packed, Worker& worker) const;

  LoadedModel loaded_;
};

}  // namespace convbert::app
