// `convbert bench`: what it measures with, what it reports, what it refuses. Speeds themselves are
// no test's business.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

const std::string kModels = std::string(CONVBERT_TEST_DATA) + "/models/";

// One object of a run that takes no longer than it must.
Json bench(std::vector<std::string> flags) {
  flags.insert(flags.begin(), {"bench", "--format", "json", "--seconds", "0"});
  const ProcessResult result = run_convbert(flags);
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(result.err == "");
  return Json::parse(result.out);
}

void check_refused(std::vector<std::string> flags, const std::string& reason) {
  flags.insert(flags.begin(), "bench");
  test::check_refused(run_convbert(flags), reason);
}

TEST_CASE("everything is measured, in units that fit together") {
  const Json report = bench({"--lengths", "4,9,4", "--threads", "1,2"});
  CHECK(report["model"] == "convbert-mini");
  CHECK(report["precision"].is_string());
  CHECK(report["load_ms"] > 0);
  REQUIRE(report["throughput"].size() == 2);
  CHECK(report["throughput"][1]["threads"] == 2);
  for (const Json& row : report["throughput"]) {
    const double seconds = row["pass_ms"].get<double>() / 1e3;
    const double passes = row["threads"].get<double>() / seconds;
    CHECK(row["passes"] >= 3);
    CHECK(row["tokens_per_second"].get<double>() == doctest::Approx(17 * passes).epsilon(1e-4));
    CHECK(row["texts_per_second"].get<double>() == doctest::Approx(3 * passes).epsilon(1e-4));
    const double flops = report["workload"]["flops"].get<double>();
    CHECK(row["gflops"].get<double>() == doctest::Approx(flops * passes / 1e9).epsilon(1e-4));
    const auto peak = std::ranges::find_if(report["peaks"], [&](const Json& one) {
      return one["precision"] == report["precision"] && one["threads"] == row["threads"];
    });
    REQUIRE(peak != report["peaks"].end());
    CHECK(row["share_of_peak"].get<double>() ==
          doctest::Approx(row["gflops"].get<double>() / (*peak)["gflops"].get<double>())
              .epsilon(1e-4));
  }
  double shares = 0;
  for (const Json& part : report["parts"]) shares += part["share"].get<double>();
  CHECK(report["parts"].size() == 6);
  CHECK(shares == doctest::Approx(1.0).epsilon(1e-4));
  REQUIRE(report["latency"].size() == 2);
  CHECK(report["latency"][1]["threads"] == 2);
  CHECK(report["latency"][0]["tokens"] == 4);
  CHECK(report["latency"][0]["p90_ms"] >= report["latency"][0]["median_ms"]);
  CHECK(report["tokenizer"].size() == 2);
  for (const Json& sample : report["tokenizer"]) CHECK(sample["mb_per_second"] > 0);
}

TEST_CASE("useful work, counted by hand") {
  const auto flops = [](const std::string& model, const std::string& lengths) {
    const Json report =
        bench({"-m", kModels + model, "--lengths", lengths, "--measure", "latency"});
    return report["workload"]["flops"].get<std::int64_t>();
  };
  // ConvBERT: hidden 32, embedding 16, inner 64 in 2 groups, 2 heads of 8, kernel 9, 3 layers. Of
  // 3 tokens the embedding projection is 2*3*16*32 = 3,072. In each layer four projections are
  // 8*3*32*16 = 12,288, the span 2*3*32*9 + 2*3*32*16 = 4,800, kernels 2*3*16*18 = 1,728 and their
  // use 2*3*16*9 = 864, attention 4*3*3*16 = 576, its output 2*3*32*32 = 6,144, feed forward
  // 4*3*32*64/2 = 12,288: 38,688 in all.
  CHECK(flops("convbert-groups", "3,3") == 2 * (3'072 + 3 * 38'688));
  // ELECTRA: the same without convolution and groups, 2 layers, 2 tokens: 2*2*16*32 = 2,048; in
  // each layer 8*2*32*32 + 4*2*2*32 + 4*2*32*64 = 33,280.
  CHECK(flops("electra-plain", "2,2") == 2 * (2'048 + 2 * 33'280));
}

TEST_CASE("what is measured with") {
  const auto workload = [](const std::vector<std::string>& flags) {
    std::vector<std::string> all{"-m", kModels + "bert-plain", "--measure", "tokenizer"};
    all.insert(all.end(), flags.begin(), flags.end());
    return bench(all)["workload"];
  };
  CHECK(workload({"--lengths", "7,1,2"})["lengths"] == Json({7, 1, 2}));
  const Json one = workload({"--lengths", "10", "--batch-tokens", "35"});
  CHECK(one["texts"] == 6);  // two batches of three
  CHECK(one["tokens"] == 60);
  const Json mixed = workload({"--lengths", "mixed"});
  CHECK(mixed["texts"] == 256);
  CHECK(mixed["tokens"] == 9499);
  CHECK(mixed["clipped"] == 0);
  const Json cut = workload({"--lengths", "600,5"});
  CHECK(cut["lengths"] == Json({512, 5}));
  CHECK(cut["clipped"] == 1);
}

TEST_CASE("published shapes need no model") {
  const Json report = bench({"--shape", "electra-small", "--lengths", "4", "--batch-tokens", "8"});
  CHECK(report["model"] == "electra-small with random weights");
  CHECK(report["load_ms"].is_null());
  CHECK(report["parts"].size() == 5);  // no convolution
  CHECK(report["tokenizer"].empty());
}

TEST_CASE("a table for people, in a file if they wish") {
  const std::vector<std::string> flags{"bench", "--seconds", "0", "--lengths", "3,5"};
  const ProcessResult table = run_convbert(flags);
  CHECK(table.status == 0);
  CHECK(table.out.starts_with("convbert-mini: convbert, 4 layers, hidden 256; "));
  for (const char* part : {"tokens/s", "feed forward", "one text of 5 tokens", "MB/s", "loaded"}) {
    INFO(part);
    CHECK(table.out.find(part) != std::string::npos);
  }
  const TemporaryFolder folder;
  std::vector<std::string> to_file = flags;
  to_file.insert(to_file.end(), {"-o", folder.path("table")});
  CHECK(run_convbert(to_file).out == "");
  CHECK(read_file(folder.path("table")).starts_with("convbert-mini: "));
}

TEST_CASE("what cannot be measured is refused") {
  const std::string lengths = "--lengths: expected mixed, a number of tokens or a list";
  for (const char* wrong : {"0", "-3", "1,,2", "12x", "", "1,"}) {
    check_refused({"--lengths", wrong}, lengths);
  }
  check_refused({"--shape", "gpt2"}, "--shape: gpt2 not in");
  check_refused({"--shape", "bert-base", "-m", "x"}, "excludes");
  check_refused({"--measure", "luck"}, "luck");
  check_refused({"--threads", "-1"}, "--threads");
  check_refused({"--threads", "1,x"}, "--threads");
  check_refused({"--batch-tokens", "0"}, "--batch-tokens");
  check_refused({"--seconds", "-1"}, "--seconds");
  check_refused({"--precision", "f8"}, "f8");
  check_refused({"-m", "no/such"}, "no/such");
  check_refused({"a.txt"}, "a.txt");
}

}  // namespace
}  // namespace convbert::test
