// What the tests of `convbert train` share: a tiny model, easy records, and runs of the program.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {

inline const std::string kModel = std::string(CONVBERT_TEST_DATA) + "/models/convbert-plain";

struct Sentence {
  std::vector<std::string> words;
  bool is_animal;

  std::string text() const {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
  }
};

// Sentences whose second word tells what they are about.
inline std::vector<Sentence> sentences(int count = 96) {
  const std::vector<std::string> nouns{"dog", "men", "cat", "man"};
  const std::vector<std::string> verbs{"sees", "run", "walk"};
  const std::vector<std::string> objects{"house", "tree", "child", "road", "river"};
  std::vector<Sentence> all;
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    all.push_back(
        {{"the", nouns[at % 4], verbs[at / 4 % 3], "a", objects[at / 12 % 5]}, at % 4 % 2 == 0});
  }
  return all;
}

inline std::string jsonl(const std::vector<Json>& records) {
  std::string text;
  for (const Json& record : records) text += record.dump() + "\n";
  return text;
}

inline std::string labelled() {
  std::vector<Json> records;
  for (const Sentence& sentence : sentences()) {
    records.push_back(
        {{"text", sentence.text()}, {"label", sentence.is_animal ? "animal" : "man"}});
  }
  return jsonl(records);
}

inline ProcessResult train(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "train");
  arguments.insert(arguments.end(), {"-m", kModel});
  return run_convbert(arguments);
}

// A run that must succeed.
inline void train_well(const std::vector<std::string>& arguments) {
  const ProcessResult result = train(arguments);
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(result.out.empty());
}

inline Json evaluated(const std::string& model, const std::string& data,
                      const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"evaluate", "-m", model, data, "-f", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const ProcessResult result = run_convbert(arguments);
  INFO(result.err);
  REQUIRE(result.status == 0);
  return Json::parse(result.out);
}

inline double figure(const Json& report, const std::string& name) {
  return report["figures"][name]["value"].get<double>();
}

inline const std::vector<std::string> kFiveEpochs{"--epochs", "5", "--learning-rate", "3e-3"};

}  // namespace convbert::test
