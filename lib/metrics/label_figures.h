// How often labels are right. Definitions and conventions are scikit-learn's
// (sklearn.metrics: precision_recall_fscore_support, accuracy_score, matthews_corrcoef) and, for
// entities, seqeval's: a quotient by zero is 0, an average of nothing is NaN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace convbert {

struct LabelCounts {
  std::int64_t correct = 0;    // predicted where it is true
  std::int64_t predicted = 0;  // in all
  std::int64_t support = 0;    // true, in all

  bool occurs() const { return predicted > 0 || support > 0; }
  bool operator==(const LabelCounts&) const = default;
};

struct LabelScores {
  double precision;  // correct / predicted
  double recall;     // correct / support
  double f1;         // 2 correct / (predicted + support)
};
LabelScores scores_of(const LabelCounts& counts);

// Which labels an average is of.
enum class AveragedLabels { those_that_occur, all };

// Of the sums over labels (micro averages).
LabelScores scores_of(std::span<const LabelCounts> labels);
// The mean over labels.
double macro_f1(std::span<const LabelCounts> labels, AveragedLabels averaged);
// The mean over labels by their support; 0 where no label has any.
double weighted_f1(std::span<const LabelCounts> labels);
// R_K (Gorodkin 2004), which for two classes is Matthews' correlation: where each of `records` has
// one label and is given one. 0 where all have the same, or are given the same.
double matthews(std::span<const LabelCounts> labels, std::int64_t records);

// What a record, or several together, add up to.
struct LabelTally {
  std::int64_t right = 0;  // of `units`: records, or the words of them
  std::int64_t units = 0;
  std::vector<LabelCounts> labels;  // by number

  // 0 of no units.
  double accuracy() const;
};

// Labelled records, each with what it adds. Records that add the same are kept once, so that most
// take 4 bytes.
class LabelledRecords {
 public:
  // labels: numbers of labels are below it.
  explicit LabelledRecords(std::size_t labels) : labels_(labels) {}

  struct OfLabel {
    std::int32_t label;
    std::int32_t correct;
    std::int32_t predicted;
    std::int32_t support;
    auto operator<=>(const OfLabel&) const = default;
  };
  struct Outcome {
    std::int64_t right = 0;
    std::int64_t units = 0;
    std::vector<OfLabel> labels{};
    auto operator<=>(const Outcome&) const = default;
  };
  void add(Outcome outcome);

  std::size_t size() const { return kinds_.size(); }
  // Of each record, which outcome it has, from 0.
  std::span<const std::uint32_t> kinds() const { return kinds_; }
  std::size_t kind_count() const { return outcomes_.size(); }

  // Of all records; of records whose outcome k counts weights[k] times.
  LabelTally sum() const;
  LabelTally sum(std::span<const std::uint32_t> weights) const;

 private:
  std::size_t labels_;
  std::vector<std::uint32_t> kinds_;
  std::map<Outcome, std::uint32_t> numbers_;
  std::vector<const Outcome*> outcomes_;  // by number, in the map
};

// A record with one true label and one that is predicted.
LabelledRecords::Outcome outcome_of(std::int32_t truth, std::int32_t predicted);
// A record with several of each, in rising order, right where both lists are equal.
LabelledRecords::Outcome outcome_of(std::span<const std::int32_t> truth,
                                    std::span<const std::int32_t> predicted);

}  // namespace convbert
