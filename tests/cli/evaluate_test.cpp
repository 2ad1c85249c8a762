// `convbert evaluate` on labelled records, beside what the other commands say of them. Its figures
// are held to other libraries in tests/metrics.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/json.h"
#include "support/labelled_tagger.h"
#include "support/process.h"

namespace convbert::test {
namespace {

const std::string kModels = std::string(CONVBERT_TEST_DATA) + "/models/";

const std::vector<std::string> kTexts{"A warm, funny and quietly brilliant film.",
                                      "Two hours of explosions and not one idea.",
                                      "I slept.",
                                      "Wonderful acting.",
                                      "A dull and lifeless mess.",
                                      "It is long."};

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  for (const std::string& line : split_lines(text)) lines.push_back(Json::parse(line));
  return lines;
}

std::string to_lines(const std::vector<Json>& records) {
  std::string text;
  for (const Json& record : records) text += record.dump() + "\n";
  return text;
}

// The report on standard output, and the status that is expected.
Json report_of(std::vector<std::string> arguments, const std::string& input, int status = 0) {
  arguments.insert(arguments.begin(), "evaluate");
  arguments.insert(arguments.end(), {"-f", "json"});
  const ProcessResult result = run_convbert(arguments, {.input = input});
  INFO(result.err);
  CHECK(result.status == status);
  return Json::parse(result.out);
}

// What another command says of the same records.
std::vector<Json> results_of(const std::vector<std::string>& arguments, const std::string& input) {
  const ProcessResult result = run_convbert(arguments, {.input = input});
  CHECK(result.status == 0);
  return json_lines(result.out);
}

void check_measure(const Json& measure, double value) {
  CHECK(measure["value"].get<double>() == doctest::Approx(value).epsilon(1e-6));
  CHECK(measure["low"].get<double>() <= measure["value"].get<double>());
  CHECK(measure["high"].get<double>() >= measure["value"].get<double>());
}

double pearson(const std::vector<double>& a, const std::vector<double>& b) {
  double mean_a = 0;
  double mean_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / static_cast<double>(a.size());
    mean_b += b[i] / static_cast<double>(b.size());
  }
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

// Labels as names, as numbers and as the digits that a table has.
std::string labelled_texts() {
  const std::vector<Json> labels{"positive", 0, "0", 1, "negative", "1"};
  std::vector<Json> records;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    records.push_back({{"text", kTexts[i]}, {"label", labels[i]}});
  }
  return to_lines(records);
}

TEST_CASE("labels by name and by number, beside what classify says") {
  const std::string input = labelled_texts();
  const std::vector<std::string> truth{"positive", "negative", "negative",
                                       "positive", "negative", "positive"};
  const std::vector<Json> answers = results_of({"classify"}, input);
  double right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) right += answers[i]["label"] == truth[i] ? 1 : 0;

  const Json report = report_of({}, input);
  CHECK(report["task"] == "classify");
  CHECK(report["records"] == 6);
  CHECK(report["failed"] == 0);
  CHECK(report["intervals"]["resamples"] == 1000);
  check_measure(report["figures"]["accuracy"], right / 6);
  for (const char* name : {"macro_f1", "weighted_f1", "matthews"}) {
    CHECK(report["figures"][name]["value"].is_number());
  }
  REQUIRE(report["labels"].size() == 2);
  CHECK(report["labels"][0]["label"] == "negative");
  CHECK(report["labels"][0]["support"] == 3);
  const Json& counts = report["confusion"]["counts"];
  CHECK(counts[0][0].get<int>() + counts[1][1].get<int>() == static_cast<int>(right));
  CHECK(report_of({"--threads", "1"}, input) == report_of({"--threads", "3"}, input));
}

TEST_CASE("a report for people, and one in a file") {
  const ProcessResult table = run_convbert({"evaluate"}, {.input = labelled_texts()});
  CHECK(table.status == 0);
  CHECK(table.err.empty());
  CHECK(table.out.starts_with("convbert-mini: one label of each record; 6 records\n"));
  for (const char* part :
       {"\naccuracy ", "\nmacro F1 ", "\nMatthews correlation ", " 95 % interval",
        "\ntrue \\ predicted  negative  positive\n", "seed 1.\n"}) {
    INFO(part);
    CHECK(table.out.find(part) != std::string::npos);
  }
  const TemporaryFolder folder;
  CHECK(run_convbert({"evaluate", "-o", folder.path("report.json")}, {.input = labelled_texts()})
            .out.empty());
  CHECK(Json::parse(read_file(folder.path("report.json"))) == report_of({}, labelled_texts()));
}

TEST_CASE("columns of a table, and a field of another name") {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("reviews.csv", "verdict,text\n1,A warm film.\nnegative,A dull mess.\n");
  const Json report = report_of({path, "--label-field", "verdict"}, "");
  CHECK(report["records"] == 2);
  CHECK(report["labels"][1]["support"] == 1);
}

TEST_CASE("several labels of a record, from a threshold on") {
  const std::string model = kModels + "convbert-multilabel";
  std::vector<Json> records;
  for (const std::string& text : kTexts) records.push_back({{"text", text}, {"label", {1, 0, 1}}});
  const std::string input = to_lines(records);
  for (const char* threshold : {"0.5", "0.9", "0"}) {
    const std::vector<Json> answers =
        results_of({"classify", "-m", model, "--threshold", threshold}, input);
    double right = 0;
    std::int64_t chosen = 0;
    for (const Json& answer : answers) {
      std::vector<std::string> labels = answer["labels"];
      std::ranges::sort(labels);
      right += labels == std::vector<std::string>{"LABEL_0", "LABEL_1"} ? 1 : 0;
      chosen += std::ranges::count(labels, "LABEL_0");
    }
    const Json report = report_of({"-m", model, "--threshold", threshold}, input);
    CHECK(report["task"] == "multilabel");
    check_measure(report["figures"]["subset_accuracy"], right / 6);
    CHECK(report["labels"][0]["support"] == 6);
    check_measure(report["labels"][0]["recall"], static_cast<double>(chosen) / 6);
  }
}

TEST_CASE("values, beside what a head for regression gives") {
  const std::string model = kModels + "convbert-regress";
  std::vector<Json> records;
  std::vector<double> truth;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    truth.push_back(0.5 * static_cast<double>(i * i));
    records.push_back({{"text", kTexts[i]}, {"label", truth.back()}});
  }
  const std::string input = to_lines(records);
  std::vector<double> values;
  double error = 0;
  for (const Json& answer : results_of({"classify", "-m", model}, input)) {
    values.push_back(answer["score"]);
    error += std::abs(values.back() - truth[values.size() - 1]) / 6;
  }
  const Json report = report_of({"-m", model}, input);
  CHECK(report["task"] == "regress");
  CHECK(report["figures"]["pearson"]["value"].get<double>() ==
        doctest::Approx(pearson(truth, values)).epsilon(1e-6));
  check_measure(report["figures"]["mean_absolute_error"], error);
  CHECK(report["figures"].contains("spearman"));
  CHECK(report["figures"].contains("root_mean_squared_error"));
  CHECK(!report.contains("labels"));
}

TEST_CASE("pairs with values are held to the cosine of their vectors") {
  std::vector<Json> pairs;
  std::vector<Json> texts;
  const std::vector<double> truth{4, 1, 0, 2.5, 3};
  for (std::size_t i = 0; i < truth.size(); ++i) {
    pairs.push_back({{"text", kTexts[i]}, {"text_pair", kTexts[i + 1]}, {"label", truth[i]}});
  }
  for (const std::string& text : kTexts) texts.push_back({{"text", text}});
  const std::vector<Json> vectors = results_of({"embed"}, to_lines(texts));
  std::vector<double> cosines;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const std::vector<double> a = vectors[i]["embedding"];
    const std::vector<double> b = vectors[i + 1]["embedding"];
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (std::size_t d = 0; d < a.size(); ++d) {
      ab += a[d] * b[d];
      aa += a[d] * a[d];
      bb += b[d] * b[d];
    }
    cosines.push_back(ab / std::sqrt(aa * bb));
  }
  const Json report = report_of({}, to_lines(pairs));
  CHECK(report["task"] == "similarity");
  CHECK(report["figures"].size() == 2);
  CHECK(report["figures"]["pearson"]["value"].get<double>() ==
        doctest::Approx(pearson(truth, cosines)).epsilon(1e-5));
  CHECK(report_of({"--task", "similarity"}, to_lines(pairs)) == report);
  // A model without a head gives vectors in any case; two values are a line, whatever it says.
  pairs.resize(2);
  const Json plain = report_of({"-m", kModels + "convbert-plain"}, to_lines(pairs));
  CHECK(plain["task"] == "similarity");
  const ProcessResult counted =
      run_convbert({"evaluate", "-v", "-m", kModels + "convbert-plain", "--task", "similarity"},
                   {.input = R"({"text":"a","text_pair":"a b","label":1})"
                             "\n"
                             R"({"text":"b","text_pair":"a","label":0})"});
  CHECK(counted.err.find("2 records, 13 tokens in ") != std::string::npos);
  CHECK(std::abs(plain["figures"]["pearson"]["value"].get<double>()) == doctest::Approx(1));
  // Of equal values there is no correlation.
  pairs[1]["label"] = pairs[0]["label"] = 0.5;
  const Json none = report_of({}, to_lines(pairs));
  CHECK(none["figures"]["spearman"]["value"].is_null());
  CHECK(none["figures"]["spearman"]["low"].is_null());
}

TEST_CASE("pairs whose numbers are those of labels are classified") {
  const std::string input = to_lines({{{"text", "a"}, {"text_pair", "b"}, {"label", 1}},
                                      {{"text", "b"}, {"text_pair", "a"}, {"label", 0}}});
  CHECK(report_of({}, input)["task"] == "classify");
}

const std::vector<std::vector<std::string>> kSentences{{"the", "dog", "sees", "a", "cat"},
                                                       {"naïve", "men", "run"},
                                                       {"the", "unbelievably", "old", "man"}};

TEST_CASE("tags of words that are given as a list, beside what tag says") {
  const LabelledTagger tagger;
  std::vector<Json> texts;
  for (const auto& words : kSentences) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    texts.push_back({{"text", text}});
  }
  const std::vector<Json> tagged =
      results_of({"tag", "-m", tagger.path(), "--per-word"}, to_lines(texts));
  // What it says is taken for true, and one word is not.
  std::vector<Json> records;
  for (std::size_t i = 0; i < kSentences.size(); ++i) {
    Json tags = Json::array();
    for (const Json& word : tagged[i]["tags"]) tags.push_back(word["label"]);
    records.push_back({{"tokens", kSentences[i]}, {"tags", tags}});
  }
  const Json same = report_of({"-m", tagger.path()}, to_lines(records));
  CHECK(same["task"] == "tag");
  CHECK(same["words"] == 12);
  CHECK(same["words_without_token"] == 0);
  check_measure(same["figures"]["tag_accuracy"], 1);
  check_measure(same["figures"]["f1"], 1);
  CHECK(same["labels"][0].contains("entity"));
  records[0]["tags"][0] = records[0]["tags"][0] == "O" ? "B-PER" : "O";
  const Json report = report_of({"-m", tagger.path(), "--task", "tag"}, to_lines(records));
  check_measure(report["figures"]["tag_accuracy"], 11.0 / 12);
  CHECK(report["figures"]["f1"]["value"].get<double>() < 1);

  // Other names; and words that are cut off count as outside.
  std::vector<Json> renamed;
  for (const Json& record : records) {
    renamed.push_back({{"words", record["tokens"]}, {"ner", record["tags"]}});
  }
  const Json cut = report_of(
      {"-m", tagger.path(), "--text-field", "words", "--label-field", "ner", "--max-length", "4"},
      to_lines(renamed));
  CHECK(cut["truncated"] == 3);
  CHECK(cut["words_without_token"].get<int>() >= 6);
}

TEST_CASE("records that cannot be used are named and counted") {
  const std::string good = "{\"text\":\"good\",\"label\":\"positive\"}\n";
  const std::pair<std::string, std::string> bad[] = {
      {"{\"text\":\"x\",\"label\":\"glad\"}",
       "<stdin>:2: field \"label\": unknown label \"glad\"; the model knows \"negative\", "
       "\"positive\", or their numbers from 0 to 1"},
      {"{\"text\":\"x\",\"label\":2}", "unknown label 2;"},
      {"{\"text\":\"x\",\"label\":null}", "unknown label null;"},
      {"{\"text\":\"x\",\"label\":[0]}", "expected one label, found [0]"},
      {"{\"text\":\"x\"}", "no field \"label\"; it has \"text\" (--label-field names another)"},
      {"{\"text\":\"x\",\"label\":0.5}", "unknown label 0.5;"},
      {"nonsense", "<stdin>:2: "},
  };
  for (const auto& row : bad) {
    INFO(row.first);
    const std::string input = good + row.first + "\n" + good;
    const ProcessResult result = run_convbert({"evaluate", "-f", "json"}, {.input = input});
    CHECK(result.status == 1);
    CHECK(result.err.find(row.second) != std::string::npos);
    const Json report = Json::parse(result.out);
    CHECK(report["records"] == 2);
    CHECK(report["failed"] == 1);
    const ProcessResult strict = run_convbert({"evaluate", "--strict"}, {.input = input});
    CHECK(strict.status == 1);
    CHECK(strict.out.empty());
  }
}

TEST_CASE("tagged records that cannot be used") {
  const LabelledTagger tagger;
  const std::string good = R"({"tokens":["a","b"],"tags":["O","B-PER"]})";
  const std::pair<std::string, std::string> bad[] = {
      {R"({"tokens":["a","b"],"tags":["O"]})",
       "\"tokens\" and \"tags\": expected a tag for each word, found lists of 2 and 1"},
      {R"({"tokens":"a b","tags":["O","O"]})", "field \"tokens\": expected a list of strings"},
      {R"({"tokens":["a",1],"tags":["O","O"]})", "expected strings, found 1 at 1"},
      {R"({"tokens":["a"],"tags":"O"})", "field \"tags\": expected a list of labels, found \"O\""},
      {R"({"tokens":["a"],"tags":["B-X"]})", "unknown label \"B-X\""},
      {R"({"tokens":["a"],"tags":[1e999]})", "unknown label 1e999"},
      {R"({"tokens":[1e999],"tags":["O"]})", "expected strings, found 1e999 at 0"},
      {R"({"tokens":["a"]})", "no field \"tags\""},
      {R"({"tags":["O"]})", "no field \"tokens\""},
  };
  for (const auto& row : bad) {
    INFO(row.first);
    const ProcessResult result = run_convbert({"evaluate", "-m", tagger.path(), "-f", "json"},
                                              {.input = good + "\n" + row.first + "\n"});
    CHECK(result.status == 1);
    CHECK(result.err.find(row.second) != std::string::npos);
    CHECK(Json::parse(result.out)["records"] == 1);
  }
}

TEST_CASE("lists stand in the cells of a table as JSON") {
  const LabelledTagger tagger;
  const auto evaluate = [&](const std::string& format, const std::string& input) {
    const ProcessResult result =
        run_convbert({"evaluate", "-m", tagger.path(), "-f", "json", "--input-format", format},
                     {.input = input});
    CHECK(result.status == 0);
    return Json::parse(result.out);
  };
  const std::string csv = "tokens,tags\n\"[\"\"a\"\",\"\"b\"\"]\",\"[\"\"O\"\",\"\"B-PER\"\"]\"\n";
  const std::string json = R"({"tokens":["a","b"],"tags":["O","B-PER"]})";
  CHECK(evaluate("csv", csv) == evaluate("jsonl", json + "\n"));

  const ProcessResult broken =
      run_convbert({"evaluate", "-m", tagger.path(), "--input-format", "csv"},
                   {.input = csv + "\"[\"\"a\",\"[\"\"O\"\"]\"\n"});
  CHECK(broken.status == 1);
  CHECK(broken.err.find("field \"tokens\": expected a list of strings") != std::string::npos);
}

TEST_CASE("a run without one usable record, or without the head, is refused") {
  const auto run = [](std::vector<std::string> arguments, const std::string& input) {
    arguments.insert(arguments.begin(), {"evaluate", "--quiet"});
    return run_convbert(arguments, {.input = input});
  };
  check_refused(run({}, ""), "standard input: no records; expected labelled ones");
  check_refused(run({}, "{\"text\":\"a\"}\n"),
                "of 1 records none can be used for --task classify; the first is <stdin>:1: no "
                "field \"label\"");
  const std::string plain = kModels + "convbert-plain";
  check_refused(run({"-m", plain}, "{\"text\":\"a\",\"label\":1}\n"),
                "without a head for labels, " + plain + " is measured by pairs that have a value");
  check_refused(run({"--task", "tag"}, ""),
                "expected a model with a head for token classification");
  check_refused(run({}, "a line of text\n"), "it is read as text, which has no field \"text\"");
}

}  // namespace
}  // namespace convbert::test
