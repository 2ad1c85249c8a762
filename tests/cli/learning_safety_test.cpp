// What commands that learn must not do: write over what is theirs or another's, lose a run, learn
// nothing or something else without a word.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

const std::string kModels = std::string(CONVBERT_TEST_DATA) + "/models";
const std::string kModel = kModels + "/convbert-plain";

std::string records(const std::vector<std::pair<std::string, Json>>& labelled) {
  std::string text;
  for (const auto& [words, label] : labelled) {
    text += Json{{"text", words}, {"label", label}}.dump() + "\n";
  }
  return text;
}

std::string animals() {
  return records({{"the dog sees", "animal"}, {"a man sees", "man"}, {"the cat", "animal"}});
}

ProcessResult train(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "train");
  arguments.insert(arguments.end(), {"-m", kModel});
  return run_convbert(arguments);
}

Json training_json(const std::string& model) {
  return Json::parse(read_file(model + "/training.json"));
}

TEST_CASE("--resume takes nothing for its own that another has made") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", animals());
  const std::string model = folder.path("model");
  const std::vector<std::string> endless{"train", data,       "-m",    kModel, "-o",
                                         model,   "--epochs", "20000", "-q"};
  Process process(with(endless, {"--save-every", "5", "--log", folder.path("log")}));
  while (!fs::exists(model + ".state")) {
  }
  process.signal(SIGKILL);
  process.wait();
  fs::create_directory(model);
  check_stopped(run_convbert(with(endless, {"--resume", "--log", folder.path("log")})),
                "is there already");
  CHECK(fs::exists(model + ".state"));
  CHECK(fs::exists(folder.path("log.partial")));
  fs::remove(model);

  const std::vector<std::string> few{data, "-o", folder.path("few"), "--max-steps", "2"};
  REQUIRE(train(few).status == 0);
  CHECK(training_json(folder.path("few"))["command"] == Json{"train", "--max-steps=2"});
  CHECK(train(with(few, {"--resume"})).err.find("is finished") != std::string::npos);
  check_stopped(train(with(few, {"--resume", "--seed", "2"})), "made with other options");
}

TEST_CASE("a slash at the end of the directory's name changes nothing") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", animals());
  CHECK(
      train({data, "-o", folder.path("model/"), "--max-steps", "3", "--save-every", "1"}).status ==
      0);
  CHECK(fs::exists(folder.path("model/config.json")));
  CHECK_FALSE(fs::exists(folder.path("model.state")));
}

TEST_CASE("nothing is written over what is read") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", animals());
  const std::string dev = folder.write("dev.jsonl", animals());
  const std::string out = folder.path("out");
  const std::string same = folder.path() + "/./data.jsonl";
  check_stopped(train({data, "-o", out, "--log", same}), "is what INPUT reads");
  check_stopped(train({data, "--dev", dev, "-o", out, "--report", dev}), "is what --dev reads");
  check_stopped(train({data, "-o", out, "--log", folder.path("x"), "--report", folder.path("x")}),
                "is what --log writes");
  check_stopped(run_convbert({"pretrain", data, "-m", kModel, "-o", out, "--objective", "masked",
                              "--log", data}),
                "is what INPUT reads");
  check_stopped(run_convbert({"distill", data, "-m", kModel, "--teacher-vectors", dev, "-o", out,
                              "--report", dev}),
                "is what --teacher-vectors reads");
  CHECK(read_file(data) == animals());
  CHECK(read_file(dev) == animals());
  // Before anything is learnt.
  const ProcessResult result =
      train({data, "-o", out, "--report", out + "/report.html", "--epochs", "20000"});
  check_stopped(result, "report.html");
}

TEST_CASE("a state whose parts do not fit together is refused") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", animals());
  const std::string path = folder.path("model.state");
  const std::vector<std::string> command{
      "train", data, "-m", kModel, "-o", folder.path("model"), "--epochs", "20000", "-q"};
  Process process(with(command, {"--save-every", "5"}));
  while (!fs::exists(path)) {
  }
  process.signal(SIGKILL);
  process.wait();
  const std::string state = read_file(path);
  for (const auto& [from, to] :
       {std::pair(R"("step":1})", R"("step":2})"), std::pair(R"("epochs":[{)", R"("epochz":[{)"),
        std::pair(R"("log_bytes":0)", R"("log_bytes":-)")}) {
    folder.write("model.state", replaced(state, from, to));
    check_stopped(run_convbert(with(command, {"--resume"})), "model.state");
  }
}

// A decay of more than the weights: each step turns them over and makes them larger.
std::vector<std::string> growing(const std::string& data, const std::string& model,
                                 const std::string& rate) {
  return {data, "-o",         model,      "--learning-rate", rate, "--clip",
          "0",  "--schedule", "constant", "--warmup",        "0",  "--weight-decay",
          "1",  "--epochs",   "1000",     "--contrast",      "0"};
}

std::string many_animals() {
  std::string text;
  for (int i = 0; i < 32; ++i) text += animals();
  return text;
}

TEST_CASE("a loss that is no number: kept is the last model that gave one, whatever the clock") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", many_animals());
  const auto weights = [&](const std::string& name) {
    return read_file(folder.path(name) + "/model.safetensors");
  };
  const auto grow = [&](const std::string& name, const std::vector<std::string>& more) {
    const ProcessResult result = train(with(growing(data, folder.path(name), "10"), more));
    INFO(result.err);
    CHECK(result.status == 1);
    CHECK(result.err.find("the loss is no longer a number at step") != std::string::npos);
    CHECK(run_convbert({"classify", "-m", folder.path(name), "-t", "the dog", "-q"}).status == 0);
    return training_json(folder.path(name))["diverged_at_step"].get<int>();
  };
  const int step = grow("one", {"--threads", "1"});
  CHECK(read_file(folder.path("one") + "/README.md").find("no longer a number") !=
        std::string::npos);
  grow("three", {"--threads", "3"});
  CHECK(weights("three") == weights("one"));
  grow("often", {"--save-every", "1"});
  CHECK(training_json(folder.path("often"))["steps"] == step - 2);
  grow("measured", {"--dev", data});
  // The last step's model gives none, and nothing comes behind it that could tell.
  grow("last", {"--max-steps", std::to_string(step - 1)});
  CHECK(weights("last") == weights("one"));
  // A run that is finished ends as it did.
  CHECK(
      train(with(growing(data, folder.path("one"), "10"), {"--threads", "1", "--resume"})).status ==
      1);
}

TEST_CASE("what a run falls back on outlives a kill") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", many_animals());
  const std::vector<std::string> often{"--save-every", "10", "-q"};
  CHECK(train(with(growing(data, folder.path("whole"), "2.1"), often)).status == 1);
  const std::vector<std::string> cut = with(growing(data, folder.path("cut"), "2.1"), often);
  Process process(with(with({"train"}, cut), {"-m", kModel}));
  while (!fs::exists(folder.path("cut.state"))) {
  }
  process.signal(SIGTERM);
  process.wait();
  CHECK(train(with(cut, {"--resume"})).status == 1);
  CHECK(read_file(folder.path("cut") + "/model.safetensors") ==
        read_file(folder.path("whole") + "/model.safetensors"));
}

TEST_CASE("a run that begins anew loses nothing of the one before it") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", animals());
  const std::string model = folder.path("model");
  Process process(
      {"train", data, "-m", kModel, "-o", model, "--epochs", "20000", "--save-every", "5", "-q"});
  while (!fs::exists(model + ".state")) {
  }
  process.signal(SIGKILL);
  process.wait();
  const std::string state = read_file(model + ".state");
  const ProcessResult result = train({data, "-o", model, "--max-steps", "1"});
  CHECK(result.status == 0);
  CHECK(result.err.find("left by an unfinished run, is now") != std::string::npos);
  CHECK(read_file(model + ".state.old") == state);
}

TEST_CASE("what is learnt on cut texts says so") {
  const TemporaryFolder folder;
  std::string pairs;
  for (const double score : {0.0, 1.0}) {
    pairs += Json{{"text", "the dog sees a man"}, {"text_pair", "a cat"}, {"label", score}}.dump() +
             "\n";
  }
  const std::string data = folder.write("pairs.jsonl", pairs);
  const std::string vectors = folder.path("vectors");
  REQUIRE(train({data, "-o", vectors, "--task", "similarity", "--max-length", "4", "--epochs", "1"})
              .status == 0);
  CHECK(Json::parse(read_file(vectors + "/sentence_bert_config.json"))["max_seq_length"] == 4);
  const std::string labels = folder.path("labels");
  const std::string animals_path = folder.write("data.jsonl", animals());
  const ProcessResult result = train({animals_path, "--dev", folder.write("dev.jsonl", animals()),
                                      "-o", labels, "--max-length", "4", "--epochs", "1"});
  REQUIRE(result.status == 0);
  CHECK(result.err.find("data.jsonl: 3 texts were cut to 4 tokens") != std::string::npos);
  CHECK(result.err.find("dev.jsonl: 3 texts were cut to 4 tokens") != std::string::npos);
  CHECK(read_file(labels + "/README.md").find("texts cut to 4 tokens") != std::string::npos);
  CHECK(training_json(labels)["command"] == Json{"train", "--epochs=1", "--max-length=4"});
}

TEST_CASE("records of another kind of label than the others' are the bad ones") {
  const TemporaryFolder folder;
  const std::string some =
      folder.write("some.jsonl", animals() + records({{"a man and a dog", Json{"animal", "man"}}}));
  const ProcessResult result = train({some, "-o", folder.path("some"), "--max-steps", "1"});
  CHECK(result.status == 1);
  CHECK(result.err.find("some.jsonl:4: expected one label, found [\"animal\"") !=
        std::string::npos);
  CHECK(training_json(folder.path("some"))["task"] == "classify");
  CHECK(training_json(folder.path("some"))["bad_records"] == 1);
  check_stopped(train({folder.write("data.jsonl", animals()), "-o", folder.path("none"), "--task",
                       "multilabel"}),
                "no record can be used for --task multilabel; the first bad one is " +
                    folder.path("data.jsonl") + ":1: expected a list of labels, found \"animal\"");
}

TEST_CASE("what a head learns by, and what cannot be done, is told") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", animals());
  const std::string out = folder.path("out");
  check_stopped(train({data, "-o", out, "--learning-rate", "0", "--head-rate", "0.1"}),
                "--head-rate: expected a --learning-rate above 0 beside it");
  check_stopped(train({data, "-o", out, "--log", "-"}), "--log: expected the name of a file");
  check_stopped(train({data, "-o", out, "--report", "-"}), "--report: expected the name of a file");
  const std::string mean = folder.path("mean");
  REQUIRE(train({data, "-o", mean, "--pooling", "mean", "--head-rate", "0.003", "--max-steps", "2",
                 "--clip", "0"})
              .status == 0);
  CHECK(training_json(mean)["settings"]["head_afterwards"]["learning_rate"] == 0.003);
  const std::string card = read_file(mean + "/README.md");
  CHECK(card.find("gradients of any length") != std::string::npos);
  CHECK(card.find(" of " + data + " for `classify`") != std::string::npos);
}

TEST_CASE("a label is told by what it is") {
  const TemporaryFolder folder;
  int runs = 0;
  const auto learnt = [&](const std::string& text, const std::string& name = "data.jsonl") {
    const std::string model = folder.path("model" + std::to_string(runs++));
    const ProcessResult result = train({folder.write(name, text), "-o", model, "--max-steps", "1"});
    INFO(result.err);
    REQUIRE(result.status <= 1);
    return std::pair(result, training_json(model));
  };
  // An empty cell is no label.
  const auto [cells, of_cells] = learnt("text,label\nthe dog,1.5\na cat,2.5\na man,\n", "data.csv");
  CHECK(cells.status == 1);
  CHECK(cells.err.find("data.csv:4: field \"label\": expected a label, found \"\"") !=
        std::string::npos);
  CHECK(of_cells["task"] == "regress");
  // A name may begin as a list does, and integers may be large.
  CHECK(learnt(records({{"the dog", "[bug]"}, {"a cat", "[wish]"}})).second["labels"] ==
        Json{"[bug]", "[wish]"});
  CHECK(learnt(records({{"the dog", 18446744073709551615ULL}, {"a cat", 1}})).second["task"] ==
        "classify");
  const auto [lists, of_lists] = learnt(records({{"the dog", {"x", nullptr}}, {"a cat", {"y"}}}));
  CHECK(lists.status == 1);
  CHECK(lists.err.find("expected a list of labels, found null at 1") != std::string::npos);
  CHECK(of_lists["labels"] == Json{"y"});
}

TEST_CASE("what would learn nothing is refused") {
  const TemporaryFolder folder;
  const std::string out = folder.path("out");
  const std::string pairs =
      folder.write("pairs.jsonl", R"({"text":"a dog","text_pair":"a cat","label":1})"
                                  "\n"
                                  R"({"text":"a man","text_pair":"men","label":0})"
                                  "\n");
  const std::string pair = folder.write("pair.jsonl", R"({"text":"a dog","text_pair":"a cat"})"
                                                      "\n");
  check_stopped(train({pairs, "-o", out, "--task", "similarity", "--freeze", "2"}),
                "--freeze 2 leaves nothing to train");
  check_stopped(train({pairs, "-o", out, "--task", "contrastive", "--batch-size", "1"}),
                "--batch-size: expected 2 or more");
  check_stopped(train({pair, "-o", out, "--task", "contrastive"}), "expected two pairs or more");
  const std::string tags = folder.write("tags.jsonl", R"({"tokens":["",""],"tags":["A","B"]})"
                                                      "\n");
  check_stopped(train({tags, "-o", out, "--task", "tag"}), "none of its words has a token");
  check_stopped(train({tags, "-o", out}), "--task tag reads lists \"tokens\" and \"tags\"");
}

TEST_CASE("no number is no value of a flag") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", animals());
  const std::string out = folder.path("out");
  for (const char* flag :
       {"--warmup", "--clip", "--dropout", "--learning-rate", "--weight-decay"}) {
    check_stopped(train({data, "-o", out, flag, "nan"}), flag);
  }
  check_stopped(train({data, "-o", out, "--task", "similarity", "--scale", "0,inf"}), "--scale");
  check_stopped(run_convbert({"classify", "-t", "a", "--threshold", "nan"}), "--threshold");
  check_stopped(run_convbert({"similar", "-t", "a", "-t", "b", "--threshold", "nan"}),
                "--threshold");
}

TEST_CASE("a loss that ends as no number leaves the model that was saved before") {
  const TemporaryFolder folder;
  std::string many;  // so that no epoch ends, which may save, too
  for (int i = 0; i < 100; ++i) many += animals();
  const std::string data = folder.write("data.jsonl", many);
  const std::string model = folder.path("model");
  const ProcessResult result =
      train({data, "-o", model, "--batch-size", "1", "--learning-rate", "10", "--weight-decay", "1",
             "--warmup", "0", "--save-every", "5"});
  INFO(result.err);
  CHECK(result.status == 1);
  CHECK(result.err.find("; kept is the model after step ") != std::string::npos);
  CHECK(training_json(model)["steps"].get<int>() % 5 == 0);
  CHECK(run_convbert({"classify", "-m", model, "-t", "a dog"}).status == 0);
  CHECK_FALSE(fs::exists(model + ".state"));
}

TEST_CASE("evaluate measures what a head gives, by labels that it knows") {
  const TemporaryFolder folder;
  const std::string values =
      folder.write("values.jsonl", records({{"a dog", 0.2}, {"a man", 0.9}}));
  const std::string labels = folder.write("labels.jsonl", records({{"a dog", 0}, {"a man", 0}}));
  check_stopped(
      run_convbert({"evaluate", "-m", kModels + "/convbert-regress", labels, "--task", "classify"}),
      "--task classify: the model's head gives a value (--task regress)");
  const std::string model = folder.path("model");
  REQUIRE(train({folder.write("data.jsonl", records({{"a dog", 1}, {"a man", 2}, {"a cat", 3}})),
                 "-o", model, "--max-steps", "1"})
              .status == 0);
  check_stopped(run_convbert({"evaluate", "-m", model, values, "--task", "regress"}),
                "--task regress: the model's head gives 3 labels");
  const ProcessResult unknown = run_convbert({"evaluate", "-m", model, labels});
  CHECK(unknown.err.find("unknown label 0; the model knows \"1\", \"2\", \"3\"") !=
        std::string::npos);
}

TEST_CASE("a report shows a file's name, whatever it is") {
  const TemporaryFolder folder;
  const std::string data = folder.write("<b>data.jsonl", animals());
  const std::string report = folder.path("report.html");
  REQUIRE(
      train({data, "-o", folder.path("model"), "--max-steps", "1", "--report", report}).status ==
      0);
  const std::string page = read_file(report);
  CHECK(page.find("<b>data") == std::string::npos);
  CHECK(page.find("&lt;b&gt;data.jsonl") != std::string::npos);
}

TEST_CASE("records come from standard input, too, where no file is named") {
  const TemporaryFolder folder;
  const std::string model = folder.path("model");
  const ProcessResult result =
      run_convbert({"train", "-m", kModel, "-o", model, "--max-steps", "1"}, {.input = animals()});
  INFO(result.err);
  CHECK(result.status == 0);
  CHECK(training_json(model)["train"]["records"] == 3);
}

}  // namespace
}  // namespace convbert::test
