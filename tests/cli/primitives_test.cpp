// oneDNN's primitives run the attention and convolution layers: counted in what oneDNN itself says.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "support/process.h"

namespace convbert::test {
namespace {

// One primitive that ran, of a line "onednn_verbose,...,exec,cpu,KIND,KERNEL,...,SHAPES,TIME".
struct Execution {
  std::string kind;
  std::string line;
};

std::vector<Execution> executions(const std::vector<std::string>& arguments) {
  const ProcessResult result = run_convbert(arguments, {.environment = {{"ONEDNN_VERBOSE", "1"}}});
  REQUIRE(result.status == 0);
  const std::string mark = ",exec,cpu,";
  std::vector<Execution> found;
  for (const std::string& line : split_lines(result.out)) {
    const std::size_t at = line.find(mark);
    if (!line.starts_with("onednn_verbose") || at == std::string::npos) continue;
    const std::size_t begin = at + mark.size();
    const std::string kind = line.substr(begin, line.find(',', begin) - begin);
    // Some versions call it softmax_v2.
    found.push_back({kind.starts_with("softmax") ? "softmax" : kind, line});
  }
  return found;
}

std::map<std::string, int> kinds_of(const std::vector<Execution>& executions) {
  std::map<std::string, int> kinds;
  for (const Execution& execution : executions) ++kinds[execution.kind];
  return kinds;
}

int count_with(const std::vector<Execution>& executions, const std::string& kind,
               const std::string& text) {
  int count = 0;
  for (const Execution& execution : executions) {
    count += execution.kind == kind && execution.line.find(text) != std::string::npos;
  }
  return count;
}

// What a text alone runs: what a second batch adds, for loading may run products as well, to
// compare kernels.
class OfOneText {
 public:
  explicit OfOneText(const std::vector<std::string>& command) {
    one_ = executions(with(command, {"-t", "hello"}));
    two_ = executions(with(command, {"-t", "hello", "-t", "hello", "--max-batch-tokens", "3"}));
  }

  int count(const std::string& kind, const std::string& text = "") const {
    return count_with(two_, kind, text) - count_with(one_, kind, text);
  }
  // Linear layers are matmul, or convolutions of width 1 where that is faster.
  int products() const { return count("matmul") + count("convolution"); }

 private:
  std::vector<Execution> one_;
  std::vector<Execution> two_;
};

TEST_CASE("every layer of a ConvBERT is oneDNN's work") {
  constexpr int kLayers = 4;
  for (const char* precision : {"f32", "bf16", "int8"}) {
    const OfOneText ran({"embed", "--precision", precision});
    INFO(precision);
    // Of attention and of the generated kernels.
    CHECK(ran.count("softmax") == 2 * kLayers);
    // After attention, after feed forward; and after the embeddings.
    CHECK(ran.count("layer_normalization") == 2 * kLayers + 1);
    // The activation: a primitive, or the end of the product before it, in bf16.
    CHECK(ran.count("eltwise") + ran.count("matmul", "eltwise_gelu_erf") == kLayers);
    // Span key times query.
    CHECK(ran.count("binary") == kLayers);
    // Depthwise: as many groups as channels.
    CHECK(ran.count("convolution", "g256") == kLayers);
    // Four projections, Q K^T, P V, depthwise, pointwise, kernels, output, and the two of feed
    // forward; and the embeddings' projection.
    CHECK(ran.products() == 12 * kLayers + 1);
    CHECK(ran.count("matmul") >= 2 * kLayers);
  }
}

TEST_CASE("every layer of a BERT is oneDNN's work") {
  const OfOneText ran({"embed", "-m", CONVBERT_TEST_DATA "/models/bert-plain"});
  const int layers = ran.count("eltwise");
  CHECK(layers > 0);
  CHECK(ran.count("softmax") == layers);
  CHECK(ran.count("layer_normalization") == 2 * layers + 1);
  CHECK(ran.products() == 8 * layers);
  CHECK(ran.count("binary") == 0);
}

TEST_CASE("attention is one product a sequence, for all heads, whatever else is in the batch") {
  const auto ran = executions({"embed", "-t", "one", "-t", "two and three", "-t", "a b c d e f"});
  auto kinds = kinds_of(ran);
  constexpr int kLayers = 4;
  constexpr int kSequences = 3;
  // Of attention, and of the generated kernels: the latter once a layer and batch, as activations
  // are. The texts are one batch or, where a worker is quicker than the reader, several.
  CHECK(kinds["eltwise"] % kLayers == 0);
  CHECK(kinds["softmax"] == kLayers * kSequences + kinds["eltwise"]);
  CHECK(count_with(ran, "convolution", "g256") == kLayers * kSequences);
}

}  // namespace
}  // namespace convbert::test
