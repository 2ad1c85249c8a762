// Where the results go: endings, standard streams in any state, terminals.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <thread>

#include "core/json.h"
#include "support/npz.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("an ending that no format has is refused, with those that there are") {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& command, const std::string& name,
                       std::vector<std::string> more = {}) {
    more.insert(more.begin(), {command, "-o", folder.path(name)});
    if (command != "bench") more.insert(more.end(), {"-t", "a"});
    return run_convbert(more);
  };
  for (const char* name : {"out.xlsx", "x.parquet", "a.jpg", "results.log", "b.npy.gz"}) {
    const ProcessResult result = run("classify", name);
    INFO(name, ": ", result.err);
    CHECK(result.status == 2);
    CHECK(contains(result.err, "expected .jsonl, .json, .csv, .tsv or .txt, or --format"));
    CHECK(run("classify", name, {"-f", "jsonl"}).status == 0);
  }
  CHECK(contains(run("attention", "map.jpg").err, "no format here ends in .jpg; expected .jsonl"));
  CHECK(contains(run("bench", "b.yaml").err, "expected .txt or .json, or --format"));
  // A table for people, in which numbers are rounded, is not what .txt says.
  CHECK(contains(run("embed", "v.txt").err, "no format here ends in .txt; expected .jsonl, "));
  CHECK(run("embed", "v.txt", {"-f", "table"}).status == 0);
  CHECK(run("classify", "c.txt").status == 0);
  CHECK(split_lines(read_file(folder.path("c.txt"))) == std::vector<std::string>{"positive"});
  for (const char* name : {"plain", "x.JSONL", "x.ndjson", ".hidden"}) {
    CHECK(run("tokenize", name).status == 0);
    CHECK(Json::parse(read_file(folder.path(name)))["id"] == 0);
  }
  const std::string report = folder.path("report.json");
  CHECK(run_convbert({"bench", "--measure", "tokenizer", "--seconds", "0", "-o", report}).status ==
        0);
  CHECK(Json::parse(read_file(report)).is_object());
}

TEST_CASE("names of nothing are refused, and - is standard output") {
  const TemporaryFolder folder;
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"-o", ""}, {"-m", ""}}) {
    std::vector<std::string> arguments{"tokenize", "-t", "a"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const ProcessResult result = run_convbert(arguments);
    INFO(flags[0], ": ", result.err);
    CHECK(result.status == 2);
    CHECK(contains(result.err, "expected a name"));
  }
  const ProcessResult result =
      run_convbert({"tokenize", "-f", "text", "-t", "a", "-o", "-"}, {.directory = folder.path()});
  CHECK(result.out == "[CLS] a [SEP]\n");
  CHECK(fs::is_empty(folder.path()));
  CHECK(contains(run_convbert({"tokenize", "-o", "-", "--resume"}).err, "--resume needs -o"));
}

TEST_CASE("a file is compressed as its ending says, and reads back the same") {
  const TemporaryFolder folder;
  std::string input;
  for (int i = 0; i < 3000; ++i) input += "some words, number " + std::to_string(i) + "\n";
  const std::string plain = run_convbert({"tokenize", "-f", "text"}, {.input = input}).out;
  for (const char* name : {"out.txt.gz", "out.txt.zst", "named.gz"}) {
    const std::string path = folder.path(name);
    std::vector<std::string> command{"tokenize", "-o", path};
    if (std::string(name) == "named.gz") command.insert(command.end(), {"--format", "text"});
    CHECK(run_convbert(command, {.input = input}).status == 0);
    CHECK(read_file(path).size() < plain.size() / 4);
    // The program reads what it writes: as many records, none of them bad.
    const ProcessResult back = run_convbert(
        {"tokenize", "--input-format", "text", "-f", "text", "--no-special-tokens", path});
    CHECK(back.status == 0);
    CHECK(split_lines(back.out).size() == 3000);
  }
  CHECK(read_file(folder.path("out.txt.gz")).starts_with("\x1f\x8b"));
  CHECK(read_file(folder.path("out.txt.zst")).starts_with("\x28\xb5\x2f\xfd"));
  // Formats that seek, too.
  CHECK(run_convbert({"embed", "-t", "a", "-o", folder.path("v.npy.gz")}).status == 0);
  CHECK(read_file(folder.path("v.npy.gz")).starts_with("\x1f\x8b"));
}

TEST_CASE("standard descriptors that are closed") {
  const TemporaryFolder folder;
  const ProcessResult no_input = run_convbert({"embed"}, {.closed = {0}});
  CHECK(no_input.status == 0);
  CHECK(no_input.out == "");
  const ProcessResult no_output = run_convbert({"tokenize", "-t", "a"}, {.closed = {1}});
  CHECK(no_output.status == 2);
  CHECK(contains(no_output.err, "<stdout>: cannot write: Bad file descriptor"));
  const std::string path = folder.path("v.npy");
  CHECK(
      run_convbert({"embed", "-t", "a", "-t", "\xff", "-o", path}, {.closed = {0, 1, 2}}).status ==
      1);
  CHECK(read_file(path).size() == 128 + 2 * 256 * 4);
}

TEST_CASE("a standard output that does not block is waited for") {
  const TemporaryFolder folder;
  std::string input;
  for (int i = 0; i < 4000; ++i) input += "some words to fill the pipe with\n";
  Process process({"tokenize", folder.write("in.txt", input)}, {.nonblocking_output = true});
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // it is full
  const ProcessResult result = process.wait();
  CHECK(result.status == 0);
  CHECK(result.err == "");
  CHECK(split_lines(result.out).size() == 4000);
}

TEST_CASE("a standard output that nobody reads does not hold a signal up") {
  const TemporaryFolder folder;
  std::string input;
  for (int i = 0; i < 4000; ++i) input += "some words to fill the pipe with\n";
  const std::string path = folder.write("in.txt", input);
  for (const int number : {SIGINT, SIGTERM}) {
    Process process({"tokenize", path});
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // it is full
    process.signal(number);
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    CHECK(process.has_ended());
    CHECK(process.wait().status == 128 + number);
  }
}

TEST_CASE("after a signal a slow reader gets whole lines") {
  const TemporaryFolder folder;
  std::string input;
  for (int i = 0; i < 20'000; ++i) input += "some words to fill the pipe with\n";
  Process process({"tokenize", folder.write("in.txt", input)});
  CHECK(process.read_line() != "");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  process.signal(SIGINT);
  const ProcessResult result = process.wait();  // reads on
  CHECK(result.status == 130);
  CHECK(result.out.ends_with("}\n"));
}

TEST_CASE("a pipe with a name is waited for, and a signal ends the wait") {
  const TemporaryFolder folder;
  const std::string pipe = folder.path("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  Process process({"tokenize", "-t", "a", "-f", "text", "-o", pipe});
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK_FALSE(process.has_ended());
  process.signal(SIGTERM);
  CHECK(process.wait().status == 128 + SIGTERM);

  Process writer({"tokenize", "-t", "a", "-f", "text", "-o", pipe});
  CHECK(read_file(pipe) == "[CLS] a [SEP]\n");
  CHECK(writer.wait().status == 0);
}

TEST_CASE("a file keeps its permissions") {
  const TemporaryFolder folder;
  for (const auto mode : {fs::perms::owner_read | fs::perms::owner_write,
                          fs::perms::owner_all | fs::perms::group_all | fs::perms::others_write,
                          fs::perms::owner_read}) {
    const std::string path = folder.write("out.jsonl", "old");
    fs::permissions(path, mode);
    CHECK(run_convbert({"tokenize", "-t", "a", "-o", path}).status == 0);
    CHECK(fs::status(path).permissions() == mode);
    fs::remove(path);
  }
}

TEST_CASE("what no person reads does not go to a terminal" * doctest::skip(!has_terminals())) {
  for (const char* format : {"html", "svg", "npz"}) {
    const ProcessResult result =
        run_convbert({"attention", "-t", "a", "-f", format}, {.terminals = {1, 2}});
    CHECK(result.status == 2);
    CHECK(contains(result.err, "is nothing for a terminal"));
  }
}

TEST_CASE("nothing to work on") {
  const TemporaryFolder folder;
  CHECK(run_convbert({"classify", "-f", "tsv"}).out ==
        "id\tlabel\tscore\tscores\ttruncated\terror\n");
  const ProcessResult table = run_convbert({"attention", "--stats", "-f", "table"});
  CHECK(table.status == 0);
  CHECK(table.out.starts_with("layer  head  kind"));
  CHECK(split_lines(table.out).size() == 1);
  const ProcessResult picture = run_convbert({"attention", "-o", folder.path("map.png")});
  CHECK(picture.status == 2);
  CHECK(contains(picture.err, "the input has none"));
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("files of records that share an id, or would on a file system that folds case") {
  const TemporaryFolder folder;
  std::string input;
  for (const char* id : {"a/b", "a_b", "A", "a", "../x", "\xC3\xA9", "E\xCC\x81", "a"}) {
    input += "{\"id\":\"" + std::string(id) + "\",\"text\":\"one\"}\n";
  }
  const ProcessResult result =
      run_convbert({"attention", "-f", "svg", "--map", "mixed", "--out-dir", folder.path("files")},
                   {.input = input});
  CHECK(result.status == 0);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path("files"))) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"A.svg", "E\xCC\x81~2.svg", "_._x.svg", "a_b.svg",
                                          "a_b~2.svg", "a~2.svg", "a~3.svg", "\xC3\xA9.svg"});
}

TEST_CASE("labels and texts tear no line, and no byte of them reaches a terminal") {
  const TemporaryFolder folder;
  const std::string model = folder.path("model");
  fs::copy(std::string(CONVBERT_TEST_DATA) + "/models/convbert-classify", model);
  const std::string config = read_file(model + "/config.json");
  std::string labels = config;
  for (const char* label : {"\"no\"", "\"maybe\"", "\"yes\""}) {
    const std::string name = std::string(label).substr(1, 2);
    labels = replaced(labels, ": " + std::string(label),
                      ": \"" + name + "\\n\\r\\t\\u001b[31m\\u0085\\u009b\\u2028!\"");
  }
  folder.write("model/config.json", labels);
  const std::string input = "{\"id\":\"a\\u2029b\\nc\",\"text\":\"one\"}\n{\"text\":\"two\"}\n";
  for (const char* format : {"text", "tsv"}) {
    const ProcessResult result =
        run_convbert({"classify", "-m", model, "-f", format}, {.input = input});
    CHECK(result.status == 0);
    INFO(result.out);
    CHECK(split_lines(result.out).size() == (format == std::string("tsv") ? 3 : 2));
    CHECK(contains(result.out, "    [31m   !"));
    for (const char* part :
         {"\x1b", "\r", "\xC2\x85", "\xC2\x9B", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
      CHECK_FALSE(contains(result.out, part));
    }
  }
  const std::string json = run_convbert({"classify", "-m", model}, {.input = input}).out;
  CHECK(contains(Json::parse(split_lines(json)[0])["label"].get<std::string>(), "\n\r\t\x1b[31m"));
}

TEST_CASE("no name stands twice in a record") {
  const std::string input = "{\"label\":\"mine\",\"line\":7,\"text\":\"good\"}\n{\"line\":8}\n";
  const ProcessResult result = run_convbert({"classify", "--id-field", "label"}, {.input = input});
  CHECK(result.status == 2);
  CHECK(contains(result.err, "--id-field label: a result has that name, too"));
  CHECK(
      run_convbert({"classify", "--id-field", "label", "--result-prefix", "my_"}, {.input = input})
          .out.starts_with(R"({"label":"mine","line":7,"text":"good","my_label":"positive")"));
  CHECK(run_convbert({"classify", "--id-field", "error"}, {.input = input}).status == 2);
  const auto lines =
      split_lines(run_convbert({"classify", "--id-field", "line"}, {.input = input}).out);
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].starts_with(R"({"line":8,"error":{)"));
}

TEST_CASE("fields are replaced in formats that have fields") {
  const std::string input = "{\"text\":\"good\",\"label\":1}\n";
  CHECK(contains(run_convbert({"classify"}, {.input = input}).err, "gives way"));
  CHECK(contains(run_convbert({"classify", "-f", "tsv"}, {.input = input}).err, "gives way"));
  CHECK(run_convbert({"classify", "-f", "text"}, {.input = input}).err == "");
}

TEST_CASE("of a device there is no partial file to go on from") {
  Process process({"embed", "-o", "/dev/null"});
  // More than a pipe holds, so that it is at work when the signal comes.
  for (int i = 0; i < 10000; ++i) process.write("a dog sleeps\n");
  process.signal(SIGTERM);
  process.close_input();
  const ProcessResult result = process.wait();
  CHECK(result.status == 128 + SIGTERM);
  CHECK_FALSE(contains(result.err, "--resume goes on"));
}

TEST_CASE("ids of an array are as wide as the longest") {
  const TemporaryFolder folder;
  const std::string path = folder.path("v.npz");
  const std::string input = "{\"id\":\"\",\"text\":\"a\"}\n{\"id\":\"\xC3\xA9" +
                            std::string(4000, 'x') +
                            "\",\"text\":\"b\"}\n{\"id\":\"y\",\"text\":\"c\"}\n";
  CHECK(run_convbert({"embed", "--dim", "2", "-o", path}, {.input = input}).status == 0);
  CHECK(npz_names(path) == std::vector<std::string>{"embedding", "id"});
  CHECK(contains(read_file(path), "{'descr': '<U4001', 'fortran_order': False, 'shape': (3, ), }"));
}

}  // namespace
}  // namespace convbert::test
