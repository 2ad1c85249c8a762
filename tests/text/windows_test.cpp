// Windows of a long text, cut one at a time.
#include "text/windows.h"

#include <doctest/doctest.h>

#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "text/tokenizer.h"

namespace convbert {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr std::int32_t kCls = 1;
constexpr std::int32_t kSep = 2;

// Each word of the first text is token 3, 4, ...; of the second 100, 101, ...
Encoding encoding_of(std::size_t first, std::optional<std::size_t> second) {
  Encoding encoding;
  const auto add = [&](std::int32_t id, std::uint8_t sequence, std::uint8_t special) {
    encoding.ids.push_back(id);
    encoding.type_ids.push_back(sequence);
    encoding.sequence.push_back(special != 0 ? std::uint8_t{0} : sequence);
    encoding.special_mask.push_back(special);
    const auto at = static_cast<std::uint32_t>(encoding.size());
    encoding.offsets.push_back({at, at + 1});
  };
  const auto add_text = [&](std::int32_t id, std::size_t count, std::uint8_t sequence) {
    for (std::size_t i = 0; i < count; ++i) add(id + static_cast<std::int32_t>(i), sequence, 0);
    add(kSep, sequence, 1);
  };
  add(kCls, 0, 1);
  add_text(3, first, 0);
  if (second) add_text(100, *second, 1);
  return encoding;
}

std::vector<Ids> ids_of(const Encoding& whole, const WindowOptions& options) {
  const Windows windows(whole, options);
  std::vector<Ids> all;
  for (std::size_t i = 0; i < windows.size(); ++i) all.push_back(windows.cut(whole, i).ids);
  return all;
}

TEST_CASE("a text that is short enough is one window, as it is") {
  const Encoding whole = encoding_of(4, std::nullopt);
  CHECK(ids_of(whole, {.max_length = 6, .overlap = 5}) == std::vector<Ids>{whole.ids});
  CHECK(Windows(whole, {.max_length = 6, .overlap = 5}).tokens(whole) == 6);
  CHECK(Windows().size() == 1);
  CHECK(Windows().cut(whole, 0).offsets == whole.offsets);
  CHECK(Windows().tokens(whole) == 6);
}

TEST_CASE("windows overlap, with special tokens around each") {
  const Encoding whole = encoding_of(7, std::nullopt);
  CHECK(ids_of(whole, {.max_length = 5, .overlap = 1}) ==
        std::vector<Ids>{{1, 3, 4, 5, 2}, {1, 5, 6, 7, 2}, {1, 7, 8, 9, 2}});
  CHECK(ids_of(whole, {.max_length = 6, .overlap = 0}) ==
        std::vector<Ids>{{1, 3, 4, 5, 6, 2}, {1, 7, 8, 9, 2}});
}

TEST_CASE("of a pair the second text is cut, and the first goes before each") {
  const Encoding whole = encoding_of(2, 4);
  CHECK(ids_of(whole, {.max_length = 7, .overlap = 1}) ==
        std::vector<Ids>{
            {1, 3, 4, 2, 100, 101, 2}, {1, 3, 4, 2, 101, 102, 2}, {1, 3, 4, 2, 102, 103, 2}});
}

TEST_CASE("every list is cut alike, every token is in a window, and all are counted") {
  for (std::size_t length = 1; length < 40; length += 2) {
    for (std::int64_t limit = 6; limit < 20; limit += 3) {
      for (std::int64_t overlap = 0; overlap < limit - 5; ++overlap) {
        const Encoding whole = encoding_of(2, length);
        const Windows windows(whole, {.max_length = limit, .overlap = overlap});
        std::int64_t tokens = 0;
        std::int32_t next = 100;
        for (std::size_t i = 0; i < windows.size(); ++i) {
          const Encoding window = windows.cut(whole, i);
          tokens += std::ssize(window.ids);
          CHECK(std::ssize(window.ids) <= limit);
          REQUIRE(window.offsets.size() == window.ids.size());
          REQUIRE(window.special_mask.size() == window.ids.size());
          for (std::size_t t = 0; t < window.size(); ++t) {
            if (window.ids[t] < 100) continue;
            CHECK(window.sequence[t] == 1);
            CHECK(window.type_ids[t] == 1);
            CHECK(window.special_mask[t] == 0);
            CHECK(window.offsets[t].begin == static_cast<std::uint32_t>(window.ids[t] - 100 + 5));
            if (window.ids[t] == next) ++next;
          }
        }
        CHECK(next == 100 + static_cast<std::int32_t>(length));
        CHECK(windows.tokens(whole) == tokens);
      }
    }
  }
}

TEST_CASE("windows that could not move on are refused") {
  const Encoding whole = encoding_of(2, 30);
  std::string message;
  try {
    const Windows windows(whole, {.max_length = 10, .overlap = 5});
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::input);
    message = error.what();
  }
  CHECK(message ==
        "windows of 10 tokens overlap by 5, and 5 tokens go around each: no room is left "
        "to move on");
}

}  // namespace
}  // namespace convbert
