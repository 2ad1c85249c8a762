// `convbert similar`: the nearest of a corpus, of text or of vectors, or within the input.
#include <doctest/doctest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>
#include <thread>

#include "core/json.h"
#include "io/npy.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

const std::string kEnglish = std::string(CONVBERT_SOURCE_DIR) + "/data/english.txt";
const std::string kReviews = std::string(CONVBERT_SOURCE_DIR) + "/data/reviews.jsonl";

ProcessResult run_similar(std::vector<std::string> arguments, const ProcessOptions& options = {}) {
  arguments.insert(arguments.begin(), "similar");
  return run_convbert(arguments, options);
}

std::vector<Json> lines_of(const ProcessResult& result) {
  INFO(result.err);
  CHECK(result.status == 0);
  std::vector<Json> lines;
  for (const std::string& line : split_lines(result.out)) lines.push_back(Json::parse(line));
  return lines;
}

std::vector<Json> similar_lines(std::vector<std::string> arguments) {
  return lines_of(run_similar(std::move(arguments)));
}

std::vector<Json> ids_of(const Json& record) {
  std::vector<Json> ids;
  for (const Json& match : record["matches"]) ids.push_back(match["corpus_id"]);
  return ids;
}

// [rows, 2]: unit vectors at these angles, in degrees; NaN is a failed record.
std::string angles(const std::vector<double>& degrees) {
  std::vector<float> values;
  for (const double degree : degrees) {
    const double radians = degree * std::acos(-1.0) / 180;
    values.push_back(static_cast<float>(std::cos(radians)));
    values.push_back(static_cast<float>(std::sin(radians)));
  }
  return npy_array({std::ssize(degrees), 2}, values);
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("the nearest texts of another file, best first, with their own ids and texts") {
  const TemporaryFolder folder;
  const std::string corpus = folder.write("corpus.jsonl",
                                          "{\"id\":\"dog\",\"text\":\"The dog is asleep.\"}\n"
                                          "{\"id\":1.50,\"text\":\"The bank raised its rates.\"}\n"
                                          "{\"text\":\"It rained all day.\"}\n"
                                          "{\"id\":\"same\",\"text\":\"A dog sleeps.\"}\n"
                                          "{\"id\":\"again\",\"text\":\"A dog sleeps.\"}\n");
  const auto lines = similar_lines(
      {"--corpus", corpus, "-t", "A dog sleeps.", "-t", "Rain", "--top-k", "3", "--with-text"});
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["id"] == 0);
  CHECK(lines[0]["text"] == "A dog sleeps.");
  CHECK(ids_of(lines[0]) == std::vector<Json>{"same", "again", "dog"});
  CHECK(lines[0]["matches"][0]["score"] == lines[0]["matches"][1]["score"]);
  CHECK(std::abs(lines[0]["matches"][0]["score"].get<double>() - 1) < 1e-6);
  CHECK(lines[0]["matches"][2]["text"] == "The dog is asleep.");
  CHECK(ids_of(lines[1])[0] == 2);  // without an id, its number
  CHECK(run_similar({"--corpus", corpus, "-t", "banks", "--only-result"})
            .out.find("{\"corpus_id\":1.50,\"score\":") != std::string::npos);
  // The corpus' format and fields can be named; ten matches are the default.
  const std::string copy = folder.path("corpus");
  fs::copy_file(kReviews, copy);
  CHECK(similar_lines({"--corpus", copy, "--corpus-format", "jsonl", "-t", "A film"})[0]["matches"]
            .size() == 10);
  const auto piped = run_similar({"--corpus", "-", "-t", "A film"}, {.input = "A film\nA dog\n"});
  CHECK(ids_of(lines_of(piped)[0]) == std::vector<Json>{0, 1});
}

TEST_CASE("a field of ids is that of the corpus, where queries are text") {
  const TemporaryFolder folder;
  const std::string corpus = folder.write("corpus.jsonl", "{\"key\":\"x\",\"text\":\"a dog\"}\n");
  const std::string query = folder.write("query.txt", "a dog\n");
  CHECK(ids_of(similar_lines({query, "--corpus", corpus, "--id-field", "key"})[0])[0] == "x");
}

TEST_CASE("scores are the cosines of what embed gives, with its flags") {
  const TemporaryFolder folder;
  const std::string vectors = folder.path("corpus.npy");
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{},
        {"--pooling", "max", "--layer", "2", "--dim", "40"},
        {"--stride", "1", "--max-length", "9", "--normalize"},
        {"--no-normalize"}}) {
    std::vector<std::string> embed{"embed", kEnglish, "-f", "npy", "-o", vectors};
    embed.insert(embed.end(), flags.begin(), flags.end());
    REQUIRE(run_convbert(embed).status == 0);
    std::vector<std::string> of_text{"--corpus", kEnglish, kReviews, "--only-result"};
    std::vector<std::string> of_vectors{"--corpus-vectors", vectors, kReviews, "--only-result"};
    for (auto* arguments : {&of_text, &of_vectors}) {
      arguments->insert(arguments->begin(), "similar");
      arguments->insert(arguments->end(), flags.begin(), flags.end());
    }
    const auto lines = lines_of(run_convbert(of_text));
    CHECK(lines == lines_of(run_convbert(of_vectors)));
    embed = {"embed", kReviews};
    embed.insert(embed.end(), flags.begin(), flags.end());
    const auto queries = lines_of(run_convbert(embed));
    embed[1] = kEnglish;
    const auto corpus = lines_of(run_convbert(embed));
    REQUIRE(lines.size() == queries.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Json& match = lines[i]["matches"][0];
      const auto a = queries[i]["embedding"].get<std::vector<double>>();
      const auto b =
          corpus[match["corpus_id"].get<std::size_t>()]["embedding"].get<std::vector<double>>();
      double product = 0;
      double squares_a = 0;
      double squares_b = 0;
      for (std::size_t k = 0; k < a.size(); ++k) {
        product += a[k] * b[k];
        squares_a += a[k] * a[k];
        squares_b += b[k] * b[k];
      }
      const double cosine = product / std::sqrt(squares_a * squares_b);
      CHECK(std::abs(match["score"].get<double>() - cosine) < 1e-6);
    }
  }
}

TEST_CASE("vectors search vectors: no model, ids are row numbers, a failed row fails") {
  const TemporaryFolder folder;
  const std::string corpus = folder.write("corpus.npy", angles({0, 90, kNan, 45, 180}));
  const std::string queries = folder.write("queries.npy", angles({10, kNan, 80}));
  const auto result =
      run_similar({"--corpus-vectors", corpus, "--query-vectors", queries, "--threshold", "0.5"});
  CHECK(result.status == 1);
  const auto lines = split_lines(result.out);
  REQUIRE(lines.size() == 3);
  CHECK(ids_of(Json::parse(lines[0])) == std::vector<Json>{0, 3});
  CHECK(Json::parse(lines[1])["error"]["message"] ==
        queries + ": row 1: NaN or infinity: a record without a vector");
  CHECK(ids_of(Json::parse(lines[2])) == std::vector<Json>{1, 3});
  // Rows against each other; the shard's rows against all.
  const auto own = similar_lines({"--query-vectors", folder.write("a.npy", angles({0, 3, 9, 40})),
                                  "--shard", "1/2", "--top-k", "2"});
  REQUIRE(own.size() == 2);
  CHECK(own[0]["id"] == 1);
  CHECK(ids_of(own[0]) == std::vector<Json>{0, 2});
  CHECK(ids_of(own[1]) == std::vector<Json>{2, 1});
}

TEST_CASE("without a corpus the input is compared with itself, its own records left out") {
  const auto lines = similar_lines({kReviews, "--top-k", "30"});
  REQUIRE(lines.size() == 10);
  for (const Json& line : lines) {
    CHECK(line["matches"].size() == 9);
    for (const Json& match : line["matches"]) CHECK(match["corpus_id"] != line["id"]);
  }
  const auto texts = similar_lines({"-t", "one", "-t", "two", "-t", "one"});
  CHECK(ids_of(texts[0]) == std::vector<Json>{2, 1});
  // A shard's records are compared with all, and each answers as in the whole.
  std::string whole;
  for (const Json& line : lines) whole += line.dump() + "\n";
  for (int shard = 0; shard < 3; ++shard) {
    const auto part =
        similar_lines({kReviews, "--top-k", "30", "--shard", std::to_string(shard) + "/3"});
    for (std::size_t i = 0; i < part.size(); ++i) {
      CHECK(part[i] == lines[3 * i + static_cast<std::size_t>(shard)]);
    }
  }
  for (const char* threads : {"1", "2", "5"}) {
    const auto other =
        run_similar({kReviews, "--top-k", "30", "--threads", threads, "--max-batch-tokens", "32"});
    CHECK(lines_of(other) == lines);
  }
}

TEST_CASE("pairs within the input, by falling score") {
  const TemporaryFolder folder;
  const std::string input =
      folder.write("texts.csv",
                   "id,text\na,A dog sleeps.\nb,The bank raised its rates.\nc,A dog sleeps.\n"
                   "d,The dog is asleep.\n");
  const auto pairs = similar_lines({input, "--pairs", "--with-text"});
  REQUIRE(pairs.size() == 6);
  CHECK(pairs[0]["id"] == "a");
  CHECK(pairs[0]["id_pair"] == "c");
  CHECK(pairs[0]["text"] == "A dog sleeps.");
  CHECK(pairs[0]["text_pair"] == "A dog sleeps.");
  CHECK(pairs[1]["id"] == "a");  // of equal scores, the lower numbers
  CHECK(pairs[1]["id_pair"] == "d");
  for (std::size_t i = 1; i < pairs.size(); ++i) CHECK(pairs[i]["score"] <= pairs[i - 1]["score"]);
  const auto close = similar_lines({input, "--pairs", "--threshold", "0.9"});
  REQUIRE(close.size() == 1);
  CHECK(close[0].size() == 3);
  const auto most = run_similar({input, "--pairs", "--top-k", "2"});
  CHECK(lines_of(most).size() == 2);
  CHECK(most.err.find("these are the 2 closest pairs; --top-k lists more") != std::string::npos);
  CHECK(split_lines(run_similar({input, "--pairs", "--threshold", "0.9", "-f", "tsv"}).out)[1]
            .starts_with("a\tc\t"));
  const auto vectors =
      similar_lines({"--query-vectors", folder.write("a.npy", angles({0, 90, 91, 180})), "--pairs",
                     "--threshold", "0.9"});
  REQUIRE(vectors.size() == 1);
  CHECK(vectors[0]["id"] == 1);
  CHECK(vectors[0]["id_pair"] == 2);
}

TEST_CASE("bad records match nothing, and the rest go on") {
  const TemporaryFolder folder;
  const std::string bad = folder.write(
      "bad.jsonl", "{\"text\":\"one\"}\n{\"text\":3}\n{\"text\":\"one more\"}\nno JSON\n");
  const auto own = run_similar({bad});
  CHECK(own.status == 1);
  const auto lines = split_lines(own.out);
  REQUIRE(lines.size() == 4);
  CHECK(ids_of(Json::parse(lines[0])) == std::vector<Json>{2});
  CHECK(Json::parse(lines[1]).contains("error"));
  CHECK(ids_of(Json::parse(lines[2])) == std::vector<Json>{0});
  const auto corpus = run_similar({"--corpus", bad, "-t", "one"});
  CHECK(corpus.status == 1);
  CHECK(ids_of(Json::parse(corpus.out)) == std::vector<Json>{0, 2});
  for (const char* line : {":2: ", ":4: "}) {
    CHECK(corpus.err.find("warning: " + bad + line) != std::string::npos);
  }
  CHECK(corpus.err.find("the corpus: 2 of 4 records have no vector and match nothing\n") !=
        std::string::npos);
  const auto strict = run_similar({"--corpus", bad, "-t", "one", "--strict"});
  CHECK(strict.status == 1);
  CHECK(strict.out.empty());
  CHECK(strict.err.find("bad.jsonl:2") != std::string::npos);
}

TEST_CASE("pairs tell of all records that have no vector") {
  const TemporaryFolder folder;
  const std::string bad = folder.write("bad.txt", "one\n\xFF\xFE\nmore\n\xFF\n");
  const auto pairs = run_similar({bad, "--pairs"});
  CHECK(pairs.status == 1);
  CHECK(split_lines(pairs.out).size() == 1);
  for (const char* line : {":2: ", ":4: "}) {
    INFO(pairs.err);
    CHECK(pairs.err.find("warning: " + bad + line + "invalid UTF-8") != std::string::npos);
  }
  CHECK(pairs.err.find("the input: 2 of 4 records have no vector and match nothing\n") !=
        std::string::npos);
  // Which have no pair, and so no place in a table either.
  const auto table = run_similar({bad, "--pairs", "-f", "csv"});
  CHECK(split_lines(table.out).front() == "id,id_pair,score");
  CHECK(table.err == pairs.err);
  const auto strict = run_similar({bad, "--pairs", "--strict"});
  CHECK(strict.status == 1);
  CHECK(strict.out.empty());
  CHECK(strict.err.find("error: " + bad + ":2: ") != std::string::npos);
  CHECK(strict.err.find("warning: ") == std::string::npos);
  const auto none = run_similar({folder.write("none.txt", "\xFF\n\xFE\n"), "--pairs"});
  CHECK(none.status == 1);
  CHECK(none.err.find("the input: 2 of 2 records") != std::string::npos);
}

TEST_CASE("rows of a matrix that are no vectors are told, and flags of texts refused") {
  const TemporaryFolder folder;
  const std::string path = folder.write("v.npy", angles({0, kNan, 10}));
  const std::string told =
      "1 of 3 records have no vector and match nothing; the first is " + path + ": row 1: NaN";
  const auto pairs = run_similar({"--query-vectors", path, "--pairs"});
  CHECK(pairs.status == 1);
  CHECK(pairs.err.find("the input: " + told) != std::string::npos);
  const std::string query = folder.write("q.npy", angles({1}));
  const auto corpus = run_similar({"--query-vectors", query, "--corpus-vectors", path});
  CHECK(corpus.status == 1);
  CHECK(corpus.err.find("the corpus: " + told) != std::string::npos);
  CHECK(ids_of(Json::parse(corpus.out)) == std::vector<Json>{0, 2});
  const auto strict = run_similar({"--query-vectors", query, "--corpus-vectors", path, "--strict"});
  CHECK(strict.status == 1);
  CHECK(strict.out.empty());
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--dim", "1"},
                                                {"--pooling", "cls"},
                                                {"--model", "convbert-mini"},
                                                {"--precision", "int8"},
                                                {"--text-field", "x"}}) {
    check_refused(run_similar(with({"--query-vectors", query, "--corpus-vectors", query}, flags)),
                  flags[0]);
  }
  const auto indexed = run_similar(
      {"--query-vectors", query, "--corpus-vectors", path, "--index", folder.path("i.faiss")});
  CHECK(indexed.status == 1);
  CHECK(indexed.err.find("the corpus: " + told) != std::string::npos);
  CHECK(similar_lines({"--query-vectors", query, "--corpus-vectors", query, "--id-field", "row"})[0]
            .contains("row"));
  // Long as they are, they have a direction.
  const std::string large =
      folder.write("large.npy", npy_array({2, 2}, std::vector<float>{3e38F, 3e38F, 1.0F, 1.0F}));
  const auto found = run_similar({"--query-vectors", large});
  CHECK(found.status == 0);
  CHECK(Json::parse(split_lines(found.out)[0])["matches"][0]["score"].get<double>() ==
        doctest::Approx(1.0));
}

TEST_CASE("texts that are cut say so, and bfloat16 is near") {
  const auto cut = similar_lines(
      {"--corpus", kEnglish, "-t", "a long line of words", "--max-length", "4", "--top-k", "1"});
  CHECK(cut[0]["truncated"].get<int>() > 0);
  const auto exact = similar_lines({kReviews, "--top-k", "1"});
  const auto rounded = similar_lines({kReviews, "--top-k", "1", "--precision", "bf16"});
  for (std::size_t i = 0; i < exact.size(); ++i) {
    CHECK(std::abs(exact[i]["matches"][0]["score"].get<double>() -
                   rounded[i]["matches"][0]["score"].get<double>()) < 0.02);
  }
}

TEST_CASE("a table has the nearest of each record") {
  const auto rows = split_lines(run_similar({kReviews, "-f", "tsv", "--threshold", "0.4"}).out);
  REQUIRE(rows.size() == 11);
  CHECK(rows[0] == "id\ttext\tstars\tsource\tcorpus_id\tscore\tmatches\ttruncated\terror");
  CHECK(rows[1].find("\tr-009\t0.4") != std::string::npos);
  CHECK(rows[1].find("\t[{\"corpus_id\":\"r-009\",\"score\":0.4") != std::string::npos);
}

TEST_CASE("an interrupted run is gone on with, but not after the corpus has changed") {
  const TemporaryFolder folder;
  const std::string out = folder.path("out.jsonl");
  std::string text;
  for (int i = 0; i < 40; ++i) text += "record " + std::to_string(i) + "\n";
  const std::string corpus = folder.write("corpus.txt", text);
  const std::vector<std::string> command{kReviews, "--corpus", corpus, "-o", out};
  REQUIRE(run_similar(command).status == 0);
  const std::string whole = read_file(out);
  fs::rename(out, out + ".partial");
  fs::resize_file(out + ".partial", whole.size() / 2);
  std::vector<std::string> resume = command;
  resume.push_back("--resume");
  CHECK(run_similar(resume).status == 0);
  CHECK(read_file(out) == whole);

  // One that is killed tells what it was made from.
  fs::remove(out);
  Process process({"similar", "--corpus", corpus, "-o", out});
  process.write("record 7\nrecord 8\n");
  while (!fs::exists(out + ".partial.state")) {
    process.write("record 9\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  process.signal(SIGKILL);
  CHECK(process.wait().status == 128 + SIGKILL);
  folder.write("corpus.txt", text + "one more\n");
  const auto other =
      run_similar({"--corpus", corpus, "-o", out, "--resume"}, {.input = "record 7\n"});
  CHECK(other.status == 2);
  CHECK(other.err.find("its partial file was written by another run") != std::string::npos);
}

TEST_CASE("an interrupted search of vectors is gone on with while they are the same") {
  std::vector<double> degrees(20);
  for (std::size_t i = 0; i < degrees.size(); ++i) degrees[i] = static_cast<double>(i);
  degrees[15] = kNan;  // which --strict stops at
  for (const std::string changed : {"queries.npy", "corpus.npy", "search.index"}) {
    INFO(changed);
    const TemporaryFolder folder;
    const std::string out = folder.path("out.jsonl");
    const std::string queries = folder.write("queries.npy", angles(degrees));
    const std::string corpus = folder.write("corpus.npy", angles({1, 7, 30}));
    const std::string index = folder.path("search.index");
    const std::vector<std::string> command{"--query-vectors",
                                           queries,
                                           "--corpus-vectors",
                                           corpus,
                                           "--index",
                                           index,
                                           "--strict",
                                           "-o",
                                           out};
    CHECK(run_similar(command).status == 1);
    std::vector<std::string> resume = command;
    resume.push_back("--resume");
    const ProcessResult same = run_similar(resume);
    CHECK(same.status == 1);
    CHECK(same.err.find("goes on after 15 records") != std::string::npos);
    if (changed == "queries.npy") {
      degrees[3] = 50;
      folder.write(changed, angles(degrees));
    } else if (changed == "corpus.npy") {
      folder.write(changed, angles({1, 8, 30}));
      fs::remove(index);
    } else {
      fs::remove(index);
      REQUIRE(run_similar({"--query-vectors", queries, "--corpus-vectors", corpus, "--index", index,
                           "--index-type", "ivf", "--effort", "1", "-o", folder.path("other")})
                  .status == 1);
    }
    check_refused(run_similar(resume), "one of the files that results depend on has changed");
  }
}

TEST_CASE("finished results are what the corpus was, until it changes") {
  const TemporaryFolder folder;
  const std::string out = folder.path("out.jsonl");
  std::vector<double> degrees(20, 10);
  const std::string queries = folder.write("queries.npy", angles(degrees));
  const std::string corpus = folder.write("corpus.npy", angles({1, 8, 30}));
  const std::vector<std::string> command{
      "--query-vectors", queries, "--corpus-vectors", corpus, "-o", out};
  CHECK(run_similar(command).status == 0);
  CHECK(run_similar(with(command, {"--resume"})).status == 0);
  degrees[3] = 20;
  folder.write("queries.npy", angles(degrees));
  fs::last_write_time(queries, fs::last_write_time(out) + std::chrono::seconds(1));
  check_refused(run_similar(with(command, {"--resume"})), "record 3 in it");
}

TEST_CASE("a record that failed is remembered where the input has no fields") {
  const TemporaryFolder folder;
  const std::string out = folder.path("out.jsonl");
  const std::string queries = folder.write(
      "queries.npy", angles({0, 5, kNan, 9, 12, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60}));
  const std::string corpus = folder.write("corpus.npy", angles({1, 7, 30}));
  for (const std::string flag : {"--quiet", "--only-result"}) {
    fs::remove(out);
    const std::vector<std::string> command{
        "--query-vectors", queries, "--corpus-vectors", corpus, "-o", out, flag};
    CHECK(run_similar(command).status == 1);
    CHECK(run_similar(with(command, {"--resume"})).status == 1);
  }
}

void refused(const std::vector<std::string>& arguments, const std::string& reason) {
  check_refused(run_similar(arguments, {.input = "a text\n"}), reason);
}

TEST_CASE("what cannot be done is refused with the reason") {
  const TemporaryFolder folder;
  const std::string two = folder.write("two.npy", angles({0, 1}));
  const std::string empty = folder.write("empty.txt", "");
  const std::string bad = folder.write("bad.jsonl", "{}\n");
  refused({},
          "without --corpus the input is compared with itself, and read twice: expected "
          "files, found standard input");
  refused({"-"}, "expected files, found standard input");
  refused({"/dev/null"}, "expected files, found /dev/null, which is none");
  refused({"--corpus", "-"}, "--corpus -: standard input has the queries already");
  refused({"--corpus", empty, kReviews}, "expected something to search, found no records");
  refused({"--corpus", bad, kReviews, "-q"},
          "found no record that can be used: " + bad + ":1: no field");
  refused({"--corpus", folder.path("none"), kReviews}, "none");
  refused({"--corpus-vectors", two, kReviews},
          "expected vectors of 256 numbers, as the model gives, found 2");
  refused({"--corpus-vectors", two, "--query-vectors",
           folder.write("wide.npy", npy_array({1, 3}, std::vector<float>(3, 1.0F)))},
          "expected vectors of 2 numbers, as the corpus has, found 3");
  refused({"--corpus-vectors", folder.write("none.npy", angles({})), kReviews},
          "expected something to search, found no records");
  refused({"--corpus-vectors", two, "--corpus", empty, kReviews}, "excludes");
  refused({"--corpus-vectors", two, "--with-text", kReviews}, "a corpus of vectors has no texts");
  refused({"--corpus-vectors", kEnglish, kReviews},
          "--corpus-vectors: " + std::string(kEnglish) +
              ": expected a numpy array (.npy); embed --format npy writes vectors");
  const std::string whole = read_file(two);
  refused(
      {"--corpus-vectors", folder.write("cut.npy", whole.substr(0, whole.size() - 3)), kReviews},
      "but it has 13 bytes of them");
  refused({"--corpus-vectors", folder.write("fortran.npy", replaced(whole, "False", "True ")),
           kReviews},
          "Fortran order");
  refused({"--query-vectors", two, kReviews}, "expected no texts and no files besides");
  refused({"--query-vectors", two, "-t", "x"}, "expected no texts and no files besides");
  refused({"--pairs", kReviews, "--shard", "0/2"}, "--pairs and --shard exclude each other");
  refused({"--pairs", kReviews, "--corpus", kEnglish}, "excludes");
  refused({kReviews, "--threshold", "1.5"}, "--threshold");
  refused({kReviews, "--top-k", "0"}, "--top-k");
  // The output would take the place of what is searched.
  refused({"--corpus", bad, kReviews, "-o", bad, "-f", "jsonl"}, "is what --corpus reads");
  refused({"--corpus-vectors", two, kReviews, "-o", two, "-f", "jsonl"},
          "-o: " + two + " is what --corpus-vectors reads; expected another file");
  refused({"--query-vectors", two, "-o", two, "-f", "jsonl"}, "is what --query-vectors reads");
  refused({"--corpus-vectors", two, kReviews, "--index", two}, "--index: " + two + " is what");
  CHECK(read_file(two) == whole);
}

}  // namespace
}  // namespace convbert::test
