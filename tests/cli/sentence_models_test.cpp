// Directories of sentence-transformers: their steps from tokens to a text's vector; those of Dense
// modules against its own (golden/make_dense_fixtures.py).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cli/model_copy.h"
#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

const std::string kDense = std::string(CONVBERT_TEST_DATA) + "/dense/";

// BERT with the modules of a fixture.
void copy_modules(const std::string& fixture, const ModelCopy& model) {
  const fs::path from = kDense + fixture;
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    if (!entry.is_regular_file() || entry.path().filename() == "vectors.jsonl") continue;
    const std::string name = fs::relative(entry.path(), from);
    fs::create_directories(fs::path(model.path(name)).parent_path());
    model.write(name, read_file(entry.path()));
  }
}

std::vector<double> vector_of(const ModelCopy& model, const std::string& text,
                              const std::vector<std::string>& flags = {}) {
  const ProcessResult result =
      run_convbert(with({"embed", "-m", model.path(), "-t", text, "-f", "jsonl"}, flags));
  INFO(result.err);
  REQUIRE(result.status == 0);
  return Json::parse(result.out)["embedding"].get<std::vector<double>>();
}

TEST_CASE("sentence-transformers directories") {
  const ModelCopy model("bert-plain");
  const auto dims = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> all{"embed", "-m", model.path(), "-t", "one two", "-v"};
    all.insert(all.end(), flags.begin(), flags.end());
    return run_convbert(all).err;
  };
  CHECK(dims({}).find("mean, 32 dimensions, texts cut at 512 tokens") != std::string::npos);
  const std::string modules =
      "[{\"idx\":0,\"name\":\"0\",\"path\":\"\",\"type\":\"sentence_transformers.models."
      "Transformer\"},"
      "{\"idx\":1,\"name\":\"1\",\"path\":\"1_Pooling\",\"type\":\"sentence_transformers.models."
      "Pooling\"}";
  model.write("modules.json", modules + "]");
  model.write("1_Pooling/config.json", "{\"pooling_mode_cls_token\":true}");
  model.write("sentence_bert_config.json", "{\"max_seq_length\":20}");
  CHECK(dims({}).find("cls, 32 dimensions, texts cut at 20 tokens") != std::string::npos);
  model.write("1_Pooling/config.json", "{\"pooling_mode\":\"max\"}");
  CHECK(dims({}).find("max, 32 dimensions") != std::string::npos);
  model.write("1_Pooling/config.json", "{\"pooling_mode_weightedmean_tokens\":true}");
  model.check_refused("pooling by pooling_mode_weightedmean_tokens is not supported");
  CHECK(dims({"--pooling", "mean", "--no-normalize"}).find("mean, 32") != std::string::npos);
  model.write("1_Pooling/config.json", "{\"pooling_mode_cls_token\":true}");
  model.write("modules.json",
              modules + ",{\"type\":\"sentence_transformers.models.LSTM\",\"path\":\"2\"}]");
  model.check_refused("a module sentence_transformers.models.LSTM is not supported");
  model.write("modules.json", modules + ",{\"type\":\"x.Normalize\",\"path\":\"2\"}]");
  CHECK(dims({}).find("cls, normalised, 32") != std::string::npos);
  const std::string settings = "config_sentence_transformers.json";
  model.write(settings, R"({"prompts":{"query":"","document":""},"default_prompt_name":null})");
  CHECK(dims({}).find("cls, normalised, 32") != std::string::npos);
  model.write(settings, R"({"prompts":{"q":"query: "},"default_prompt_name":"q"})");
  const std::string prompt = "a prompt before each text (default_prompt_name q) is not supported";
  model.check_refused(prompt);
  CHECK(dims({"--pooling", "mean", "--normalize"}).find(prompt) != std::string::npos);
  model.write(settings, R"({"prompts":{"q":""},"default_prompt_name":"q","truncate_dim":10})");
  CHECK(dims({}).find("cls, normalised, 10 dimensions") != std::string::npos);
  CHECK(dims({"--dim", "12"}).find("cls, normalised, 12 dimensions") != std::string::npos);
  CHECK(dims({"--per-token"}).find(" 32 dimensions") != std::string::npos);
  model.write(settings, R"({"truncate_dim":1000})");
  CHECK(dims({}).find("cls, normalised, 32 dimensions") != std::string::npos);
  model.write(settings, R"({"truncate_dim":-1})");
  model.check_refused("\"truncate_dim\": expected a positive number, found -1");
  model.write(settings, "{}");
  model.write("modules.json",
              "[{\"type\":\"x.Normalize\",\"path\":\"2\"}," + modules.substr(1) + "]");
  model.check_refused(
      "expected a Transformer, a Pooling, maybe Dense modules and maybe a Normalize in this order");
  model.write("modules.json", "[{\"type\":\"x.Transformer\",\"path\":\"../..\"}]");
  model.check_refused("refuses to enter \"../..\"");
  std::string many = "[{\"type\":\"x.Pooling\",\"path\":\"absent\"}";
  for (int i = 1; i < 17; ++i) many += ",{\"type\":\"x.Normalize\"}";
  model.write("modules.json", many + "]");  // none of them is read
  model.check_refused("modules.json: expected at most 16 modules, found 17");
}

TEST_CASE("sentence-transformers' lower case is the text's alone: accents stay") {
  const ModelCopy model("bert-plain");
  model.write("modules.json",
              R"([{"type":"x.Transformer","path":""},{"type":"x.Pooling","path":"1_Pooling"}])");
  model.write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens":true})");
  model.write("sentence_bert_config.json", R"({"do_lower_case":true})");
  const auto tokens = [&](const std::string& settings) {
    model.write("tokenizer_config.json", settings);
    return run_convbert({"tokenize", "-m", model.path(), "-f", "text", "-t", "The D\xC3\xB3g"}).out;
  };
  CHECK(tokens(R"({"do_lower_case":false})") ==
        "[CLS] the d ##\xC3\xB3"
        " ##g [SEP]\n");
  CHECK(tokens(R"({"do_lower_case":true})") == "[CLS] the do ##g [SEP]\n");
  CHECK(tokens(R"({"do_lower_case":false,"strip_accents":true})") == "[CLS] the do ##g [SEP]\n");
}

TEST_CASE("Dense modules give sentence-transformers' vectors") {
  for (const std::string fixture : {"tanh", "two"}) {
    CAPTURE(fixture);
    const ModelCopy model("bert-plain");
    copy_modules(fixture, model);
    std::string texts;
    std::vector<std::vector<double>> expected;
    for (const std::string& line : split_lines(read_file(kDense + fixture + "/vectors.jsonl"))) {
      const Json row = Json::parse(line);
      texts += Json{{"text", row["text"]}}.dump() + "\n";
      expected.push_back(row["vector"].get<std::vector<double>>());
    }
    // In batches of which each text is a part, and long ones in windows that are one.
    for (const std::vector<std::string>& flags :
         {std::vector<std::string>{}, {"--max-batch-tokens", "64"}, {"--stride", "8"}}) {
      const ProcessResult result =
          run_convbert(with({"embed", "-m", model.path()}, flags), {.input = texts});
      INFO(result.err);
      const std::vector<std::string> lines = split_lines(result.out);
      REQUIRE(lines.size() == expected.size());
      double difference = 0;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto found = Json::parse(lines[i])["embedding"].get<std::vector<double>>();
        REQUIRE(found.size() == expected[i].size());
        for (std::size_t j = 0; j < found.size(); ++j) {
          difference = std::max(difference, std::abs(found[j] - expected[i][j]));
        }
      }
      CHECK(difference < 1e-5);
    }
  }
}

TEST_CASE("Dense modules belong to the model's own pooling of its last layer") {
  const ModelCopy model("bert-plain");
  copy_modules("tanh", model);
  CHECK(vector_of(model, "one two").size() == 48);
  CHECK(vector_of(model, "one two", {"--pooling", "cls"}).size() == 48);
  CHECK(vector_of(model, "one two", {"--layer", "-1", "--dim", "40"}).size() == 40);
  CHECK(vector_of(model, "one two", {"--pooling", "mean"}).size() == 32);
  CHECK(vector_of(model, "one two", {"--layer", "1"}).size() == 32);
  const std::vector<std::string> embed{"embed", "-m", model.path(), "-t", "one two"};
  CHECK(run_convbert(with(embed, {"--per-token", "-v"})).err.find("32 dimensions") !=
        std::string::npos);
  CHECK(run_convbert(with(embed, {"-v"})).err.find("cls, dense, normalised, 48 dim") !=
        std::string::npos);
  check_refused(run_convbert(with(embed, {"--dim", "49"})), "--dim: expected 1 to 48");
  const Json info = Json::parse(run_convbert({"info", "-m", model.path(), "-f", "json"}).out);
  CHECK(info["vectors"]["dense"] == Json{{{"dimensions", 48}, {"activation", "tanh"}}});
  CHECK(info["vectors"]["dimensions"] == 48);

  // What reads vectors takes these, and a copy keeps them.
  const TemporaryFolder folder;
  const std::string pairs = folder.write("pairs.jsonl",
                                         R"({"text": "one", "text_pair": "two", "label": 1}
{"text": "one", "text_pair": "one", "label": 3}
{"text": "two", "text_pair": "a dog", "label": 2}
)");
  const ProcessResult evaluated =
      run_convbert({"evaluate", pairs, "-m", model.path(), "--task", "similarity"});
  CHECK(evaluated.status == 0);
  const std::string copy = folder.path("copy");
  REQUIRE(run_convbert({"convert", "-m", model.path(), "-o", copy}).status == 0);
  CHECK(run_convbert({"embed", "-m", copy, "-t", "one two", "-f", "jsonl"}).out ==
        run_convbert({"embed", "-m", model.path(), "-t", "one two", "-f", "jsonl"}).out);

  // They are not learnt; a head on the pooled vector takes their place.
  check_refused(run_convbert({"train", pairs, "-m", model.path(), "-o", folder.path("x"), "--task",
                              "similarity", "--scale", "1,3"}),
                "has a Dense module after the pooling, 2_Dense, which is not learnt");
}

TEST_CASE("Dense modules that cannot be run, or are damaged") {
  const ModelCopy model("bert-plain");
  copy_modules("tanh", model);
  const std::string settings = model.read("2_Dense/config.json");
  const auto refused = [&](const std::string& from, const std::string& to,
                           const std::string& reason) {
    REQUIRE(replaced(settings, from, to) != settings);
    model.write("2_Dense/config.json", replaced(settings, from, to));
    model.check_refused(reason);
    model.write("2_Dense/config.json", settings);
  };
  refused("activation.Tanh", "activation.Softsign",
          "activation torch.nn.modules.activation.Softsign is not supported");
  refused("torch.nn.modules.activation.Tanh", "os.system",
          "the activation os.system is not supported");
  refused("\"in_features\": 32", "\"in_features\": 31",
          "\"in_features\": expected 32, the numbers of the vector before it, found 31");
  refused("\"out_features\": 48", "\"out_features\": 0",
          "\"out_features\": expected a positive number, found 0");
  refused("\"out_features\": 48", "\"out_features\": 4611686018427387904",
          "expected shape [4611686018427387904, 32]");
  refused("\"bias\": true", "\"bias\": true, \"use_residual\": true",
          "\"use_residual\" is not supported");
  refused("\"module_output_name\": \"sentence_embedding\"",
          "\"module_output_name\": \"token_embeddings\"",
          "a Dense module of anything but sentence_embedding is not supported");
  model.check_works();
  const std::string weights = model.read("2_Dense/model.safetensors");
  model.write("2_Dense/model.safetensors", weights.substr(0, weights.size() / 2));
  model.check_refused("2_Dense/model.safetensors");
  model.remove("2_Dense/model.safetensors");
  model.check_refused("2_Dense");
}

}  // namespace
}  // namespace convbert::test
