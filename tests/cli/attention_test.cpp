// `attention`: which maps, and --stats, one result of the whole input.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

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
}

TEST_CASE("statistics as a table and as tab-separated values") {
  const auto table =
      split_lines(run_convbert({"attention", "--stats", "-f", "table"}, {.input = kTexts}).out);
  CHECK(table.size() == 1 + 8 + 1 + 8 + 1);
  for (const std::string& line : table) CHECK(line.size() == table.front().size());
  const auto tsv =
      split_lines(run_convbert({"attention", "--stats", "-f", "tsv"}, {.input = kTexts}).out);
  CHECK(tsv.size() == 1 + 16);
  for (const std::string& line : tsv) CHECK(std::ranges::count(line, '\t') == 4 + 12 * 4);
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

TEST_CASE("nothing to measure gives no rows") {
  const ProcessResult result = run_convbert({"attention", "--stats"}, {.input = ""});
  CHECK(result.status == 0);
  CHECK(result.out == "");
}

TEST_CASE("flags that do not go together") {
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--format", "table"},
                                                {"--format", "tsv"},
                                                {"--window", "2"},
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
