// What the program says to a person at a terminal: help, hints, and never a byte that a terminal
// would obey.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

const std::string kPlain = std::string(CONVBERT_TEST_DATA) + "/models/bert-plain";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void check_says(const std::vector<std::string>& arguments, const std::string& expected,
                const ProcessOptions& options = {}) {
  check_refused(run_convbert(arguments, options), expected);
}

// A model that works, to which files are added.
struct ModelFolder {
  TemporaryFolder folder;
  explicit ModelFolder(const std::string& name = "") {
    fs::create_directories(folder.path(name));
    for (const auto& entry : fs::directory_iterator(kPlain)) {
      fs::copy_file(entry.path(), fs::path(folder.path(name)) / entry.path().filename());
    }
  }
};

std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  for (const std::string& line : split_lines(text)) longest = std::max(longest, line.size());
  return longest;
}

TEST_CASE("a mistyped command or flag is answered by the nearest one") {
  check_says({"embde"}, "no command is called \"embde\"; did you mean embed?");
  check_says({"zzz"}, "; the commands are tokenize, embed, classify, attention, tag, fill-mask");
  check_says({"embed", "--fromat", "npy", "x", "y"},
             "embed has no flag --fromat; did you mean --format?");
  check_says({"embed", "--fromat=npy"}, "embed has no flag --fromat; did you mean --format?");
  check_says({"--format", "json", "embed"}, "--format belongs behind the command");
  check_says({"--format"}, "--format: expected a command first");
  check_says({"info", "a", "b"}, "info: unexpected argument \"b\"");
}

TEST_CASE("help and version, however they are asked for") {
  const std::string help = run_convbert({"--help"}).out;
  CHECK(contains(help, "Usage: convbert COMMAND"));
  CHECK(run_convbert({"help"}).out == help);
  const std::string of_embed = run_convbert({"embed", "--help"}).out;
  CHECK(contains(of_embed, "Usage: convbert embed"));
  CHECK(run_convbert({"help", "embed"}).out == of_embed);
  check_says({"help", "embde"}, "did you mean embed?");
  const std::string version = run_convbert({"--version"}).out;
  CHECK(version.starts_with("convbert "));
  CHECK(run_convbert({"-V"}).out == version);
  CHECK(run_convbert({"embed", "--version"}).out == version);
  CHECK(run_convbert({"info", "-V"}).out == version);

  const ProcessResult bare = run_convbert({});
  CHECK(bare.status == 2);
  CHECK(bare.out == "");
  CHECK(bare.err.starts_with("convbert: error: expected a command\n"));
  CHECK(contains(bare.err, help));
}

TEST_CASE("help is as wide as the terminal, within what is good to read") {
  const auto width = [](const std::string& columns) {
    const ProcessResult result =
        run_convbert({"embed", "--help"}, {.environment = {{"COLUMNS", columns}}});
    CHECK(result.status == 0);
    return longest_line(result.out);
  };
  CHECK(width("72") <= 72);
  CHECK(width("90") <= 90);
  CHECK(width("90") > 80);
  CHECK(width("400") <= 100);
  CHECK(width("400") > 90);
}

TEST_CASE("what is written at once fails with a full disk, and not with a closed pipe") {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"--help"},
                                                  {"embed", "--help"},
                                                  {"--version"},
                                                  {"info"},
                                                  {"info", "--format", "json"}}) {
    const ProcessResult full = run_convbert(command, {.output_path = "/dev/full"});
    INFO(command.back(), ": ", full.err);
    CHECK(full.status == 2);
    CHECK(contains(full.err, "No space left on device"));
    Process closed(command);
    closed.close_output();
    CHECK(closed.wait().status == 0);
  }
}

TEST_CASE("nothing that a terminal obeys comes out of a model's card") {
  const ModelFolder model;
  model.folder.write("README.md",
                     "\x1b[31mred \xC2\x9B"
                     "2J \x9B"
                     "2J caf\xE9\nna\xC3\xAFve\tline\n");
  const ProcessResult text = run_convbert({"info", model.folder.path(), "--card"});
  CHECK(text.status == 0);
  CHECK(contains(text.out, "?[31mred ?2J ?2J caf?\nna\xC3\xAFve\tline\n"));
  const ProcessResult json = run_convbert({"info", model.folder.path(), "--format", "json"});
  CHECK(json.status == 0);
  CHECK(contains(parse_json(json.out, "info")["card"].get<std::string>(), "caf\xEF\xBF\xBD\n"));
}

TEST_CASE("a message is one line of bounded length, without what a terminal obeys") {
  const ProcessResult long_flag = run_convbert({"embed", "--" + std::string(100'000, 'x')});
  CHECK(long_flag.status == 2);
  CHECK(long_flag.err.size() < 500);
  const ProcessResult long_value =
      run_convbert({"embed", "--format", std::string(100'000, '\x1b')});
  CHECK(long_value.status == 2);
  CHECK(long_value.err.size() < 2500);
  CHECK_FALSE(contains(long_value.err, "\x1b"));
  const ProcessResult path = run_convbert({"embed", "no\x1b[2J\nsuch\xC2\x9B"});
  CHECK(path.status == 2);
  CHECK(std::ranges::count(path.err, '\n') == 1);
  CHECK_FALSE(contains(path.err, "\x1b"));
  CHECK_FALSE(contains(path.err, "\xC2\x9B"));
}

TEST_CASE("a folder of models is listed, and a model's last name is enough") {
  const ModelFolder model("hub/models--org--short-name/snapshots/abc");
  const TemporaryFolder& folder = model.folder;
  const std::string snapshots = folder.path("hub/models--org--short-name/snapshots");
  check_says({"embed", "-m", snapshots, "-t", "a"},
             "found no config.json in " + snapshots + ", but the models " + snapshots + "/abc");
  check_says({"embed", "-m", fs::path(snapshots).parent_path(), "-t", "a"}, snapshots + "/abc");
  folder.write("empty/note.txt", "");
  check_says({"embed", "-m", folder.path("empty"), "-t", "a"},
             "--model: expected a model directory, found no config.json in");

  const ProcessOptions options{.environment = {{"HF_HUB_CACHE", folder.path("hub")}}};
  const ProcessResult full = run_convbert({"embed", "-m", "org/short-name", "-t", "a"}, options);
  CHECK(full.status == 0);
  CHECK(run_convbert({"embed", "-m", "short-name", "-t", "a"}, options).out == full.out);
  check_says({"embed", "-m", "name", "-t", "a"}, "`hf download ORG/NAME` puts one there", options);
  check_says({"embed", "-m", "org/shrot-name", "-t", "a"}, "did you mean org/short-name?", options);
  fs::create_directories(folder.path("hub/models--other--short-name/snapshots/abc"));
  check_says({"embed", "-m", "short-name", "-t", "a"}, "may be org/short-name or other/short-name",
             options);
}

TEST_CASE("a text given as if it were a file is told how to be given") {
  check_says({"embed", "A dog sleeps."}, "a text is given with --text");
  const ProcessResult without_texts = run_convbert({"evaluate", "A dog sleeps."});
  CHECK(without_texts.status == 2);
  CHECK(contains(without_texts.err, "A dog sleeps.: cannot open: "));
  CHECK_FALSE(contains(without_texts.err, "--text"));  // it has no such flag
}

}  // namespace
}  // namespace convbert::test
