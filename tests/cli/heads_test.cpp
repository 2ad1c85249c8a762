// The commands of trained heads, against Hugging Face's pipelines (golden/make_head_fixtures.py).
#include <doctest/doctest.h>

#include <cmath>
#include <iterator>
#include <map>
#include <sstream>

#include "core/json.h"
#include "support/labelled_tagger.h"
#include "support/process.h"

namespace convbert::test {
namespace {

const std::string kData = CONVBERT_TEST_DATA;
const std::string kTag = kData + "/models/convbert-tag";
const std::string kMask = kData + "/models/convbert-mask";
const std::string kAnswer = kData + "/models/convbert-qa";
const std::string kDetect = kData + "/models/electra-discriminator";
constexpr double kTolerance = 2e-6;

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  for (const std::string& line : split_lines(text)) lines.push_back(Json::parse(line));
  return lines;
}

std::vector<Json> fixtures(const std::string& name) {
  std::vector<Json> rows = json_lines(read_file(kData + "/heads/" + name + ".jsonl"));
  REQUIRE(!rows.empty());
  return rows;
}

std::vector<Json> run_lines(const std::vector<std::string>& arguments,
                            const std::vector<Json>& records) {
  std::string input;
  for (const Json& record : records) input += record.dump() + "\n";
  const ProcessResult result = run_convbert(arguments, {.input = input});
  INFO(result.err);
  CHECK(result.status == 0);
  std::vector<Json> lines = json_lines(result.out);
  REQUIRE(lines.size() == records.size());
  return lines;
}

Json run_text(const std::vector<std::string>& arguments) {
  const ProcessResult result = run_convbert(arguments);
  INFO(result.err);
  CHECK(result.status == 0);
  return Json::parse(result.out);
}

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

void check_close(double found, double expected) { CHECK(std::abs(found - expected) <= kTolerance); }

TEST_CASE("entities are those of the reference's pipeline, in windows, too") {
  const LabelledTagger model;
  std::map<std::pair<std::string, bool>, std::vector<Json>> groups;
  for (const Json& row : fixtures("entities")) {
    groups[{row["aggregation"], !row["stride"].is_null()}].push_back(row);
  }
  CHECK(groups.size() == 9);
  for (const auto& group : groups) {
    const auto& key = group.first;
    const std::vector<Json>& rows = group.second;
    std::vector<std::string> arguments{
        "tag", "-m", model.path(), "--max-length", "48", "--aggregation", key.first};
    if (key.second) arguments.insert(arguments.end(), {"--stride", "8"});
    std::vector<Json> records;
    for (const Json& row : rows) records.push_back({{"text", row["text"]}});
    const std::vector<Json> lines = run_lines(arguments, records);
    const bool is_token = key.first == "none";
    for (std::size_t i = 0; i < rows.size(); ++i) {
      INFO(key.first, " ", key.second, " ", rows[i]["text"].get<std::string>());
      const Json& found = lines[i]["entities"];
      const Json& expected = rows[i]["entities"];
      REQUIRE(found.size() == expected.size());
      for (std::size_t e = 0; e < found.size(); ++e) {
        CHECK(found[e][is_token ? "entity" : "entity_group"] == expected[e][0]);
        check_close(found[e]["score"], expected[e][1]);
        CHECK(found[e]["start"] == expected[e][2]);
        CHECK(found[e]["end"] == expected[e][3]);
        CHECK(found[e].contains("index") == is_token);
        if (is_token) CHECK(found[e]["index"] == expected[e][4]);
      }
    }
  }
}

TEST_CASE("words with their tags, in the unit asked for") {
  const LabelledTagger model;
  const Json line =
      run_text({"tag", "-m", model.path(), "--per-word", "--offsets", "byte", "-t", "naïve dogs"});
  const Json& tags = line["tags"];
  REQUIRE(tags.size() == 2);
  CHECK(tags[0]["word"] == "naïve");
  CHECK(tags[0]["end"] == 6);
  CHECK(tags[1]["word"] == "dogs");
  CHECK(tags[1]["start"] == 7);
  CHECK(tags[1]["score"].get<double>() > 0.0);
  const Json whole = run_text({"tag", "-m", model.path(), "--per-word", "-t", "naïve dogs"});
  CHECK(whole["tags"][1]["start"] == 6);
  CHECK(whole["tags"][1]["label"] == tags[1]["label"]);
}

TEST_CASE("masks are filled as by the reference's pipeline") {
  std::map<bool, std::vector<Json>> groups;
  for (const Json& row : fixtures("fills")) groups[!row["targets"].is_null()].push_back(row);
  CHECK(groups.size() == 2);
  for (const auto& group : groups) {
    const bool has_targets = group.first;
    const std::vector<Json>& rows = group.second;
    std::vector<std::string> arguments{"fill-mask", "-m", kMask, "--max-length", "48"};
    if (has_targets) arguments.insert(arguments.end(), {"--targets", "the,dog,##s"});
    std::vector<Json> records;
    for (const Json& row : rows) records.push_back({{"text", row["text"]}});
    const std::vector<Json> lines = run_lines(arguments, records);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      INFO(rows[i]["text"].get<std::string>());
      const Json& found = lines[i]["fills"];
      const Json& expected = rows[i]["fills"];
      REQUIRE(found.size() == expected.size());
      for (std::size_t mask = 0; mask < found.size(); ++mask) {
        REQUIRE(found[mask].size() == expected[mask].size());
        for (std::size_t t = 0; t < found[mask].size(); ++t) {
          CHECK(found[mask][t]["token"] == expected[mask][t]["token"]);
          CHECK(found[mask][t]["token_str"] == expected[mask][t]["token_str"]);
          check_close(found[mask][t]["score"], expected[mask][t]["score"]);
        }
      }
    }
  }
  CHECK(run_text({"fill-mask", "-m", kMask, "--top-k", "7", "-t", "a [MASK]"})["fills"][0].size() ==
        7);
}

TEST_CASE("a target that is no token is named, with the one that is scored") {
  const ProcessResult result =
      run_convbert({"fill-mask", "-m", kMask, "-t", "a [MASK]", "--targets", "do,zzzzq,##s"});
  CHECK(result.status == 0);
  CHECK(result.err ==
        "convbert: warning: --targets: the vocabulary has no token \"zzzzq\"; \"z\" is scored "
        "instead\n");
}

TEST_CASE("answers are those of the published algorithm, over windows") {
  std::map<bool, std::vector<Json>> groups;
  for (const Json& row : fixtures("answers")) groups[row["allow_empty"]].push_back(row);
  CHECK(groups.size() == 2);
  for (const auto& group : groups) {
    const bool may_be_empty = group.first;
    const std::vector<Json>& rows = group.second;
    std::vector<std::string> arguments{
        "answer", "-m", kAnswer, "--max-length", "48", "--stride", "8", "--top-k", "3"};
    if (may_be_empty) arguments.push_back("--allow-empty");
    std::vector<Json> records;
    for (const Json& row : rows) {
      records.push_back({{"question", row["question"]}, {"context", row["context"]}});
    }
    const std::vector<Json> lines = run_lines(arguments, records);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      INFO(rows[i]["context"].get<std::string>());
      const Json& found = lines[i]["answers"];
      const Json& expected = rows[i]["answers"];
      REQUIRE(found.size() == expected.size());
      for (std::size_t a = 0; a < found.size(); ++a) {
        CHECK(found[a]["answer"] == expected[a]["answer"]);
        CHECK(found[a]["start"] == expected[a]["start"]);
        CHECK(found[a]["end"] == expected[a]["end"]);
        check_close(found[a]["score"], expected[a]["score"]);
      }
    }
  }
}

TEST_CASE("messages name the flags that a command has") {
  const std::string answers = std::string(CONVBERT_TEST_DATA) + "/models/convbert-qa";
  CHECK(run_convbert({"answer", "-m", answers}, {.input = "{\"question\":\"a\"}\n"})
            .out.find("(--context-field names another)") != std::string::npos);
  check_refused(run_convbert({"answer", "-m", answers, "--input-format", "csv"},
                             {.input = "q,context\na,b\n"}),
                "(--question-field names another)");
  const std::string tags = std::string(CONVBERT_TEST_DATA) + "/models/convbert-tag";
  check_refused(run_convbert({"tag", "-m", tags, "-t", "a", "--pair-field", "p"}),
                "tag has no flag --pair-field");
}

TEST_CASE("a question on the spot, and its best answer alone") {
  const std::vector<std::string> command{
      "answer", "-m", kAnswer, "-t", "the dog sees a cat", "--question", "who sees"};
  const Json line = run_text(command);
  CHECK(line["question"] == "who sees");
  CHECK(line["context"] == "the dog sees a cat");
  const Json& answer = line["answer"];
  const std::string context = line["context"];
  const auto start = answer["start"].get<std::size_t>();
  const auto end = answer["end"].get<std::size_t>();
  CHECK(answer["answer"] == context.substr(start, end - start));
  std::vector<std::string> as_text = command;
  as_text.insert(as_text.end(), {"--format", "text", "--max-answer-length", "1"});
  const ProcessResult text = run_convbert(as_text);
  CHECK(text.status == 0);
  CHECK(text.out.find(' ') == std::string::npos);
  const ProcessResult fields =
      run_convbert({"answer", "-m", kAnswer, "--question-field", "q", "--context-field", "c",
                    "--offsets", "utf16"},
                   {.input = "{\"q\":\"who\",\"c\":\"a dog\"}\n{\"q\":\"who\"}\n"});
  CHECK(fields.status == 1);
  CHECK(json_lines(fields.out)[0].contains("answer"));
  CHECK(json_lines(fields.out)[1]["error"]["message"].get<std::string>().find("no field \"c\"") !=
        std::string::npos);
}

TEST_CASE("a discriminator scores every token of the text") {
  const Json line = run_text({"detect", "-m", kDetect, "--offsets", "byte", "-t", "naïve dog"});
  const Json& tokens = line["replaced"];
  REQUIRE(tokens.size() >= 2);
  CHECK(tokens[0]["start"] == 0);
  CHECK(tokens.back()["end"] == 10);
  const Json array = run_text({"detect", "-m", kDetect, "--format", "json", "-t", "naïve dog"});
  CHECK(array[0]["replaced"].size() == tokens.size());
  for (const Json& token : tokens) {
    CHECK(token["score"].get<double>() > 0.0);
    CHECK(token["score"].get<double>() < 1.0);
  }
}

std::vector<double> vector_of(const std::string& text, const std::vector<std::string>& flags) {
  std::vector<std::string> arguments{"embed", "--no-normalize", "--max-length", "12", "-t", text};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return run_text(arguments)["embedding"].get<std::vector<double>>();
}

TEST_CASE("the vector of a long text is the mean of its windows, by their tokens") {
  const std::string first = "the cat and the dog saw the man in";
  const std::string second = "a house on the hill with a red door";
  const std::vector<std::string> words = split_words(first + " " + second + " of an old town");
  const auto window = [&](std::size_t begin, std::size_t end) {
    std::string text;
    for (std::size_t i = begin; i < std::min(end, words.size()); ++i) text += words[i] + " ";
    return vector_of(text, {});
  };
  std::string whole;
  for (const std::string& word : words) whole += word + " ";
  REQUIRE(words.size() == 22);  // a token each; 10 go into a window
  const auto a = window(0, 10);
  const auto b = window(6, 16);
  const auto c = window(12, 22);
  const auto found = vector_of(whole, {"--stride", "4"});
  REQUIRE(found.size() == a.size());
  for (std::size_t i = 0; i < a.size(); ++i) check_close(found[i], (a[i] + b[i] + c[i]) / 3);
  CHECK(vector_of(first, {"--stride", "4"}) == vector_of(first, {}));
  CHECK(found != vector_of(whole, {}));
  const ProcessResult run =
      run_convbert({"embed", "-v", "--max-length", "12", "--stride", "4", "-t", whole});
  CHECK(run.err.find("1 record, 36 tokens in ") != std::string::npos);
}

TEST_CASE("what a head's command cannot use is said") {
  const auto refused = [](const std::vector<std::string>& arguments, int status,
                          const std::string& reason) {
    const ProcessResult result = run_convbert(arguments);
    INFO(result.out, result.err);
    CHECK(result.status == status);
    CHECK((result.out + result.err).find(reason) != std::string::npos);
  };
  refused({"fill-mask", "-m", kMask, "-t", "no mask"}, 1, "the text has no [MASK]");
  refused({"answer", "-m", kAnswer, "-t", "", "--question", "who"}, 1,
          "the context gives no token");
  refused({"answer", "-m", kAnswer, "-t", "a context"}, 2, "--text: expected --question, too");
  refused({"answer", "-m", kAnswer, "--question", "who"}, 2, "--question: expected --text");
  refused({"answer", "-m", kAnswer, std::string(CONVBERT_SOURCE_DIR) + "/data/english.txt"}, 2,
          "it is read as text, which has no field \"context\"; --input-format csv, tsv or jsonl");
  refused({"answer", "-m", kAnswer, "-t", "a dog", "--question", "one two three four five six",
           "--max-length", "8"},
          1, "no room is left to move on");
  refused({"tag", "-m", kAnswer, "-t", "a"}, 2,
          "expected a model with a head for token classification");
  for (const char* command : {"tag", "detect"}) {  // of single texts
    refused({command, "-t", "a", "--text-pair", "b"}, 2, "--text-pair");
    const std::string help = run_convbert({command, "--help"}).out;
    CHECK(help.find("--text") != std::string::npos);
    CHECK(help.find("pair") == std::string::npos);
  }
  refused({"fill-mask", "-m", kMask, "-t", "[MASK]", "--targets", " "}, 2, "gives no token");
}

}  // namespace
}  // namespace convbert::test
