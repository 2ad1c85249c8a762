// Words, ranges and derived maps against NumPy, computed independently from the definitions.
#include "attention/text_maps.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "attention/sample_maps.h"
#include "core/error.h"

namespace convbert {
namespace {

const std::vector<TokenText> kTexts = {{"[CLS]"}, {"un"},  {"##der", 2},
                                       {"x"},     {"##s"}, {"[SEP]"}};  // "##s" stands for itself

MapRequest request(std::vector<MapType> types) {
  MapRequest request;
  request.types = std::move(types);
  request.selection = {{0, 1}, {0, 1}};
  return request;
}

TextMaps make(const AttentionMaps& maps, const MapRequest& request) {
  return text_maps_of(maps, request.needed(2), request, kTexts);
}

void check_row(std::span<const float> map, std::int64_t columns, std::int64_t row,
               const std::vector<double>& expected) {
  REQUIRE(static_cast<std::int64_t>(expected.size()) == columns);
  for (std::int64_t j = 0; j < columns; ++j) {
    INFO("row ", row, ", column ", j);
    CHECK(map[static_cast<std::size_t>(row * columns + j)] ==
          doctest::Approx(expected[static_cast<std::size_t>(j)]).epsilon(1e-5));
  }
}

TEST_CASE("kernels as maps of all tokens, and what is beyond the ends") {
  const TextMaps text = make(sample_maps(), request({MapType::conv_map}));
  const MapSet& set = text.sets.front();
  CHECK(set.columns == kTokens);
  check_row(set.map(1), kTokens, 0, {0.5454545, 0.1818182, 0, 0, 0, 0});
  check_row(set.map(1), kTokens, 5, {0, 0, 0, 0, 0.4375, 0.1875});
  check_row(set.outside_of(1), 2, 0, {0.2727273, 0});
  check_row(set.outside_of(1), 2, 5, {0, 0.375});
  check_row(set.outside_of(1), 2, 2, {0, 0});
}

TEST_CASE("words: columns of pieces are summed, rows averaged") {
  MapRequest words = request({MapType::attention, MapType::conv_map, MapType::mixed});
  words.words = true;
  const TextMaps text = make(sample_maps(), words);
  CHECK(text.labels == std::vector<std::string>{"[CLS]", "under", "x", "##s", "[SEP]"});
  CHECK(text.has_words);
  check_row(text.sets[0].map(2), 5, 1, {0.2011494, 0.3058748, 0.2835249, 0.1404853, 0.0689655});
  check_row(text.sets[0].map(2), 5, 4, {0.25, 0.25, 0.15625, 0.03125, 0.3125});
  check_row(text.sets[1].map(1), 5, 1, {0.0416667, 0.7660256, 0.1923077, 0, 0});
  check_row(text.sets[1].outside_of(1), 2, 0, {0.2727273, 0});
  CHECK(text.sets[2].maps() == 2);
  CHECK(text.sets[2].rows == 5);
}

TEST_CASE("a range of tokens is cut out, not rescaled") {
  MapRequest part = request({MapType::attention, MapType::conv, MapType::conv_map});
  const TextMaps whole = make(sample_maps(), part);
  part.from = 2;
  part.to = 4;
  const TextMaps text = make(sample_maps(), part);
  CHECK(text.first == 2);
  CHECK(text.length == 6);
  CHECK(text.labels == std::vector<std::string>{"##der", "x", "##s"});
  for (std::size_t s = 0; s < 3; ++s) {
    const MapSet& all = whole.sets[s];
    const MapSet& cut = text.sets[s];
    CHECK(cut.rows == 3);
    CHECK(cut.columns == 3);
    for (std::int64_t row = 0; row < 3; ++row) {
      for (std::int64_t column = 0; column < cut.columns; ++column) {
        const std::int64_t from = all.is_band() ? column : column + 2;
        CHECK(cut.map(3)[static_cast<std::size_t>(row * cut.columns + column)] ==
              all.map(3)[static_cast<std::size_t>((row + 2) * all.columns + from)]);
      }
    }
  }
  part.to = 100;  // the last there is
  CHECK(make(sample_maps(), part).labels.size() == 4);
  part.from = 6;
  CHECK_THROWS_WITH_AS(make(sample_maps(), part),
                       "from 6: the text has 6 tokens, special tokens included, counted from 0",
                       Error);
}

TEST_CASE("norms weigh columns") {
  AttentionMaps maps = sample_maps();
  for (int map = 0; map < 4; ++map) {
    for (int j = 0; j < kTokens; ++j) {
      maps.value_norms.push_back(static_cast<float>(map == 1 ? j + 1 : 0));
      maps.kernel_value_norms.push_back(2);
    }
  }
  const MapRequest norms = request({MapType::attention_norm, MapType::conv_norm});
  CHECK(norms.needs_norms());
  const TextMaps text = make(maps, norms);
  check_row(text.sets[0].map(1), kTokens, 2,
            {0.1891892, 0.3783784, 0.8108108, 0.4324324, 0, 1.4594595});
  check_row(text.sets[1].map(1), kTokens, 0, {1.090909, 0.3636364, 0, 0, 0, 0});
  CHECK(text.sets[1].outside.empty());  // the values there are zero
}

TEST_CASE("maps of whole layers need all heads and all layers before") {
  MapRequest rollout = request({MapType::rollout});
  rollout.selection = {{1}, {0}};
  CHECK(rollout.needed(2).layers == std::vector<std::int64_t>{0, 1});
  CHECK(rollout.needed(2).heads == std::vector<std::int64_t>{0, 1});
  const TextMaps text = make(sample_maps(), rollout);
  CHECK(text.sets[0].maps() == 1);
  check_row(text.sets[0].map(0), kTokens, 5,
            {0.1139353, 0.07563986, 0.08222383, 0.08144532, 0.2346664, 0.4120892});
}

TEST_CASE("some layers and heads of maps, in any order") {
  AttentionMaps maps = sample_maps();
  MapRequest request;
  request.types = {MapType::attention, MapType::conv, MapType::mixed, MapType::attention};
  request.selection = {{1, 0}, {1}};
  const TextMaps text = text_maps_of(maps, {{0, 1}, {0, 1}}, request, kTexts);
  for (const std::int64_t layer : {0, 1}) {
    for (std::int64_t i = 0; i < kTokens; ++i) {
      const auto row = [&](std::size_t set) {
        const std::int64_t columns = text.sets[set].columns;
        return text.sets[set].map(1 - layer).subspan(static_cast<std::size_t>(i * columns),
                                                     static_cast<std::size_t>(columns));
      };
      CHECK(std::ranges::equal(row(0), maps.attention_row(layer, 1, i)));
      CHECK(std::ranges::equal(row(1), maps.kernel_row(layer, 1, i)));
      CHECK(std::ranges::equal(row(3), maps.attention_row(layer, 1, i)));
    }
  }
}

TEST_CASE("all of the attention moves, and is not held twice") {
  AttentionMaps maps = sample_maps();
  const std::vector<float> attention = maps.attention;
  const float* address = maps.attention.data();
  MapRequest request;
  request.types = {MapType::mixed, MapType::attention, MapType::conv};
  request.selection = {{0, 1}, {0, 1}};
  const TextMaps text = text_maps_of(std::move(maps), {{0, 1}, {0, 1}}, request, kTexts);
  CHECK(text.sets[1].values == attention);
  CHECK(text.sets[1].values.data() == address);
}

}  // namespace
}  // namespace convbert
