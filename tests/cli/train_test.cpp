// `convbert train`: what is learnt is there afterwards, and nothing else depends on how it went.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "cli/training.h"
#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

TEST_CASE("a classifier is learnt, kept at its best epoch, and tells of itself") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  const std::string model = folder.path("model");
  train_well(with({data, "--dev", data, "-o", model, "--log", folder.path("log.jsonl"), "--report",
                   folder.path("report.html"), "--contrast", "0"},
                  kFiveEpochs));
  CHECK(fs::exists(model + "/config.json"));
  CHECK_FALSE(fs::exists(model + ".state"));
  CHECK_FALSE(fs::exists(model + ".partial"));

  const Json record = Json::parse(read_file(model + "/training.json"));
  CHECK(record["task"] == "classify");
  CHECK(record["labels"] == Json{"animal", "man"});
  CHECK(record["train"]["records"] == 96);
  CHECK(record["steps"] == 15);
  REQUIRE(record["epochs"].size() == 5);
  const std::size_t kept = record["kept_epoch"].get<std::size_t>() - 1;
  const Json report = evaluated(model, data);
  CHECK(figure(report, "accuracy") == 1.0);
  CHECK(record["epochs"][kept]["dev"]["accuracy"] == figure(report, "accuracy"));
  CHECK(record["epochs"][kept]["dev"]["macro_f1"] == figure(report, "macro_f1"));

  const std::vector<std::string> log = split_lines(read_file(folder.path("log.jsonl")));
  REQUIRE(log.size() == 20);
  CHECK(Json::parse(log[0])["step"] == 1);
  CHECK(Json::parse(log[3])["epoch"] == 1);
  CHECK(Json::parse(log[19])["dev"]["loss"] < 0.6);

  const Json config = Json::parse(read_file(model + "/config.json"));
  CHECK(config["id2label"] == Json{{"0", "animal"}, {"1", "man"}});
  CHECK(config["problem_type"] == "single_label_classification");
  CHECK(config["architectures"] == Json{"ConvBertForSequenceClassification"});
  CHECK(read_file(model + "/README.md").find("| accuracy | 1.0000 |") != std::string::npos);
  const std::string page = read_file(folder.path("report.html"));
  CHECK(page.find("<h2>Confusions</h2>") != std::string::npos);
  CHECK(page.find("<polyline") != std::string::npos);
}

std::string report_of_labels(int labels, const std::vector<std::string>& more) {
  const TemporaryFolder folder;
  std::vector<Json> records;
  for (const Sentence& sentence : sentences()) {
    records.push_back(
        {{"text", sentence.text()},
         {"label", "label " + std::to_string(static_cast<int>(records.size()) % labels)}});
  }
  const std::string data = folder.write("data.jsonl", jsonl(records));
  train_well(with(
      {data, "--dev", data, "-o", folder.path("model"), "--report", folder.path("report.html")},
      more));
  return read_file(folder.path("report.html"));
}

TEST_CASE("a report of many labels lists what is confused most") {
  const std::string page = report_of_labels(25, {"--epochs", "1"});
  const std::size_t at = page.find("<h2>Confusions</h2>");
  REQUIRE(at != std::string::npos);
  CHECK(page.find("25 labels, too many for a matrix", at) != std::string::npos);
  CHECK(page.find("<th>true</th><th>predicted</th>", at) != std::string::npos);
  CHECK(page.find("1 epoch;") != std::string::npos);
  CHECK(report_of_labels(24, {"--epochs", "1"}).find("rows: true") != std::string::npos);
}

// The ends of the vertical axis of a chart, the upper one first.
std::vector<std::string> ends_of_axis(const std::string& page, const std::string& title) {
  constexpr std::string_view kBefore = "text-anchor=\"end\">";
  std::vector<std::string> ends;
  std::size_t at = page.find("<h2>" + title + "</h2>");
  while (ends.size() < 2) {
    at = page.find(kBefore, at);
    REQUIRE(at != std::string::npos);
    at += kBefore.size();
    ends.push_back(page.substr(at, page.find('<', at) - at));
  }
  return ends;
}

TEST_CASE("the axis of a figure that stays the same is what the figure can be, and near it") {
  const std::string page = report_of_labels(
      2, {"--epochs", "1", "--learning-rate", "0.0002778", "--schedule", "constant"});
  for (const char* title : {"accuracy on dev", "Learning rate"}) {
    INFO(title);
    const std::vector<std::string> ends = ends_of_axis(page, title);
    CHECK(std::stod(ends[0]) <= 1);
    CHECK(std::stod(ends[1]) >= 0);
    CHECK(std::stod(ends[0]) - std::stod(ends[1]) <= 0.1);
  }
  CHECK(page.find(">step 0<") != std::string::npos);
  CHECK(page.find(">step 1<") == std::string::npos);
  CHECK(page.find("<text x=\"82\"") != std::string::npos);  // room for 0.0002778
  CHECK(page.find("<div class=\"wide\"><svg") != std::string::npos);
}

TEST_CASE("the same bytes on any number of threads, and after kills") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  const auto arguments = [&](const std::string& model, const std::string& threads) {
    return with({data, "--dev", data, "-o", model, "--threads", threads, "--log", model + ".log",
                 "--save-every", "2", "--patience", "12", "--batch-size", "16", "--seed", "7"},
                {"--epochs", "12", "--learning-rate", "1e-3"});
  };
  const std::string whole = folder.path("whole");
  train_well(arguments(whole, "1"));
  const auto expected = files_of(whole);
  REQUIRE(expected.contains("model.safetensors"));
  const auto check_same = [&](const std::string& model) {
    CHECK(read_file(model + ".log") == read_file(whole + ".log"));
    for (const auto& file : files_of(model)) {
      INFO(file.first);
      // The card's title is the directory's name.
      if (file.first != "README.md") CHECK(file.second == expected.at(file.first));
    }
  };
  for (const std::string threads : {"2", "5"}) {
    const std::string model = folder.path("threads" + threads);
    train_well(arguments(model, threads));
    check_same(model);
  }

  const std::string killed = folder.path("killed");
  int kills = 0;
  for (int attempt = 0; attempt < 100; ++attempt) {
    auto command = arguments(killed, attempt % 2 == 0 ? "1" : "2");
    command.insert(command.begin(), "train");
    command.insert(command.end(), {"-m", kModel, "--resume"});
    Process process(command);
    // Behind what the interrupted run has said of itself, at another moment each time.
    if (attempt < 4) {
      process.read_error("epoch " + std::to_string(3 * attempt + 1) + " of");
      process.signal(SIGKILL);
    }
    const ProcessResult result = process.wait();
    if (result.status == 0) break;
    INFO(result.err);
    REQUIRE(result.status == 128 + SIGKILL);
    ++kills;
  }
  CHECK(kills >= 3);
  check_same(killed);
  CHECK_FALSE(fs::exists(killed + ".state"));
  // Of what is finished nothing changes.
  train_well(with(arguments(killed, "1"), {"--resume"}));
  check_same(killed);
}

TEST_CASE("Ctrl-C keeps what was learnt; other options are not taken for the same run") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  const std::string model = folder.path("model");
  const std::vector<std::string> command{"train", data,   "-o",       model,
                                         "-m",    kModel, "--epochs", "20000"};
  Process process(command);
  REQUIRE(process.read_error("epoch 10 of"));
  process.signal(SIGINT);
  const ProcessResult result = process.wait();
  CHECK(result.status == 130);
  CHECK(result.err.find("--resume goes on") != std::string::npos);
  CHECK(fs::exists(model + ".state"));
  CHECK_FALSE(fs::exists(model));

  check_stopped(train({data, "-o", model, "--epochs", "3", "--resume"}),
                "of a run with other records, options or another model");
  std::string state = read_file(model + ".state");
  state.resize(state.size() / 2);
  folder.write("model.state", state);
  check_stopped(train({data, "-o", model, "--epochs", "20000", "--resume"}), "model.state");
}

TEST_CASE("several labels, values and tags") {
  const TemporaryFolder folder;
  std::vector<Json> several;
  std::vector<Json> values;
  std::vector<Json> tags;
  for (const Sentence& sentence : sentences()) {
    Json labels{sentence.is_animal ? "animal" : "man"};
    if (sentence.words[2] == "run") labels.push_back("fast");
    several.push_back({{"text", sentence.text()}, {"kind", labels}});
    values.push_back({{"text", sentence.text()}, {"label", sentence.is_animal ? 250.5 : -100.0}});
    tags.push_back({{"tokens", sentence.words},
                    {"tags", {"O", sentence.is_animal ? "B-A" : "B-M", "O", "O", "O"}}});
  }
  const std::string several_path = folder.write("several.jsonl", jsonl(several));
  const std::string values_path = folder.write("values.jsonl", jsonl(values));
  const std::string tags_path = folder.write("tags.jsonl", jsonl(tags));
  const std::vector<std::string> steps{"--epochs", "16", "--learning-rate", "4e-3"};

  train_well(with({several_path, "--label-field", "kind", "-o", folder.path("several"), "--clip",
                   "2", "--weight-decay", "0.02", "--dropout", "0.05"},
                  steps));
  CHECK(figure(evaluated(folder.path("several"), several_path, {"--label-field", "kind"}),
               "micro_f1") > 0.8);

  train_well(
      with({values_path, "-o", folder.path("values"), "--schedule", "cosine", "--warmup", "0.2"},
           steps));
  const Json report = evaluated(folder.path("values"), values_path);
  CHECK(figure(report, "pearson") > 0.9);
  CHECK(figure(report, "mean_absolute_error") < 120);  // of 350 between the two

  train_well(with({tags_path, "--task", "tag", "--dev", tags_path, "--metric", "macro_f1", "-o",
                   folder.path("tags"), "--label-smoothing", "0.05", "--class-weights", "balanced",
                   "--layer-decay", "0.9", "--precision", "bf16"},
                  steps));
  CHECK(figure(evaluated(folder.path("tags"), tags_path), "f1") > 0.9);
  // A trained model is gone on with, with its own head and the order of its labels.
  const ProcessResult more =
      run_convbert({"train", values_path, "-m", folder.path("values"), "-o", folder.path("more"),
                    "--max-steps", "1", "--learning-rate", "1e-9"});
  INFO(more.err);
  CHECK(more.status == 0);
  CHECK(more.err.find("a new head") == std::string::npos);
  CHECK(figure(evaluated(folder.path("more"), values_path), "pearson") ==
        doctest::Approx(figure(report, "pearson")).epsilon(1e-4));
}

TEST_CASE("vectors of pairs, by value and against each other") {
  const TemporaryFolder folder;
  const std::vector<Sentence> all = sentences();
  std::vector<Json> scored;
  std::vector<Json> alike;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const std::size_t other = i + (i % 3 == 0 ? 1 : 2);
    if (other >= all.size()) break;
    const bool is_same = all[i].is_animal == all[other].is_animal;
    const Json pair{{"text", all[i].text()}, {"text_pair", all[other].text()}};
    scored.push_back(pair);
    scored.back()["score"] = is_same ? 4.5 : 0.5;
    alike.push_back(pair);
  }
  const std::string scored_path = folder.write("scored.jsonl", jsonl(scored));
  const std::string alike_path = folder.write("alike.jsonl", jsonl(alike));
  const std::string model = folder.path("vectors");
  train_well({scored_path, "--task", "similarity", "--label-field", "score", "--scale", "0,5",
              "--dev", scored_path, "-o", model, "--epochs", "16", "--learning-rate", "4e-3"});
  CHECK(figure(evaluated(model, scored_path, {"--label-field", "score"}), "spearman") > 0.6);
  for (const char* name : {"modules.json", "1_Pooling/config.json", "sentence_bert_config.json"}) {
    CHECK(fs::exists(model + "/" + name));
  }
  // Cosines are all that they were fitted by, so that they come with length 1.
  const ProcessResult vector = run_convbert({"embed", "-m", model, "-t", "the dog"});
  REQUIRE(vector.status == 0);
  const Json record = Json::parse(vector.out);
  double squares = 0;
  for (const Json& x : record["embedding"]) squares += std::pow(x.get<double>(), 2);
  CHECK(squares == doctest::Approx(1.0).epsilon(1e-5));

  train_well({alike_path, "--task", "contrastive", "-o", folder.path("alike"), "--epochs", "2",
              "--dev", alike_path});
  CHECK(Json::parse(read_file(folder.path("alike") + "/training.json"))["task"] == "contrastive");
  const std::string card = read_file(folder.path("alike") + "/README.md");
  CHECK(card.find("\n| loss | ") != std::string::npos);
  CHECK(card.find("Nothing was measured") == std::string::npos);
}

TEST_CASE("without --epochs, few records are seen more often, as far as a head is to be learnt") {
  const TemporaryFolder folder;
  const auto steps_of = [&](const std::string& name, const std::string& records,
                            const std::vector<std::string>& flags = {}) {
    train_well(with({folder.write(name + ".jsonl", records), "-o", folder.path(name)}, flags));
    return Json::parse(read_file(folder.path(name) + "/training.json"))["steps"];
  };
  const std::string all = labelled();
  std::string few;
  for (const std::string& line : split_lines(all)) {
    if (std::ranges::count(few, '\n') < 12) few += line + "\n";
  }
  CHECK(steps_of("all", all) == 300);
  CHECK(steps_of("few", few) == 150);
  CHECK(steps_of("small-batches", few, {"--batch-size", "4"}) == 300);
  CHECK(steps_of("head", few, {"--freeze", "encoder"}) == 100);
  std::string pairs;
  for (int i = 0; i < 8; ++i) pairs += "{\"text\":\"a dog\",\"text_pair\":\"a cat\"}\n";
  CHECK(steps_of("vectors", pairs, {"--task", "contrastive"}) == 20);
}

TEST_CASE("tables are learnt from; bad records are named, counted and left out") {
  const TemporaryFolder folder;
  std::string table = "review,stars\n";
  for (const Sentence& sentence : sentences(40)) {
    table += "\"" + sentence.text() + "\"," + (sentence.is_animal ? "5" : "10") + "\n";
  }
  const std::string good = folder.write("good.csv", table);
  const std::string bad = folder.write("bad.csv", table + "\"a text without stars\"\n");
  const std::vector<std::string> fields{"--text-field", "review",      "--label-field",
                                        "stars",        "--max-steps", "2"};
  train_well(with({good, "-o", folder.path("good")}, fields));
  // Integers are classes, in the order of integers.
  const Json config = Json::parse(read_file(folder.path("good") + "/config.json"));
  CHECK(config["id2label"] == Json{{"0", "5"}, {"1", "10"}});

  // A label that is a number of JSON is meant by its name, too, not as the place among the labels.
  const std::string numbers = folder.write("numbers.jsonl", R"({"text": "the dog", "label": 5})"
                                                            "\n"
                                                            R"({"text": "the men", "label": 10})"
                                                            "\n");
  CHECK(evaluated(folder.path("good"), numbers)["labels"].size() == 2);

  const ProcessResult result = train(with({bad, "-o", folder.path("bad")}, fields));
  CHECK(result.status == 1);
  CHECK(result.err.find("bad.csv:42") != std::string::npos);
  const Json record = Json::parse(read_file(folder.path("bad") + "/training.json"));
  CHECK(record["bad_records"] == 1);
  CHECK(record["train"]["records"] == 40);
  const ProcessResult strict = train(with({bad, "-o", folder.path("strict"), "--strict"}, fields));
  CHECK(strict.status == 1);
  CHECK(strict.err.find("--strict: ") != std::string::npos);
  CHECK(strict.err.find("bad.csv:42") != std::string::npos);
  CHECK_FALSE(fs::exists(folder.path("strict")));
}

TEST_CASE("tags that spell no entities are measured by their accuracy") {
  const TemporaryFolder folder;
  std::vector<Json> tags;
  for (const Sentence& sentence : sentences(24)) {
    tags.push_back({{"tokens", sentence.words}, {"tags", {"DET", "NOUN", "VERB", "DET", "NOUN"}}});
  }
  const std::string path = folder.write("tags.jsonl", jsonl(tags));
  const std::vector<std::string> arguments{
      path, "--task", "tag", "--dev", path, "-o", folder.path("tags"), "--max-steps", "2"};
  const ProcessResult result = train(arguments);
  INFO(result.err);
  CHECK(result.status == 0);
  CHECK(result.err.find("on dev tag_accuracy ") != std::string::npos);
  check_stopped(
      train({path, "--task", "tag", "--dev", path, "-o", folder.path("more"), "--metric", "f1"}),
      "expected tag_accuracy, macro_f1, weighted_f1 or loss of --task tag");

  // By number, as datasets have them.
  for (Json& record : tags) record["tags"] = {2, 10, 0, 2, 10};
  const std::string numbers = folder.path("numbers");
  REQUIRE(train({folder.write("numbers.jsonl", jsonl(tags)), "--task", "tag", "-o", numbers,
                 "--max-steps", "2"})
              .status == 0);
  CHECK(Json::parse(read_file(numbers + "/training.json"))["labels"] == Json{"0", "2", "10"});
}

TEST_CASE("on a full disk nothing half written is left") {
  const TemporaryFolder folder;
  const std::string path = folder.write("data.jsonl", labelled());
  const std::string model = folder.path("model");
  const std::vector<std::string> arguments{"train", path,  "-m",       kModel,
                                           "-o",    model, "--epochs", "4"};
  const auto check_left = [&] {
    CHECK_FALSE(fs::exists(model));
    for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path())) {
      CHECK(entry.path() == path);
    }
  };
  // Of the model, which takes 255 kB, and of the state of a run, which takes three times as much.
  check_stopped(run_convbert(arguments, {.most_file_bytes = 100'000}), "model");
  check_left();
  check_stopped(run_convbert(with(arguments, {"--save-every", "1"}), {.most_file_bytes = 500'000}),
                "model.state");
  check_left();
}

TEST_CASE("what cannot be learnt is refused, and says what to do") {
  const TemporaryFolder folder;
  const std::string data = folder.write("data.jsonl", labelled());
  const std::string out = folder.path("out");
  const std::string one = folder.write("one.jsonl", R"({"text": "a dog", "label": "x"})"
                                                    "\n"
                                                    R"({"text": "a cat", "label": "x"})"
                                                    "\n");
  const std::string others = folder.write("others.jsonl", R"({"text": "a dog", "label": "bird"})"
                                                          "\n");
  check_stopped(train({one, "-o", out}),
                "expected two labels or more to tell apart, found only \"x\"");
  check_stopped(train({data, "--dev", others, "-o", out}),
                "labels that the training records lack: \"bird\"");
  check_stopped(train({data, "-o", folder.path()}), "is there already");
  check_stopped(train({folder.write("empty.jsonl", ""), "-o", out}), "no records");
  check_stopped(train({data, "--label-field", "class", "-o", out}), "no field \"class\"");
  check_stopped(train({folder.write("a.txt", "a dog\n"), "-o", out}), "a.txt");
  check_stopped(train({data, "-o", out, "--metric", "accuracy"}), "--metric needs --dev");
  check_stopped(train({data, "--dev", data, "-o", out, "--metric", "pearson"}),
                "--metric: expected accuracy");
  check_stopped(train({data, "-o", out, "--freeze", "9"}), "--freeze: expected at most");
  check_stopped(train({data, "-o", out, "--freeze", "top"}), "--freeze: expected embeddings");
  check_stopped(train({data, "-o", out, "--freeze", "encoder", "--contrast", "1"}),
                "--contrast is learnt by the encoder");
  const std::string lists = folder.write("lists.jsonl", R"({"text": "a dog", "label": ["x", "y"]})"
                                                        "\n");
  check_stopped(train({lists, "-o", out, "--contrast", "1"}),
                "--contrast is for --task classify; this is --task multilabel");
  check_stopped(train({data, "-o", out, "--scale", "5,0"}), "--scale: expected LOW,HIGH");
  check_stopped(train({data, "-o", out, "--task", "similarity"}), "expected a pair");
  check_stopped(train({data, "-o", out, "--task", "regress"}), "expected a number");
  // A weight that is no number makes a loss that is none.
  const fs::path broken = folder.path("broken");
  fs::copy(kModel, broken);
  std::string weights = read_file((broken / "model.safetensors").string());
  std::fill(weights.end() - 256, weights.end(), '\xff');
  std::ofstream(broken / "model.safetensors", std::ios::binary) << weights;
  check_stopped(run_convbert({"train", data, "-o", out, "-m", broken.string()}),
                "the loss is no longer a number at step 1; --learning-rate lower than");
  CHECK_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace convbert::test
