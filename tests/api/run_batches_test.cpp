#include "api/run_batches.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>

namespace convbert {
namespace {

std::vector<Encoding> encodings_of(const std::vector<std::int64_t>& lengths) {
  std::vector<Encoding> encodings;
  for (const std::int64_t length : lengths) {
    Encoding& encoding = encodings.emplace_back();
    encoding.ids.assign(static_cast<std::size_t>(length), 7);
    encoding.type_ids.assign(static_cast<std::size_t>(length), 0);
  }
  return encodings;
}

std::vector<std::int64_t> packed(const std::vector<std::int64_t>& lengths, std::int64_t most,
                                 int threads) {
  std::vector<std::int64_t> sequences;
  std::size_t next = 0;
  for (const TextBatch& texts : pack_texts(encodings_of(lengths), lengths, most, threads)) {
    CHECK(texts.first == next);
    next += static_cast<std::size_t>(texts.batch.sequences());
    sequences.push_back(texts.batch.sequences());
  }
  CHECK(next == lengths.size());
  return sequences;
}

using Sequences = std::vector<std::int64_t>;

TEST_CASE("texts are packed in order up to a number of tokens") {
  CHECK(packed({}, 10, 1) == Sequences{});
  CHECK(packed({4, 4, 4, 4}, 10, 1) == Sequences{2, 2});
  CHECK(packed({5, 5, 1}, 10, 1) == Sequences{2, 1});
}

TEST_CASE("a text that is heavier than a batch may be is a batch alone") {
  CHECK(packed({3, 40, 3, 3}, 10, 1) == Sequences{1, 1, 2});
}

TEST_CASE("few texts are shared out among the threads") {
  CHECK(packed({4, 4, 4, 4}, 100, 2) == Sequences{2, 2});
  CHECK(packed({4, 4, 4, 4}, 100, 16) == Sequences{1, 1, 1, 1});
}

std::vector<TextBatch> single_texts(int count) {
  const std::vector<std::int64_t> lengths(static_cast<std::size_t>(count), 2);
  return pack_texts(encodings_of(lengths), lengths, 1, 1);
}

TEST_CASE("each batch is computed once, whatever the threads") {
  WorkspacePool pool;
  for (const int threads : {1, 3, 50}) {
    std::vector<std::atomic<int>> visits(20);
    run_batches(single_texts(20), threads, pool,
                [&](const TextBatch& texts, Workspace&) { ++visits[texts.first]; });
    for (const auto& count : visits) CHECK(count == 1);
  }
  run_batches({}, 4, pool, [](const TextBatch&, Workspace&) { FAIL("there is no batch"); });
}

TEST_CASE("a failure ends the run; of several the first batch's is thrown") {
  WorkspacePool pool;
  for (const int threads : {1, 4}) {
    std::atomic<int> computed = 0;
    std::string message;
    try {
      run_batches(single_texts(1000), threads, pool, [&](const TextBatch& texts, Workspace&) {
        ++computed;
        if (texts.first >= 5) throw std::runtime_error(std::to_string(texts.first));
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK(message == "5");
    CHECK(computed < 100);
  }
}

}  // namespace
}  // namespace convbert
