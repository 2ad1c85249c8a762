#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <locale>
#include <numeric>
#include <string>
#include <vector>

#include "core/batch.h"
#include "core/byte_reader.h"
#include "core/cancel.h"
#include "core/dtype.h"
#include "core/error.h"
#include "core/json.h"
#include "core/model_files.h"
#include "core/tensor.h"
#include "core/threads.h"
#include "core/utf8.h"
#include "core/workspace.h"
#include "support/process.h"

namespace convbert {
namespace {

TEST_CASE("UTF-8: what is well-formed, byte by byte (Unicode Standard, table 3-7)") {
  // Every sequence of up to three bytes against a decoder written from the definition.
  const auto expected_length = [](const unsigned char* b, std::size_t size) -> std::size_t {
    const auto tail = [&](std::size_t i) { return i < size && b[i] >= 0x80 && b[i] <= 0xBF; };
    if (b[0] <= 0x7F) return 1;
    if (b[0] >= 0xC2 && b[0] <= 0xDF) return tail(1) ? 2 : 0;
    if (b[0] >= 0xE0 && b[0] <= 0xEF && tail(1) && tail(2)) {
      const char32_t c = (b[0] & 0xFu) << 12 | (b[1] & 0x3Fu) << 6 | (b[2] & 0x3Fu);
      return c >= 0x800 && (c < 0xD800 || c > 0xDFFF) ? 3 : 0;
    }
    return 0;
  };
  int disagreements = 0;
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      for (const unsigned third : {0x00u, 0x41u, 0x7Fu, 0x80u, 0xA0u, 0xBFu, 0xC0u, 0xFFu}) {
        const unsigned char bytes[3] = {static_cast<unsigned char>(first),
                                        static_cast<unsigned char>(second),
                                        static_cast<unsigned char>(third)};
        std::size_t good = 0;
        while (good < 3) {
          const std::size_t length = expected_length(bytes + good, 3 - good);
          if (length == 0) break;
          good += length;
        }
        const std::string text(reinterpret_cast<const char*>(bytes), 3);
        disagreements += find_invalid_utf8(text) != (good == 3 ? kValidUtf8 : good);
      }
    }
  }
  CHECK(disagreements == 0);
  CHECK(find_invalid_utf8("\xF4\x8F\xBF\xBF") == kValidUtf8);
  CHECK(find_invalid_utf8("\xF4\x90\x80\x80") == 0);
  CHECK(find_invalid_utf8("\xF0\x8F\xBF\xBF") == 0);
  CHECK(find_invalid_utf8("12345678\xF0\x9F\x98") == 8);
}

TEST_CASE("UTF-8: every scalar value goes in and comes out") {
  int wrong = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, c);
    std::size_t position = 0;
    wrong += find_invalid_utf8(text) != kValidUtf8 || decode_utf8(text, position) != c ||
             position != text.size() || static_cast<int>(text.size()) != utf8_length(c);
  }
  CHECK(wrong == 0);
  CHECK(replace_invalid_utf8("a\xFF\xED\xA0\x80z") ==
        "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
}

TEST_CASE("half-precision floats widen exactly") {
  CHECK(float16_to_float(0x3C00) == 1.0f);
  CHECK(float16_to_float(0xC000) == -2.0f);
  CHECK(float16_to_float(0x7BFF) == 65504.0f);
  CHECK(float16_to_float(0x0001) == 0x1p-24f);
  CHECK(float16_to_float(0x03FF) == 1023 * 0x1p-24f);
  CHECK(float16_to_float(0x0400) == 0x1p-14f);
  CHECK(std::signbit(float16_to_float(0x8000)));
  CHECK(float16_to_float(0xFC00) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(float16_to_float(0x7E00)));
  CHECK(bfloat16_to_float(0x3F80) == 1.0f);
  CHECK(bfloat16_to_float(0xC049) == -3.140625f);
}

TEST_CASE("widening checks type and size") {
  const std::array<double, 2> doubles{0.1, -2.0};
  std::array<float, 2> floats{};
  widen_to_float(DType::f64, std::as_bytes(std::span(doubles)), floats);
  CHECK(floats[0] == 0.1f);
  CHECK_THROWS_AS(widen_to_float(DType::f64, std::as_bytes(std::span(doubles)).first(15), floats),
                  Error);
  CHECK_THROWS_AS(widen_to_float(DType::i64, std::as_bytes(std::span(doubles)), floats), Error);
}

TEST_CASE("sizes of shapes do not overflow") {
  CHECK(element_count({}) == 1);
  CHECK(element_count({2, 3, 4}) == 24);
  CHECK(element_count({std::int64_t{1} << 40, 0, std::int64_t{1} << 40}) == 0);
  CHECK_FALSE(element_count({std::int64_t{1} << 40, std::int64_t{1} << 40}));
  CHECK_FALSE(element_count({-1}));
  CHECK_FALSE(element_count({0, -1}));
  CHECK(to_string(Shape{2, 3}) == "[2, 3]");
}

TEST_CASE("a reader of bytes never leaves them") {
  const std::string text = "\x01\x02\x03\nrest";
  ByteReader reader(std::as_bytes(std::span(text)), "file");
  CHECK(reader.read<std::uint16_t>() == 0x0201);
  CHECK(reader.read_line() == "\x03");
  CHECK(reader.remaining() == 4);
  CHECK_THROWS_WITH_AS(reader.read<std::uint64_t>(),
                       "file: ends early: expected 8 bytes at position 4, found 4", Error);
  CHECK_THROWS_AS(reader.read_line(), Error);
  CHECK_THROWS_AS(reader.take(std::numeric_limits<std::uint64_t>::max()), Error);
  CHECK(reader.read_text(4) == "rest");
}

TEST_CASE("the elements of a JSON array stand as they are in the text") {
  using Elements = std::vector<std::string_view>;
  const auto split = [](std::string_view text) {
    Elements elements;
    CHECK(split_json_array(text, {}, elements) == "");
    return elements;
  };
  CHECK(split(R"( [1.10 , 1e999,"a,]",[2,3] , {"k":[4]}] )") ==
        Elements{"1.10", "1e999", R"("a,]")", "[2,3]", R"({"k":[4]})"});
  CHECK(split("[ ]").empty());
  CHECK(split(R"({"k":[4]})").empty());
  Elements elements;
  CHECK(split_json_array("[1,", {}, elements) != "");
}

TEST_CASE("JSON is bounded before it is built") {
  CHECK(check_json("{\"a\":[1,2.5,1e999,\"x\"]}") == "");
  CHECK(check_json("") != "");
  CHECK(check_json("{} {}") != "");
  CHECK(check_json("[[[]]]", {.depth = 3, .values = 10}) == "");
  CHECK(check_json("[[[[]]]]", {.depth = 3, .values = 10}) == "JSON nested deeper than 3 levels");
  CHECK(check_json("[1,2,3,4]", {.depth = 3, .values = 3}) == "JSON with more than 3 values");
  CHECK_THROWS_AS(parse_json("[1e999]", "file"), Error);
  const Json object = parse_json(R"({"n":3,"s":"t","b":true,"x":null,"f":1.5})", "file");
  CHECK(json_integer(object, "n", 7, "file") == 3);
  CHECK(json_integer(object, "x", 7, "file") == 7);
  CHECK(json_integer(object, "missing", 7, "file") == 7);
  CHECK_THROWS_WITH_AS(json_integer(object, "f", 7, "file"),
                       "file: \"f\": expected an integer, found 1.5", Error);
  CHECK_THROWS_WITH_AS(json_bool(object, "s", true, "file"),
                       "file: \"s\": expected true or false, found \"t\"", Error);
}

TEST_CASE("a workspace gives memory back in frames and stops allocating") {
  Workspace workspace;
  float* first = nullptr;
  for (int round = 0; round < 3; ++round) {
    const Workspace::Frame frame(workspace);
    float* a = workspace.floats(100'000);
    float* b = nullptr;
    {
      const Workspace::Frame inner(workspace);
      b = workspace.floats(300'000);
      b[299'999] = 1.0f;
    }
    CHECK(workspace.floats(7) == b);  // the inner frame's memory again
    CHECK(reinterpret_cast<std::uintptr_t>(a) % 64 == 0);
    std::fill_n(a, 100'000, 1.0f);
    if (round == 1) first = a;
    if (round == 2) CHECK(a == first);
  }
}

TEST_CASE("the sequences of a batch by length, those of one length in their order") {
  Batch batch;
  CHECK(batch.by_length().empty());
  for (const std::size_t length : {3, 1, 2, 1, 3}) {
    batch.append(std::vector<std::int32_t>(length), std::vector<std::int32_t>(length));
  }
  CHECK(batch.by_length() == std::vector<std::int64_t>{1, 3, 2, 0, 4});
}

TEST_CASE("model files stay inside their directory") {
  const test::TemporaryFolder folder;
  folder.write("model/a.json", "{}");
  folder.write("outside", "secret");
  const ModelFiles files = ModelFiles::directory(folder.path("model"));
  CHECK(files.contains("a.json"));
  CHECK_FALSE(files.contains("../outside"));
  CHECK(files.open("a.json").text() == "{}");
  CHECK_THROWS_AS(files.open("../outside"), Error);
  CHECK_THROWS_AS(files.open(folder.path("outside")), Error);
  CHECK_THROWS_AS(files.open(std::string_view("a.json\0x", 8)), Error);
  CHECK_THROWS_AS(ModelFiles::directory(folder.path("none")), Error);

  const std::string content = "text";
  const EmbeddedFile embedded[] = {{"sub/b.txt", std::as_bytes(std::span(content))}};
  const ModelFiles built_in = ModelFiles::embedded("name", embedded);
  CHECK(built_in.subdirectory("sub").open("b.txt").text() == "text");
  CHECK(built_in.path_of("sub/b.txt") == "name/sub/b.txt");
  CHECK_THROWS_AS(built_in.open("c.txt"), Error);
}

TEST_CASE("a text that is cut while it is parsed is no text, whatever was made of it") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("a.txt", std::string(10'000, 'x'));
  const ModelFiles files = ModelFiles::directory(folder.path());
  const auto size = [](std::string_view text) { return text.size(); };
  CHECK(files.parsed("a.txt", size) == 10'000);
  const auto refused = [&](auto parse) {
    try {
      files.parsed("a.txt", parse);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::system);
      CHECK(std::string(error.what()).find("was cut short while it was in use") !=
            std::string::npos);
    }
  };
  refused([&](std::string_view text) {
    std::filesystem::resize_file(path, 4096);
    return text.size();
  });
  refused([&](std::string_view text) -> std::size_t {
    std::filesystem::resize_file(path, text.size() - 1);
    throw Error(ErrorKind::format, "a.txt: not valid JSON");
  });
}

TEST_CASE("an empty file maps to no bytes, a folder not at all") {
  const test::TemporaryFolder folder;
  CHECK(MappedFile(folder.write("empty", "")).bytes().empty());
  CHECK_THROWS_AS(MappedFile{folder.path()}, Error);
  CHECK_THROWS_AS(MappedFile{"/dev/zero"}, Error);
}

TEST_CASE("subnormals are flushed while the guard lives") {
  volatile float small = std::numeric_limits<float>::min();
  {
    const FlushDenormals guard;
    volatile float half = small / 2;
    CHECK(half == 0.0f);
  }
  volatile float half = small / 2;
  CHECK(half > 0.0f);
}

// What a host's locale may do to numbers.
struct GroupedDigits : std::numpunct<char> {
  char do_thousands_sep() const override { return ','; }
  std::string do_grouping() const override { return "\3"; }
};

TEST_CASE("numbers in texts follow no locale") {
  const std::locale before =
      std::locale::global(std::locale(std::locale::classic(), new GroupedDigits));
  const std::string text = concat(23'040'000, " ", 1234.5);
  std::locale::global(before);
  CHECK(text == "23040000 1234.5");
}

TEST_CASE("messages are one line of bounded length") {
  CHECK(printable("a\nb\tc\x7F") == "a?b?c?");
  CHECK(printable(std::string(500, 'x')).size() == 123);
  CHECK(printable("\xC3\xA9\xC3\xA9", 3) == "\xC3\xA9...");
}

TEST_CASE("nothing that a terminal obeys is printable") {
  CHECK(printable("\x1b[31mred\x1b[0m") == "?[31mred?[0m");
  CHECK(printable("\xC2\x9B"
                  "31m") == "?31m");  // CSI, as C1 has it
  CHECK(printable("\x9B"
                  "31m\xFF") == "?31m?");  // and as a lone byte
  CHECK(printable("a\xE2\x80\xAE"
                  "b\xE2\x81\xA6") == "a?b?");  // RLO, LRI
  CHECK(printable("a\xE2\x80\xA8"
                  "b") == "a?b");  // LINE SEPARATOR
  CHECK(printable("na\xC3\xAFve \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x99\x82") ==
        "na\xC3\xAFve \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x99\x82");
  CHECK(printable_lines("a\n\tb\r\x1b]0;x\x07\n") == "a\n\tb??]0;x?\n");
  CHECK(printable_lines(std::string(500, 'x')).size() == 500);
}

TEST_CASE("a cancel token is seen and wakes") {
  CancelToken token;
  CHECK_FALSE(token.requested());
  token.request();
  token.request();
  CHECK(token.requested());
}

}  // namespace
}  // namespace convbert
