// `convbert similar --index`: built once, used afterwards, and believed only where it fits.
#include <doctest/doctest.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <random>

#include "core/json.h"
#include "io/npy.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

const std::string kEnglish = std::string(CONVBERT_SOURCE_DIR) + "/data/english.txt";
const std::string kReviews = std::string(CONVBERT_SOURCE_DIR) + "/data/reviews.jsonl";
const std::string kTypes[] = {"hnsw", "ivf"};

std::string random_array(std::int64_t rows, std::int64_t width, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values;
  for (std::int64_t i = 0; i < rows * width; ++i) values.push_back(normal(generator));
  return npy_array({rows, width}, values);
}

// Two files of vectors, and the command that searches one with the other.
struct Search {
  explicit Search(std::int64_t rows, std::int64_t width = 16)
      : corpus(folder.write("corpus.npy", random_array(rows, width, 1))),
        queries(folder.write("queries.npy", random_array(40, width, 2))) {}

  std::vector<std::string> command(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"similar", "--corpus-vectors", corpus, "--query-vectors", queries};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ProcessResult run(const std::vector<std::string>& more) const {
    return run_convbert(command(more));
  }
  std::string output(const std::vector<std::string>& more) const {
    const ProcessResult result = run(more);
    INFO(result.err);
    CHECK(result.status == 0);
    return result.out;
  }

  TemporaryFolder folder{};
  std::string corpus;
  std::string queries;
};

TEST_CASE("an index is built where there is none and used where there is one") {
  const Search search(700);
  const std::string exact = search.output({});
  for (const std::string& type : kTypes) {
    CAPTURE(type);
    const std::string file = search.folder.path(type);
    const auto built = search.run({"--index", file, "--index-type", type, "--effort", "700", "-v"});
    CHECK(built.out == exact);
    CHECK(built.err.find("built the index " + file + ": " + type + ", 700 vectors, FAISS 1.") !=
          std::string::npos);
    CHECK_FALSE(fs::exists(file + ".partial"));
    const std::string bytes = read_file(file);
    CHECK(bytes.starts_with(type == "ivf" ? "IwFl" : "IHNf"));
    const auto used = search.run({"--index", file, "--effort", "700", "-v", "--threads", "1"});
    CHECK(used.out == exact);
    CHECK(used.err.find("uses the index " + file + ": " + type) != std::string::npos);
    CHECK(read_file(file) == bytes);
    CHECK(search.output({"--index", file, "--index-type", type}).size() > 1000);
    CHECK(search.output({"--index", file, "--effort", "1"}) != exact);
    // Whatever the number of threads, the same bytes.
    for (const char* threads : {"1", "2", "5"}) {
      const std::string other = file + threads;
      search.output({"--index", other, "--index-type", type, "--threads", threads});
      CHECK(read_file(other) == bytes);
    }
  }
  search.output({"--index", search.folder.path("usual")});
  CHECK(read_file(search.folder.path("usual")) == read_file(search.folder.path("hnsw")));
}

TEST_CASE("texts are found through an index as they are without, in shards and over each other") {
  const TemporaryFolder folder;
  const std::string index = folder.path("english.index");
  const std::vector<std::string> exact{"similar", "--corpus",    kEnglish,      kReviews,
                                       "--top-k", "3",           "--with-text", "--threshold",
                                       "0.1",     "--precision", "bf16"};
  std::vector<std::string> indexed = exact;
  indexed.insert(indexed.end(), {"--index", index});
  const std::string expected = run_convbert(exact).out;
  CHECK(run_convbert(indexed).out == expected);
  CHECK(run_convbert(indexed).out == expected);
  std::vector<Json> whole;
  for (const std::string& line : split_lines(expected)) whole.push_back(Json::parse(line));
  for (std::size_t shard = 0; shard < 3; ++shard) {
    std::vector<std::string> part = indexed;
    part.insert(part.end(), {"--shard", std::to_string(shard) + "/3"});
    const auto lines = split_lines(run_convbert(part).out);
    REQUIRE_FALSE(lines.empty());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      CHECK(Json::parse(lines[i]) == whole[3 * i + shard]);
    }
  }
  const std::string own = folder.path("own.index");
  const std::string without = run_convbert({"similar", kReviews, "--top-k", "30"}).out;
  for (int run = 0; run < 2; ++run) {
    CHECK(run_convbert({"similar", kReviews, "--top-k", "30", "--index", own}).out == without);
  }
}

TEST_CASE("a run with an index is gone on with, but not with another index") {
  const Search search(300);
  const std::string index = search.folder.path("index");
  const std::string out = search.folder.path("out.jsonl");
  const auto run = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all{"--index", index, "-o", out};
    all.insert(all.end(), more.begin(), more.end());
    return search.run(all);
  };
  REQUIRE(run({}).status == 0);
  const std::string whole = read_file(out);
  fs::rename(out, out + ".partial");
  fs::resize_file(out + ".partial", whole.size() / 2);
  CHECK(run({"--resume"}).status == 0);
  CHECK(read_file(out) == whole);
}

TEST_CASE("an interrupted build leaves no index, and a second builder is told of the first") {
  const Search search(20'000, 64);
  const std::string index = search.folder.path("index");
  Process process(search.command({"--index", index}));
  while (!fs::exists(index + ".partial")) CHECK_FALSE(process.has_ended());
  const auto second = search.run({"--index", index});
  check_refused(second, index + ".partial: another process is writing it");
  process.signal(SIGINT);
  const auto result = process.wait();
  CHECK(result.status == 128 + SIGINT);
  CHECK(result.out.empty());
  CHECK_FALSE(fs::exists(index));
  CHECK_FALSE(fs::exists(index + ".partial"));
}

TEST_CASE("an index of another corpus is refused, with what to do") {
  const Search search(300);
  for (const std::string& type : kTypes) {
    CAPTURE(type);
    const std::string index = search.folder.path(type);
    search.output({"--index", index, "--index-type", type});
    const std::string bytes = read_file(index);
    const auto refused = [&](const std::string& corpus, const std::string& reason) {
      check_refused(run_convbert({"similar", "--query-vectors", corpus, "--index", index}),
                    "--index " + index + ": an index of another corpus" + reason);
      CHECK(read_file(index) == bytes);
    };
    refused(
        search.folder.write("more.npy", random_array(301, 16, 1)),
        ": expected 301 vectors of 16 numbers, found 300 of 16; remove it, and it is built anew, "
        "or name another file");
    refused(search.folder.write("wide.npy", random_array(300, 17, 1)),
            ": expected 300 vectors of 17 numbers, found 300 of 16; remove it");
    refused(search.folder.write("other.npy", random_array(300, 16, 3)),
            ", or of vectors from another model: row ");
  }
  check_refused(search.run({"--index", search.folder.path("ivf"), "--index-type", "hnsw"}),
                "--index-type: expected ivf, as " + search.folder.path("ivf") + " is, found hnsw");
}

TEST_CASE("a damaged file is refused, and nothing is written over it") {
  const Search search(50, 4);
  std::mt19937 random(5);
  for (const std::string& type : kTypes) {
    const std::string index = search.folder.path(type);
    search.output({"--index", index, "--index-type", type});
    const std::string bytes = read_file(index);
    const auto refuses = [&](const std::string& content, const std::string& reason) {
      search.folder.write(type, content);
      check_refused(search.run({"--index", index}), reason);
      CHECK(read_file(index) == content);
    };
    refuses("", "expected an index of FAISS, IndexHNSWFlat or IndexIVFFlat");
    refuses(read_file(search.corpus), "found \"?NUM\"");
    refuses(bytes.substr(0, bytes.size() - 1), "ends early");
    refuses(bytes + "x", "a damaged index: more bytes than an index has");
    std::string huge = bytes;
    std::memset(huge.data() + 8, 0x7F, 7);  // rows
    refuses(huge, "a damaged index: an impossible number of rows");
    for (int trial = 0; trial < 12; ++trial) {
      std::string flipped = bytes;
      char& byte = flipped[random() % bytes.size()];
      byte = static_cast<char>(byte ^ (1 << (random() % 8)));
      search.folder.write(type, flipped);
      const ProcessResult result = search.run({"--index", index});
      INFO(result.err);
      CHECK((result.status == 0 || result.status == 2));
    }
  }
}

TEST_CASE("what an index cannot be asked for is refused") {
  const Search search(20, 4);
  const std::string index = search.folder.path("index");
  check_refused(search.run({"--index", index, "--top-k", "10001"}),
                "--top-k: expected at most 10000 with --index, found 10001");
  check_refused(search.run({"--index-type", "ivf"}), "--index-type requires --index");
  check_refused(search.run({"--effort", "5"}), "--effort requires --index");
  check_refused(search.run({"--index", index, "--index-type", "pq"}), "--index-type");
  check_refused(search.run({"--index", index, "--effort", "0"}), "--effort");
  check_refused(run_convbert({"similar", kReviews, "--pairs", "--index", index}),
                "--index excludes --pairs");
  check_refused(search.run({"--index", search.folder.path()}), "");
  check_refused(search.run({"--index", search.folder.path("none/index")}),
                "none/index: there is no folder ");
  CHECK_FALSE(fs::exists(index));
  const std::string few = search.output({"--index", index, "--top-k", "10000"});
  CHECK(split_lines(few).size() == 40);
  CHECK(Json::parse(split_lines(few)[0])["matches"].size() == 20);
}

}  // namespace
}  // namespace convbert::test
