// What the commands that run the encoder share: a command writes only its row.
#pragma once

#include <cstdint>
#include <memory>
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

// The jobs of a batch that have not failed and are one sequence each, packed: sequence s belongs to
// jobs[s].
struct PackedJobs {
  Batch batch;
  std::vector<Job*> jobs;
};
PackedJobs pack(std::span<Job> jobs);

// Tokenizes each text as it is read; runs the model on batches of them, packed; hands the rows of
// each text to the command. A text in several windows is computed by itself, and the rows of a few
// of them are handed over before the next few are made: memory does not grow with their number.
class EncoderCommand : public RecordCommand {
 public:
  std::vector<std::string> files() const final { return loaded_.files; }
  void prepare(Job& job) const final;
  ComputeBatch make_worker(const ResultLayout& layout) const final;

 protected:
  explicit EncoderCommand(LoadedModel loaded) : loaded_(std::move(loaded)) {}

  // How a text is read: by default cut to the model's limit.
  virtual void encode(Job& job) const { encode_job(loaded_, job); }

  const LoadedModel& loaded() const { return loaded_; }
  const Model& model() const { return loaded_.model; }
  const Tokenizer& tokenizer() const { return loaded_.tokenizer; }

  // How many layers to run; 0 gives the output of the embeddings.
  virtual std::int64_t layers() const { return model().config.layers; }
  // What a head makes of a batch: rows of n values, of which sequence s has those from first_row(s)
  // to first_row(s + 1).
  class Output {
   public:
    static Output of_tokens(const Batch& batch, MatrixView values);     // one row a token
    static Output of_sequences(const Batch& batch, MatrixView values);  // one row a sequence
    // first_rows: one for each sequence, and one behind the last.
    Output(MatrixView values, std::vector<std::int64_t> first_rows)
        : values_(values), first_rows_(std::move(first_rows)) {}

    MatrixView of(std::int64_t sequence) const {
      const auto at = static_cast<std::size_t>(sequence);
      return values_.row_range(first_rows_[at], first_rows_[at + 1] - first_rows_[at]);
    }

   private:
    MatrixView values_;
    std::vector<std::int64_t> first_rows_;
  };
  // hidden: the states [tokens, hidden] of the batch. Memory comes from `workspace`.
  virtual Output run_head(const Batch& batch, const nn::PaddedRows& hidden,
                          Workspace& workspace) const;
  // Of a text in windows: what a command keeps of each, and what it makes of all.
  class WindowResults {
   public:
    virtual ~WindowResults() = default;
    // In the order of the text. values: the rows of the window, all of them finite.
    virtual void add(ConstMatrixView values, const Encoding& window) = 0;
    // Once, behind the last. Throws Error(input) for a text that the command cannot use.
    virtual void write(ResultWriter& result) = 0;
  };
  // A command whose encode() may make windows has this one of the two, any other the next. The job
  // outlives what is returned.
  virtual std::unique_ptr<WindowResults> gather_windows(const Job& job) const;
  // The results of one text of one sequence: by default those of its only window. values: its rows,
  // all of them finite; they may be changed. Throws Error(input) for a text that the command cannot
  // use.
  virtual void write_row(MatrixView values, const Job& job, ResultWriter& result) const;

 private:
  struct Worker;
  Output run_model(const Batch& batch, Workspace& workspace) const;
  void run_batch(const PackedJobs& packed, Worker& worker) const;
  void run_windows(Job& job, Worker& worker) const;
  void write_result(MatrixView values, Job& job, Worker& worker) const;

  LoadedModel loaded_;
};

// One whose rows are a head's outputs.
class HeadCommand : public EncoderCommand {
 protected:
  // The model must have been loaded with that head.
  HeadCommand(LoadedModel loaded, HeadKind kind)
      : EncoderCommand(std::move(loaded)), head_(*model().head(kind)) {}

  const Head& head() const { return head_; }
  Output run_head(const Batch& batch, const nn::PaddedRows& hidden,
                  Workspace& workspace) const override;

 private:
  const Head& head_;  // of the model
};

}  // namespace convbert::app
