// --precision: what changes, and what does not.
#include <doctest/doctest.h>

#include <cmath>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

const std::string kTexts =
    "A warm, funny and quietly brilliant film.\nTwo hours of explosions and not one idea.\n"
    "short\nThe committee adjourned at noon because the heating in the old hall had failed.\n";

std::vector<std::vector<double>> vectors(const std::vector<std::string>& flags) {
  std::vector<std::string> arguments{"embed"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  const ProcessResult result = run_convbert(arguments, {.input = kTexts});
  REQUIRE(result.status == 0);
  std::vector<std::vector<double>> rows;
  for (const std::string& line : split_lines(result.out)) {
    rows.push_back(Json::parse(line)["embedding"].get<std::vector<double>>());
  }
  return rows;
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

TEST_CASE("narrow precisions stay near, and auto is f32") {
  const auto exact = vectors({"--precision", "f32"});
  CHECK(vectors({}) == exact);
  CHECK(vectors({"--precision", "auto"}) == exact);
  for (const auto& expected : {std::pair("bf16", 0.99999), std::pair("int8", 0.9995)}) {
    const char* name = expected.first;
    const double least = expected.second;
    const auto narrow = vectors({"--precision", name});
    CHECK(narrow != exact);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      INFO(name, ", text ", i);
      CHECK(cosine(exact[i], narrow[i]) > least);
    }
  }
}

TEST_CASE("in every precision a result depends on its text alone") {
  // Of many lengths: the last rows of a batch and of a text go by tiles of every height.
  const std::string texts = read_file(CONVBERT_SOURCE_DIR "/data/english.txt");
  for (const char* precision : {"f32", "bf16", "int8"}) {
    const std::vector<std::string> base{"embed", "--precision", precision};
    const std::string whole = run_convbert(base, {.input = texts}).out;
    for (const std::vector<std::string>& flags : {std::vector<std::string>{"--threads", "1"},
                                                  {"--max-batch-tokens", "1"},
                                                  {"--threads", "3", "--max-batch-tokens", "20"}}) {
      std::vector<std::string> arguments = base;
      arguments.insert(arguments.end(), flags.begin(), flags.end());
      INFO(precision);
      CHECK(run_convbert(arguments, {.input = texts}).out == whole);
    }
  }
}

}  // namespace
}  // namespace convbert::test
