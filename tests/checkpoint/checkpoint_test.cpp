#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/pickle.h"
#include "checkpoint/stored_tensor.h"
#include "checkpoint/torch_checkpoint.h"
#include "core/error.h"

namespace convbert {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST_CASE("strided tensors come out in row-major order") {
  const std::array<float, 6> stored{0, 1, 2, 3, 4, 5};  // 2 x 3
  const auto bytes = std::as_bytes(std::span(stored));
  const auto read = [&](Shape shape, Shape strides) {
    const StoredTensor tensor{DType::f32, shape, strides, bytes};
    std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
    tensor.copy_to(values);
    return values;
  };
  CHECK(read({2, 3}, {3, 1}) == std::vector<float>{0, 1, 2, 3, 4, 5});
  CHECK(read({3, 2}, {1, 3}) == std::vector<float>{0, 3, 1, 4, 2, 5});
  CHECK(read({2, 2}, {0, 2}) == std::vector<float>{0, 2, 0, 2});
  CHECK(read({}, {}) == std::vector<float>{0});
  CHECK(read({2, 0}, {1, 1}).empty());
  CHECK(StoredTensor{DType::f32, {1, 3}, {99, 1}, bytes}.is_contiguous());
  CHECK_FALSE(StoredTensor{DType::f32, {3, 2}, {1, 3}, bytes}.is_contiguous());
}

// `program` must outlive the result.
Pickle unpickle(const std::string& program) {
  ByteReader reader(bytes_of(program), "file");
  return read_pickle(reader, "file");
}

std::string refusal(const std::string& program) {
  try {
    unpickle(program);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::format);
    return error.what();
  }
  return "accepted";
}

TEST_CASE("the stack machine keeps to its rules") {
  const std::string program = std::string("\x80\x02}(X\x01\0\0\0", 9) + "aK\x07X" +
                              std::string("\x01\0\0\0", 4) + "bJ\xff\xff\xff\xffu.";
  const Pickle dict = unpickle(program);
  const auto& entries = std::get<PickledValue::Dict>(dict.at(dict.root).value).keys_and_values;
  REQUIRE(entries.size() == 4);
  CHECK(std::get<std::string_view>(dict.at(entries[0]).value) == "a");
  CHECK(std::get<std::int64_t>(dict.at(entries[1]).value) == 7);
  CHECK(std::get<std::int64_t>(dict.at(entries[3]).value) == -1);
}

TEST_CASE("programs that break them are refused") {
  const auto contains = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  CHECK(contains(refusal(""), "ends early"));
  CHECK(contains(refusal("\x80\x02"), "ends early"));
  CHECK(contains(refusal("\x80\x02."), "empty stack"));
  CHECK(contains(refusal("\x80\x01N."), "protocol 1"));
  CHECK(contains(refusal("\x80\x09N."), "protocol 9"));
  CHECK(contains(refusal("0."), "opcode 48"));
  CHECK(contains(refusal("h\x05."), "recalls a value that it never stored"));
  CHECK(contains(refusal("q\x05."), "empty stack"));
  CHECK(contains(refusal("t."), "mark that was not set"));
  CHECK(contains(refusal("}(Nu."), "a key without a value"));
  CHECK(contains(refusal("N(NNu."), "where a dictionary belongs"));
  CHECK(contains(refusal("NNR."), "where a function belongs"));
  CHECK(contains(refusal("NQ."), "a storage's description"));
  CHECK(contains(refusal("X\xff\xff\xff\xff."), "a string of 4294967295 bytes"));
  CHECK(contains(refusal("\x8a\x09"
                         "123456789."),
                 "an integer beyond 64 bits"));
  CHECK(contains(refusal("ctorch._utils\n_rebuild_tensor_v2\n)R."), "with 0 arguments"));
  CHECK(contains(refusal("ccollections\nOrderedDict\n(NtR."), "a list of pairs"));
  CHECK(contains(refusal("N\x86."), "empty stack"));
  CHECK(contains(refusal("Nb."), "empty stack"));
  CHECK(contains(refusal("NNb."), "where a dictionary belongs"));
}

TEST_CASE("a tensor without elements may have any other dimensions") {
  constexpr std::int64_t kLarge = INT64_MAX;
  const StoredTensor tensor{
      DType::f32, {0, kLarge, kLarge}, row_major_strides({0, kLarge, kLarge}), {}};
  CHECK(tensor.elements() == 0);
  CHECK(tensor.is_contiguous());
  CHECK_NOTHROW(tensor.copy_to({}));
  // A stride that nothing steps by is not added up.
  const std::array<float, 2> stored{1, 2};
  const StoredTensor ones{DType::f32, {2, 1}, {1, kLarge}, std::as_bytes(std::span(stored))};
  std::array<float, 2> values{};
  ones.copy_to(values);
  CHECK(values == stored);
}

TEST_CASE("depth and cycles do no harm") {
  // A list that holds itself, and a tuple in a tuple in a tuple ...
  CHECK_NOTHROW(unpickle(std::string("]q\0h\0a.", 7)));
  CHECK_NOTHROW(unpickle(")" + std::string(100'000, '\x85') + "."));
  // Containers that grow through recalled values alone.
  const std::string grow = std::string("]q\0(", 4) + [] {
    std::string recalls;
    for (int i = 0; i < 4000; ++i) recalls += std::string("h\0", 2);
    return recalls;
  }() + "e";
  std::string program;
  for (int i = 0; i < 2500; ++i) program += grow;
  CHECK(refusal(program + ".").find("values of more than") != std::string::npos);
}

TEST_CASE("what a pickle makes this program keep is bounded") {
  const auto times = [](int count, const std::string& part) {
    std::string whole;
    for (int i = 0; i < count; ++i) whole += part;
    return whole;
  };
  const auto is_refused = [](const std::string& program) {
    return refusal(program).find("values of more than 33554432 bytes") != std::string::npos;
  };
  const std::string long_text = std::string("X\0\xff\0\0", 5) + std::string(0xff00, 'k');
  CHECK(is_refused(times(1'000'000, "}") + "."));  // dictionaries
  CHECK(is_refused(times(600, long_text) + "."));  // text
  CHECK_NOTHROW(unpickle(times(500, long_text) + "."));
  CHECK(refusal("N" + times(2'000'000, std::string("q\0h\0", 4)) + ".").find("stack grows") !=
        std::string::npos);
  // As many storages under one long key, and as many tensors, as the file names, from memory.
  const auto text = [](const std::string& value) {
    return std::string("X") + static_cast<char>(value.size()) + std::string(3, '\0') + value;
  };
  const std::string storage = "(" + text("storage") + "ctorch\nFloatStorage\n" +
                              text(std::string(100, '7')) + text("cpu") + std::string("K\0tq\0", 5);
  CHECK(is_refused(storage + times(1'000'000, std::string("h\0Q", 3)) + "."));
  CHECK(refusal("(" + text("storage") + "ctorch\nFloatStorage\n" + long_text + text("cpu") +
                std::string("K\0tQ.", 5))
            .find("names a storage in 65280 bytes") != std::string::npos);
}

// A legacy checkpoint with one tensor "w" of the given shape and strides over `elements` floats.
std::string legacy(const std::string& offset, const std::string& shape, const std::string& strides,
                   char elements) {
  const auto text = [](const std::string& value) {
    return std::string("X") + static_cast<char>(value.size()) + std::string(3, '\0') + value;
  };
  const std::string storage = "(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") +
                              text("cpu") + "K" + elements + "NtQ";
  const std::string tensor =
      "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + shape + strides + "\x89)tR";
  std::string file("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  file += std::string("\x80\x02M\xe9\x03.", 6) + "\x80\x02}.";
  file += "\x80\x02}" + text("w") + tensor + "s.";
  file += "\x80\x02](" + text("0") + "e.";
  file += std::string(1, elements) + std::string(7, '\0');
  return file + std::string(static_cast<std::size_t>(elements) * 4, '\1');
}

TEST_CASE("a tensor's view lies inside its storage") {
  const auto tensors_of = [](const std::string& file) {
    REQUIRE(looks_like_torch_legacy(bytes_of(file)));
    return read_torch_legacy(bytes_of(file), "file");
  };
  const std::string good = legacy(std::string("K\0", 2), "K\2K\3\x86", "K\3K\1\x86", 6);
  CHECK(tensors_of(good).at("w").shape == Shape{2, 3});
  CHECK(tensors_of(legacy("K\1", "K\5\x85", "K\1\x85", 6)).at("w").bytes.size() == 20);
  const std::string bad[] = {
      legacy("K\1", "K\2K\3\x86", "K\3K\1\x86", 6),                          // one too far
      legacy("J\xff\xff\xff\xff", "K\2\x85", "K\1\x85", 6),                  // a negative offset
      legacy(std::string("K\0", 2), "J\xff\xff\xff\xff\x85", "K\1\x85", 6),  // a negative size
      legacy(std::string("K\0", 2), "K\2\x85", "J\xff\xff\xff\xff\x85", 6),  // a negative stride
      legacy(std::string("K\0", 2), "K\2\x85", ")", 6),  // fewer strides than sizes
      legacy(std::string("K\0", 2), "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85",
             "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85", 6),  // overflow
  };
  for (const std::string& file : bad) CHECK_THROWS_AS(tensors_of(file), Error);
  // More elements than are stored: rows that are one and the same.
  CHECK_NOTHROW(
      tensors_of(legacy(std::string("K\0", 2), "K\2K\3\x86", std::string("K\0K\1\x86", 5), 6)));
  CHECK_THROWS_AS(
      tensors_of(legacy(std::string("K\0", 2), "K\3K\3\x86", std::string("K\0K\1\x86", 5), 6)),
      Error);
  for (std::size_t size = 16; size < good.size(); ++size) {
    const std::string cut = good.substr(0, size);
    CHECK_THROWS_AS(read_torch_legacy(bytes_of(cut), "file"), Error);
  }
}

}  // namespace
}  // namespace convbert
