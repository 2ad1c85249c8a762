// Labelled records, tokenized, before it is known what their labels mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/request.h"
#include "core/batch.h"
#include "run/loaded_model.h"
#include "train/bad_records.h"
#include "train/learning_task.h"

namespace convbert::app {

// Of one record.
struct LabelledText {
  std::string where;                         // "reviews.jsonl:17"
  std::string label;                         // JSON; "" of pairs alone
  std::string text;                          // its beginning, where texts are kept
  std::vector<std::int64_t> first_tokens{};  // of each word that has a tag; -1 for one without
};

struct LabelledTexts {
  std::string source;  // "reviews.jsonl", for messages
  std::vector<LabelledText> records;
  Batch sequences;         // of record r: those from r * group
  std::int64_t group = 1;  // 2 where the texts of a pair are read by themselves
  std::int64_t truncated = 0;
  int caught = 0;  // signal that ended the reading, or 0
};

struct LabelledReading {
  std::optional<LearningTask> task;  // none: any with one label
  std::string label_field;
  bool keeps_texts = false;
};

// Says how many texts of `source` were cut, where some were.
void tell_truncated(const std::string& source, std::int64_t truncated, const LoadedModel& loaded,
                    Console& console);

// All records of the input that can be used. Throws Error(usage) where there is none.
LabelledTexts read_labelled(const InputRequest& input, const LabelledReading& reading,
                            const LoadedModel& loaded, BadRecords& bad, Console& console);

}  // namespace convbert::app
