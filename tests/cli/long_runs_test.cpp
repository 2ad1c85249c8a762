// Runs that are cut up, interrupted and taken up again give the bytes of one whole run.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

// Records of many lengths, some of them bad, with ids and without.
std::string sample_input(int count) {
  std::mt19937 generator(5);
  std::uniform_int_distribution<int> words(0, 60);
  std::string input;
  for (int i = 0; i < count; ++i) {
    if (i % 17 == 11) {
      input += "not json\n";
      continue;
    }
    std::string text = "record " + std::to_string(i);
    for (int word = words(generator); word > 0; --word) text += word % 3 == 0 ? " river" : " stone";
    input += "{" + (i % 2 == 0 ? "\"id\":\"r" + std::to_string(i) + "\"," : std::string()) +
             "\"text\":\"" + text + "\",\"n\":" + std::to_string(i) + ".50}\n";
  }
  return input;
}

ProcessResult run_on(const std::string& input, std::vector<std::string> arguments) {
  return run_convbert(arguments, {.input = input});
}

TEST_CASE("threads, batches and shards do not change a byte") {
  const std::string input = sample_input(120);
  const ProcessResult whole = run_on(input, {"embed", "--threads", "1"});
  CHECK(whole.status == 1);
  const auto lines = split_lines(whole.out);
  REQUIRE(lines.size() == 120);
  CHECK(run_on(input, {"embed", "--threads", "2"}).out == whole.out);
  CHECK(run_on(input, {"embed", "--threads", "5"}).out == whole.out);
  CHECK(run_on(input, {"embed", "--max-batch-tokens", "1"}).out == whole.out);
  CHECK(run_on(input, {"embed", "--max-batch-tokens", "100000"}).out == whole.out);

  std::vector<std::string> joined(lines.size());
  for (std::size_t shard = 0; shard < 3; ++shard) {
    const auto part =
        split_lines(run_on(input, {"embed", "--shard", std::to_string(shard) + "/3"}).out);
    for (std::size_t i = 0; i < part.size(); ++i) joined[3 * i + shard] = part[i];
  }
  CHECK(joined == lines);
}

TEST_CASE("a text has one vector, alone or in any company") {
  auto texts = split_lines(sample_input(80));
  std::erase(texts, "not json");
  const auto vectors_of = [](const std::vector<std::string>& records) {
    std::string input;
    for (const std::string& record : records) input += record + "\n";
    std::map<std::string, std::string> vectors;
    for (const std::string& line : split_lines(run_on(input, {"embed"}).out)) {
      const Json record = Json::parse(line);
      vectors[record["text"]] = record["embedding"].dump();
    }
    return vectors;
  };
  const auto together = vectors_of(texts);
  std::ranges::shuffle(texts, std::mt19937(1));
  CHECK(vectors_of(texts) == together);
  for (std::size_t i = 0; i < texts.size(); i += 7) {
    const auto alone = vectors_of({texts[i]});
    CHECK(alone.begin()->second == together.at(alone.begin()->first));
  }
}

TEST_CASE("--resume goes on where a run was cut, at any byte") {
  const std::string input = sample_input(40);
  const std::vector<std::vector<std::string>> commands{
      {"embed"},
      {"embed", "--only-result", "--dim", "4"},
      {"embed", "-f", "npy", "--dim", "5"},
      {"classify", "-f", "tsv"},
      {"classify", "-f", "csv"},
      {"classify", "-f", "text"},
      {"tokenize"},
      {"tokenize", "-f", "text", "--truncation", "error", "--max-length", "30"},
  };
  for (const auto& command : commands) {
    const TemporaryFolder folder;
    const std::string path = folder.path("out");
    std::vector<std::string> with_output = command;
    with_output.insert(with_output.end(), {"-o", path});
    const ProcessResult whole = run_on(input, with_output);
    CHECK(whole.status == 1);
    const std::string expected = read_file(path);
    std::vector<std::string> resuming = with_output;
    resuming.push_back("--resume");

    std::mt19937 generator(9);
    std::uniform_int_distribution<std::size_t> cut(0, expected.size());
    for (int round = 0; round < 4; ++round) {
      const std::size_t size = round == 0 ? expected.size() : cut(generator);
      INFO(command[0], " ", command.back(), ", cut to ", size, " of ", expected.size());
      std::filesystem::remove(path);
      folder.write("out.partial", expected.substr(0, size));
      const ProcessResult resumed = run_on(input, resuming);
      INFO(resumed.err);
      CHECK(resumed.status == 1);
      CHECK(read_file(path) == expected);
      CHECK_FALSE(std::filesystem::exists(path + ".partial"));
    }
    const auto before = std::filesystem::last_write_time(path);
    const ProcessResult again = run_on(input, resuming);
    CHECK(again.status == 1);
    CHECK(std::filesystem::last_write_time(path) == before);
    CHECK(read_file(path) == expected);
  }
}

TEST_CASE("a killed run is taken up") {
  const std::string input = sample_input(400);
  const TemporaryFolder folder;
  const std::string path = folder.write("in.jsonl", input);
  const std::string out = folder.path("out");
  const ProcessResult whole = run_convbert({"embed", path, "-o", out});
  const std::string expected = read_file(out);
  for (const int number : {SIGKILL, SIGTERM}) {
    std::filesystem::remove(out);
    {
      Process process({"embed", path, "-o", out});
      while (read_file(out + ".partial").size() < 20'000) {
      }
      process.signal(number);
      CHECK(process.wait().status == 128 + number);
    }
    CHECK_FALSE(std::filesystem::exists(out));
    CHECK(read_file(out + ".partial").size() < expected.size());
    CHECK(run_convbert({"embed", path, "-o", out, "--resume"}).status == whole.status);
    CHECK(read_file(out) == expected);
  }
}

TEST_CASE("--resume refuses what does not belong") {
  const std::string input = sample_input(20);
  const TemporaryFolder folder;
  const std::string out = folder.path("out");
  run_on(input, {"embed", "-o", out});
  const std::string written = read_file(out);
  const auto refuses = [&](const std::string& other_input, std::vector<std::string> arguments,
                           const std::string& partial) {
    std::filesystem::remove(out);
    folder.write("out.partial", partial);
    arguments.insert(arguments.end(), {"-o", out, "--resume"});
    const ProcessResult result = run_on(other_input, arguments);
    INFO(result.err);
    CHECK(result.status == 2);
    CHECK(result.err.find("was not written") != std::string::npos);
    CHECK(read_file(out + ".partial") == partial);
  };
  const std::string half = written.substr(0, written.size() / 2);
  refuses(replaced(input, "record 3", "record x"), {"embed"}, half);
  refuses(replaced(input, "3.50", "4.50"), {"embed"}, half);
  refuses("", {"embed"}, half);
  refuses(input, {"embed", "--pooling", "cls"}, half);
  refuses(input, {"embed", "--only-result"}, half);
  refuses(input, {"embed", "--format", "npy"}, half);
  refuses(input, {"classify"}, half);
  refuses(input, {"embed"}, replaced(half, "\"record 0", "\"RECORD 0"));
  std::string one_line = written.substr(0, written.find('\n') + 1);
  char& last_digit = one_line[one_line.size() - std::string_view("0]}\n").size()];
  last_digit = last_digit == '9' ? '8' : '9';
  refuses(input, {"embed"}, one_line);

  std::filesystem::remove(out + ".partial");
  folder.write("out", half);  // a "finished" file that is not
  const ProcessResult finished = run_on(input, {"embed", "-o", out, "--resume"});
  CHECK(finished.status == 2);
  CHECK(read_file(out) == half);
  CHECK(run_on(input, {"embed", "-f", "json", "-o", out, "--resume"}).status == 2);
}

TEST_CASE("a run that starts anew says that it does") {
  const TemporaryFolder folder;
  folder.write("out.partial", "something\n");
  const ProcessResult result = run_on("a\n", {"tokenize", "-o", folder.path("out")});
  CHECK(result.status == 0);
  CHECK(result.err.find("--resume goes on with it") != std::string::npos);
  CHECK(split_lines(read_file(folder.path("out"))).size() == 1);
}

}  // namespace
}  // namespace convbert::test
