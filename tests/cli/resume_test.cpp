// --resume beside other runs, other inputs and other options.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

std::string lines(int count, const std::string& word = "stone") {
  std::string text;
  for (int i = 0; i < count; ++i) text += "record " + std::to_string(i) + " " + word + "\n";
  return text;
}

// Kills a run of it on lines() as soon as it has kept something about them. How many it was given.
int kill_when_kept(std::vector<std::string> command, const std::string& out) {
  command.insert(command.end(), {"-o", out});
  Process process(command);
  int count = 0;
  // They come slowly, so that the run lasts.
  const auto has_kept = [&] {
    return read_file(out + ".partial.state").find("records") != std::string::npos;
  };
  for (; count < 400 && !has_kept(); ++count) {
    process.write("record " + std::to_string(count) + " stone\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  process.signal(SIGKILL);
  CHECK(process.wait().status == 128 + SIGKILL);
  return count;
}

ProcessResult resume(std::vector<std::string> command, const std::string& out,
                     const std::string& input) {
  command.insert(command.end(), {"-o", out, "--resume"});
  return run_convbert(command, {.input = input});
}

TEST_CASE("--resume beside a live run takes nothing from it") {
  const TemporaryFolder folder;
  const std::string input = folder.write("in.txt", lines(3000));
  const std::string out = folder.path("out.jsonl");
  const std::vector<std::string> command{"tokenize", input, "-o", out};
  run_convbert(command);
  const std::string expected = read_file(out);
  std::vector<std::string> resuming = command;
  resuming.push_back("--resume");
  for (int round = 0; round < 12; ++round) {
    fs::remove(out);
    Process live(command);
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * round));
    Process second(resuming);
    const ProcessResult other = second.wait();
    INFO("round ", round, ": ", other.err);
    CHECK((other.status == 0 ||
           other.err.find("another process is writing it") != std::string::npos));
    const ProcessResult first = live.wait();
    CHECK((first.status == 0 ||
           first.err.find("another process is writing it") != std::string::npos));
    CHECK(read_file(out) == expected);
    CHECK_FALSE(fs::exists(out + ".partial"));
  }
}

TEST_CASE("an input that was edited is refused, in formats that do not hold it, too") {
  const std::vector<std::vector<std::string>> commands{{"classify", "-f", "tsv"},
                                                       {"classify", "-f", "text"},
                                                       {"embed", "-f", "npy", "--dim", "3"},
                                                       {"classify", "--only-result"}};
  for (const auto& command : commands) {
    const TemporaryFolder folder;
    const std::string out = folder.path("out");
    const std::string input = lines(kill_when_kept(command, out) + 3);
    INFO(command[0], " ", command.back());
    const std::string partial = read_file(out + ".partial");
    const ProcessResult edited =
        resume(command, out, replaced(input, "record 0 stone", "record 0 stones"));
    CHECK(edited.status == 2);
    CHECK(edited.err.find("was not written from this input") != std::string::npos);
    CHECK(read_file(out + ".partial") == partial);
    CHECK(resume(command, out, input).status == 0);
    CHECK_FALSE(fs::exists(out + ".partial.state"));
    const std::string resumed = read_file(out);
    fs::remove(out);
    std::vector<std::string> whole = command;
    whole.insert(whole.end(), {"-o", out});
    CHECK(run_convbert(whole, {.input = input}).status == 0);
    CHECK(read_file(out) == resumed);
  }
}

TEST_CASE("options that do not show in the results are compared") {
  const TemporaryFolder folder;
  const std::string out = folder.path("out");
  const std::string input = lines(kill_when_kept({"classify", "-f", "text"}, out) + 3);
  const ProcessResult other = resume({"classify", "-f", "text", "--max-length", "100"}, out, input);
  CHECK(other.status == 2);
  CHECK(other.err.find("--max-length=100") != std::string::npos);
  const ProcessResult model = resume(
      {"classify", "-f", "text", "-m", std::string(CONVBERT_SOURCE_DIR) + "/models/convbert-mini"},
      out, input);
  CHECK(model.status == 2);
  CHECK(model.err.find("files that results depend on has changed") != std::string::npos);
  CHECK(resume({"classify", "--threads", "1", "--format", "text"}, out, input).status == 0);
}

TEST_CASE("what --resume needs cannot be kept where its name is taken, and why is said") {
  const TemporaryFolder folder;
  const std::string state = folder.path("out.jsonl.partial.state");
  fs::create_directory(state);
  // It is kept at the latest when the run ends before its time.
  const ProcessResult result = run_convbert(
      {"tokenize", "--strict", "-o", folder.path("out.jsonl")}, {.input = "a\n\xFF\n"});
  CHECK(result.status == 2);
  CHECK(
      result.err.find(state + ": cannot open: Is a directory; what --resume needs is kept there") !=
      std::string::npos);
}

TEST_CASE("without what was kept every result is computed again") {
  const TemporaryFolder folder;
  const std::string out = folder.path("out.tsv");
  run_convbert({"classify", "-o", out}, {.input = lines(60)});
  const std::string whole = read_file(out);
  fs::rename(out, out + ".partial");
  const ProcessResult edited =
      resume({"classify"}, out, replaced(lines(60), "record 31 stone", "awful"));
  CHECK(edited.status == 2);
  CHECK(edited.err.find("record 31 in it") != std::string::npos);
  folder.write("out.tsv.partial.state", "{\"convbert\":\"0.");  // cut short as it was written
  CHECK(resume({"classify"}, out, lines(60)).status == 0);
  CHECK(read_file(out) == whole);

  fs::rename(out, out + ".partial");
  folder.write("out.tsv.partial.state", "{\"convbert\":1e999}\n");  // a number beyond all doubles
  const ProcessResult unreadable = resume({"classify"}, out, lines(60));
  CHECK(unreadable.status == 2);
  CHECK(unreadable.err.find("nothing that can be read") != std::string::npos);
}

TEST_CASE("a finished file is what its input was, until the input changes") {
  const TemporaryFolder folder;
  const std::string input = folder.write("in.txt", lines(60));
  const std::string out = folder.path("out.txt");
  run_convbert({"classify", input, "-o", out});
  const std::string whole = read_file(out);
  CHECK(run_convbert({"classify", input, "-o", out, "--resume"}).status == 0);
  folder.write("in.txt", replaced(lines(60), "record 31 stone", "an awful bore of a film"));
  fs::last_write_time(input, fs::last_write_time(out) + std::chrono::seconds(1));
  const ProcessResult edited = run_convbert({"classify", input, "-o", out, "--resume"});
  CHECK(edited.status == 2);
  CHECK(read_file(out) == whole);
}

TEST_CASE("a partial file that is something else is not followed") {
  const TemporaryFolder folder;
  const std::string precious = folder.write("precious", "precious\n");
  const std::string out = folder.path("out.jsonl");
  for (const bool is_hard : {false, true}) {
    is_hard ? fs::create_hard_link(precious, out + ".partial")
            : fs::create_symlink(precious, out + ".partial");
    for (const char* flag : {"--quiet", "--resume"}) {
      const ProcessResult result = run_convbert({"tokenize", "-t", "a", "-o", out, flag});
      INFO(result.err);
      CHECK(result.status == 2);
      CHECK(result.err.find("out.jsonl.partial: ") != std::string::npos);
      CHECK(read_file(precious) == "precious\n");
    }
    fs::remove(out + ".partial");
  }
}

TEST_CASE("Ctrl-C while a pipe is compared with what there is") {
  const TemporaryFolder folder;
  const std::string out = folder.path("out.jsonl");
  run_convbert({"tokenize", "-o", out}, {.input = lines(50)});
  fs::rename(out, out + ".partial");
  Process process({"tokenize", "-o", out, "--resume"});
  process.write(lines(20) + "half a li");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  process.signal(SIGINT);
  const ProcessResult result = process.wait();
  CHECK(result.status == 130);
  CHECK(result.err == "");
  CHECK(fs::exists(out + ".partial"));
}

TEST_CASE("only what can be taken up is said to be") {
  const TemporaryFolder folder;
  for (const char* name : {"out.json", "out.npz", "out.jsonl.gz", "out.jsonl"}) {
    const std::string out = folder.path(name);
    const bool is_resumable = std::string(name) == "out.jsonl";
    const std::string partial = folder.write(std::string(name) + ".partial", "stale");
    Process process({"embed", "-o", out});
    process.write("a\n");
    for (int i = 0; i < 1000 && read_file(partial) == "stale"; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    process.signal(SIGINT);
    const ProcessResult result = process.wait();
    INFO(name, ": ", result.err);
    CHECK(result.status == 130);
    CHECK(result.err.find("is started anew") != std::string::npos);
    CHECK((result.err.find("--resume") != std::string::npos) == is_resumable);
  }
  const ProcessResult result =
      run_convbert({"embed", "-t", "a", "-o", folder.path("v.jsonl.gz"), "--resume"});
  CHECK(result.status == 2);
  CHECK(result.err.find("without .gz or .zst") != std::string::npos);
}

TEST_CASE("nothing written leaves no partial file") {
  const TemporaryFolder folder;
  CHECK(run_convbert({"attention", "-t", "a", "-t", "b", "-o", folder.path("map.png")}).status ==
        2);
  CHECK(run_convbert({"attention", "-t", "\xff", "-o", folder.path("map.svg")}).status == 1);
  CHECK(run_convbert({"attention", "-o", folder.path("map.pdf")}).status == 2);
  CHECK(run_convbert({"tokenize", "--strict", "-o", folder.path("out")}, {.input = "\xff\n"})
            .status == 1);
  CHECK(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace convbert::test
