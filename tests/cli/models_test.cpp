// Where models are found, what they may look like, and how damaged ones are refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "cli/model_copy.h"
#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

const std::string kMini = std::string(CONVBERT_SOURCE_DIR) + "/models/convbert-mini";

TEST_CASE("the embedded model is the one in models/") {
  const std::vector<std::string> command{"embed", "-t", "the same"};
  const auto embed = [&](const ProcessOptions& options, std::vector<std::string> flags) {
    flags.insert(flags.begin(), command.begin(), command.end());
    const ProcessResult result = run_convbert(flags, options);
    CHECK(result.status == 0);
    return result.out;
  };
  const std::string expected = embed({}, {});
  CHECK(embed({}, {"-m", "convbert-mini"}) == expected);
  CHECK(embed({}, {"-m", kMini}) == expected);
  CHECK(embed({.environment = {{"CONVBERT_MODEL", kMini}}}, {}) == expected);
  const ProcessResult other =
      run_convbert(command, {.environment = {{"CONVBERT_MODEL", reference_model("bert-plain")}}});
  CHECK(Json::parse(other.out)["embedding"].size() == 32);
}

TEST_CASE("a model in the Hugging Face cache is found by name") {
  const TemporaryFolder cache;
  const std::string repository = cache.path("models--some--model");
  fs::create_directories(repository + "/snapshots");
  fs::create_directories(repository + "/refs");
  fs::create_directory_symlink(reference_model("bert-plain"), repository + "/snapshots/abc");
  fs::create_directory_symlink(reference_model("electra-plain"), repository + "/snapshots/def");
  cache.write("models--some--model/refs/main", "abc");
  const ProcessOptions options{.environment = {{"HF_HUB_CACHE", cache.path()}}};
  const ProcessResult info = run_convbert({"info", "some/model", "-f", "json"}, options);
  CHECK(Json::parse(info.out)["family"] == "bert");
  const ProcessResult unknown = run_convbert({"info", "other/model"}, options);
  CHECK(unknown.status == 2);
  CHECK(unknown.err.find("some/model") != std::string::npos);
}

TEST_CASE("what is not a model directory") {
  const auto refused = [](const std::string& model, const std::string& reason) {
    const ProcessResult result = run_convbert({"embed", "-m", model, "-t", "a"});
    INFO(result.err);
    CHECK(result.status == 2);
    CHECK(result.err.find(reason) != std::string::npos);
  };
  refused("no/such", "no directory and no model is called \"no/such\"; embedded: convbert-mini");
  refused(kMini + "/config.json", "expected a model directory, found a file");
  const TemporaryFolder empty;
  refused(empty.path(), "expected a model directory, found no config.json in");
  empty.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");
  refused(empty.path(), "config.json: cannot open");
  empty.write("config.json", "{\"model_type\":\"bert\"}");
  refused(empty.path(), "expected model.safetensors or pytorch_model.bin");
  empty.write("tf_model.h5", "");
  refused(empty.path(), "found tf_model.h5, which is not supported");
}

TEST_CASE("a head that a model has not") {
  const ProcessResult qa =
      run_convbert({"classify", "-m", reference_model("convbert-qa"), "-t", "a"});
  CHECK(qa.status == 2);
  CHECK(qa.err.find("found one with a head for question answering") != std::string::npos);
  const ProcessResult none =
      run_convbert({"classify", "-m", reference_model("bert-plain"), "-t", "a"});
  CHECK(none.err.find("found one with no trained head") != std::string::npos);
  const ProcessResult tag =
      run_convbert({"classify", "-m", reference_model("convbert-tag"), "-t", "a"});
  CHECK(tag.err.find("a head for token classification") != std::string::npos);
}

TEST_CASE("all kinds of heads and labels") {
  const auto classify = [](const std::string& model) {
    const ProcessResult result =
        run_convbert({"classify", "-m", reference_model(model), "-t", "one two", "--only-result"});
    INFO(result.err);
    CHECK(result.status == 0);
    return Json::parse(result.out);
  };
  CHECK(classify("convbert-classify")["scores"].size() == 3);
  CHECK(classify("bert-classify")["label"].get<std::string>().starts_with("LABEL_"));
  CHECK(classify("electra-classify")["label"].is_string());
  const Json regression = classify("convbert-regress");
  CHECK(regression["score"].is_number());
  CHECK_FALSE(regression.contains("label"));
  const Json several = classify("convbert-multilabel");
  CHECK(several["labels"].is_array());
  double sum = 0;
  for (const Json& score : several["scores"]) sum += score.get<double>();
  CHECK(sum != doctest::Approx(1.0));
}

TEST_CASE("config.json is checked") {
  struct Change {
    const char* from;
    const char* to;
    const char* reason;
  };
  const Change changes[] = {
      {"\"hidden_size\": 32", "\"hidden_size\": 0", "\"hidden_size\": expected 1 to"},
      {"\"hidden_size\": 32", "\"hidden_size\": -32", "\"hidden_size\": expected 1 to"},
      {"\"hidden_size\": 32", "\"hidden_size\": 32.5", "\"hidden_size\": expected an integer"},
      {"\"hidden_size\": 32", "\"hidden_size\": \"32\"", "\"hidden_size\": expected an integer"},
      {"\"hidden_size\": 32", "\"hidden_size\": 99999999999999999999", "\"hidden_size\""},
      {"\"hidden_size\": 32", "\"hidden_size\": 30", "\"hidden_size\" 30 is not a multiple"},
      {"\"intermediate_size\": 64", "\"intermediate_size\": 128",
       "intermediate.dense.weight\": expected shape [128, 32], as config.json asks for, found "
       "[64, 32]"},
      {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3",
       "\"encoder.layer.2.attention.self.query.weight\" is missing"},
      {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1000000", "\"num_hidden_layers\""},
      {"\"vocab_size\": 900", "\"vocab_size\": 901", "expected shape [901, 32], as config.json"},
      {"\"conv_kernel_size\": 9", "\"conv_kernel_size\": 8", "expected an odd number, found 8"},
      {"\"conv_kernel_size\": 9", "\"conv_kernel_size\": 9, \"conv_type\": \"fixed\"",
       "\"conv_type\": expected span, dynamic or lightweight, found \"fixed\""},
      {"\"num_groups\": 1", "\"num_groups\": 5", "\"num_groups\" 5 does not divide"},
      {"\"hidden_act\": \"gelu\"", "\"hidden_act\": \"mish\"", "\"hidden_act\": expected gelu"},
      {"\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": -1", "\"layer_norm_eps\""},
      {"\"model_type\": \"convbert\"", "\"model_type\": \"gpt2\"", "found \"gpt2\""},
      {"\"model_type\": \"convbert\"", "\"no\": 1", "\"model_type\" is missing"},
      {"\"is_decoder\": false", "\"is_decoder\": true", "only encoders are supported"},
      {"\"head_ratio\": 2", "\"head_ratio\": {}", "\"head_ratio\": expected an integer"},
  };
  for (const Change& change : changes) {
    INFO(change.to);
    const ModelCopy model("convbert-plain");
    model.edit("config.json", change.from, change.to);
    model.check_refused(change.reason);
  }
  const ModelCopy model("convbert-plain");
  model.write("config.json", "{\"model_type\":");
  model.check_refused("config.json: not valid JSON");
  model.write("config.json", std::string(100'000, '['));
  model.check_refused("config.json: JSON nested deeper than 64 levels");
  model.write("config.json", "[]");
  model.check_refused("config.json: expected a JSON object");
}

TEST_CASE("tensors: missing, surplus, misshapen, of another type") {
  const std::string name = "encoder.layer.1.output.dense.bias";
  const ModelCopy missing("convbert-plain");
  missing.edit("model.safetensors", name, replaced(name, "bias", "bia5"));
  missing.check_refused("\"" + name + "\" is missing: config.json asks for shape [32]");

  const ModelCopy gamma("convbert-plain");  // TensorFlow's old name is as good
  gamma.edit("model.safetensors", "LayerNorm.weight\":", "LayerNorm.gamma\": ");
  gamma.check_works();

  const ModelCopy surplus("convbert-plain");
  const std::string header = read_file(surplus.path("model.safetensors"));
  std::string grown = header;
  std::uint64_t size;
  std::memcpy(&size, grown.data(), 8);
  const std::string extra =
      ",\"strange.thing\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
  const std::size_t brace = grown.rfind('}', 7 + size);
  grown.insert(brace, extra);
  size += extra.size();
  std::memcpy(grown.data(), &size, 8);
  surplus.write("model.safetensors", grown);
  const ProcessResult result = surplus.embed();
  CHECK(result.status == 0);
  CHECK(result.err.find("1 tensors belong to no part of this model and are not used: "
                        "strange.thing") != std::string::npos);

  const ModelCopy integers("convbert-plain");
  integers.edit("model.safetensors", "{\"dtype\":\"F32\",\"shape\":[3",
                "{\"dtype\":\"I32\",\"shape\":[3");
  integers.check_refused("expected a floating-point type, found I32");
}

// The 8 bytes of length, the header, the data.
std::string safetensors(const std::string& header, const std::string& data,
                        std::uint64_t size = 0) {
  if (size == 0) size = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &size, 8);
  return file + header + data;
}

// Puts `wrapper` in front of every tensor's name.
void wrap_names(const ModelCopy& model, const std::string& wrapper) {
  const std::string file = model.read("model.safetensors");
  std::uint64_t size;
  std::memcpy(&size, file.data(), 8);
  const auto header = OrderedJson::parse(file.substr(8, size));
  OrderedJson renamed;
  for (const auto& [name, tensor] : header.items()) {
    renamed[name == "__metadata__" ? name : wrapper + name] = tensor;
  }
  model.write("model.safetensors", safetensors(renamed.dump(), file.substr(8 + size)));
}

TEST_CASE("a wrapper's name in front of all tensors, as of torch's DataParallel") {
  for (const std::string name : {"bert-classify", "convbert-classify"}) {
    INFO(name);
    const ModelCopy model(name);
    wrap_names(model, "module.");
    const auto classify = [](const std::string& path) {
      return run_convbert({"classify", "-m", path, "-t", "one two"}).out;
    };
    const std::string result = classify(model.path());
    CHECK(result.find("\"label\"") != std::string::npos);
    CHECK(result == classify(reference_model(name)));
  }
  const ModelCopy hostile("bert-plain");
  wrap_names(hostile, "\x1b[2J.bert.");
  hostile.edit("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
  hostile.check_refused(
      "tensor \"?[2J.bert.encoder.layer.2.attention.self.query.weight\" is missing");
}

TEST_CASE("a head whose words are untied has weights of its own, or is none") {
  const ModelCopy model("convbert-mask");
  model.edit("config.json", "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false");
  model.check_works();
  const ProcessResult info = run_convbert({"info", model.path()});
  INFO(info.err);
  CHECK(info.status == 0);
  const ProcessResult fill = run_convbert({"fill-mask", "-m", model.path(), "-t", "one [MASK]"});
  CHECK(fill.status == 2);
  CHECK(fill.err.find("found one with no trained head") != std::string::npos);
}

TEST_CASE("damaged safetensors files") {
  const ModelCopy model("convbert-plain");
  const std::string whole = model.read("model.safetensors");
  const auto refused = [&](const std::string& content, const std::string& reason) {
    model.write("model.safetensors", content);
    model.check_refused(reason);
  };
  refused("", "ends early");
  refused(whole.substr(0, 7), "ends early");
  refused(whole.substr(0, 1000), "ends early");
  refused(whole.substr(0, whole.size() - 1), "lies at bytes");
  refused(whole + "x", "the tensors end at byte");
  refused(safetensors("{}", "", std::uint64_t{1} << 63), "a header of 9223372036854775808 bytes");
  refused(safetensors("{}", "", 100'000'001), "a header of 100000001 bytes");
  refused(safetensors("{}", "", 3), "ends early");
  refused(safetensors("[]", ""), "the header is not a JSON object");
  refused(safetensors("{\"a\":", ""), "not valid JSON");
  refused(safetensors(std::string(100'000, '['), ""), "nested deeper");
  refused(safetensors("{}", ""),
          "expected a tensor \"convbert.embeddings.word_embeddings.weight\"");
  const auto entry = [](const std::string& shape, const std::string& offsets) {
    return "{\"a\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
  };
  refused(safetensors(entry("[2]", "[0,4]"), "1234"), "F32 [2] takes 8 bytes, found 4");
  refused(safetensors(entry("[1]", "[4,0]"), "1234"), "lies at bytes 4 to 0 of 4");
  refused(safetensors(entry("[1]", "[0,8]"), "1234"), "lies at bytes 0 to 8 of 4");
  refused(safetensors(entry("[4611686018427387904,4]", "[0,4]"), "1234"), "size overflows");
  refused(safetensors(entry("[4611686018427387905]", "[0,4]"), "1234"), "size overflows");
  refused(safetensors(entry("[-1]", "[0,4]"), "1234"), "something else than a number from 0");
  refused(safetensors(entry("[1.0]", "[0,4]"), "1234"), "something else than a number from 0");
  refused(safetensors(entry("[1]", "[0]"), "1234"), "must hold a begin and an end");
  refused(safetensors(entry("{}", "[0,4]"), "1234"), "no list \"shape\"");
  refused(safetensors(replaced(entry("[1]", "[0,4]"), "F32", "F8_E4M3"), "1234"), "has dtype F8");
  refused(safetensors("{\"a\":5}", ""), "is not described by an object");
  refused(safetensors("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
                      "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
                      "123"),
          "inside the tensor before it");
  refused(safetensors("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                      "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}",
                      "123"),
          "leaving a hole");
  refused("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer");
}

TEST_CASE("shards") {
  const ModelCopy model("convbert-plain");
  fs::rename(model.path("model.safetensors"), model.path("part-1.safetensors"));
  const auto index = [](const std::string& file) {
    return "{\"weight_map\":{\"embeddings.word_embeddings.weight\":\"" + file + "\"}}";
  };
  const char* name = "model.safetensors.index.json";
  model.write(name, index("part-1.safetensors"));
  model.check_works();
  model.write(name, index("../part-1.safetensors"));
  model.check_refused("refuses to open \"../part-1.safetensors\"");
  model.write(name, index("/etc/passwd"));
  model.check_refused("refuses to open \"/etc/passwd\"");
  model.write(name, index("part-2.safetensors"));
  model.check_refused("part-2.safetensors: cannot open");
  model.write(name, "{\"weight_map\":{\"nothing\":\"part-1.safetensors\"}}");
  model.check_refused("tensor \"nothing\" is not in part-1.safetensors");
  model.write(name, "{\"weight_map\":7}");
  model.check_refused("expected an object \"weight_map\"");
  fs::copy_file(model.path("part-1.safetensors"), model.path("part-2.safetensors"));
  model.write(name, "{\"weight_map\":{\"a\":\"part-1.safetensors\",\"b\":\"part-2.safetensors\"}}");
  model.check_refused("is in another shard, too");
}

TEST_CASE("damaged torch checkpoints") {
  for (const char* name : {"convbert-bin", "convbert-bin-legacy"}) {
    const ModelCopy model(name);
    const std::string whole = model.read("pytorch_model.bin");
    model.check_works();
    for (const std::size_t size :
         {std::size_t{20}, whole.size() / 50, whole.size() / 2, whole.size() - 30}) {
      INFO(name, " cut to ", size);
      model.write("pytorch_model.bin", whole.substr(0, size));
      const ProcessResult result = model.embed();
      CHECK(result.status == 2);
      CHECK(result.err.starts_with("convbert: error: "));
      CHECK(std::ranges::count(result.err, '\n') == 1);
    }
  }
  const ModelCopy flipped("convbert-bin");
  std::string content = flipped.read("pytorch_model.bin");
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  flipped.write("pytorch_model.bin", content);
  flipped.check_refused("does not match its checksum");
}

TEST_CASE("a pickle that wants to call something is refused") {
  const std::string magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  const std::string version("\x80\x02M\xe9\x03.", 6);
  const std::string sizes("\x80\x02}.", 4);
  const TemporaryFolder folder;
  const std::string witness = folder.path("witness");
  const std::string command = "touch " + witness;
  // cos\nsystem\n, the command, a tuple of it, REDUCE, STOP
  const auto attack = [&](const std::string& module, const std::string& function) {
    return "\x80\x02"
           "c" +
           module + "\n" + function + "\nX" + std::string(1, static_cast<char>(command.size())) +
           std::string(3, '\0') + command + "\x85R.";
  };
  const ModelCopy model("convbert-bin-legacy");
  for (const auto& [module, function] :
       {std::pair("os", "system"), std::pair("posix", "system"), std::pair("builtins", "eval"),
        std::pair("subprocess", "Popen"), std::pair("torch", "load"),
        std::pair("torch.serialization", "_load")}) {
    model.write("pytorch_model.bin", magic + version + sizes + attack(module, function));
    model.check_refused(std::string("wants to call \"") + module + "." + function +
                        "\", which tensors do not need; refused, nothing was executed");
  }
  CHECK_FALSE(fs::exists(witness));
  model.write("pytorch_model.bin", magic + version + sizes +
                                       "\x80\x02i"
                                       "os\nsystem\n.");
  model.check_refused("uses opcode 105");
}

TEST_CASE("results among a model's own files are gone on with, until one of those changes") {
  const ModelCopy model("bert-plain");
  const std::string out = model.path("out.jsonl");
  const std::vector<std::string> command{"embed", "-m", model.path(), "--strict", "-o", out};
  const std::vector<std::string> resume = with(command, {"--resume"});
  CHECK(run_convbert(command, {.input = "one\ntwo\n\xff\n"}).status == 1);
  model.write("more.jsonl", "another file");
  const ProcessResult same = run_convbert(resume, {.input = "one\ntwo\n\xff\n"});
  CHECK(same.status == 1);
  CHECK(same.err.find("goes on after 2 records") != std::string::npos);
  std::string weights = model.read("model.safetensors");
  weights.back() = static_cast<char>(weights.back() ^ 1);
  model.write("model.safetensors", weights);
  check_refused(run_convbert(resume, {.input = "one\ntwo\nthree\n"}),
                "one of the files that results depend on has changed");
  CHECK(run_convbert(with(command, {"--quiet"}), {.input = "one\ntwo\nthree\n"}).status == 0);
}

TEST_CASE("a vocabulary that does not go with the model") {
  const ModelCopy model("bert-plain");
  std::string vocab = model.read("vocab.txt");
  model.write("vocab.txt", vocab + "one\ntwo more\n");
  model.check_refused("the vocabulary has 902 tokens, but config.json says \"vocab_size\" 900");
  model.write("vocab.txt", replaced(vocab, "[CLS]\n", "[XXX]\n"));
  model.check_refused("expected the token \"[CLS]\"");
  model.write("vocab.txt", replaced(vocab, "[UNK]\n", "[XXX]\n"));
  model.check_refused("the vocabulary has no \"[UNK]\"");
  model.write("vocab.txt", "");
  model.check_refused("the vocabulary is empty");
}

}  // namespace
}  // namespace convbert::test
