// Models made to take memory or time, and models that change while they are in use: each is one
// line and status 2, at once.
#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

const std::string kMini = std::string(CONVBERT_SOURCE_DIR) + "/models/convbert-mini";

std::string times(int count, const std::string& part) {
  std::string whole;
  for (int i = 0; i < count; ++i) whole += part;
  return whole;
}

std::string number(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

// A model directory with one hostile file.
class HostileModel {
 public:
  HostileModel(const std::string& name, const std::string& content) {
    folder_.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");
    folder_.write("config.json",
                  R"({"model_type":"bert","vocab_size":6,"hidden_size":16384,)"
                  R"("num_hidden_layers":1,"num_attention_heads":1,"intermediate_size":16384,)"
                  R"("max_position_embeddings":8,"type_vocab_size":2})");
    folder_.write(name, content);
  }

  void check_refused(const std::string& reason) const {
    const auto begin = std::chrono::steady_clock::now();
    const ProcessResult result = run_convbert({"embed", "-m", folder_.path(), "-t", "a"});
    test::check_refused(result, reason);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  }

 private:
  TemporaryFolder folder_;
};

// Pieces of a pickle.
std::string text(const std::string& value) { return "X" + number(value.size(), 4) + value; }
std::string storage(const std::string& key) {
  return "(" + text("storage") + "ctorch\nFloatStorage\n" + text(key) + text("cpu") + "K\4t";
}
std::string legacy(const std::string& pickle) {
  return std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15) +
         std::string("\x80\x02M\xe9\x03.", 6) + "\x80\x02}." + "\x80\x02" + pickle;
}

TEST_CASE("pickles that multiply what they hold") {
  const std::string keys = times(60'000, std::string("h\0Q", 3));
  HostileModel("pytorch_model.bin",
               legacy("}" + storage(std::string(65'000, 'k')) + std::string("q\0", 2) + keys + "."))
      .check_refused("names a storage in 65000 bytes");
  HostileModel("pytorch_model.bin", legacy(times(4'000'000, "}") + "."))
      .check_refused("values of more than 33554432 bytes");
}

TEST_CASE("weights of more elements than are stored") {
  const std::string table = "bert.embeddings.word_embeddings.weight";
  const std::string shape = "(J" + number(6, 4) + "J" + number(16384, 4) + "t";
  const std::string tensor = "ctorch._utils\n_rebuild_tensor_v2\n(" + storage("0") +
                             std::string("QK\0", 3) + shape + std::string("K\0K\0\x86", 5) +
                             "\x89)tR";
  HostileModel("pytorch_model.bin", legacy("}" + text(table) + tensor + "s.\x80\x02](" + text("0") +
                                           "e." + number(4, 8) + std::string(16, '\0')))
      .check_refused("of shape [6, 16384] repeats the 4 elements of its storage");
  // Many tensors on one storage.
  std::string tensors;
  for (int i = 0; i < 400; ++i) {
    tensors += text("t" + std::to_string(i)) + "ctorch._utils\n_rebuild_tensor_v2\n(" +
               storage("0") + std::string("QK\0J", 4) + number(1 << 20, 4) + "\x85K\1\x85\x89)tR";
  }
  HostileModel("pytorch_model.bin", legacy("}(" + tensors + "u.\x80\x02](" + text("0") + "e." +
                                           number(1 << 20, 8) + std::string(4 << 20, '\0')))
      .check_refused("too many of them share a storage");
}

TEST_CASE("files of an archive that lie upon each other") {
  const std::string content(1 << 20, 'x');
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
  const std::string sizes = number(crc, 4) + number(content.size(), 4) + number(content.size(), 4);
  const auto name = [](int i) {
    const std::string digits = std::to_string(i);
    return "m/data/" + std::string(5 - digits.size(), '0') + digits;
  };
  const std::string name_size = number(name(0).size(), 2);
  const std::string local = "PK\3\4" + number(20, 2) + number(0, 8) + sizes + name_size +
                            number(0, 2) + name(0) + content;
  std::string directory;
  constexpr int kFiles = 20'000;
  for (int i = 0; i < kFiles; ++i) {
    directory += "PK\1\2" + number(20, 2) + number(20, 2) + number(0, 8) + sizes + name_size +
                 number(0, 16) + name(i);
  }
  const std::string end = "PK\5\6" + number(0, 4) + number(kFiles, 2) + number(kFiles, 2) +
                          number(directory.size(), 4) + number(local.size(), 4) + number(0, 2);
  HostileModel("pytorch_model.bin", local + directory + end).check_refused("overlaps another file");
}

TEST_CASE("headers, vocabularies and settings beyond any real size") {
  const std::string header =
      R"({"x":{"dtype":"F32","shape":[0,9223372036854775807,9223372036854775807],)"
      R"("data_offsets":[0,0]}})";
  HostileModel("model.safetensors", number(header.size(), 8) + header)
      .check_refused("expected a tensor \"bert.embeddings.word_embeddings.weight\"");
  HostileModel("model.safetensors", number(99'000'000, 8)).check_refused("expected at most 16777");
  HostileModel("vocab.txt", std::string(20'000'000, '\n')).check_refused("vocabulary of 20000000");
  HostileModel("vocab.txt", std::string(2'000'000, '\n')).check_refused("of 2000000 lines");
  HostileModel("tokenizer_config.json", "[" + times(1'000'000, "{},") + "{}]")
      .check_refused("JSON with more than 1000000 values");
}

TEST_CASE("a model that is cut short while it is in use") {
  const TemporaryFolder folder;
  for (const auto& entry : fs::directory_iterator(kMini)) {
    fs::copy(entry.path(), folder.path(entry.path().filename().string()));
  }
  Process process({"embed", "--only-result", "-m", folder.path()});
  process.write("a dog\n");
  const std::string first = process.read_line();
  CHECK(Json::parse(first).contains("embedding"));
  const std::string weights = folder.path("model.safetensors");
  fs::permissions(weights, fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(weights, 1000);
  process.write("words that nobody has looked up before\n");
  process.close_input();
  const ProcessResult result = process.wait();
  CHECK(result.status == 2);
  CHECK(result.out.find("embedding") == std::string::npos);
  CHECK(std::ranges::count(result.err, '\n') == 1);
  CHECK(result.err.find("model.safetensors: the file was cut short while it was in use") !=
        std::string::npos);
}

TEST_CASE("weights that are NaN fail each record, whatever is asked for") {
  const std::string source = std::string(CONVBERT_TEST_DATA) + "/models/convbert-plain/";
  const TemporaryFolder folder;
  for (const char* name : {"config.json", "vocab.txt"}) fs::copy(source + name, folder.path(name));
  // The bias behind the values: it reaches their norms and no weight of the same layer.
  std::string weights = read_file(source + "model.safetensors");
  std::uint64_t header_size = 0;
  std::copy_n(weights.data(), sizeof header_size, reinterpret_cast<char*>(&header_size));
  const Json header = Json::parse(weights.substr(8, header_size));
  std::size_t at = 0;
  for (const auto& [name, entry] : header.items()) {
    if (!name.ends_with("layer.0.attention.self.value.bias")) continue;
    at = 8 + header_size + entry["data_offsets"][0].get<std::size_t>();
  }
  REQUIRE(at > 0);
  weights.replace(at, 4, "\xff\xff\xff\x7f");
  folder.write("model.safetensors", weights);
  const ProcessResult result = run_convbert({"attention", "--map", "attention-norm", "--layer", "0",
                                             "-m", folder.path(), "-t", "one", "-t", "two"});
  INFO(result.err);
  CHECK(result.status == 1);
  const auto lines = split_lines(result.out);
  REQUIRE(lines.size() == 2);
  for (const std::string& line : lines) CHECK(Json::parse(line).contains("error"));
  const ProcessResult narrow =
      run_convbert({"embed", "--precision", "int8", "-m", folder.path(), "-t", "one"});
  CHECK(narrow.status == 1);  // a bias is no product's operand
}

TEST_CASE("labels of one name have keys of their own") {
  const std::string source = std::string(CONVBERT_TEST_DATA) + "/models/convbert-classify/";
  const TemporaryFolder folder;
  for (const char* name : {"config.json", "vocab.txt", "model.safetensors"}) {
    fs::copy(source + name, folder.path(name));
  }
  Json config = Json::parse(read_file(source + "config.json"));
  config["id2label"] = {{"0", "same"}, {"1", "other"}, {"2", "same"}};
  fs::remove(folder.path("config.json"));
  folder.write("config.json", config.dump());
  const ProcessResult result = run_convbert({"classify", "-m", folder.path(), "-t", "one"});
  INFO(result.err);
  CHECK(result.status == 0);
  const Json scores = Json::parse(result.out)["scores"];
  CHECK(scores.size() == 3);
  CHECK(scores.contains("same"));
  CHECK(scores.contains("same (LABEL_2)"));
}

TEST_CASE("floats are multiplied as floats, whatever oneDNN's environment says") {
  const std::vector<std::string> arguments{"embed", "-t", "a dog", "-t", "another one"};
  const ProcessResult plain = run_convbert(arguments);
  for (const char* mode : {"BF16", "ANY"}) {
    CHECK(run_convbert(arguments, {.environment = {{"ONEDNN_DEFAULT_FPMATH_MODE", mode}}}).out ==
          plain.out);
  }
}

TEST_CASE("a vector that is cut and normalised has length 1") {
  const auto squares = [](const std::vector<std::string>& flags) {
    std::vector<std::string> arguments{"embed", "-t", "a dog", "--dim", "7"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    double sum = 0;
    const Json record = Json::parse(run_convbert(arguments).out);
    for (const double value : record["embedding"]) sum += value * value;
    return sum;
  };
  CHECK(squares({"--normalize"}) == doctest::Approx(1.0));
  CHECK(squares({}) < 0.5);  // of a whole of length 1, as the model's own step has made it
}

}  // namespace
}  // namespace convbert::test
