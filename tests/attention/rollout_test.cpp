// Mixed maps and rollout against NumPy, computed independently from the definitions.
#include "attention/rollout.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "attention/sample_maps.h"
#include "core/error.h"

namespace convbert {
namespace {

void check_row(const std::vector<float>& maps, std::int64_t layer, std::int64_t query,
               const std::vector<double>& expected) {
  for (std::int64_t j = 0; j < kTokens; ++j) {
    INFO("layer ", layer, ", row ", query, ", column ", j);
    CHECK(maps[static_cast<std::size_t>((layer * kTokens + query) * kTokens + j)] ==
          doctest::Approx(expected[static_cast<std::size_t>(j)]).epsilon(1e-5));
  }
}

TEST_CASE("a layer's map is the mean of its heads, kernels standing as bands") {
  const AttentionMaps maps = sample_maps();
  const std::vector<float> mixed = mixed_maps(maps, MixedHeads::all);
  check_row(mixed, 1, 0, {0.4002976, 0.203869, 0.06283069, 0.0734127, 0.07804233, 0.04761905});
  check_row(mixed, 1, 3, {0.09722222, 0.09722222, 0.2487374, 0.214315, 0.215767, 0.1267361});
  check_row(mixed_maps(maps, MixedHeads::attention_only), 0, 2,
            {0.1612613, 0.1612613, 0.2518018, 0.07072072, 0.1333333, 0.2216216});
}

TEST_CASE("rollout multiplies layers, residuals and ends of the text included") {
  const AttentionMaps maps = sample_maps();
  const std::vector<float> rollout = attention_rollout(mixed_maps(maps, MixedHeads::all), kTokens);
  check_row(rollout, 0, 5, {0.04152824, 0.04152824, 0.07198228, 0.0110742, 0.2274825, 0.6064046});
  check_row(rollout, 1, 5, {0.1139353, 0.07563986, 0.08222383, 0.08144532, 0.2346664, 0.4120892});
  check_row(rollout, 1, 2, {0.09158796, 0.1841945, 0.4092702, 0.1860174, 0.06827564, 0.06065432});
  check_row(attention_rollout(mixed_maps(maps, MixedHeads::attention_only), kTokens), 1, 4,
            {0.1350631, 0.1202953, 0.1398451, 0.1250311, 0.3611548, 0.1186106});
  CHECK_THROWS_AS(attention_rollout(rollout, 5), Error);
}

}  // namespace
}  // namespace convbert
