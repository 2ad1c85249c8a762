// The reference tagger with the labels that the fixtures of entities were made with.
#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {

class LabelledTagger {
 public:
  LabelledTagger() {
    const std::string reference = std::string(CONVBERT_TEST_DATA) + "/models/convbert-tag/";
    for (const char* file : {"model.safetensors", "vocab.txt"}) {
      std::filesystem::copy_file(reference + file, folder_.path(file));
    }
    Json config = Json::parse(read_file(reference + "config.json"));
    config["id2label"] = {
        {"0", "O"}, {"1", "B-PER"}, {"2", "I-PER"}, {"3", "B-LOC"}, {"4", "I-LOC"}};
    folder_.write("config.json", config.dump());
  }
  std::string path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace convbert::test
