// The line that is shown while a run lasts.
#include "run/progress.h"

#include <doctest/doctest.h>

namespace convbert::app {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("of an input whose size is known: how much, how fast, how long still") {
  CHECK(progress_lines({.records = 1234,
                        .tokens = 50'000,
                        .seconds = 10,
                        .input = {.bytes = 250, .total_bytes = 1000}}) ==
        Lines{"[######..................] 25%  1,234 records  5,000 tokens/s  0:30 left",
              "25%  1,234 records  5,000 tokens/s  0:30 left", "25%  1,234 records  0:30 left",
              "25%  0:30 left", "25%"});
}

TEST_CASE("of a pipe: how many and how fast") {
  CHECK(progress_lines(
            {.records = 1, .tokens = 5, .seconds = 1, .input = {.bytes = 9, .total_bytes = {}}}) ==
        Lines{"1 record  5 tokens/s", "1 record"});
}

TEST_CASE("what an earlier run had read does not make this one faster") {
  const Lines lines = progress_lines({.records = 900,
                                      .tokens = 100,
                                      .seconds = 10,
                                      .input = {.bytes = 800, .total_bytes = 1000},
                                      .resumed_bytes = 700});
  CHECK(lines.back() == "80%");
  CHECK(lines[3] == "80%  0:20 left");
}

}  // namespace
}  // namespace convbert::app
