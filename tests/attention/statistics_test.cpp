// Statistics of attention maps against NumPy, computed independently from the definitions.
#include "attention/statistics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "attention/sample_maps.h"
#include "core/error.h"

namespace convbert {
namespace {

const std::vector<TokenKind> kKinds = {{.is_cls = true},         {}, {},
                                       {.is_punctuation = true}, {}, {.is_sep = true}};

void check_means(const Figures& sums, const Figures& expected) {
  for (std::size_t i = 0; i < kFigures; ++i) {
    INFO(kFigureNames[i]);
    CHECK(sums[i] / kTokens == doctest::Approx(expected[i]).epsilon(1e-5));
  }
}

TEST_CASE("every figure of rows and kernels, and of uniform weights") {
  const TextStatistics text = statistics_of(sample_maps(), kKinds, 1);
  CHECK(text.rows == kTokens);
  REQUIRE(text.attention.size() == 4);
  REQUIRE(text.kernels.size() == 4);
  check_means(text.attention[3].figures,
              {1.530248, 1.876297, -0.1079224, 0.4461913, 0.1900801, 0.05975961, 0.1963517,
               0.2153152, 0.151468, 0.19073, 0, 0.3244436});
  check_means(text.attention[0].figures,
              {1.535399, 2.085697, 0.06057947, 0.3956704, 0.1701432, 0.1483752, 0.077152, 0.1889763,
               0.1943233, 0.1624517, 0, 0.3208775});
  check_means(text.kernels[1].figures,
              {0.9788599, 0.5011898, -0.004838915, 0.8920455, 0.3908557, 0.2530143, 0.2481754,
               0.104798, 0.05208333, 0.1891026, 0.1079545, 0.5254711});
  check_means(text.uniform_attention.figures,
              {1.791759, 1.944444, 0, 0.4444444, 0.1666667, 0.1388889, 0.1388889, 0.1666667,
               0.1666667, 0.1666667, 0, 0.1666667});
  check_means(text.uniform_kernel.figures,
              {1.098612, 0.5555556, 0, 0.8888889, 0.3333333, 0.2777778, 0.2777778, 0.1111111,
               0.1111111, 0.1666667, 0.1111111, 0.3333333});
}

TEST_CASE("uniform weights have no offset at all") {
  constexpr std::size_t kOffset = 2;
  for (const std::int64_t length : {2, 7, 49, 100}) {
    const AttentionMaps maps(1, 1, length, 9);
    const std::vector<TokenKind> kinds(static_cast<std::size_t>(length));
    const TextStatistics text = statistics_of(maps, kinds, 1);
    CHECK(text.uniform_attention.figures[kOffset] == 0.0);
    CHECK(text.uniform_kernel.figures[kOffset] == 0.0);
  }
}

TEST_CASE("a corpus's mean weighs rows, and its interval is that of the mean of texts") {
  constexpr std::size_t kEntropy = 0;
  std::mt19937 generator(5);
  std::normal_distribution<double> normal(3.0, 1.0);
  CorpusStatistics corpus(1, 1, false);
  double sum = 0;
  double rows = 0;
  constexpr int kTexts = 400;
  for (int t = 0; t < kTexts; ++t) {
    TextStatistics text;
    text.rows = 10;
    text.attention.resize(1);
    text.attention[0].figures[kEntropy] = 10 * normal(generator);
    text.uniform_attention.figures[kEntropy] = 20;
    sum += text.attention[0].figures[kEntropy];
    rows += 10;
    corpus.add(text);
  }
  const HeadStatistics head = corpus.head(MapKind::attention, 0, 0);
  const Estimate& estimate = head.figures[kEntropy];
  CHECK(corpus.texts() == kTexts);
  CHECK(estimate.mean == doctest::Approx(sum / rows));
  CHECK(head.uniform[kEntropy] == doctest::Approx(2.0));
  // The standard error of a mean of 400 is 0.05, so 95 % lie within about 0.1 of it.
  CHECK(estimate.low == doctest::Approx(estimate.mean - 0.098).epsilon(0.01));
  CHECK(estimate.high == doctest::Approx(estimate.mean + 0.098).epsilon(0.01));
}

TEST_CASE("a corpus refuses a text with other heads") {
  CorpusStatistics corpus(1, 2, false);
  TextStatistics text;
  text.rows = 1;
  text.attention.resize(1);
  CHECK_THROWS_AS(corpus.add(text), Error);
  CHECK_THROWS_AS(statistics_of(sample_maps(), std::span(kKinds).first(5), 1), Error);
}

TEST_CASE("heads are named by what they mostly do") {
  const auto pattern = [](std::string_view figure, double value, double uniform_value) {
    Figures means{};
    Figures uniform{};
    means.front() = 1.0;  // entropy
    uniform.front() = 2.0;
    const auto index =
        static_cast<std::size_t>(std::ranges::find(kFigureNames, figure) - kFigureNames.begin());
    means[index] = value;
    uniform[index] = uniform_value;
    return pattern_of(means, uniform);
  };
  CHECK(pattern("previous", 0.4, 0.1) == "previous");
  CHECK(pattern("next", 0.6, 0.1) == "next");
  CHECK(pattern("self", 0.5, 0.1) == "self");
  CHECK(pattern("sep", 0.5, 0.1) == "separator");
  CHECK(pattern("cls", 0.7, 0.1) == "separator");
  CHECK(pattern("punctuation", 0.4, 0.1) == "delimiter");
  CHECK(pattern("window", 0.7, 0.3) == "diagonal");
  CHECK(pattern("window", 0.7, 0.6) == "mixed");
  CHECK(pattern("entropy", 1.9, 2.0) == "broad");
  CHECK(pattern("entropy", 1.0, 2.0) == "mixed");
}

}  // namespace
}  // namespace convbert
