// Figures of evaluations, against scikit-learn, scipy and seqeval
// (golden/make_evaluation_fixtures.py).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/json.h"
#include "metrics/bootstrap.h"
#include "metrics/label_figures.h"
#include "metrics/roc.h"
#include "metrics/tag_figures.h"
#include "metrics/value_figures.h"
#include "support/process.h"

namespace convbert {
namespace {

constexpr double kTolerance = 1e-12;

std::vector<Json> cases(const std::string& kind) {
  std::vector<Json> found;
  const std::string path = std::string(CONVBERT_TEST_DATA) + "/evaluation/cases.jsonl";
  for (const std::string& line : test::split_lines(test::read_file(path))) {
    Json row = Json::parse(line);
    if (row["kind"] == kind) found.push_back(std::move(row));
  }
  REQUIRE(found.size() >= 5);
  return found;
}

// Null stands for NaN.
void check_number(double found, const Json& expected) {
  if (expected.is_null()) {
    CHECK(std::isnan(found));
  } else {
    CHECK(std::abs(found - expected.get<double>()) <=
          kTolerance * std::max(1.0, std::abs(expected.get<double>())));
  }
}

using Names = std::vector<std::string>;

// figures(weights) gives those called so, in that order.
void check_figures(const Json& row, std::span<const std::uint32_t> kinds, std::size_t kind_count,
                   const Names& names, const WeightedFigures& figures) {
  std::vector<std::uint32_t> weights(kind_count, 0);
  for (const std::uint32_t kind : kinds) ++weights[kind];
  const std::vector<double> found = figures(weights);
  const std::vector<Interval> intervals = bootstrap_intervals(
      kinds, kind_count, figures,
      {.replicates = row["replicates"], .seed = row["seed"], .level = 0.95, .threads = 2});
  REQUIRE(found.size() == names.size());
  REQUIRE(row["figures"].size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    INFO(names[i]);
    check_number(found[i], row["figures"][names[i]]);
    check_number(intervals[i].low, row["intervals"][names[i]][0]);
    check_number(intervals[i].high, row["intervals"][names[i]][1]);
  }
}

void check_scores(const LabelCounts& counts, const Json& expected) {
  const LabelScores scores = scores_of(counts);
  check_number(scores.precision, expected[0]);
  check_number(scores.recall, expected[1]);
  check_number(scores.f1, expected[2]);
  check_number(static_cast<double>(counts.support), expected[3]);
}

TEST_CASE("labels of records that have one") {
  for (const Json& row : cases("single")) {
    INFO(row.dump());
    LabelledRecords records(row["labels"]);
    for (std::size_t i = 0; i < row["truth"].size(); ++i) {
      records.add(
          outcome_of(row["truth"][i].get<std::int32_t>(), row["predicted"][i].get<std::int32_t>()));
    }
    check_figures(row, records.kinds(), records.kind_count(),
                  {"accuracy", "macro_f1", "weighted_f1", "matthews"},
                  [&](std::span<const std::uint32_t> weights) -> std::vector<double> {
                    const LabelTally tally = records.sum(weights);
                    return {tally.accuracy(),
                            macro_f1(tally.labels, AveragedLabels::those_that_occur),
                            weighted_f1(tally.labels), matthews(tally.labels, tally.units)};
                  });
    const LabelTally tally = records.sum();
    for (std::size_t label = 0; label < tally.labels.size(); ++label) {
      check_scores(tally.labels[label], row["rows"][label]);
    }
  }
}

TEST_CASE("labels of records that have several") {
  for (const Json& row : cases("multi")) {
    INFO(row.dump());
    LabelledRecords records(row["labels"]);
    for (std::size_t i = 0; i < row["truth"].size(); ++i) {
      const std::vector<std::int32_t> truth = row["truth"][i];
      const std::vector<std::int32_t> predicted = row["predicted"][i];
      records.add(outcome_of(truth, predicted));
    }
    check_figures(row, records.kinds(), records.kind_count(),
                  {"accuracy", "micro_f1", "macro_f1", "weighted_f1"},
                  [&](std::span<const std::uint32_t> weights) -> std::vector<double> {
                    const LabelTally tally = records.sum(weights);
                    return {tally.accuracy(), scores_of(tally.labels).f1,
                            macro_f1(tally.labels, AveragedLabels::all), weighted_f1(tally.labels)};
                  });
    const LabelTally tally = records.sum();
    for (std::size_t label = 0; label < tally.labels.size(); ++label) {
      check_scores(tally.labels[label], row["rows"][label]);
    }
  }
}

TEST_CASE("values beside those that are true") {
  for (const Json& row : cases("values")) {
    INFO(row.dump());
    ValuePairs pairs;
    std::vector<std::uint32_t> kinds;
    for (std::size_t i = 0; i < row["truth"].size(); ++i) {
      pairs.add(row["truth"][i], row["predicted"][i]);
      kinds.push_back(static_cast<std::uint32_t>(i));
    }
    pairs.sort();
    check_figures(row, kinds, kinds.size(),
                  {"pearson", "spearman", "mean_absolute_error", "root_mean_squared_error"},
                  [&](std::span<const std::uint32_t> weights) -> std::vector<double> {
                    const ValueFigures figures = pairs.figures(weights);
                    return {figures.pearson, figures.spearman, figures.mean_absolute_error,
                            figures.root_mean_squared_error};
                  });
    check_number(pairs.figures().pearson, row["figures"]["pearson"]);
  }
  CHECK(std::isnan(ValuePairs().figures().pearson));
}

// Every tag of the case, each once, and the numbers of a sentence's.
Names tags_of(const Json& row) {
  Names names;
  for (const char* side : {"truth", "predicted"}) {
    for (const Json& sentence : row[side]) {
      for (const std::string tag : sentence) {
        if (std::ranges::find(names, tag) == names.end()) names.push_back(tag);
      }
    }
  }
  return names;
}

std::vector<std::int32_t> numbers_of(const Json& sentence, const Names& names) {
  std::vector<std::int32_t> numbers;
  for (const std::string tag : sentence) {
    numbers.push_back(static_cast<std::int32_t>(std::ranges::find(names, tag) - names.begin()));
  }
  return numbers;
}

TEST_CASE("entities that tags spell, in broken schemes, too") {
  for (const Json& row : cases("tags")) {
    INFO(row.dump());
    Names names = tags_of(row);
    names.push_back("B-");  // so that a set of "O" alone counts entities, too
    const TagCounter counter(names);
    REQUIRE(counter.counts_entities());
    LabelledRecords records(counter.types().size());
    for (std::size_t i = 0; i < row["truth"].size(); ++i) {
      records.add(counter.count(numbers_of(row["truth"][i], names),
                                numbers_of(row["predicted"][i], names)));
    }
    check_figures(row, records.kinds(), records.kind_count(),
                  {"accuracy", "micro_f1", "macro_f1", "weighted_f1"},
                  [&](std::span<const std::uint32_t> weights) -> std::vector<double> {
                    const LabelTally tally = records.sum(weights);
                    return {tally.accuracy(), scores_of(tally.labels).f1,
                            macro_f1(tally.labels, AveragedLabels::those_that_occur),
                            weighted_f1(tally.labels)};
                  });
    const LabelTally tally = records.sum();
    std::size_t occurring = 0;
    for (std::size_t type = 0; type < tally.labels.size(); ++type) {
      if (!tally.labels[type].occurs()) continue;
      ++occurring;
      INFO(counter.types()[type]);
      check_scores(tally.labels[type], row["rows"][counter.types()[type]]);
    }
    CHECK(occurring == row["rows"].size());
  }
}

TEST_CASE("spans are those of the reference") {
  for (const Json& row : cases("tags")) {
    for (std::size_t i = 0; i < row["truth"].size(); ++i) {
      INFO(row["truth"][i].dump());
      const Names sentence = row["truth"][i];
      const std::vector<std::string_view> tags(sentence.begin(), sentence.end());
      std::vector<TaggedSpan> expected;
      for (const Json& span : row["spans"][i]) expected.push_back({span[0], span[1], span[2]});
      CHECK(tagged_spans(tags) == expected);
    }
  }
}

TEST_CASE("parts of speech are counted word by word, and a word without a tag is wrong") {
  const TagCounter counter({"NOUN", "VERB"});
  CHECK(!counter.counts_entities());
  CHECK(counter.types() == Names{"NOUN", "VERB"});
  const std::int32_t truth[] = {0, 1, 0, 0};
  const std::int32_t predicted[] = {0, 0, -1, 0};
  const LabelledRecords::Outcome outcome = counter.count(truth, predicted);
  CHECK(outcome.right == 2);
  CHECK(outcome.units == 4);
  CHECK(outcome.labels == std::vector<LabelledRecords::OfLabel>{{0, 2, 3, 3}, {1, 0, 0, 1}});
}

TEST_CASE("a word without a tag is outside of entities") {
  const TagCounter counter({"B-A", "I-A"});
  const std::int32_t truth[] = {0, 1, 1};
  const std::int32_t predicted[] = {0, -1, 1};
  CHECK(counter.count(truth, predicted).labels ==
        std::vector<LabelledRecords::OfLabel>{{0, 0, 2, 1}});
}

TEST_CASE("records that add the same are one outcome") {
  LabelledRecords records(2);
  for (int i = 0; i < 100; ++i) records.add(outcome_of(i % 2, 0));
  CHECK(records.size() == 100);
  CHECK(records.kind_count() == 2);
  CHECK(records.sum().labels[0] == LabelCounts{50, 100, 50});
}

TEST_CASE("an interval does not depend on threads, and is none where nothing has a value") {
  std::vector<std::uint32_t> kinds(200);
  for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = static_cast<std::uint32_t>(i % 5);
  const WeightedFigures figures =
      [](std::span<const std::uint32_t> weights) -> std::vector<double> {
    return {weights[0] / 200.0, std::numeric_limits<double>::quiet_NaN()};
  };
  const auto one = bootstrap_intervals(kinds, 5, figures, {.threads = 1});
  const auto three = bootstrap_intervals(kinds, 5, figures, {.threads = 3});
  REQUIRE(one.size() == 2);
  CHECK(one[0].low == three[0].low);
  CHECK(one[0].high == three[0].high);
  // 0.2, with a standard error of 0.0283.
  CHECK(one[0].low == doctest::Approx(0.2 - 1.96 * 0.0283).epsilon(0.05));
  CHECK(one[0].high == doctest::Approx(0.2 + 1.96 * 0.0283).epsilon(0.05));
  CHECK(std::isnan(one[1].low));
  CHECK(std::isnan(one[1].high));
  CHECK(bootstrap_intervals(kinds, 5, figures, {.seed = 2})[0].low != one[0].low);
}

TEST_CASE("the area under the ROC curve is the share of pairs that are in order") {
  std::uint32_t random = 1;
  const auto next = [&] { return (random = random * 1664525 + 1013904223) >> 16; };
  for (const std::size_t count : {2U, 3U, 10U, 77U}) {
    std::vector<float> scores;
    std::vector<float> targets;
    for (std::size_t i = 0; i < count; ++i) {
      scores.push_back(static_cast<float>(next() % 9) - 4.0f);  // many are equal
      targets.push_back(i == 0 ? 1.0f : i == 1 ? 0.0f : static_cast<float>(next() % 2));
    }
    double won = 0.0;
    double pairs = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) {
        if (targets[i] != 1.0f || targets[j] != 0.0f) continue;
        won += scores[i] > scores[j] ? 1.0 : scores[i] == scores[j] ? 0.5 : 0.0;
        pairs += 1.0;
      }
    }
    CHECK(area_under_roc(scores, targets) == doctest::Approx(won / pairs).epsilon(1e-12));
  }
  CHECK(area_under_roc(std::vector{1.0f, 2.0f, 3.0f}, std::vector{0.0f, 1.0f, 1.0f}) == 1.0);
  CHECK(area_under_roc(std::vector{0.0f, 0.0f}, std::vector{0.0f, 1.0f}) == 0.5);
  CHECK(std::isnan(area_under_roc(std::vector{0.0f, 1.0f}, std::vector{1.0f, 1.0f})));
  CHECK(std::isnan(area_under_roc(std::vector{0.0f, NAN}, std::vector{0.0f, 1.0f})));
  CHECK(std::isnan(area_under_roc({}, {})));

  CHECK(binary_entropy(0.5) == doctest::Approx(std::log(2.0)));
  CHECK(binary_entropy(0.1) == doctest::Approx(binary_entropy(0.9)));
  CHECK(binary_entropy(0.0) == 0.0);
  CHECK(binary_entropy(1.0) == 0.0);
}

}  // namespace
}  // namespace convbert
