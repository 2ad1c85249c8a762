#include "train/label_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "cli/format.h"
#include "cli/usage_error.h"
#include "core/numbers.h"
#include "io/json_text.h"
#include "run/record_labels.h"
#include "train/losses.h"

namespace convbert::app {
namespace {

constexpr std::size_t kMostNames = 50'000;
constexpr std::size_t kMostShown = 8;

std::string shown(const std::vector<std::string>& names) {
  std::vector<std::string> some;
  for (std::size_t i = 0; i < std::min(names.size(), kMostShown); ++i) {
    some.push_back(convbert::quoted(names[i]));
  }
  std::string text = list_of(some, ", ");
  if (names.size() > kMostShown) text += concat(" and ", names.size() - kMostShown, " more");
  return text;
}

// From the mean of the values to a standard deviation above it.
ValueRange deviation_of(const LabelledTexts& texts) {
  double count = 0;
  double sum = 0;
  double squares = 0;  // of distances from the mean so far (Welford 1962)
  for (const LabelledText& record : texts.records) {
    const auto value = number_of(record.label);
    if (!value) continue;
    const double before = count == 0 ? 0.0 : *value - sum / count;
    sum += *value;
    ++count;
    squares += before * (*value - sum / count);
  }
  if (count == 0) return {0.0, 1.0};  // make_set() tells of it
  const double mean = sum / count;
  const double deviation = std::sqrt(squares / count);
  if (!std::isfinite(deviation) || !(mean < mean + deviation)) {
    usage_error(texts.source, ": expected values that differ, found ", mean, " in all records");
  }
  return {mean, mean + deviation};
}

// The names in a list, as text; of tags and of several labels.
std::vector<std::string> names_in(const std::string& json) {
  const auto elements = elements_of(text_of_json(json));  // cells of a table are strings
  if (!elements) {
    throw Error(ErrorKind::input, concat("expected a list of labels, found ", printable(json, 40)));
  }
  std::vector<std::string> names;
  for (const std::string& element : *elements) {
    if (element == "null" || element.starts_with('[') || element.starts_with('{')) {
      throw Error(ErrorKind::input, concat("expected a list of labels, found ",
                                           printable(element, 40), " at ", names.size()));
    }
    names.push_back(text_of_json(element));
  }
  return names;
}

bool is_list(const std::string& json) { return elements_of(text_of_json(json)).has_value(); }
// Of any size.
bool has_no_fraction(std::string_view number) {
  return number.find_first_not_of("-0123456789") == std::string_view::npos;
}

// Mostly lists, or all numbers of which some are fractions, or classes.
LearningTask task_by_labels(const LabelledTexts& texts) {
  std::size_t lists = 0;
  bool all_numbers = true;
  bool have_fractions = false;
  for (const LabelledText& record : texts.records) {
    lists += is_list(record.label) ? 1 : 0;
    all_numbers &= number_of(record.label).has_value();
    have_fractions |= !has_no_fraction(text_of_json(record.label));
  }
  if (2 * lists > texts.records.size()) return LearningTask::multilabel;
  return all_numbers && have_fractions ? LearningTask::regress : LearningTask::classify;
}

// Of a label alone, or of each in a list.
std::vector<std::string> names_of_record(const LabelledText& record, LearningTask task) {
  if (task == LearningTask::multilabel || task == LearningTask::tag) return names_in(record.label);
  if (record.label.starts_with('[') || record.label.starts_with('{')) {
    throw Error(ErrorKind::input,
                concat("expected one label, found ", printable(record.label, 40)));
  }
  return {text_of_json(record.label)};
}

[[noreturn]] void refuse_all(const std::string& source, LearningTask task,
                             const std::string& first) {
  usage_error(source, ": no record can be used for --task ", name_of(task),
              "; the first bad one is ", first);
}

std::set<std::string> all_names(const LabelledTexts& texts, LearningTask task) {
  std::set<std::string> found;
  std::string first_bad;
  for (const LabelledText& record : texts.records) {
    try {
      for (std::string& name : names_of_record(record, task)) found.insert(std::move(name));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) throw;  // make_set() tells of it, where others are good
      if (first_bad.empty()) first_bad = concat(record.where, ": ", message_of(error));
    }
  }
  if (found.empty() && !first_bad.empty()) refuse_all(texts.source, task, first_bad);
  return found;
}

std::vector<std::string> ordered(const std::set<std::string>& found) {
  std::vector<std::string> names(found.begin(), found.end());
  if (std::ranges::all_of(names, is_integer)) {
    std::ranges::sort(names, {},
                      [](const std::string& name) { return *parse_number<std::int64_t>(name); });
  }
  return names;
}

void check_names(const std::vector<std::string>& names, const std::string& source,
                 LearningTask task) {
  const std::size_t least = task == LearningTask::multilabel ? 1 : 2;
  if (names.size() < least) {
    usage_error(source, ": expected ", least == 1 ? "a label" : "two labels",
                " or more to tell apart, found ",
                names.empty() ? "none" : concat("only ", shown(names)));
  }
  if (names.size() > kMostNames) {
    usage_error(source, ": expected at most ", kMostNames, " labels, found ", names.size(),
                "; are they numbers to be learnt as values (--task regress)?");
  }
  if (task == LearningTask::tag && std::ranges::find(names, "") != names.end()) {
    usage_error(source, ": expected tags with a name, found \"\"");
  }
}

std::vector<std::string> names_of_outputs(const std::set<std::string>& found,
                                          const std::string& source, LearningTask task,
                                          const std::vector<std::string>& known) {
  std::vector<std::string> names = ordered(found);
  check_names(names, source, task);
  const bool is_known =
      known.size() == found.size() && std::set<std::string>(known.begin(), known.end()) == found;
  return is_known ? known : names;
}

// Turns the labels of one record into numbers and adds the record to a set.
class SetBuilder {
 public:
  SetBuilder(const LabelPlan& plan, LabelledTexts texts)
      : plan_(plan), objective_(info_of(plan.task).objective), texts_(std::move(texts)) {
    for (const std::string& name : plan.names) {
      numbers_.emplace(name, static_cast<std::int32_t>(numbers_.size()));
    }
    set_.source = texts_.source;
    set_.examples.group = texts_.group;
    const bool is_of_several = objective_ == Objective::several;
    const bool is_value = objective_ == Objective::value || objective_ == Objective::similarity;
    set_.examples.target_width = is_of_several ? plan.outputs() : is_value ? 1 : 0;
  }

  LabelledSet build(BadRecords& bad) {
    for (std::size_t i = 0; i < texts_.records.size(); ++i) {
      LabelledText& record = texts_.records[i];
      try {
        add(record, static_cast<std::int64_t>(i));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::input) throw;
        bad.add(concat(record.where, ": ", message_of(error)));
      }
    }
    if (!unknown_.empty()) refuse_unknown_labels(set_.source, unknown_);
    if (set_.examples.size() == 0) refuse_all(set_.source, plan_.task, bad.first());
    return std::move(set_);
  }

 private:
  void add(LabelledText& record, std::int64_t index) {
    std::vector<std::int32_t> truth;
    double value = 0;
    switch (plan_.task) {
      case LearningTask::regress:
      case LearningTask::similarity: value = value_of(record); break;
      case LearningTask::contrastive: break;
      default:
        for (const std::string& name : names_of_record(record, plan_.task)) {
          const auto found = numbers_.find(name);
          if (found == numbers_.end()) {
            if (unknown_.size() <= kMostShown) unknown_.insert(name);
            return;
          }
          truth.push_back(found->second);
        }
    }
    const auto has_none = [](std::int64_t token) { return token < 0; };
    if (plan_.task == LearningTask::tag && std::ranges::all_of(record.first_tokens, has_none)) {
      throw Error(ErrorKind::input, "none of its words has a token to learn a tag at");
    }
    if (plan_.task == LearningTask::multilabel) {
      std::ranges::sort(truth);
      truth.erase(std::unique(truth.begin(), truth.end()), truth.end());
    }
    add_targets(truth, value);
    Examples& examples = set_.examples;
    for (std::int64_t s = index * texts_.group; s < (index + 1) * texts_.group; ++s) {
      examples.sequences.append(texts_.sequences, s);
      if (plan_.task == LearningTask::tag) {
        add_token_labels(truth, record.first_tokens, texts_.sequences.length(s));
      }
    }
    set_.truth.push_back(std::move(truth));
    set_.values.push_back(value);
    set_.first_tokens.push_back(std::move(record.first_tokens));
    set_.texts.push_back(std::move(record.text));
  }

  double value_of(const LabelledText& record) const {
    const auto number = number_of(record.label);
    if (!number) {
      throw Error(ErrorKind::input,
                  concat("expected a number, found ", printable(record.label, 40)));
    }
    const auto [low, high] = plan_.range;
    if (plan_.task == LearningTask::similarity && (*number < low || *number > high)) {
      throw Error(ErrorKind::input, concat("expected a value from ", low, " to ", high, ", found ",
                                           *number, " (--scale LOW,HIGH gives their range)"));
    }
    return *number;
  }

  void add_targets(const std::vector<std::int32_t>& truth, double value) {
    Examples& examples = set_.examples;
    if (objective_ == Objective::label) examples.labels.push_back(truth.front());
    if (objective_ == Objective::several) {
      const std::size_t first = examples.targets.size();
      examples.targets.resize(first + static_cast<std::size_t>(plan_.outputs()));
      for (const std::int32_t label : truth) {
        examples.targets[first + static_cast<std::size_t>(label)] = 1.0f;
      }
    } else if (examples.target_width == 1) {
      const auto [low, high] = plan_.range;
      examples.targets.push_back(static_cast<float>((value - low) / (high - low)));
    }
  }

  // The first token of each word has the word's tag, as in BERT's experiments (section 5.3).
  void add_token_labels(const std::vector<std::int32_t>& truth,
                        const std::vector<std::int64_t>& first_tokens, std::int64_t tokens) {
    std::vector<std::int32_t> labels(static_cast<std::size_t>(tokens), kIgnored);
    for (std::size_t word = 0; word < truth.size(); ++word) {
      if (first_tokens[word] < 0) continue;
      labels[static_cast<std::size_t>(first_tokens[word])] = truth[word];
    }
    set_.examples.labels.insert(set_.examples.labels.end(), labels.begin(), labels.end());
  }

  const LabelPlan& plan_;
  Objective objective_;
  LabelledTexts texts_;
  LabelledSet set_;
  std::map<std::string, std::int32_t, std::less<>> numbers_;
  std::set<std::string> unknown_;
};

}  // namespace

std::optional<HeadKind> LabelPlan::head() const {
  if (task != LearningTask::distill) return info_of(task).head;
  return names.empty() ? std::nullopt : std::optional(HeadKind::sequence_classification);
}

std::vector<std::string> class_names(const std::set<std::string>& found, const std::string& source,
                                     const std::vector<std::string>& known) {
  return names_of_outputs(found, source, LearningTask::classify, known);
}

void refuse_unknown_labels(const std::string& source, const std::set<std::string>& unknown) {
  usage_error(source, ": has labels that the training records lack: ",
              shown({unknown.begin(), unknown.end()}),
              "; train on some records of each, or leave those out here");
}

LabelPlan plan_labels(const TrainRequest& request, const LabelledTexts& texts,
                      const std::vector<std::string>& known) {
  LabelPlan plan{.task = request.task ? *request.task : task_by_labels(texts),
                 .names = {},
                 .range = request.scale.value_or(ValueRange{0.0, 1.0})};
  if (request.scale && plan.task != LearningTask::similarity) {
    usage_error("--scale is for --task similarity; this is --task ", name_of(plan.task));
  }
  if (plan.task == LearningTask::regress) plan.range = deviation_of(texts);
  const bool has_names = plan.task == LearningTask::classify ||
                         plan.task == LearningTask::multilabel || plan.task == LearningTask::tag;
  if (!has_names) return plan;
  plan.names = names_of_outputs(all_names(texts, plan.task), texts.source, plan.task, known);
  return plan;
}

LabelledSet make_set(LabelledTexts texts, const LabelPlan& plan, BadRecords& bad) {
  return SetBuilder(plan, std::move(texts)).build(bad);
}

}  // namespace convbert::app
