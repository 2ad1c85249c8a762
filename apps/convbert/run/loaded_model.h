// A model and its tokenizer, opened for records.
#pragma once

#include <cstdint>
#include <optional>

#include "api/open_model.h"
#include "cli/console.h"
#include "cli/request.h"
#include "io/record.h"
#include "pipeline/pipeline.h"

namespace convbert::app {

struct ModelUse {
  std::optional<HeadKind> head{};  // that must be there; none: the encoder alone
  bool every_head = false;         // or all that there are
  bool for_vectors = false;        // the limit of the model's sentence configuration counts, too
};

// Says on the console what the model is and which tensors are of no use.
// Throws Error(usage) naming --model or --max-length; Error(format) for files that do not fit.
LoadedModel load_model(const RecordRequest& request, const ModelUse& use, Console& console);
// The same of a model whose files are found already.
LoadedModel load_model(const ModelFiles& top, const RecordRequest& request, const ModelUse& use,
                       Console& console);
// Another model than the request's, with the rest of it.
LoadedModel load_model(const ModelRequest& model, const TruncationRequest& truncation,
                       const ModelUse& use, Console& console);

// Throws Error(input) for what the model has no embedding for.
Encoding encode(const LoadedModel& loaded, const Record& record);

// Into job.encoding, with its tokens as the job's weight.
void encode_job(const LoadedModel& loaded, Job& job);
// The same of the whole text, with job.windows, which share `overlap` tokens, where it is beyond
// the limit; their tokens are the job's weight.
void encode_windows(const LoadedModel& loaded, std::int64_t overlap, Job& job);

}  // namespace convbert::app
