// `attention`: which maps, and --stats, one result of the whole input.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

const std::string kModels = std::string(CONVBERT_TEST_DATA) + "/models/";
const std::string kTexts =
    "The cat sat, on the mat.\nIt rained all day.\nA single word\n\nNobody came; why?\n";

std::vector<Json> stats(std::vector<std::string> flags, const std::string& input = kTexts) {
  flags.insert(flags.begin(), {"attention", "--stats"});
  const ProcessResult result = run_convbert(flags, {.input = input});
  INFO(result.err);
  REQUIRE(result.status == 0);
  std::vector<Json> rows;
  for (const std::string& line : split_lines(result.out)) rows.push_back(Json::parse(line));
  return rows;
}

TEST_CASE("a row for every layer, head and kind, in that order") {
  const std::vector<Json> rows = stats({"--layer", "3,0", "--head", "1"});
  REQUIRE(rows.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(rows[i]["layer"] == (i % 2 == 0 ? 3 : 0));
    CHECK(rows[i]["head"] == 1);
    CHECK(rows[i]["kind"] == (i < 2 ? "attention" : "conv"));
    CHECK(rows[i].contains("outside") == (i >= 2));
    CHECK(rows[i]["rows"] == rows[0]["rows"]);
    CHECK(rows[i]["pattern"].is_string());
    for (const char* name : {"entropy", "distance", "offset", "window", "self", "previous", "next",
                             "cls", "sep", "punctuation", "confidence"}) {
      INFO(name);
      CHECK(rows[i][std::string(name) + "_uniform"].is_number());
      const Json& interval = rows[i][std::string(name) + "_interval"];
      CHECK(interval[0] <= rows[i][name]);
      CHECK(rows[i][name] <= interval[1]);
    }
  }
}

TEST_CASE("statistics do not depend on batches and threads") {
  const std::vector<std::string> base{"attention", "--stats"};
  const std::string whole = run_convbert(base, {.input = kTexts}).out;
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--threads", "1"},
                                                {"--max-batch-tokens", "1"},
                                                {"--threads", "3", "--max-batch-tokens", "16"}}) {
    std::vector<std::string> arguments = base;
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    CHECK(run_convbert(arguments, {.input = kTexts}).out == whole);
  }
}

TEST_CASE("the window is half of the kernel, or as asked for") {
  const Json usual = stats({"--layer", "0", "--head", "0"})[0];
  CHECK(usual == stats({"--layer", "0", "--head", "0", "--window", "4"})[0]);
  const Json self = stats({"--layer", "0", "--head", "0", "--window", "0"})[0];
  CHECK(self["window"] == self["self"]);
  CHECK(usual["window_tokens"] == 4);
  CHECK(self["window_tokens"] == 0);
}

TEST_CASE("statistics as a table and as tab-separated values") {
  const auto table =
      split_lines(run_convbert({"attention", "--stats", "-f", "table"}, {.input = kTexts}).out);
  CHECK(table.size() == 1 + 8 + 1 + 8 + 1);
  for (const std::string& line : table) CHECK(line.size() == table.front().size());
  CHECK(table.front().find("  window<=4  ") != std::string::npos);
  const auto tsv =
      split_lines(run_convbert({"attention", "--stats", "-f", "tsv"}, {.input = kTexts}).out);
  CHECK(tsv.size() == 1 + 16);
  for (const std::string& line : tsv) CHECK(std::ranges::count(line, '\t') == 5 + 12 * 4);
}

TEST_CASE("the help names every format of statistics, and what a terminal shows") {
  std::string help;
  for (const char c : run_convbert({"attention", "--help"}).out) {
    const bool is_space = c == ' ' || c == '\n';
    if (!is_space || !help.ends_with(' ')) help += is_space ? ' ' : c;
  }
  for (const char* part : {"as jsonl (at a terminal table), csv, tsv, table, png, svg or pdf",
                           "else jsonl; terminal for texts given with -t at a terminal;"}) {
    INFO(part);
    CHECK(help.find(part) != std::string::npos);
  }
}

TEST_CASE("a bad record is named and left out") {
  const std::string good = "{\"text\":\"one\"}\n";
  const ProcessResult result =
      run_convbert({"attention", "--stats"}, {.input = good + "{\"text\":1}\n" + good});
  CHECK(result.status == 1);
  CHECK(result.err.find("<stdin>:2:") != std::string::npos);
  CHECK(result.out == run_convbert({"attention", "--stats"}, {.input = good + good}).out);
}

TEST_CASE("maps of layers, whatever heads and layers are chosen") {
  const auto maps = [](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"attention", "-t", "a few words", "--map"});
    const ProcessResult result = run_convbert(flags);
    INFO(result.err);
    REQUIRE(result.status == 0);
    return Json::parse(result.out);
  };
  const Json all = maps({"rollout,mixed,attention-rollout"});
  for (const char* name : {"mixed", "rollout", "attention_rollout"}) {
    INFO(name);
    CHECK(all[name].size() == 4);
    CHECK(all[name][0].size() == 5);
    CHECK(all[name][0][0].size() == 5);
  }
  CHECK_FALSE(all.contains("attention"));
  for (const Json& layer : all["rollout"]) {
    for (const Json& row : layer) {
      double sum = 0;
      for (const Json& weight : row) sum += weight.get<double>();
      CHECK(sum == doctest::Approx(1.0));
    }
  }
  const Json some = maps({"rollout,attention", "--layer", "3,1", "--head", "1"});
  CHECK(some["rollout"][0] == all["rollout"][3]);
  CHECK(some["rollout"][1] == all["rollout"][1]);
  const Json heads = maps({"attention"});
  CHECK(some["attention"][0][0] == heads["attention"][3][1]);
  CHECK(some["attention"][1][0] == heads["attention"][1][1]);
}

// Expected: the layer's input (embed --layer), W_V, b_V and W_O of the checkpoint, in NumPy.
TEST_CASE("norm-weighted maps against values computed from the checkpoint") {
  const auto maps = [](const std::string& model, const std::string& types) {
    const ProcessResult result =
        run_convbert({"attention", "-m", kModels + model, "-t", "a tiny test", "--map", types});
    INFO(result.err);
    REQUIRE(result.status == 0);
    return Json::parse(result.out);
  };
  const auto check_row = [](const Json& row, const std::vector<double>& expected) {
    REQUIRE(row.size() == expected.size());
    for (std::size_t j = 0; j < expected.size(); ++j) {
      CHECK(row[j].get<double>() == doctest::Approx(expected[j]).epsilon(1e-5));
    }
  };
  const Json convbert = maps("convbert-plain", "attention-norm,conv-norm");
  check_row(convbert["attention_norm"].back().back().front(),
            {0.62128514, 0.23629225, 0.11748266, 0.97462644, 0.92510962, 0.34284081, 0.61149813,
             0.20434904});
  check_row(convbert["conv_norm"].back().back().front(),
            {0.16784014, 0.13812143, 0.70808455, 0.17366103, 0.24767285, 0, 0, 0});
  const Json bert = maps("bert-plain", "attention-norm");
  check_row(bert["attention_norm"].back().back().back(),
            {0.68470672, 0.28990746, 0.47330601, 0.12138757, 0.44860245, 0.47353456, 0.13615717,
             0.62444135});
}

TEST_CASE("one map as a table") {
  const auto table = [](const std::string& format, std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"attention", "-t", "say \"unbelievable\"", "-f", format});
    const ProcessResult result = run_convbert(flags);
    INFO(result.err);
    CHECK(result.status == 0);
    return split_lines(result.out);
  };
  const std::vector<std::string> one{"--map", "attention", "--layer", "0", "--head", "1"};
  const auto csv = table("csv", one);
  CHECK(csv.front().starts_with("\"tokens\",\"[CLS]\",\"say\",\"\"\"\",\"un"));
  CHECK(std::ranges::count(csv.back(), ',') + 1 == static_cast<std::int64_t>(csv.size()));
  const auto tsv = table("tsv", {"--map", "conv-map", "--layer", "0", "--head", "1", "--words"});
  CHECK(tsv.front() == "words\t[CLS]\tsay\t\"\tunbelievable\t\"\t[SEP]\t(before)\t(behind)");
  CHECK(tsv.size() == 7);
  CHECK(table("tsv", {"--map", "conv", "--layer", "0", "--head", "1"}).front() ==
        "tokens\t-4\t-3\t-2\t-1\t0\t1\t2\t3\t4");

  const ProcessResult two = run_convbert(
      {"attention", "-t", "a", "-t", "b", "-f", "csv", "--map", "mixed", "--layer", "0"});
  CHECK(two.status == 2);
  CHECK(two.out == "");
  CHECK(two.err.find("--out-dir") != std::string::npos);
}

TEST_CASE("two models on the same texts") {
  const TemporaryFolder folder;
  const std::vector<Json> rows =
      stats({"--compare", kModels + "bert-plain", "--layer", "0", "--head", "0"});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["model"] == "convbert-mini");
  CHECK(rows[1]["kind"] == "conv");
  CHECK(rows[2]["model"] == "bert-plain");
  CHECK(rows[2]["rows"] != rows[0]["rows"]);  // it has a vocabulary of its own
  const Json alone = stats({"--layer", "0", "--head", "0"})[0];
  for (const auto& [name, value] : alone.items()) CHECK(rows[0][name] == value);
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--stats"}, {"--map", "attention", "--format", "html"}}) {
    const ProcessResult both =
        run_convbert(with({"attention", "-v", "-t", "a", "-m", kModels + "bert-plain", "--compare",
                           kModels + "bert-plain", "--layer", "0", "--head", "0"},
                          flags));
    CHECK(both.err.find("1 record, 6 tokens in ") != std::string::npos);  // three for each
  }
  const ProcessResult result = run_convbert(
      {"attention", "--stats", "-t", "a", "--compare", kModels + "bert-plain", "--layer", "3"});
  CHECK(result.status == 2);
  CHECK(result.err.find("--layer of bert-plain") != std::string::npos);
  const ProcessResult nowhere = run_convbert({"attention", "--stats", "-t", "a", "--compare", "x"});
  CHECK(nowhere.status == 2);
  CHECK(nowhere.err.find("--compare: no directory") != std::string::npos);
}

TEST_CASE("a range of tokens, its last one included, keeps the weights as they are") {
  const std::vector<std::string> flags{"attention", "-t", "a few words", "--map", "mixed"};
  std::vector<std::string> cut = flags;
  cut.insert(cut.end(), {"--from", "1", "--to", "2"});
  const Json whole = Json::parse(run_convbert(flags).out);
  const Json part = Json::parse(run_convbert(cut).out);
  CHECK(part["tokens"] == Json({"a", "few"}));
  REQUIRE(part["mixed"].size() == whole["mixed"].size());
  for (std::size_t layer = 0; layer < part["mixed"].size(); ++layer) {
    const Json& rows = whole["mixed"][layer];
    CHECK(part["mixed"][layer] == Json({{rows[1][1], rows[1][2]}, {rows[2][1], rows[2][2]}}));
  }
}

TEST_CASE("a range beyond the text fails that record alone") {
  const ProcessResult result =
      run_convbert({"attention", "--map", "mixed", "--from", "4"}, {.input = "a few words\none\n"});
  CHECK(result.status == 1);
  const auto lines = split_lines(result.out);
  REQUIRE(lines.size() == 2);
  CHECK(Json::parse(lines[0])["tokens"] == Json({"[SEP]"}));
  CHECK(Json::parse(lines[1])["error"]["message"].get<std::string>().find("has 3 tokens") !=
        std::string::npos);
}

TEST_CASE("weight by distance adds up to all weight inside the text") {
  for (const Json& row : stats({"--layer", "0"})) {
    double sum = 0;
    for (const Json& weight : row["by_distance"]) sum += weight.get<double>();
    const double outside = row.value("outside", 0.0);
    CHECK(sum == doctest::Approx(1 - outside));
    CHECK(row["by_distance"][0].get<double>() == doctest::Approx(row["self"].get<double>()));
    CHECK(row["by_distance"][1].get<double>() ==
          doctest::Approx(row["previous"].get<double>() + row["next"].get<double>()));
  }
}

TEST_CASE("nothing to measure gives no rows") {
  const ProcessResult result = run_convbert({"attention", "--stats"}, {.input = ""});
  CHECK(result.status == 0);
  CHECK(result.out == "");
}

TEST_CASE("flags that do not go together") {
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--format", "table"},
                                                {"--format", "tsv"},
                                                {"--window", "2"},
                                                {"--compare", "convbert-mini"},
                                                {"--map", "conv", "--words"},
                                                {"--from", "3", "--to", "2"},
                                                {"--layer", "4"},
                                                {"--head", "2"},
                                                {"--stats", "--words"},
                                                {"--stats", "--format", "npz"},
                                                {"--stats", "--out-dir", "x"},
                                                {"--stats", "-o", "x", "--resume"},
                                                {"--stats", "--window", "-1"},
                                                {"--map", "none"},
                                                {"--stats", "--map", "mixed"},
                                                {"--map", "mixed", "--head", "0"}}) {
    std::vector<std::string> arguments{"attention", "-t", "a"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const ProcessResult result = run_convbert(arguments);
    INFO(result.err);
    CHECK(result.status == 2);
    CHECK(std::ranges::count(result.err, '\n') == 1);
  }
}

}  // namespace
}  // namespace convbert::test
