// Fifty steps of pre-training against the reference (make_pre_training_fixtures.py).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "core/json.h"
#include "model/load.h"
#include "support/npz.h"
#include "train/pre_training.h"

namespace convbert {
namespace {

const std::filesystem::path kCases = std::filesystem::path(CONVBERT_TEST_DATA) / "pretraining";

LearningModel read_model(const std::filesystem::path& folder, HeadKind kind) {
  const ModelFiles files = ModelFiles::directory(folder);
  const ModelConfig config = read_config(files);
  const HeadForm* head = form_of(kind, config.family);
  const Checkpoint checkpoint = Checkpoint::open(files);
  const std::int64_t outputs = WeightBinder(checkpoint, config).outputs_of(kind);
  return {config, {.head = head}, load_parameters(checkpoint, config, head, outputs)};
}

struct GivenStep {
  Batch original;
  MaskedBatch masked;
  std::vector<std::int32_t> drawn;
};

GivenStep read_step(const Json& sequences) {
  GivenStep step;
  for (const Json& sequence : sequences) {
    const auto ids = sequence["ids"].get<std::vector<std::int32_t>>();
    const std::vector<std::int32_t> types(ids.size());
    const std::int64_t first = step.original.tokens();
    step.original.append(ids, types);
    step.masked.training.batch.append(sequence["seen"].get<std::vector<std::int32_t>>(), types);
    for (const Json& row : sequence["rows"]) {
      step.masked.training.rows.push_back(first + row.get<std::int64_t>());
      step.masked.words.push_back(ids[row.get<std::size_t>()]);
    }
    for (const Json& word : sequence["drawn"]) step.drawn.push_back(word.get<std::int32_t>());
  }
  return step;
}

using Arrays = std::map<std::string, test::Array>;

// Final weights: as far from each other as in training_test.cpp, and for its reasons.
void check_final(const Parameters& parameters, Family family, const std::string& prefix,
                 const Arrays& expected, std::size_t& compared) {
  const auto check = [&](const Values& values) {
    if (values.floats.empty() || values.name.ends_with("self.key.bias")) return;
    auto found = expected.find("final." + prefix + values.name);
    if (found == expected.end()) {
      found = expected.find(concat("final.", prefix, name_of(family), ".", values.name));
    }
    if (found == expected.end()) {  // a generator's, which are the model's
      CHECK(prefix == "generator.");
      return;
    }
    ++compared;
    const std::vector<float>& reference = found->second.values;
    REQUIRE(reference.size() == values.floats.size());
    double largest = 0;
    double squares = 0;
    for (std::size_t i = 0; i < reference.size(); ++i) {
      const double difference = std::abs(static_cast<double>(values.floats[i]) - reference[i]);
      largest = std::max(largest, difference);
      squares += difference * difference;
    }
    INFO(prefix, values.name, ": largest difference ", largest);
    CHECK(largest <= 1e-4);
    CHECK(std::sqrt(squares / static_cast<double>(reference.size())) <= 1e-5);
  };
  for_each_tensor(check, parameters);
}

TEST_CASE("every reference case of pre-training: fifty losses, norms and where they lead") {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    const std::filesystem::path folder = entry.path();
    INFO(folder.filename().string());
    ++cases;
    const bool is_replaced = folder.filename().string().ends_with("-replaced");
    LearningModel model =
        read_model(folder, is_replaced ? HeadKind::replaced_token_detection : HeadKind::masked_lm);
    const Family family = model.config.family;
    std::optional<LearningModel> generator;
    if (is_replaced) generator = read_model(folder / "generator", HeadKind::masked_lm);
    PreTraining training(
        std::move(model), std::move(generator),
        {.vocabulary = {.size = 60}, .steps = 50, .learning_rate = 1e-3, .warmup = 0.2});
    const Arrays expected = test::read_npz(folder / "expected.npz");
    std::ifstream lines(folder / "steps.jsonl");
    std::size_t step = 0;
    for (std::string line; std::getline(lines, line); ++step) {
      const GivenStep given = read_step(Json::parse(line));
      const PreTrainingStep found = training.step(given.original, given.masked, given.drawn);
      const auto value = [&](const char* name) { return expected.at(name).values.at(step); };
      CHECK(found.figures.words.loss == doctest::Approx(value("words")).epsilon(1e-5));
      CHECK(found.gradient_norm == doctest::Approx(value("norms")).epsilon(1e-4));
      if (!is_replaced) continue;
      CHECK(found.figures.replaced.loss == doctest::Approx(value("replaced")).epsilon(1e-5));
      // Of two words of each sequence one was replaced by itself.
      CHECK(found.figures.replaced.replaced <= 3);
    }
    CHECK(step == 50);
    std::size_t compared = 0;
    check_final(training.parameters(), family, "", expected, compared);
    if (is_replaced) check_final(*training.generator(), family, "generator.", expected, compared);
    const auto finals = std::ranges::count_if(expected, [](const auto& array) {
      return array.first.starts_with("final.") && !array.first.ends_with("self.key.bias");
    });
    CHECK(static_cast<std::ptrdiff_t>(compared) == finals);
  }
  CHECK(cases == 4);
}

}  // namespace
}  // namespace convbert
