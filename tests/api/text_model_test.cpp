#include "api/text_model.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "support/npz.h"

namespace convbert {
namespace {

namespace fs = std::filesystem;

constexpr double kTolerance = 2e-5;

const fs::path kCases = fs::path(CONVBERT_TEST_DATA) / "models";
const fs::path kMini = fs::path(CONVBERT_SOURCE_DIR) / "models/convbert-mini";

// What the reference makes of a model's texts.
struct Reference {
  std::vector<std::string> texts;
  std::vector<std::vector<std::int32_t>> ids;
  std::map<std::string, test::Array> arrays;

  const test::Array& of(std::size_t text, const std::string& name) const {
    return arrays.at(concat("i", text, ".", name));
  }
};

Reference reference(const std::string& name) {
  Reference result;
  std::ifstream lines(kCases / name / "cases.jsonl");
  for (std::string line; std::getline(lines, line);) {
    const Json row = Json::parse(line);
    if (row.contains("text_pair")) continue;
    if (row["i"].get<std::size_t>() != result.texts.size()) break;
    result.texts.push_back(row["text"].get<std::string>());
    result.ids.push_back(row["ids"].get<std::vector<std::int32_t>>());
  }
  result.arrays = test::read_npz(kCases / name / "expected.npz");
  REQUIRE(result.texts.size() > 3);
  return result;
}

void check_close(std::span<const float> found, std::span<const float> expected) {
  REQUIRE(found.size() == expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (!(difference <= largest)) largest = difference;
  }
  CHECK(largest <= kTolerance);
}

// One layer of a set of maps.
std::span<const float> layer_of(const MapSet& set, std::size_t layer) {
  const std::size_t size = set.values.size() / set.layers.size();
  return std::span(set.values).subspan(layer * size, size);
}

void check_throws(ErrorKind kind, std::string_view part, const std::function<void()>& call) {
  std::string message = "nothing";
  try {
    call();
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    message = error.what();
  }
  INFO(message);
  CHECK(message.find(part) != std::string::npos);
}

TEST_CASE("tokens, labels and maps are the reference's") {
  for (const std::string name : {"convbert-classify", "bert-classify", "electra-classify"}) {
    INFO(name);
    const Reference expected = reference(name);
    const TextModel model = TextModel::open(kCases / name);
    const std::vector<Encoding> encodings = model.encode(expected.texts);
    const std::vector<TokenVectors> tokens = model.embed_tokens(expected.texts);
    const std::vector<Classification> labels = model.classify(expected.texts);
    const std::vector<TextMaps> maps = model.attention(expected.texts);
    for (std::size_t i = 0; i < expected.texts.size(); ++i) {
      INFO("text ", i);
      CHECK(encodings[i].ids == expected.ids[i]);
      check_close(tokens[i].values, expected.of(i, "layer1").values);
      CHECK(tokens[i].tokens.size() == expected.ids[i].size());
      check_close(labels[i].logits, expected.of(i, "logits").values);
      REQUIRE(maps[i].sets.size() == (model.config().convolution ? 2 : 1));
      CHECK(maps[i].labels == tokens[i].tokens);
      for (std::size_t layer = 0; layer < 2; ++layer) {
        check_close(layer_of(maps[i].sets[0], layer),
                    expected.of(i, concat("attention", layer)).values);
        if (!model.config().convolution) continue;
        check_close(layer_of(maps[i].sets[1], layer),
                    expected.of(i, concat("conv_kernel", layer)).values);
      }
    }
  }
}

TEST_CASE("vectors of texts are the reference's") {
  const Reference expected = reference("convbert-mini");
  const TextVectors vectors =
      TextModel::open(kMini).embed(expected.texts, {.pooling = Pooling::mean, .normalize = true});
  for (std::size_t i = 0; i < expected.texts.size(); ++i) {
    check_close(vectors.vector(i), expected.of(i, "embedding").values);
  }
}

TEST_CASE("labels have the model's names, and the best comes first") {
  const TextModel model = TextModel::open(kMini);
  CHECK(model.problem_type() == ProblemType::single_label);
  const auto results = model.classify(
      {"A warm, funny and quietly brilliant film.", "Two hours of explosions and not one idea."});
  REQUIRE(results.size() == 2);
  CHECK(model.labels()[results[0].order.front()] == "positive");
  CHECK(model.labels()[results[1].order.front()] == "negative");
  CHECK(results[0].scores[0] + results[0].scores[1] == doctest::Approx(1));
  CHECK(results[0].scores[results[0].order[0]] > results[0].scores[results[0].order[1]]);
}

TEST_CASE("a text's result is the same alone, in any batch and with any threads, to the last bit") {
  const Reference cases = reference("convbert-classify");
  const TextModel alone = TextModel::open(kCases / "convbert-classify", {.threads = 1});
  for (const TextModelOptions& options :
       {TextModelOptions{.threads = 1}, TextModelOptions{.threads = 3, .batch_tokens = 50},
        TextModelOptions{.threads = 2, .batch_tokens = 1}}) {
    const TextModel model = TextModel::open(kCases / "convbert-classify", options);
    const TextVectors vectors = model.embed(cases.texts);
    const auto tokens = model.embed_tokens(cases.texts);
    const auto labels = model.classify(cases.texts);
    const auto maps = model.attention(cases.texts);
    for (std::size_t i = 0; i < cases.texts.size(); ++i) {
      const std::string& text = cases.texts[i];
      INFO("text ", i);
      CHECK(std::ranges::equal(vectors.vector(i), alone.embed({text}).values));
      CHECK(tokens[i].values == alone.embed_tokens({text})[0].values);
      CHECK(labels[i].logits == alone.classify({text})[0].logits);
      const TextMaps lone = alone.attention({text})[0];
      for (std::size_t set = 0; set < lone.sets.size(); ++set) {
        CHECK(maps[i].sets[set].values == lone.sets[set].values);
      }
    }
  }
}

TEST_CASE("threads share a model") {
  const Reference cases = reference("convbert-classify");
  const TextModel model = TextModel::open(kCases / "convbert-classify", {.threads = 2});
  const TextVectors vectors = model.embed(cases.texts);
  const auto labels = model.classify(cases.texts);
  std::vector<int> equal(4);
  {
    std::vector<std::jthread> callers;
    for (int& result : equal) {
      callers.emplace_back([&] {
        for (int round = 0; round < 5; ++round) {
          const auto found = model.classify(cases.texts);
          bool same = model.embed(cases.texts).values == vectors.values;
          for (std::size_t i = 0; i < found.size(); ++i) {
            same = same && found[i].logits == labels[i].logits;
          }
          result += same ? 1 : 0;
        }
      });
    }
  }
  CHECK(equal == std::vector<int>{5, 5, 5, 5});
}

TEST_CASE("texts come as strings, views, literals and pairs") {
  const TextModel model = TextModel::open(kCases / "convbert-plain");
  const std::vector<std::string> strings{"hello", "one two"};
  const std::vector<std::string_view> views{strings.begin(), strings.end()};
  const std::vector<Text> texts{strings[0], {strings[1], "three"}};
  CHECK(model.embed(strings).values == model.embed(views).values);
  CHECK(model.embed(strings).values == model.embed({"hello", "one two"}).values);

  const std::vector<Encoding> pairs = model.encode(texts);
  CHECK(pairs[0].type_ids == std::vector<std::int32_t>(pairs[0].size(), 0));
  CHECK(pairs[1].type_ids.back() == 1);
  CHECK(model.encode({{"one two", "three"}})[0].ids == pairs[1].ids);
  CHECK(model.embed(std::vector<std::string>{}).values.empty());
  CHECK(model.attention(std::vector<Text>{}).empty());
}

TEST_CASE("the limit of the sentence configuration is that of vectors alone") {
  const TextModel model = TextModel::open(kMini);
  std::string text;
  for (int i = 0; i < 300; ++i) text += "dog ";
  const std::int64_t limit = 302 - model.embed({text}).truncated.front();
  CHECK(limit < 302);
  CHECK(model.embed_tokens({text}).front().tokens.size() == static_cast<std::size_t>(limit));
  CHECK(model.classify({text}).front().truncated == 0);
  CHECK(model.encode({text}).front().size() == 302);

  const TextModel limited = TextModel::open(kMini, {.max_length = 300});
  CHECK(limited.embed({text}).truncated.front() == 2);
  CHECK(limited.classify({text}).front().truncated == 2);
}

TEST_CASE("vectors of a layer, and of fewer dimensions") {
  const Reference expected = reference("convbert-plain");
  const TextModel model = TextModel::open(kCases / "convbert-plain");
  const std::string& text = expected.texts[0];
  check_close(model.embed_tokens({text}, {.layer = 0})[0].values,
              expected.of(0, "embeddings").values);
  check_close(model.embed_tokens({text}, {.layer = -2})[0].values, expected.of(0, "layer0").values);
  const TextVectors whole = model.embed({text}, {.normalize = false});
  const TextVectors part = model.embed({text}, {.normalize = false, .dim = 3});
  CHECK(part.dim == 3);
  CHECK(part.values == std::vector<float>(whole.values.begin(), whole.values.begin() + 3));
  // What is kept has length 1, and points where it did.
  std::vector<float> normal(whole.values.begin(), whole.values.begin() + 3);
  normalize(normal);
  CHECK(model.embed({text}, {.normalize = true, .dim = 3}).values == normal);
  // The model's own step, where it has one, comes before.
  const TextModel mini = TextModel::open(kMini);
  const TextVectors of_model = mini.embed({text});
  CHECK(mini.embed({text}, {.dim = 3}).values ==
        std::vector<float>(of_model.values.begin(), of_model.values.begin() + 3));
}

TEST_CASE("maps of some layers and heads, of words") {
  const TextModel model = TextModel::open(kMini);
  MapRequest request;
  request.types = {MapType::rollout, MapType::attention};
  request.words = true;
  request.selection = {{3}, {1, 0}};
  const TextMaps maps = model.attention({"The ferry leaves unexpectedly."}, request).front();
  CHECK(maps.has_words);
  REQUIRE(maps.sets.size() == 2);
  CHECK(maps.sets[0].heads.empty());
  CHECK(maps.sets[1].layers == std::vector<std::int64_t>{3});
  CHECK(maps.sets[1].heads == std::vector<std::int64_t>{1, 0});
  CHECK(maps.sets[1].rows == static_cast<std::int64_t>(maps.labels.size()));
}

TEST_CASE("requests that the model cannot meet name the option") {
  const TextModel model = TextModel::open(kCases / "bert-plain");
  const auto attention = [&](const std::vector<MapType>& types, const MapSelection& selection) {
    MapRequest request;
    request.types = types;
    request.selection = selection;
    return [&model, request] { model.attention({"hello"}, request); };
  };
  check_throws(ErrorKind::usage, "layer: expected 0 (the embeddings) to 2, found 3",
               [&] { model.embed({"hello"}, {.layer = 3}); });
  MapRequest before_the_text;
  before_the_text.from = -1;
  check_throws(ErrorKind::usage, "from: expected 0 or more, found -1",
               [&] { model.attention({"hello"}, before_the_text); });
  check_throws(ErrorKind::usage, "dim: expected 1 to 32",
               [&] { model.embed({"hello"}, {.dim = 33}); });
  check_throws(ErrorKind::usage, "sequence classification", [&] { model.classify({"hello"}); });
  check_throws(ErrorKind::usage, "types: conv: this model has no convolution",
               attention({MapType::conv}, {}));
  check_throws(ErrorKind::usage, "selection.layers: expected 0 to 1, found 2",
               attention({}, {{2}, {}}));
  check_throws(ErrorKind::usage, "selection.heads: expected each once, found 1 again",
               attention({}, {{}, {1, 1}}));
  check_throws(ErrorKind::usage, "max_length: expected 2 to 512",
               [] { TextModel::open(kCases / "bert-plain", {.max_length = 513}); });
  check_throws(ErrorKind::usage, "threads: expected 0 or more",
               [] { TextModel::open(kCases / "bert-plain", {.threads = -1}); });
}

TEST_CASE("a text that cannot be used is named") {
  const TextModel model = TextModel::open(kCases / "convbert-plain");
  check_throws(ErrorKind::input, "text 1: invalid UTF-8 at byte 1", [&] {
    model.embed({"hello", "h\xFFllo"});
  });
  check_throws(ErrorKind::input, "text 0: invalid UTF-8 at byte 0", [&] {
    model.encode({{"hello", "\x80"}});
  });
  MapRequest far;
  far.from = 100;
  check_throws(ErrorKind::input, "text 0: ", [&] { model.attention({"hello"}, far); });
  const TextModel strict = TextModel::open(kCases / "convbert-plain",
                                           {.max_length = 4, .truncation = Truncation::error});
  check_throws(ErrorKind::input, "text 2: ", [&] {
    strict.embed({"a", "", "one two three four five six"});
  });
}

// A range whose iterators give `Reference`, as std::views::transform makes one of a function that
// returns it.
template <class Reference>
struct RangeOf {
  struct Iterator {
    using iterator_concept = std::forward_iterator_tag;
    using value_type = std::remove_cvref_t<Reference>;
    using difference_type = std::ptrdiff_t;
    Reference operator*() const;
    Iterator& operator++();
    Iterator operator++(int);
    bool operator==(const Iterator&) const;
  };
  Iterator begin() const { return {}; }
  Iterator end() const { return {}; }
};
static_assert(std::ranges::forward_range<const RangeOf<std::string>>);
static_assert(std::convertible_to<std::vector<std::string>, Texts>);
static_assert(std::convertible_to<std::span<const std::string>, Texts>);
static_assert(std::convertible_to<std::vector<std::string_view>, Texts>);
static_assert(std::convertible_to<std::vector<const char*>, Texts>);
static_assert(std::convertible_to<std::array<Text, 2>, Texts>);
static_assert(std::convertible_to<RangeOf<const std::string&>, Texts>);
static_assert(std::convertible_to<RangeOf<std::string_view>, Texts>);
static_assert(std::convertible_to<RangeOf<const char*>, Texts>);
static_assert(std::convertible_to<RangeOf<Text>, Texts>);
// It would look at strings that are gone.
static_assert(!std::constructible_from<Texts, RangeOf<std::string>>);
static_assert(!std::constructible_from<Texts, RangeOf<const std::string>>);

TEST_CASE("a vocabulary that is larger than the model's embeddings is refused") {
  const fs::path folder = fs::temp_directory_path() / "convbert_api_test";
  fs::remove_all(folder);
  fs::copy(kCases / "convbert-plain", folder, fs::copy_options::recursive);
  fs::permissions(folder / "vocab.txt", fs::perms::owner_write, fs::perm_options::add);
  std::ofstream(folder / "vocab.txt", std::ios::app) << "onemore\nandmore\n";
  check_throws(ErrorKind::format, "the vocabulary has 902 tokens",
               [&] { TextModel::open(folder); });
  fs::remove_all(folder);
}

}  // namespace
}  // namespace convbert
