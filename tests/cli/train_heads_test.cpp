// `convbert train`: what becomes of the encoder, and what a head may read of it.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "cli/training.h"
#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

TEST_CASE("--contrast draws texts of one label together and others apart") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  // Of a dog with a cat, less that of a dog with a man: other words, the label alone is the same.
  const auto gap_of = [](const std::string& model) {
    const ProcessResult result = run_convbert(
        {"embed", "-m", model, "--normalize", "--only-result", "-t", "the dog sees a house", "-t",
         "the cat sees a house", "-t", "the man sees a house"});
    REQUIRE(result.status == 0);
    std::vector<std::vector<double>> vectors;
    for (const std::string& line : split_lines(result.out)) {
      vectors.push_back(Json::parse(line)["embedding"].get<std::vector<double>>());
    }
    double gap = 0.0;
    for (std::size_t i = 0; i < vectors[0].size(); ++i) {
      gap += vectors[0][i] * (vectors[1][i] - vectors[2][i]);
    }
    return gap;
  };
  const auto learn = [&](const std::string& name, const std::vector<std::string>& more) {
    train_well(with(with({data, "--dev", data, "-o", folder.path(name)}, more), kFiveEpochs));
    return folder.path(name);
  };
  const std::string with_pairs = learn("with", {"--contrast", "2", "--threads", "1"});
  const std::string without = learn("without", {"--contrast", "0"});
  CHECK(gap_of(with_pairs) > 0.8);
  CHECK(gap_of(without) < gap_of(with_pairs) - 0.2);
  // What is measured is the head, which reads none of this.
  const Json record = Json::parse(read_file(with_pairs + "/training.json"));
  CHECK(record["settings"]["contrast"] == 2.0);
  const std::size_t kept = record["kept_epoch"].get<std::size_t>() - 1;
  CHECK(record["epochs"][kept]["dev"]["accuracy"] ==
        figure(evaluated(with_pairs, data), "accuracy"));
  CHECK(figure(evaluated(with_pairs, data), "accuracy") > 0.9);
  const Json usual = Json::parse(read_file(learn("usual", {}) + "/training.json"));
  CHECK(usual["settings"]["contrast"] == 1.0);  // of few records
  const std::string on_threads = learn("threads", {"--contrast", "2", "--threads", "3"});
  CHECK(read_file(on_threads + "/model.safetensors") ==
        read_file(with_pairs + "/model.safetensors"));
}

TEST_CASE("what is frozen stays, and a head alone is enough for an easy task") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  const auto vector_of = [](const std::string& model, const std::string& layer) {
    const ProcessResult result = run_convbert(
        {"embed", "-m", model, "--layer", layer, "--only-result", "-t", "the dog sees"});
    CHECK(result.status == 0);
    return result.out;
  };
  const std::string head = folder.path("head");
  train_well({data, "--dev", data, "-o", head, "--freeze", "encoder"});
  CHECK(vector_of(head, "-1") == vector_of(kModel, "-1"));
  CHECK(figure(evaluated(head, data), "accuracy") > 0.9);
  const std::string layer = folder.path("layer");
  train_well(with({data, "-o", layer, "--freeze", "1"}, kFiveEpochs));
  CHECK(vector_of(layer, "1") == vector_of(kModel, "1"));
  CHECK(vector_of(layer, "-1") != vector_of(kModel, "-1"));
  const std::string above = folder.path("above");
  train_well(with({data, "-o", above, "--freeze", "embeddings"}, kFiveEpochs));
  CHECK(vector_of(above, "0") == vector_of(kModel, "0"));
  CHECK(vector_of(above, "1") != vector_of(kModel, "1"));
}

TEST_CASE("a head on a frozen encoder leaves its vectors what they were") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  const std::string model = folder.path("model");
  fs::copy(kModel, model, fs::copy_options::recursive);
  fs::create_directories(model + "/1_Pooling");
  folder.write("model/modules.json",
               R"([{"path": "", "type": "sentence_transformers.models.Transformer"},
                   {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])");
  folder.write("model/1_Pooling/config.json", R"({"pooling_mode_max_tokens": true})");
  const auto vector_of = [](const std::string& of) {
    const ProcessResult result =
        run_convbert({"embed", "-m", of, "--only-result", "-t", "the dog"});
    INFO(result.err);
    CHECK(result.status == 0);
    return result.out;
  };
  const std::string head = folder.path("head");
  CHECK(run_convbert({"train", data, "-m", model, "-o", head, "--freeze", "encoder"}).status == 0);
  CHECK(vector_of(head) == vector_of(model));
  CHECK(run_convbert({"classify", "-m", head, "-t", "the dog"}).status == 0);
  // Vectors of an encoder that has become a classifier are no sentence vectors.
  const std::string tuned = folder.path("tuned");
  CHECK(run_convbert({"train", data, "-m", model, "-o", tuned, "--epochs", "1"}).status == 0);
  CHECK(!fs::exists(tuned + "/modules.json"));
}

std::string output_of(std::vector<std::string> arguments) {
  const ProcessResult result = run_convbert(arguments);
  INFO(result.err);
  REQUIRE(result.status == 0);
  return result.out;
}

TEST_CASE("--pooling: a head on the text's vector, as sentence-transformers has it") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  const std::string model = folder.path("model");
  train_well(with({data, "--dev", data, "-o", model, "--pooling", "mean", "--contrast", "0"},
                  kFiveEpochs));
  const Json record = Json::parse(read_file(model + "/training.json"));
  CHECK(record["settings"]["pooling"] == "mean");
  CHECK(record["settings"]["head_rate"].get<double>() == doctest::Approx(0.01));
  CHECK(record["settings"]["head_afterwards"].is_null());
  const std::size_t kept = record["kept_epoch"].get<std::size_t>() - 1;
  const Json report = evaluated(model, data);
  CHECK(figure(report, "accuracy") > 0.9);
  CHECK(record["epochs"][kept]["dev"]["accuracy"] == figure(report, "accuracy"));

  const Json config = Json::parse(read_file(model + "/config.json"));
  CHECK(config["architectures"] == Json{"ConvBertModel"});
  CHECK(config["id2label"] == Json{{"0", "animal"}, {"1", "man"}});
  const Json modules = Json::parse(read_file(model + "/modules.json"));
  REQUIRE(modules.size() == 3);
  CHECK(modules[2]["type"] == "sentence_transformers.models.Dense");
  CHECK(modules[2]["path"] == "2_Dense");
  const Json dense = Json::parse(read_file(model + "/2_Dense/config.json"));
  CHECK(dense == Json{{"in_features", 32},
                      {"out_features", 2},
                      {"bias", true},
                      {"activation_function", "torch.nn.modules.linear.Identity"}});

  // embed gives the vector that the head reads, and classify the label.
  const Json vector = Json::parse(output_of({"embed", "-m", model, "-t", "the dog"}));
  CHECK(vector["embedding"].size() == 32);
  const Json answer =
      Json::parse(output_of({"classify", "-m", model, "-t", "the dog sees a tree"}));
  CHECK(answer["label"] == "animal");
  const Json info = Json::parse(output_of({"info", model, "-f", "json"}));
  CHECK(info["heads"][0]["labels"] == Json{"animal", "man"});

  // It goes on from its own head, and leaves it where something else is learnt.
  const std::string more = folder.path("more");
  const ProcessResult further =
      run_convbert({"train", data, "-m", model, "-o", more, "--epochs", "1"});
  CHECK(further.status == 0);
  CHECK(further.err.find("a new head") == std::string::npos);
  CHECK(fs::exists(more + "/2_Dense/model.safetensors"));
  const std::string pairs =
      folder.write("pairs.jsonl", R"({"text": "the dog", "text_pair": "a cat", "label": 0.5})");
  const std::string vectors = folder.path("vectors");
  output_of({"train", pairs, "-m", model, "-o", vectors, "--task", "similarity", "--epochs", "1"});
  CHECK_FALSE(fs::exists(vectors + "/2_Dense"));
  output_of({"embed", "-m", vectors, "-t", "the dog"});
}

TEST_CASE("--pooling: the same bytes on any number of threads; frozen, cls, values and labels") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  const auto learn = [&](const std::string& name, const std::vector<std::string>& flags) {
    train_well(with(with({data, "-o", folder.path(name)}, kFiveEpochs), flags));
    return read_file(folder.path(name) + "/2_Dense/model.safetensors") +
           read_file(folder.path(name) + "/model.safetensors");
  };
  const std::string one = learn("one", {"--pooling", "mean", "--threads", "1"});
  CHECK(learn("three", {"--pooling", "mean", "--threads", "3"}) == one);
  CHECK(learn("cls", {"--pooling", "cls"}) != one);

  // Few records: the head learns once more, from the vectors as they have become.
  const Json few = Json::parse(read_file(folder.path("one") + "/training.json"))["settings"];
  CHECK(few["contrast"] == 100.0);
  CHECK(read_file(folder.path("one") + "/README.md").find("then the head alone, 100 epochs") !=
        std::string::npos);
  CHECK(few["head_afterwards"] == Json{{"epochs", 100}, {"learning_rate", 0.01}});
  CHECK(figure(evaluated(folder.path("one"), data), "accuracy") > 0.9);
  CHECK(learn("own rate", {"--pooling", "mean", "--head-rate", "1e-3"}) != one);
  // Its figures are of the model with that head.
  learn("measured", {"--pooling", "mean", "--dev", data});
  const Json record = Json::parse(read_file(folder.path("measured") + "/training.json"));
  CHECK_FALSE(record["settings"]["head_afterwards"].is_null());
  CHECK(figure(record, "accuracy") == figure(evaluated(folder.path("measured"), data), "accuracy"));

  const std::string frozen = folder.path("frozen");
  train_well({data, "-o", frozen, "--pooling", "mean", "--freeze", "encoder"});
  CHECK(figure(evaluated(frozen, data), "accuracy") > 0.8);
  const std::vector<std::string> embed{"embed", "--only-result", "-t", "the dog", "-m"};
  CHECK(output_of(with(embed, {frozen})) == output_of(with(embed, {kModel})));

  std::vector<Json> values;
  for (const Sentence& sentence : sentences()) {
    values.push_back({{"text", sentence.text()}, {"label", sentence.is_animal ? 2.5 : -1.5}});
  }
  const std::string numbers = folder.write("values.jsonl", jsonl(values));
  const std::string regression = folder.path("regression");
  train_well(with({numbers, "-o", regression, "--pooling", "mean"}, kFiveEpochs));
  const Json report = evaluated(regression, numbers);
  CHECK(figure(report, "pearson") > 0.9);
  CHECK(figure(report, "mean_absolute_error") < 1.5);  // 2 of their mean
}

TEST_CASE("few records: as many epochs as a new head needs, and no more for the model's own") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  const auto epochs = [&](const std::string& from, const std::string& name) {
    output_of({"train", data, "-m", from, "-o", folder.path(name), "--max-steps", "1"});
    const Json record = Json::parse(read_file(folder.path(name) + "/training.json"));
    return record["settings"]["epochs"].get<int>();
  };
  CHECK(epochs(kModel, "new") == 100);  // 300 steps of 32 records
  CHECK(epochs(folder.path("new"), "own") == 20);
}

TEST_CASE("a Dense module of a vector is no head, or its file is damaged") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  const std::string model = folder.path("model");
  train_well({data, "-o", model, "--pooling", "mean", "--epochs", "1"});
  const std::string settings = read_file(model + "/2_Dense/config.json");
  const std::vector<std::string> embed{"embed", "-m", model, "-t", "the dog"};
  const std::vector<std::string> classify{"classify", "-m", model, "-t", "the dog"};
  const auto refuses = [&](const std::vector<std::string>& command, const std::string& reason) {
    check_refused(run_convbert(command), reason);
  };

  CHECK(run_convbert(with(embed, {"-v"})).err.find("mean, 32 dimensions") != std::string::npos);
  folder.write("model/2_Dense/config.json",
               replaced(settings, "linear.Identity", "activation.Tanh"));
  refuses(classify, "expected a model with a head for sequence classification");
  CHECK(run_convbert(with(embed, {"-v"})).err.find("mean, dense, 2 dim") != std::string::npos);
  folder.write("model/2_Dense/config.json",
               replaced(settings, "\"out_features\": 2", "\"out_features\": 3"));
  refuses(embed, "expected shape [3, 32]");
  folder.write("model/2_Dense/config.json", settings);
  fs::copy_file(model + "/model.safetensors", model + "/2_Dense/model.safetensors",
                fs::copy_options::overwrite_existing);
  refuses(classify, "tensor \"linear.weight\" is missing");
  fs::remove(model + "/2_Dense/model.safetensors");
  refuses(classify, "2_Dense");
  CHECK(run_convbert(embed).status == 0);

  const std::string pairs = folder.write("pairs.jsonl", R"({"text": "a", "text_pair": "b"})");
  refuses({"train", pairs, "-m", kModel, "-o", folder.path("x"), "--pooling", "mean", "--task",
           "contrastive"},
          "--pooling is for --task classify, multilabel and regress");
  refuses({"train", data, "-m", kModel, "-o", folder.path("x"), "--freeze", "encoder",
           "--head-rate", "0.1"},
          "--head-rate is for a head that is trained with the encoder");
}

}  // namespace
}  // namespace convbert::test
