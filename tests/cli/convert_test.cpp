// `convbert convert`: what is made of a checkpoint gives what the checkpoint gave.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

const std::string kModels = std::string(CONVBERT_TEST_DATA) + "/models/";

void convert(const std::vector<std::string>& arguments) {
  std::vector<std::string> all{"convert"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const ProcessResult result = run_convbert(all);
  INFO(result.err);
  CHECK(result.status == 0);
  CHECK(result.out.empty());
}

std::string output_of(const std::string& command, const std::string& model) {
  const ProcessResult result =
      run_convbert({command, "-m", model, "-t", "the dog sees a cat", "-t", "men run"});
  INFO(result.err);
  CHECK(result.status == 0);
  return result.out;
}

// The header of a safetensors file.
Json header_of(const std::string& path) {
  const std::string file = read_file(path);
  std::uint64_t size = 0;
  REQUIRE(file.size() >= sizeof size);
  std::memcpy(&size, file.data(), sizeof size);
  REQUIRE(size % 8 == 0);
  return Json::parse(file.substr(sizeof size, size));
}

TEST_CASE("vectors and labels are those of the checkpoint, to the last bit") {
  const TemporaryFolder folder;
  for (const std::string name : {"convbert-bin", "convbert-bin-legacy", "convbert-fp16",
                                 "convbert-bf16", "convbert-groups", "bert-plain"}) {
    INFO(name);
    const std::string model = kModels + name;
    const std::string whole = folder.path(name);
    const std::string f32 = folder.path(name + "-f32");
    convert({"-m", model, "-o", whole});
    convert({"-m", model, "-o", f32 + "/", "--dtype", "f32"});
    CHECK(output_of("embed", whole) == output_of("embed", model));
    CHECK(output_of("embed", f32) == output_of("embed", model));
    CHECK(read_file(whole + "/vocab.txt") == read_file(model + "/vocab.txt"));
    const Json header = header_of(f32 + "/model.safetensors");
    for (const auto& entry : header.items()) {
      if (entry.key() == "__metadata__") {
        CHECK(entry.value() == Json{{"format", "pt"}});
      } else {
        const std::string type = entry.value()["dtype"];
        CHECK((type == "F32" || type == "I64"));
      }
    }
    const Json config = Json::parse(read_file(f32 + "/config.json"));
    CHECK(config.value("torch_dtype", config.value("dtype", "")) == "float32");
    CHECK(config["model_type"] == (name.starts_with("bert") ? "bert" : "convbert"));
  }
  const std::string classified = folder.path("classify");
  convert({"-m", kModels + "convbert-classify", "-o", classified});
  CHECK(output_of("classify", classified) == output_of("classify", kModels + "convbert-classify"));
}

TEST_CASE("types of 16 bits round, and are read back") {
  const TemporaryFolder folder;
  const std::string model = kModels + "convbert-mask";
  const auto vector = [](const std::string& of) {
    const ProcessResult result = run_convbert({"embed", "-m", of, "-t", "the dog sees a cat"});
    CHECK(result.status == 0);
    return Json::parse(result.out)["embedding"].get<std::vector<double>>();
  };
  const std::vector<double> exact = vector(model);
  for (const std::string type : {"bf16", "f16"}) {
    const double tolerance = type == "bf16" ? 0.1 : 0.01;
    INFO(type);
    const std::string converted = folder.path(type);
    convert({"-m", model, "-o", converted, "--dtype", type});
    const std::vector<double> rounded = vector(converted);
    REQUIRE(rounded.size() == exact.size());
    double largest = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      largest = std::max(largest, std::abs(rounded[i] - exact[i]));
    }
    CHECK(largest > 0);
    CHECK(largest < tolerance);
    CHECK(fs::file_size(converted + "/model.safetensors") <
          fs::file_size(model + "/model.safetensors") * 6 / 10);
    // Rounded once, it stays.
    convert({"-m", converted, "-o", folder.path(type + "-again"), "--dtype", type});
    CHECK(read_file(folder.path(type + "-again/model.safetensors")) ==
          read_file(converted + "/model.safetensors"));
  }
}

TEST_CASE("the embedded model becomes a directory, with the files of sentence-transformers") {
  const TemporaryFolder folder;
  const std::string made = folder.path("mini");
  convert({"-m", "convbert-mini", "-o", made});
  const std::string origin = std::string(CONVBERT_SOURCE_DIR) + "/models/convbert-mini";
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(origin)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = fs::relative(entry.path(), origin).string();
    INFO(name);
    CHECK(read_file(made + "/" + name) == read_file(entry.path().string()));
    ++files;
  }
  CHECK(files >= 8);
  CHECK(output_of("embed", made) == output_of("embed", "convbert-mini"));
}

// A copy of a golden model that a test changes.
class Changed {
 public:
  explicit Changed(const std::string& name) {
    fs::copy(kModels + name, folder_.path("model"), fs::copy_options::recursive);
  }
  std::string path(const std::string& name = "") const {
    return folder_.path("model" + (name.empty() ? "" : "/" + name));
  }
  void write(const std::string& name, const std::string& content) const {
    folder_.write("model/" + name, content);
  }
  const TemporaryFolder& around() const { return folder_; }

 private:
  TemporaryFolder folder_;
};

TEST_CASE("config.json keeps every member as it stands, save the type") {
  const Changed model("bert-plain");
  std::string config = read_file(model.path("config.json"));
  config.insert(1, "\"own\": [1.10, 123456789012345678901234567890],");
  model.write("config.json", config);
  const std::string made = model.around().path("made");
  convert({"-m", model.path(), "-o", made, "--dtype", "bf16"});
  const std::string text = read_file(made + "/config.json");
  CHECK(text.find("\"own\": [1.10, 123456789012345678901234567890]") != std::string::npos);
  Json expected = Json::parse(config);
  expected[expected.contains("dtype") ? "dtype" : "torch_dtype"] = "bfloat16";
  CHECK(Json::parse(text) == expected);
}

TEST_CASE("a weight that float16 cannot hold is named, and nothing is left") {
  const Changed model("bert-plain");
  std::string weights = read_file(model.path("model.safetensors"));
  const float large = 1e6F;
  std::memcpy(weights.data() + weights.size() - sizeof large, &large, sizeof large);
  model.write("model.safetensors", weights);
  std::string last;
  std::int64_t end = 0;
  const Json header = header_of(model.path("model.safetensors"));
  for (const auto& entry : header.items()) {
    if (entry.key() == "__metadata__" || entry.value()["data_offsets"][1] < end) continue;
    end = entry.value()["data_offsets"][1];
    last = entry.key();
  }
  const std::string made = model.around().path("made");
  check_refused(run_convbert({"convert", "-m", model.path(), "-o", made, "--dtype", "f16"}),
                "tensor \"" + last + "\": 1e+06 is beyond F16");
  CHECK(!fs::exists(made));
  CHECK(!fs::exists(made + ".partial"));
  convert({"-m", model.path(), "-o", made, "--dtype", "bf16"});
}

TEST_CASE("only files with known names inside the model's directory are taken along") {
  const Changed model("bert-plain");
  model.around().write("secret.json", "{}");
  fs::create_directory(model.around().path("outside"));
  model.around().write("outside/config.json", "{}");
  model.write("notes.txt", "mine");
  model.write("README.md", "# Card\n");
  fs::create_directory(model.path("1_Dense"));
  model.write("1_Dense/config.json", "{}");
  model.write("modules.json",
              R"([{"type":"sentence_transformers.models.Transformer","path":""},)"
              R"({"type":"x.Dense","path":"1_Dense"},{"type":"x.Normalize","path":"../outside"}])");
  const std::string made = model.around().path("made");
  convert({"-m", model.path(), "-o", made});
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(made)) {
    if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), made).string());
  }
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"1_Dense/config.json", "README.md", "config.json",
                                          "model.safetensors", "modules.json", "vocab.txt"});
}

TEST_CASE("a directory appears whole or not at all") {
  const TemporaryFolder folder;
  const std::string made = folder.path("made");
  const std::vector<std::string> command{"convert", "-m", kModels + "bert-plain", "-o", made};
  // What somebody else has there is not touched.
  fs::create_directory(made + ".partial");
  folder.write("made.partial/mine.txt", "mine");
  check_refused(run_convbert(command), "is no directory that an interrupted run has left");
  CHECK(read_file(made + ".partial/mine.txt") == "mine");
  // What a killed run has left is begun anew.
  folder.write("made.partial/.convbert-partial", "");
  CHECK(run_convbert(command).status == 0);
  CHECK(!fs::exists(made + ".partial"));
  CHECK(!fs::exists(made + "/mine.txt"));
  CHECK(!fs::exists(made + "/.convbert-partial"));
  check_refused(run_convbert(command),
                "is there already; expected the name of a directory to make");
  check_refused(run_convbert({"convert", "-o", "-"}), "-o: expected the name of a directory");
  check_refused(run_convbert({"convert", "-o", folder.path("none/made")}), "cannot create");
  fs::create_symlink(folder.path("elsewhere"), folder.path("link.partial"));
  check_refused(run_convbert({"convert", "-o", folder.path("link")}),
                "expected no file or link of that name");
}

}  // namespace
}  // namespace convbert::test
