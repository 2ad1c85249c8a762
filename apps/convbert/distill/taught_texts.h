// Texts whose vectors a teacher has given, tokenized.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/request.h"
#include "core/batch.h"
#include "io/npy_matrix.h"
#include "run/loaded_model.h"
#include "train/bad_records.h"

namespace convbert::app {

struct TaughtTexts {
  std::string source;  // "reviews.jsonl", for messages
  Batch sequences;
  std::vector<std::int64_t> rows;   // of the teacher's matrix, one a sequence
  std::vector<std::string> labels;  // one a sequence, "" for none; none at all without a field
  std::int64_t truncated = 0;
  int caught = 0;  // signal that ended the reading, or 0
};

// All records of the input that can be used. label_field: of a label that a record may have, "" for
// none; no such field, null and an empty cell are no label. Row i of `vectors` belongs to record i,
// bad records counted; a row that is not finite, or zero, makes its record a bad one. Throws
// Error(usage) where there are more or fewer rows than records, or no record is left.
TaughtTexts read_taught(const InputRequest& input, const std::string& label_field,
                        const NpyMatrix& vectors, const LoadedModel& loaded, BadRecords& bad,
                        Console& console);

}  // namespace convbert::app
