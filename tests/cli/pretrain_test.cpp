// `convbert pretrain`: a model from text, whatever happens to the run.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kNouns{"dog", "man", "cat", "child"};
const std::vector<std::string> kVerbs{"sees", "runs", "walks"};
const std::vector<std::string> kPlaces{"house", "tree", "road", "river", "hill"};

std::string vocabulary() {
  std::string text = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nto\n";
  for (const auto& words : {kNouns, kVerbs, kPlaces}) {
    for (const std::string& word : words) text += word + "\n";
  }
  return text;
}

// "the dog runs to the tree": of a noun some verbs and places only.
std::string clause(std::size_t i) {
  const std::size_t noun = i % 4;
  return "the " + kNouns[noun] + " " + kVerbs[(noun + i / 4 % 2) % 3] + " to the " +
         kPlaces[(noun + i / 8 % 3) % 5];
}

// Two clauses a line, of which no two are alike for a long time.
std::string sentences(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += clause(i) + " " + clause(i / 24 + i) + "\n";
  return text;
}

Json config_of(const std::string& family) {
  Json config{{"model_type", family},
              {"vocab_size", 19},
              {"hidden_size", 16},
              {"num_hidden_layers", 2},
              {"intermediate_size", 32},
              {"num_attention_heads", 4},
              {"initializer_range", 0.1},
              {"hidden_dropout_prob", 0.05},
              {"max_position_embeddings", 40}};
  if (family != "bert") config["embedding_size"] = 8;
  return config;
}

// A folder with all that a run needs.
struct Workplace {
  TemporaryFolder folder;
  std::string texts = folder.write("texts.txt", sentences(300));
  std::string vocab = folder.write("vocab.txt", vocabulary());

  std::vector<std::string> command(const Json& config, const std::string& objective,
                                   const std::string& out,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"pretrain",    texts,
                                       "-o",          folder.path(out),
                                       "--config",    folder.write(out + ".json", config.dump()),
                                       "--objective", objective};
    const std::pair<std::string, std::string> usual[] = {{"--vocab", vocab},
                                                         {"--steps", "12"},
                                                         {"--batch-size", "8"},
                                                         {"--max-length", "16"},
                                                         {"--learning-rate", "5e-3"}};
    for (const auto& [flag, value] : usual) {
      if (std::ranges::find(more, flag) != more.end()) continue;
      arguments.push_back(flag);
      arguments.push_back(value);
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string run(const Json& config, const std::string& objective, const std::string& out,
                  const std::vector<std::string>& more = {}) const {
    const ProcessResult result = run_convbert(command(config, objective, out, more));
    INFO(result.err);
    REQUIRE(result.status == 0);
    CHECK(result.out.empty());
    return folder.path(out);
  }
};

Json training_of(const std::string& model) {
  return Json::parse(read_file(model + "/training.json"));
}

bool works(const std::vector<std::string>& arguments) {
  const ProcessResult result = run_convbert(arguments);
  INFO(result.err);
  CHECK(result.status == 0);
  return !result.out.empty();
}

TEST_CASE("replaced words: a discriminator, its generator and what was measured") {
  const Workplace place;
  Json config = config_of("convbert");
  config["num_groups"] = 2;
  config["conv_kernel_size"] = 5;
  const std::string log = place.folder.path("log.jsonl");
  const std::string model = place.run(config, "replaced", "model",
                                      {"--generator-size",
                                       "0.5",
                                       "--discriminator-weight",
                                       "20",
                                       "--mask",
                                       "0.2",
                                       "--steps",
                                       "60",
                                       "--held-out-share",
                                       "0.2",
                                       "--checkpoints",
                                       "3",
                                       "--log",
                                       log,
                                       "--lowercase",
                                       "--seed",
                                       "3",
                                       "--shuffle",
                                       "50",
                                       "--warmup",
                                       "0.2",
                                       "--schedule",
                                       "cosine"});
  CHECK(works({"detect", "-m", model, "-t", "The dog runs to the TREE"}));
  CHECK(works({"embed", "-m", model, "-t", "the dog"}));
  CHECK(works({"fill-mask", "-m", model + "/generator", "-t", "the dog [MASK] to the tree"}));
  CHECK(works({"embed", "-m", model + "/step-20", "-t", "the dog"}));
  CHECK(read_file(model + "/step-60/model.safetensors") == read_file(model + "/model.safetensors"));
  CHECK(read_file(model + "/step-20/model.safetensors") != read_file(model + "/model.safetensors"));
  CHECK_FALSE(fs::exists(model + ".state"));
  CHECK_FALSE(fs::exists(model + ".state.step-20"));
  const std::string labelled = place.folder.write(
      "labelled.jsonl",
      "{\"text\":\"the dog\",\"label\":\"a\"}\n{\"text\":\"the man\",\"label\":\"b\"}\n");
  CHECK(run_convbert(
            {"train", labelled, "-m", model, "-o", place.folder.path("tuned"), "--epochs", "1"})
            .status == 0);

  const Json record = training_of(model);
  CHECK(record["settings"]["objective"] == "replaced");
  CHECK(record["steps"] == 60);
  CHECK(record["flops"] > 1e6);
  const Json& measured = record["held_out"]["figures"];
  REQUIRE(measured.size() >= 10);
  CHECK(measured.back()["masked_loss"] < measured.front()["masked_loss"]);
  CHECK(measured.back()["flops"] == record["flops"]);
  CHECK(measured.back()["replaced_accuracy"] > 0.5);
  CHECK(measured.back()["replaced_auc"] > 0.6);
  CHECK(measured.back()["replaced_loss"] < measured.back()["replaced_entropy"]);
  const Json written = Json::parse(read_file(model + "/config.json"));
  CHECK(written["conv_type"] == "span");
  CHECK(written["head_ratio"] == 2);
  CHECK(written["layer_norm_eps"] == 1e-12);
  CHECK(Json::parse(read_file(model + "/generator/config.json"))["hidden_size"] == 8);
  CHECK(read_file(model + "/README.md").find("--objective replaced") != std::string::npos);
  const std::vector<std::string> lines = split_lines(read_file(log));
  CHECK(lines.size() == 60 + measured.size());
  CHECK(Json::parse(lines[0])["replaced_loss"] > 0.0);
}

TEST_CASE("a discriminator that has learnt nothing is said to be one") {
  const Workplace place;
  const auto run = [&](const std::string& out, const std::vector<std::string>& more) {
    auto arguments = place.command(config_of("electra"), "replaced", out, more);
    arguments.insert(arguments.end(), {"--held-out-share", "0.2"});
    const ProcessResult result = run_convbert(arguments);
    CHECK(result.status == 0);
    return result.err;
  };
  const std::string warning = "of replaced words the model knows only how many there are";
  CHECK(run("idle", {"--learning-rate", "1e-9"}).find(warning) != std::string::npos);
  CHECK(run("good", {"--steps", "60"}).find(warning) == std::string::npos);
}

TEST_CASE("masked words of every family, and every convolution, are learnt") {
  const Workplace place;
  const std::string others = place.folder.write("others.txt", sentences(20));
  for (const std::string family : {"bert", "electra"}) {
    const std::string model =
        place.run(config_of(family), "masked", family,
                  {"--held-out", others, "--steps", "80", "--packing", "record", "--dropout", "0",
                   "--weight-decay", "0.02", "--clip", "2", "--adam-epsilon", "1e-8"});
    CHECK(works({"fill-mask", "-m", model, "-t", "the dog [MASK] to the tree"}));
    CHECK(works({"embed", "-m", model, "-t", "the dog"}));
    CHECK_FALSE(fs::exists(model + "/generator"));
    const Json measured = training_of(model)["held_out"]["figures"];
    CHECK(measured.back()["masked_accuracy"] > 0.4);  // words of a sentence: "the" is a third
    CHECK(training_of(model)["held_out"]["sequences"] == 20);
  }
  for (const std::string kind : {"dynamic", "lightweight"}) {
    Json config = config_of("convbert");
    config["conv_type"] = kind;
    const std::string model = place.run(config, "masked", kind, {"--precision", "bf16"});
    CHECK(works({"fill-mask", "-m", model, "-t", "the dog [MASK]"}));
    CHECK(Json::parse(read_file(model + "/config.json"))["conv_type"] == kind);
  }
}

TEST_CASE(
    "the same bytes on any number of threads, and after kills, over several files and passes") {
  const Workplace place;
  const std::string more = place.folder.write("more.txt.gz", gzip(sentences(150)));
  const auto arguments = [&](const std::string& out, const std::string& threads) {
    return place.command(config_of("electra"), "replaced", out,
                         {more, "--threads", threads, "--save-every", "3", "--steps", "30",
                          "--checkpoints", "2", "--held-out-share", "0.1", "--batch-size", "32",
                          "--shuffle", "40", "--log", place.folder.path(out + ".log")});
  };
  const auto run = [&](const std::string& out, const std::string& threads) {
    const ProcessResult result = run_convbert(arguments(out, threads));
    INFO(result.err);
    REQUIRE(result.status == 0);
  };
  run("whole", "1");
  const auto expected = files_of(place.folder.path("whole"));
  REQUIRE(expected.contains("generator/model.safetensors"));
  CHECK(Json::parse(expected.at("training.json"))["train"]["passes"] > 2);
  const auto check_same = [&](const std::string& out) {
    CHECK(read_file(place.folder.path(out + ".log")) == read_file(place.folder.path("whole.log")));
    for (const auto& file : files_of(place.folder.path(out))) {
      INFO(file.first);
      REQUIRE(expected.contains(file.first));
      // Titles and settings name the directory's own files.
      if (file.first == "README.md" || file.first == "training.json") continue;
      CHECK(file.second == expected.at(file.first));
    }
  };
  run("three", "3");
  check_same("three");

  int kills = 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    auto command = arguments("killed", attempt % 2 == 0 ? "1" : "2");
    command.push_back("--resume");
    Process process(command);
    if (attempt < 4) {
      process.read_error("step " + std::to_string(6 * (attempt + 1)) + " of 30");
      process.signal(attempt == 1 ? SIGINT : SIGKILL);
    }
    const ProcessResult result = process.wait();
    if (result.status == 0) break;
    INFO(result.err);
    REQUIRE((result.status == 128 + SIGKILL || result.status == 130));
    ++kills;
  }
  CHECK(kills >= 3);
  check_same("killed");
  CHECK_FALSE(fs::exists(place.folder.path("killed.state")));
  auto again = arguments("killed", "1");
  again.push_back("--resume");
  CHECK(run_convbert(again).err.find("is finished") != std::string::npos);
}

TEST_CASE("bad records are named and counted once, and stop a strict run") {
  const Workplace place;
  std::string lines;
  for (const std::string& line : split_lines(sentences(40))) {
    lines += Json{{"body", line}}.dump() + "\n";
  }
  const std::string data =
      place.folder.write("data.jsonl", lines + "{\"body\": 7}\n{\"body\": \"\"}\n");
  auto command = place.command(config_of("electra"), "masked", "bad", {"--text-field", "body"});
  command[1] = data;
  const ProcessResult result = run_convbert(command);
  INFO(result.err);
  CHECK(result.status == 1);
  CHECK(result.err.find("data.jsonl:41") != std::string::npos);
  const Json record = training_of(place.folder.path("bad"));
  CHECK(record["bad_records"] == 1);
  CHECK(record["train"]["passes"] > 1);
  CHECK(record["train"]["documents"] == 40);
  command[3] = place.folder.path("strict");
  command.push_back("--strict");
  const ProcessResult strict = run_convbert(command);
  CHECK(strict.status == 1);
  CHECK(strict.err.find("data.jsonl:41") != std::string::npos);
  CHECK_FALSE(fs::exists(place.folder.path("strict")));
}

TEST_CASE("what nothing can be learnt from is refused, and says what to do") {
  const Workplace place;
  int number = 0;
  const auto refused = [&](const Json& config, const std::string& reason,
                           const std::vector<std::string>& more = {},
                           const std::string& objective = "replaced") {
    const std::string out = "out" + std::to_string(++number);
    check_refused(run_convbert(place.command(config, objective, out, more)), reason);
    CHECK_FALSE(fs::exists(place.folder.path(out)));
  };
  Json config = config_of("electra");
  refused(config_of("bert"), "--objective replaced: expected \"model_type\" electra or convbert");
  config["vocab_size"] = 20;
  refused(config, "\"vocab_size\": expected 19, the tokens of");
  config.erase("vocab_size");
  refused(config, "\"vocab_size\" is missing: expected 19");
  config = config_of("electra");
  config["hidden_size"] = 18;
  refused(config, "\"hidden_size\" 18 is not a multiple");
  config = config_of("electra");
  config["hidden_size"] = 1 << 20;
  refused(config, "a model of 8796256 million parameters takes 140740.1 GB to learn, found ");
  refused(config_of("electra"), "--max-length: expected at most 40", {"--max-length", "64"});
  refused(config_of("electra"), "--max-length: expected 3 or more", {"--max-length", "2"});
  refused(config_of("electra"), "--generator-size is for --objective replaced",
          {"--generator-size", "0.5"}, "masked");
  refused(config_of("electra"), "expected one of them",
          {"--held-out", place.texts, "--held-out-share", "0.1"});
  refused(config_of("electra"), "--checkpoints: expected at most --steps", {"--checkpoints", "13"});
  const std::string words = place.folder.write("words.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\n");
  refused(config_of("electra"), "expected the token [MASK], found none", {"--vocab", words});
  const auto with_text = [&](const std::string& text) {
    auto command = place.command(config_of("electra"), "masked", "none");
    command[1] = text;
    return run_convbert(command);
  };
  check_stopped(with_text(place.folder.write("empty.txt", "")), "no records with text");
  check_stopped(with_text(place.folder.write("blank.txt", "\n \n")), "no records with text");
  check_refused(with_text("-"), "which standard input cannot be");
  check_stopped(with_text(place.folder.path("missing.txt")), "missing.txt");
  auto command = place.command(config_of("electra"), "masked", "there");
  fs::create_directory(place.folder.path("there"));
  check_refused(run_convbert(command), "is there already");
}

TEST_CASE("a model is gone on from with what it knows, its head, its generator and its tokenizer") {
  const Workplace place;
  const std::string others = place.folder.write("others.txt", sentences(20));
  const auto go_on = [&](const std::string& model, const std::string& objective,
                         const std::string& out, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command{
        "pretrain",    place.texts, "-m",           model, "-o",           place.folder.path(out),
        "--objective", objective,   "--steps",      "30",  "--batch-size", "8",
        "--held-out",  others,      "--max-length", "16"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  };
  const auto went_on = [&](const std::vector<std::string>& command) {
    const ProcessResult result = run_convbert(command);
    INFO(result.err);
    REQUIRE(result.status == 0);
    return result.err;
  };
  for (const auto& [family, objective] : {std::pair("bert", "masked"), {"electra", "replaced"}}) {
    const std::string first =
        place.run(config_of(family), objective, family, {"--held-out", others, "--steps", "40"});
    const std::string out = std::string(family) + "-on";
    const std::string told = went_on(go_on(first, objective, out));
    CHECK(told.find("a new one") == std::string::npos);
    const std::string model = place.folder.path(out);
    // It begins where the other ended, to the last digit, and comes further.
    const Json before = training_of(first)["held_out"]["figures"].back();
    const Json figures = training_of(model)["held_out"]["figures"];
    CHECK(figures.front()["step"] == 0);
    CHECK(figures.front()["loss"] == before["loss"]);
    CHECK(figures.back()["masked_loss"] < before["masked_loss"]);
    CHECK(training_of(model)["model"] == first);
    CHECK_FALSE(training_of(model).contains("config"));
    CHECK(training_of(model)["settings"]["learning_rate"] == 1e-4);
    CHECK(read_file(model + "/vocab.txt") == read_file(first + "/vocab.txt"));
    CHECK(read_file(model + "/config.json") == read_file(first + "/config.json"));
    CHECK(read_file(model + "/README.md").find("| before | after |") != std::string::npos);
    CHECK(fs::exists(model + "/generator") == (objective == std::string("replaced")));
    went_on(go_on(first, objective, out + "-2", {"--threads", "2"}));
    CHECK(read_file(place.folder.path(out + "-2/model.safetensors")) ==
          read_file(model + "/model.safetensors"));
  }
  // Of a model with another head, or none.
  CHECK(went_on(go_on(place.folder.path("bert-on"), "masked", "third")).find("a new one") ==
        std::string::npos);
  const std::string told = went_on(go_on(place.folder.path("electra"), "masked", "fourth"));
  CHECK(told.find("electra has no head for the objective: a new one") != std::string::npos);
  CHECK(works({"fill-mask", "-m", place.folder.path("fourth"), "-t", "the dog [MASK]"}));
  went_on(go_on(place.folder.path("fourth"), "replaced", "fifth", {"--generator-size", "0.5"}));
  CHECK(Json::parse(read_file(place.folder.path("fifth/generator/config.json")))["hidden_size"] ==
        8);

  const auto refused = [&](const std::vector<std::string>& command, const std::string& reason) {
    check_refused(run_convbert(command), reason);
  };
  const std::string electra = place.folder.path("electra");
  refused(go_on(electra, "replaced", "none", {"--generator-size", "0.5"}),
          "electra/generator is one");
  refused(go_on(electra, "replaced", "none", {"--vocab", place.vocab}),
          "--model and --vocab: expected one of them");
  refused(go_on(place.folder.path("bert"), "replaced", "none"),
          "--objective replaced: expected \"model_type\" electra or convbert in");
  std::vector<std::string> neither = go_on(electra, "masked", "none");
  neither.erase(neither.begin() + 2, neither.begin() + 4);
  refused(neither, "--config is missing");
  const std::string other = place.folder.path("other");
  fs::copy(electra, other, fs::copy_options::recursive);
  Json config = Json::parse(read_file(other + "/generator/config.json"));
  config["max_position_embeddings"] = 50;
  place.folder.write("other/generator/config.json", config.dump());
  refused(go_on(other, "replaced", "none"),
          "other/generator/config.json: \"max_position_embeddings\": expected 40, that of the "
          "model whose generator it is, found 50");
  fs::remove(other + "/vocab.txt");
  place.folder.write("other/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\n");
  refused(go_on(other, "masked", "none"), "other: expected the token [MASK], found none");
}

TEST_CASE("a loss that is no number ends the run with what was saved before, or with nothing") {
  const Workplace place;
  Json config = config_of("electra");
  config["layer_norm_eps"] = 0.0;
  config["initializer_range"] = 0.0;  // a row without variance, divided by none
  check_stopped(run_convbert(place.command(config, "masked", "nothing")),
                "the loss is no longer a number at step 1; --learning-rate lower than 0.005");
  CHECK_FALSE(fs::exists(place.folder.path("nothing")));

  // A decay of ten times the weights: they grow without bounds.
  const ProcessResult grown = run_convbert(
      place.command(config_of("electra"), "masked", "grown",
                    {"--learning-rate", "10", "--weight-decay", "1", "--schedule", "constant",
                     "--warmup", "0", "--steps", "200", "--save-every", "5", "--seed", "2"}));
  INFO(grown.err);
  CHECK(grown.status == 1);
  CHECK(grown.err.find("kept is the model after step") != std::string::npos);
  const Json record = training_of(place.folder.path("grown"));
  CHECK(record["steps"].get<int>() % 5 == 0);
  CHECK(record["steps"].get<int>() > 0);
  CHECK_FALSE(fs::exists(place.folder.path("grown.state")));
  const int step = record["diverged_at_step"].get<int>();
  CHECK(record["steps"].get<int>() < step - 1);

  // Not the model that gave it, though it was saved.
  const ProcessResult often = run_convbert(
      place.command(config_of("electra"), "masked", "often",
                    {"--learning-rate", "10", "--weight-decay", "1", "--schedule", "constant",
                     "--warmup", "0", "--steps", "200", "--save-every", "1", "--seed", "2"}));
  CHECK(often.status == 1);
  CHECK(training_of(place.folder.path("often"))["steps"] == step - 2);
  CHECK(run_convbert({"fill-mask", "-m", place.folder.path("often"), "-t", "the [MASK]", "-q"})
            .status == 0);
}

TEST_CASE("bad records of --held-out are named, counted, and what --strict stops at") {
  const Workplace place;
  const std::string others = place.folder.write(
      "others.jsonl", "{\"text\": \"the dog sees a man\"}\n{\"text\": 3}\nno JSON\n");
  const std::vector<std::string> command =
      place.command(config_of("electra"), "masked", "out", {"--held-out", others});
  const std::string second = others + ":2: field \"text\"";
  const ProcessResult strict = run_convbert(with(command, {"--strict"}));
  CHECK(strict.status == 1);
  CHECK(strict.err.find("--strict: " + second) != std::string::npos);
  CHECK_FALSE(fs::exists(place.folder.path("out")));
  const ProcessResult result = run_convbert(command);
  CHECK(result.status == 1);
  CHECK(result.err.find(second) != std::string::npos);
  CHECK(training_of(place.folder.path("out"))["bad_records"] == 2);
}

TEST_CASE("a full disk, and a vocabulary that does not fit the text, are told") {
  const Workplace place;
  const auto run = [&](const std::vector<std::string>& more) {
    return run_convbert(place.command(config_of("electra"), "masked", "out", more));
  };
  check_stopped(run({"--log", "/dev/full"}), "No space left on device");
  CHECK_FALSE(fs::exists(place.folder.path("out")));
  const std::string warning = "vocab.txt has no capital letter; give --lowercase";
  CHECK(run({}).err.find(warning) != std::string::npos);
  fs::remove_all(place.folder.path("out"));
  CHECK(run({"--lowercase"}).err.find(warning) == std::string::npos);
}

}  // namespace
}  // namespace convbert::test
