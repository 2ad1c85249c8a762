// Vocabularies that the reference trainer has learnt from the sample data, token for token.
#include <doctest/doctest.h>

#include "core/json.h"
#include "support/process.h"
#include "text/word_counter.h"
#include "text/word_splitter.h"
#include "text/wordpiece_trainer.h"

namespace convbert {
namespace {

std::vector<std::string> learn(const Json& asked) {
  const NormalizerOptions options{.lowercase = asked["lowercase"]};
  const AsciiRules rules(options);
  WordSplitter splitter(options, rules);
  WordCounter counter(WordCounter::kMostBytes);
  for (const std::string file : asked["files"]) {
    for (const std::string& line :
         test::split_lines(test::read_file(CONVBERT_SOURCE_DIR "/data/" + file))) {
      splitter.split(line, 0, [&](const Word& word) { counter.add(word.bytes); });
    }
  }
  return *learn_wordpieces(std::move(counter),
                           {.size = asked["size"],
                            .min_frequency = asked["min_frequency"],
                            .limit_alphabet = asked["limit_alphabet"]},
                           [](std::size_t) { return true; });
}

TEST_CASE("a vocabulary is learnt as the reference learns it") {
  int cases = 0;
  for (const std::string& line :
       test::split_lines(test::read_file(CONVBERT_TEST_DATA "/vocabulary/cases.jsonl"))) {
    const Json expected = Json::parse(line);
    CAPTURE(cases);
    CHECK(learn(expected) == expected["tokens"].get<std::vector<std::string>>());
    ++cases;
  }
  CHECK(cases == 5);
}

}  // namespace
}  // namespace convbert
