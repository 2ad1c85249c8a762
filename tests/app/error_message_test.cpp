#include "cli/error_message.h"

#include <doctest/doctest.h>

namespace convbert::app {
namespace {

TEST_CASE("an error of an option names the flag") {
  const Error error(ErrorKind::usage, OptionName{"max_length"}, ": expected 2 to 512, found 1");
  CHECK(std::string(error.what()) == "max_length: expected 2 to 512, found 1");
  CHECK(message_of(error) == "--max-length: expected 2 to 512, found 1");
}

TEST_CASE("an error that only begins like an option stays as it is") {
  CHECK(message_of(Error(ErrorKind::usage, "dim: a file of that name")) ==
        "dim: a file of that name");
  CHECK(message_of(Error(ErrorKind::usage, OptionName{"batch_tokens"}, ": expected 1 or more")) ==
        "batch_tokens: expected 1 or more");
}

}  // namespace
}  // namespace convbert::app
