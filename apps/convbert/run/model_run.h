// What the commands that run the encoder share.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cli/console.h"
#include "cli/options.h"
#include "core/batch.h"
#include "core/tensor.h"
#include "core/workspace.h"
#include "io/record_writer.h"
#include "model/model.h"
#include "pipeline/pipeline.h"
#include "run/models.h"
#include "text/tokenizer.h"

namespace convbert::app {

// A model and its tokenizer, ready for records. Const while it runs.
struct LoadedModel {
  Model model;
  Tokenizer tokenizer;
  SentenceConfig sentence;
  EncodeOptions encode;  // with the limit that holds: the flag's, else the model's
};

// Loads what `options` name; says on the console what it is and which tensors are of no use.
// `for_vectors`: the limit of the model's sentence configuration counts, too.
LoadedModel load_for_records(const RecordOptions& options, ModelParts parts, bool for_vectors,
                             Console& console);

// Throws Error(input) for what the model has no embedding for.
Encoding encode(const LoadedModel& loaded, const Record& record);

// Into job.encoding, with its tokens as the job's weight.
void encode_job(const LoadedModel& loaded, Job& job);

// The jobs of a batch that have not failed, packed: sequence s belongs to jobs[s].
struct PackedJobs {
  Batch batch;
  std::vector<Job*> jobs;
};
PackedJobs pack(std::span<Job> jobs);

// The hidden states of one sequence.
MatrixView rows_of(MatrixView hidden, const Batch& batch, std::int64_t sequence);

// Appends ,"truncated":N where tokens were cut.
void append_truncated(std::string& out, const Job& job, const RecordStyle& style);

// Fails a job whose numbers are not finite: none may reach JSON, and nobody can use them.
void fail_not_finite(Job& job);

}  // namespace convbert::app
