// What an evaluation found, for people and for programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/format.h"
#include "core/json.h"
#include "evaluate/task.h"
#include "metrics/bootstrap.h"

namespace convbert::app {

// NaN where there is none: a correlation with what is constant.
struct Measure {
  double value;
  Interval interval;
};

struct NamedMeasure {
  std::string name;  // "macro_f1"
  Measure measure;
};

// Of a label, or a type of entity.
struct LabelRow {
  std::string label;
  Measure precision;
  Measure recall;
  Measure f1;
  std::int64_t support;
};

// How often records of one label were given another, of labels that occur.
struct Confusion {
  std::vector<std::string> labels;
  std::vector<std::vector<std::int64_t>> counts;  // [true, predicted]; none of too many labels
};

// A label that was given another, and how often.
struct ConfusedPair {
  std::int64_t count;
  std::size_t truth;  // numbers of Confusion::labels
  std::size_t predicted;
};
// So many at most, the most frequent first.
std::vector<ConfusedPair> most_confused(const Confusion& confusion, std::size_t most);

struct Report {
  std::string model;
  Task task = Task::classify;
  std::int64_t records = 0;  // those that could be used
  std::int64_t failed = 0;
  std::int64_t truncated = 0;
  std::int64_t words = 0;                // of tagged texts
  std::int64_t words_without_token = 0;  // and count as outside
  std::vector<NamedMeasure> measures;
  std::string rows_are;  // "label", "entity", "tag"
  std::vector<LabelRow> rows;
  Confusion confusion;
  Resampling resampling;
};

// Each measure by its name: value, low, high.
OrderedJson figures_json(const Report& report);

// Format::table or Format::json.
std::string report_text(const Report& report, Format format);

}  // namespace convbert::app
