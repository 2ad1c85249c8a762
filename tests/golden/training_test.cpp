// Losses, gradients and ten steps of AdamW against the reference (data/training/README.md).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "core/json.h"
#include "model/load.h"
#include "support/npz.h"
#include "train/losses.h"
#include "train/optimizer.h"
#include "train/trained_model.h"

namespace convbert {
namespace {

const std::filesystem::path kCases = std::filesystem::path(CONVBERT_TEST_DATA) / "training";

HeadKind kind_of(std::string_view name) {
  if (name.ends_with("-tag")) return HeadKind::token_classification;
  if (name.ends_with("-mask")) return HeadKind::masked_lm;
  if (name.ends_with("-replaced")) return HeadKind::replaced_token_detection;
  return HeadKind::sequence_classification;
}

// Rows that have a label, each weighed so that every sequence counts alike.
struct Labelled {
  TrainingBatch training;
  std::vector<std::int32_t> labels;
  std::vector<float> weights;
};

Labelled read_batch(const std::filesystem::path& path) {
  std::vector<Json> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
  REQUIRE(!lines.empty());
  Labelled labelled;
  Batch& batch = labelled.training.batch;
  for (const Json& line : lines) {
    const std::int64_t first = batch.tokens();
    batch.append(line["ids"].get<std::vector<std::int32_t>>(),
                 line["type_ids"].get<std::vector<std::int32_t>>());
    const auto labels = line.contains("label") ? std::vector{line["label"].get<std::int32_t>()}
                                               : line["labels"].get<std::vector<std::int32_t>>();
    const auto counted = std::ssize(labels) - std::ranges::count(labels, kIgnored);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == kIgnored) continue;
      labelled.training.rows.push_back(first + static_cast<std::int64_t>(i));
      labelled.labels.push_back(labels[i]);
      labelled.weights.push_back(1.0f / static_cast<float>(lines.size()) /
                                 static_cast<float>(counted));
    }
  }
  return labelled;
}

LossFunction loss_of(const Labelled& labelled, HeadKind kind) {
  return [&labelled, kind](std::int64_t first, ConstMatrixView outputs, MatrixView gradient) {
    const auto begin = static_cast<std::size_t>(first);
    const auto count = static_cast<std::size_t>(outputs.rows);
    const auto labels = std::span(labelled.labels).subspan(begin, count);
    const auto weights = std::span(labelled.weights).subspan(begin, count);
    if (kind != HeadKind::replaced_token_detection) {
      return cross_entropy(outputs, labels, weights, {}, gradient);
    }
    const std::vector<float> targets(labels.begin(), labels.end());
    return binary_cross_entropy(outputs, {targets.data(), outputs.rows, 1, 1}, weights, gradient);
  };
}

class Expected {
 public:
  Expected(const std::filesystem::path& folder, Family family)
      : arrays_(test::read_npz(folder / "expected.npz")), prefix_(concat(name_of(family), ".")) {}

  const std::vector<float>& values(const std::string& key) const { return arrays_.at(key).values; }
  // "grad.", "final.": of a tensor of the base or of a head.
  const std::vector<float>& of(const std::string& what, const std::string& name) const {
    const auto plain = arrays_.find(what + name);
    return plain != arrays_.end() ? plain->second.values : values(what + prefix_ + name);
  }
  std::size_t count(const std::string& what) const {
    std::size_t count = 0;
    for (const auto& entry : arrays_) count += entry.first.starts_with(what);
    return count;
  }

 private:
  std::map<std::string, test::Array> arrays_;
  std::string prefix_;
};

struct Difference {
  double largest_entry = 0;
  double difference = 0;
  double root_mean_square = 0;  // of the differences
};
Difference compare(const std::vector<float>& found, const std::vector<float>& expected) {
  REQUIRE(found.size() == expected.size());
  Difference result;
  double squares = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    result.largest_entry = std::max<double>(result.largest_entry, std::abs(expected[i]));
    const double here = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (!(here <= result.difference)) result.difference = here;
    squares += here * here;
  }
  result.root_mean_square = std::sqrt(squares / static_cast<double>(found.size()));
  return result;
}

// Of final weights. Ten steps at 1e-3 move a weight by 1e-2 at most; where a gradient's entry comes
// near zero, a step follows its rounding error, so that single weights differ by more than the
// rest.
constexpr double kFinalTolerance = 1e-4;

// A constant added to all scores of a query changes no probability, so the exact gradient of a
// key's bias is zero: both sides have rounding errors alone, which AdamW's division by their own
// size makes into steps.
bool is_noise(const Values& values) { return values.name.ends_with("self.key.bias"); }

TEST_CASE("every reference case: loss, gradients, ten steps and where they lead") {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    if (!entry.is_directory()) continue;
    ++cases;
    const std::filesystem::path folder = entry.path();
    INFO(folder.filename().string());
    const HeadKind kind = kind_of(folder.filename().string());
    const ModelFiles files = ModelFiles::directory(folder);
    const ModelConfig config = read_config(files);
    const Checkpoint checkpoint = Checkpoint::open(files);
    const HeadForm* form = form_of(kind, config.family);
    const std::int64_t outputs = WeightBinder(checkpoint, config).outputs_of(kind);
    Parameters parameters = load_parameters(checkpoint, config, form, outputs);
    Gradients gradients = allocate_gradients(parameters);
    TrainedModel model(config, parameters, {.head = form});
    const Labelled labelled = read_batch(folder / "batch.jsonl");
    const LossFunction loss = loss_of(labelled, kind);
    const Expected expected(folder, config.family);
    AdamW optimizer(parameters, gradients, {.weight_decay = 0.01, .decays = DecayOf::everything});

    double largest = 0;
    for (std::size_t step = 0; step < 10; ++step) {
      clear(gradients);
      model.repack(parameters, 1);
      const double found = model.add_gradients(labelled.training, loss, gradients, {});
      fold_tied(parameters, gradients);
      CHECK(found == doctest::Approx(expected.values("losses")[step]).epsilon(1e-5));
      if (step == 0) {
        CHECK(found == doctest::Approx(expected.values("loss")[0]).epsilon(1e-6));
        std::size_t tensors = 0;
        double of_weight =
            0;  // the largest entry of the tensor before, as a bias follows its weight
        const auto check = [&](const Gradient& gradient, const Values& values) {
          if (values.floats.empty()) return;
          ++tensors;
          const Difference result = compare(gradient.floats, expected.of("grad.", values.name));
          INFO(values.name, ": largest entry ", result.largest_entry, ", largest difference ",
               result.difference);
          // Noise is measured by the gradient of the weight that the bias belongs to.
          const double scale = is_noise(values) ? of_weight : result.largest_entry;
          CHECK(result.difference <= 1e-5 * scale);
          of_weight = result.largest_entry;
          if (is_noise(values)) return;
          largest = std::max(largest, result.difference / result.largest_entry);
        };
        for_each_tensor(check, gradients, parameters);
        CHECK(tensors == expected.count("grad."));
      }
      optimizer.step(parameters, gradients, 1e-3, 1.0, 1);
    }
    double largest_final = 0;
    const auto check_final = [&](const Values& values) {
      if (values.floats.empty() || is_noise(values)) return;
      const Difference result = compare(values.floats, expected.of("final.", values.name));
      INFO(values.name, ": largest difference ", result.difference, ", root of the mean square ",
           result.root_mean_square);
      CHECK(result.difference <= kFinalTolerance);
      CHECK(result.root_mean_square <= 1e-5);
      largest_final = std::max(largest_final, result.difference);
    };
    for_each_tensor(check_final, parameters);
    MESSAGE(folder.filename().string(), ": gradients within ", largest, ", final weights within ",
            largest_final);
  }
  CHECK(cases == 7);
}

}  // namespace
}  // namespace convbert
