#include "evaluate/report.h"

#include <algorithm>
#include <cmath>

#include "cli/console.h"
#include "cli/table.h"
#include "core/error.h"
#include "core/json.h"

namespace convbert::app {
namespace {

constexpr std::size_t kMostShown = 12;  // labels of a confusion matrix that people can read
constexpr std::size_t kMostPairs = 10;  // of the most frequent confusions, where there are more

std::string_view describe(Task task) {
  switch (task) {
    case Task::classify: return "one label of each record";
    case Task::multilabel: return "several labels of each record";
    case Task::regress: return "values, by the model's head";
    case Task::tag: return "tags of words";
    case Task::similarity: return "values of pairs, by the cosine of their vectors";
  }
  return "";
}

// As people write it.
std::string title_of(const std::string& name) {
  if (name == "matthews") return "Matthews correlation";
  if (name == "pearson") return "Pearson correlation";
  if (name == "spearman") return "Spearman correlation";
  std::string title = name;
  std::ranges::replace(title, '_', ' ');
  if (const std::size_t at = title.find("f1"); at != std::string::npos) title[at] = 'F';
  return title;
}

std::string shown(double value) { return std::isnan(value) ? "-" : fixed(value, 4); }

std::string range_of(const Interval& interval) {
  if (std::isnan(interval.low)) return "-";
  return concat(shown(interval.low), " to ", shown(interval.high));
}

std::string percent(double level) { return concat(std::round(level * 100), " %"); }

std::string head_of_table(const Report& report) {
  std::string text = concat(printable(report.model), ": ", describe(report.task), "; ",
                            counted(report.records, "record"));
  if (report.words > 0) text += concat(", ", counted(report.words, "word"));
  if (report.failed > 0) text += concat("; ", counted(report.failed, "record"), " left out");
  if (report.truncated > 0) text += concat("; ", counted(report.truncated, "text"), " cut");
  if (report.words_without_token > 0) {
    text += concat("; ", counted(report.words_without_token, "word"),
                   " cut off or without a token, taken for outside");
  }
  return text + "\n";
}

std::string measures_of(const Report& report) {
  Table table({Align::left, Align::right, Align::right});
  table.add({"figure", "value", percent(report.resampling.level) + " interval"});
  for (const auto& [name, measure] : report.measures) {
    table.add({title_of(name), shown(measure.value), range_of(measure.interval)});
  }
  return table.text();
}

std::string rows_of(const Report& report) {
  Table table({Align::left, Align::right});
  table.add({report.rows_are, "precision", "recall", "F1", "interval of F1", "support"});
  for (const LabelRow& row : report.rows) {
    table.add({printable(row.label, 60), shown(row.precision.value), shown(row.recall.value),
               shown(row.f1.value), range_of(row.f1.interval), grouped(row.support)});
  }
  return table.text();
}

std::string matrix_of(const Confusion& confusion) {
  Table table({Align::left, Align::right});
  std::vector<std::string> header{"true \\ predicted"};
  for (const std::string& label : confusion.labels) header.push_back(printable(label, 60));
  table.add(std::move(header));
  for (std::size_t i = 0; i < confusion.labels.size(); ++i) {
    std::vector<std::string> cells{printable(confusion.labels[i], 60)};
    for (const std::int64_t count : confusion.counts[i]) cells.push_back(grouped(count));
    table.add(std::move(cells));
  }
  return table.text();
}

std::string pairs_of(const Confusion& confusion) {
  const std::vector<ConfusedPair> pairs = most_confused(confusion, kMostPairs);
  Table table({Align::left, Align::left, Align::right});
  table.add({"true", "predicted", "most frequent"});
  for (const ConfusedPair& pair : pairs) {
    table.add({printable(confusion.labels[pair.truth], 60),
               printable(confusion.labels[pair.predicted], 60), grouped(pair.count)});
  }
  return pairs.empty() ? "" : table.text();
}

std::string to_table(const Report& report) {
  std::string text = head_of_table(report) + "\n" + measures_of(report);
  if (!report.rows.empty()) text += "\n" + rows_of(report);
  if (!report.confusion.counts.empty()) {
    const std::string confusions = report.confusion.labels.size() <= kMostShown
                                       ? matrix_of(report.confusion)
                                       : pairs_of(report.confusion);
    if (!confusions.empty()) text += "\n" + confusions;
  }
  return text + concat("\nIntervals: percentiles of ", grouped(report.resampling.replicates),
                       " bootstrap resamples of the records, seed ", report.resampling.seed, ".\n");
}

OrderedJson to_json(const Measure& measure) {
  return {{"value", measure.value}, {"low", measure.interval.low}, {"high", measure.interval.high}};
}

// NaN becomes null.
std::string to_json(const Report& report) {
  OrderedJson json{{"model", report.model},
                   {"task", name_of(report.task)},
                   {"records", report.records},
                   {"failed", report.failed},
                   {"truncated", report.truncated}};
  if (report.task == Task::tag) {
    json["words"] = report.words;
    json["words_without_token"] = report.words_without_token;
  }
  json["intervals"] = {{"level", report.resampling.level},
                       {"method", "percentile bootstrap over records"},
                       {"resamples", report.resampling.replicates},
                       {"seed", report.resampling.seed}};
  json["figures"] = figures_json(report);
  if (!report.rows_are.empty()) {
    OrderedJson& rows = json["labels"] = OrderedJson::array();
    for (const LabelRow& row : report.rows) {
      rows.push_back({{report.rows_are, row.label},
                      {"precision", to_json(row.precision)},
                      {"recall", to_json(row.recall)},
                      {"f1", to_json(row.f1)},
                      {"support", row.support}});
    }
  }
  if (!report.confusion.counts.empty()) {
    json["confusion"] = {{"labels", report.confusion.labels}, {"counts", report.confusion.counts}};
  }
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace

std::vector<ConfusedPair> most_confused(const Confusion& confusion, std::size_t most) {
  std::vector<ConfusedPair> pairs;
  for (std::size_t i = 0; i < confusion.counts.size(); ++i) {
    for (std::size_t j = 0; j < confusion.counts.size(); ++j) {
      if (i != j && confusion.counts[i][j] > 0) pairs.push_back({confusion.counts[i][j], i, j});
    }
  }
  std::ranges::stable_sort(pairs, std::greater<>(), &ConfusedPair::count);
  if (pairs.size() > most) pairs.resize(most);
  return pairs;
}

OrderedJson figures_json(const Report& report) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, measure] : report.measures) json[name] = to_json(measure);
  return json;
}

std::string report_text(const Report& report, Format format) {
  return format == Format::json ? to_json(report) : to_table(report);
}

}  // namespace convbert::app
