// Every tensor of every reference case: embeddings, layers, attention, kernels, logits.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "model/model.h"
#include "nn/compute.h"
#include "support/npz.h"

namespace convbert {
namespace {

constexpr double kTolerance = 2e-5;  // values are of order 1 to 10

const std::filesystem::path kCases = std::filesystem::path(CONVBERT_TEST_DATA) / "models";

// Collects what the reference recorded, under its names, for a batch of one sequence.
class Recorder : public EncoderObserver {
 public:
  explicit Recorder(const ModelConfig& config) : config_(config) {}

  std::map<std::string, test::Array> arrays;

  void on_hidden(std::int64_t index, ConstMatrixView hidden) override {
    test::Array array{{hidden.rows, hidden.columns}, {}};
    for (std::int64_t row = 0; row < hidden.rows; ++row) {
      array.values.insert(array.values.end(), hidden.row(row), hidden.row(row) + hidden.columns);
    }
    arrays[index == 0 ? "embeddings" : concat("layer", index - 1)] = std::move(array);
  }
  bool wants_attention(std::int64_t) const override { return true; }
  void on_attention(std::int64_t layer, std::int64_t, const nn::AttentionView& view) override {
    test::Array array{{view.heads, view.length, view.length}, {}};
    for (std::int64_t head = 0; head < view.heads; ++head) {
      for (std::int64_t row = 0; row < view.length; ++row) {
        const float* from = view.data + (head * view.length + row) * view.length;
        array.values.insert(array.values.end(), from, from + view.length);
      }
    }
    arrays[concat("attention", layer)] = std::move(array);
  }
  void on_kernels(std::int64_t layer, ConstMatrixView kernels) override {
    const std::int64_t taps = config_.convolution->kernel_size;
    test::Array array{{config_.attention_heads, kernels.rows, taps}, {}};
    for (std::int64_t head = 0; head < config_.attention_heads; ++head) {
      for (std::int64_t row = 0; row < kernels.rows; ++row) {
        const float* from = kernels.row(row) + head * taps;
        array.values.insert(array.values.end(), from, from + taps);
      }
    }
    arrays[concat("conv_kernel", layer)] = std::move(array);
  }

 private:
  const ModelConfig& config_;
};

double largest_difference(const test::Array& a, const test::Array& b) {
  REQUIRE(a.shape == b.shape);
  double largest = 0.0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a.values[i]) - b.values[i]);
    if (!(difference <= largest)) largest = difference;  // a NaN counts as a difference
  }
  return largest;
}

std::vector<Json> read_cases(const std::filesystem::path& folder) {
  std::vector<Json> cases;
  std::ifstream lines(folder / "cases.jsonl");
  for (std::string line; std::getline(lines, line);) cases.push_back(Json::parse(line));
  REQUIRE(!cases.empty());
  return cases;
}

// The reference leaves out sizes of 1.
std::vector<std::int64_t> shape_of_logits(HeadKind kind, MatrixView logits) {
  if (info_of(kind).rows == HeadRows::first_token) return {logits.columns};
  if (info_of(kind).outputs == HeadOutputs::value) return {logits.rows};
  return {logits.rows, logits.columns};
}

std::vector<float> values_of(MatrixView matrix) {
  std::vector<float> values;
  for (std::int64_t row = 0; row < matrix.rows; ++row) {
    const auto span = matrix.row_span(row);
    values.insert(values.end(), span.begin(), span.end());
  }
  return values;
}

struct Comparison {
  double largest = 0.0;
  int arrays = 0;
};

Comparison compare_case(const std::filesystem::path& folder, const ModelFiles& files) {
  const ModelConfig config = read_config(files);
  const Model model = load_model(files, {});
  const auto expected = test::read_npz(folder / "expected.npz");
  Comparison comparison;
  for (const Json& row : read_cases(folder)) {
    Batch batch;
    batch.append(row["ids"].get<std::vector<std::int32_t>>(),
                 row["type_ids"].get<std::vector<std::int32_t>>());
    Workspace workspace;
    Recorder recorder(model.config);
    const nn::PaddedRows hidden =
        nn::allocate_rows(workspace, batch.tokens(), model.config.hidden_size);
    model.encoder.forward(batch, model.config.layers, hidden, workspace, &recorder);
    auto& found = recorder.arrays;
    found["hidden"] = found[concat("layer", model.config.layers - 1)];
    for (const Head& head : model.heads) {
      const MatrixView logits = head.forward(batch, hidden, workspace);
      found["logits"] = {shape_of_logits(head.kind(), logits), values_of(logits)};
    }
    std::vector<float> embedding(static_cast<std::size_t>(hidden.columns));
    pool(Pooling::mean, hidden, embedding);
    normalize(embedding);
    found["embedding"] = {{hidden.columns}, embedding};

    const std::string prefix = concat("i", row["i"].get<int>(), ".");
    for (const auto& entry : expected) {
      const std::string& name = entry.first;
      if (!name.starts_with(prefix)) continue;
      const std::string key = name.substr(prefix.size());
      INFO(folder.filename().string(), " ", name);
      REQUIRE(found.contains(key));
      const double difference = largest_difference(found[key], entry.second);
      CHECK(difference <= kTolerance);
      comparison.largest = std::max(comparison.largest, difference);
      ++comparison.arrays;
    }
  }
  return comparison;
}

TEST_CASE("every tensor of every reference model") {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    const std::filesystem::path folder = entry.path();
    const bool is_mini = folder.filename() == "convbert-mini";
    const std::filesystem::path model =
        is_mini ? std::filesystem::path(CONVBERT_SOURCE_DIR) / "models/convbert-mini" : folder;
    const Comparison comparison = compare_case(folder, ModelFiles::directory(model));
    CHECK(comparison.arrays >= 30);
    MESSAGE(folder.filename().string(), ": ", comparison.arrays, " arrays, largest difference ",
            comparison.largest);
    ++cases;
  }
  CHECK(cases == 21);
}

// The training objective of ELECTRA (Clark et al. 2020): the mean over the sequences of each one's
// mean binary cross-entropy over the tokens that count.
double replaced_token_loss(const Model& model, const std::filesystem::path& batch) {
  const Head& head = *model.head(HeadKind::replaced_token_detection);
  double sum = 0.0;
  int sequences = 0;
  std::ifstream lines(batch);
  for (std::string line; std::getline(lines, line); ++sequences) {
    const Json row = Json::parse(line);
    Batch one;
    one.append(row["ids"].get<std::vector<std::int32_t>>(),
               row["type_ids"].get<std::vector<std::int32_t>>());
    Workspace workspace;
    const nn::PaddedRows hidden =
        nn::allocate_rows(workspace, one.tokens(), model.config.hidden_size);
    model.encoder.forward(one, model.config.layers, hidden, workspace);
    const std::vector<float> logits = values_of(head.forward(one, hidden, workspace));
    const auto labels = row["labels"].get<std::vector<int>>();
    double loss = 0.0;
    int counted = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] < 0) continue;
      loss += std::log1p(std::exp(static_cast<double>(logits[i]))) - labels[i] * logits[i];
      ++counted;
    }
    sum += loss / counted;
  }
  return sum / sequences;
}

TEST_CASE("replaced-token heads give the reference's loss") {
  const std::filesystem::path folder = std::filesystem::path(CONVBERT_TEST_DATA) / "training";
  const std::map<std::string, double> expected{{"convbert-replaced", 0.67408686876297},
                                               {"electra-replaced", 0.690008282661438}};
  for (const auto& entry : expected) {
    const std::string& name = entry.first;
    const Model model = load_model(ModelFiles::directory(folder / name), {});
    const double found = replaced_token_loss(model, folder / name / "batch.jsonl");
    INFO(name, ": ", found);
    CHECK(std::abs(found - entry.second) <= 1e-6);
  }
}

}  // namespace
}  // namespace convbert
