// What is written is what is read, aligned, and rounded to nearest.
#include "checkpoint/safetensors_writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "core/error.h"
#include "core/narrowing.h"

namespace convbert {
namespace {

class Memory {
 public:
  SafetensorsWriter::Put put() {
    return [this](std::span<const std::byte> bytes) {
      most_at_once_ = std::max(most_at_once_, bytes.size());
      bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    };
  }
  TensorMap read() const { return read_safetensors(bytes_, "memory"); }
  const std::byte* data() const { return bytes_.data(); }
  std::size_t most_at_once() const { return most_at_once_; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t most_at_once_ = 0;
};

std::vector<float> floats_of(const StoredTensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  tensor.copy_to(values);
  return values;
}

TEST_CASE("tensors come in falling width, aligned, in parts of any size") {
  Memory memory;
  SafetensorsWriter writer({{"b", DType::f32, {2, 2}},
                            {"\"odd\"\n", DType::u8, {3}},
                            {"none", DType::f32, {0, 7}},
                            {"a", DType::f32, {}},
                            {"half", DType::f16, {3}},
                            {"ids", DType::i64, {1}}},
                           memory.put());
  std::vector<std::string> order;
  for (const TensorHeader& tensor : writer.tensors()) order.push_back(tensor.name);
  CHECK(order == std::vector<std::string>{"ids", "a", "b", "none", "half", "\"odd\"\n"});
  const std::int64_t id = 7;
  writer.append_bytes(std::as_bytes(std::span(&id, 1)));
  const float values[] = {1, 2, 3, 4, 5};
  writer.append(std::span(values).first(1));
  writer.append(std::span(values).subspan(1, 3));
  writer.append(std::span(values).subspan(4));
  writer.append(std::span(values).first(3));
  CHECK_THROWS_AS(writer.finish(), Error);
  const std::byte odd[] = {std::byte{1}, std::byte{2}, std::byte{3}};
  writer.append_bytes(odd);
  writer.finish();
  CHECK_THROWS_AS(writer.append(values), Error);

  const TensorMap tensors = memory.read();
  CHECK(tensors.size() == 6);
  CHECK(floats_of(tensors.at("a")) == std::vector<float>{1});
  CHECK(floats_of(tensors.at("b")) == std::vector<float>{2, 3, 4, 5});
  CHECK(floats_of(tensors.at("half")) == std::vector<float>{1, 2, 3});
  for (const auto& entry : tensors) {
    if (entry.second.bytes.empty()) continue;
    INFO(entry.first);
    const auto offset = static_cast<std::size_t>(entry.second.bytes.data() - memory.data());
    CHECK(offset % size_of(entry.second.dtype) == 0);
  }
}

TEST_CASE("elements beyond a tensor's end, and names that are no UTF-8, are refused") {
  Memory memory;
  SafetensorsWriter writer({{"a", DType::f32, {1}}}, memory.put());
  const float values[] = {1, 2};
  CHECK_THROWS_AS(writer.append(values), Error);
  CHECK_THROWS_AS(SafetensorsWriter({{"\xff", DType::f32, {1}}}, memory.put()), Error);
}

TEST_CASE("a large tensor, in any order of its elements, goes in parts") {
  const std::int64_t rows = 700;
  const std::int64_t columns = 900;
  std::vector<float> stored(static_cast<std::size_t>(rows * columns));
  for (std::size_t i = 0; i < stored.size(); ++i) stored[i] = static_cast<float>(i);
  const auto bytes = std::as_bytes(std::span(stored));
  const std::pair<Shape, Shape> views[] = {{{rows, columns}, {columns, 1}},
                                           {{columns, rows}, {1, columns}},
                                           {{1, columns, rows}, {5, 1, columns}},
                                           {{rows * columns}, {1}},
                                           {{2, rows, columns}, {0, columns, 1}}};
  for (const auto& view : views) {
    const StoredTensor tensor{DType::f32, view.first, view.second, bytes};
    for (const DType dtype : {DType::f32, DType::bf16}) {
      Memory memory;
      SafetensorsWriter writer({{"x", dtype, view.first}}, memory.put());
      writer.append_tensor(tensor);
      writer.finish();
      CHECK(memory.most_at_once() <= (1U << 20));
      std::vector<float> expected = floats_of(tensor);
      if (dtype == DType::bf16) {
        for (float& value : expected) value = bfloat16_to_float(float_to_bfloat16(value));
      }
      CHECK(floats_of(memory.read().at("x")) == expected);
    }
  }
}

TEST_CASE("every float16 is its own rounding, and midpoints go to even") {
  for (std::uint32_t bits = 0; bits < 0x7C00; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = float16_to_float(half);
    REQUIRE(float_to_float16(value) == half);
    REQUIRE(float_to_float16(-value) == (half | 0x8000));
    // Beyond the last number lies 65536, where infinity begins to be nearer.
    const float next =
        bits == 0x7BFF ? 65536.0F : float16_to_float(static_cast<std::uint16_t>(bits + 1));
    const float middle = value + (next - value) / 2;
    const auto even = static_cast<std::uint16_t>(bits + (bits & 1));
    REQUIRE(float_to_float16(middle) == even);
    REQUIRE(float_to_float16(std::nextafter(middle, 0.0F)) == half);
    REQUIRE(float_to_float16(std::nextafter(middle, 1e9F)) == bits + 1);
  }
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(float_to_float16(infinity) == 0x7C00);
  CHECK(float_to_float16(-1e9F) == 0xFC00);
  CHECK(std::isnan(float16_to_float(float_to_float16(std::nanf("")))));
}

TEST_CASE("bfloat16 rounds to nearest, midpoints to even") {
  for (std::uint32_t bits = 0; bits < 0x7F80; ++bits) {
    const float value = bfloat16_to_float(static_cast<std::uint16_t>(bits));
    REQUIRE(float_to_bfloat16(value) == bits);
    const float middle = std::bit_cast<float>((bits << 16) + 0x8000U);
    REQUIRE(float_to_bfloat16(middle) == bits + (bits & 1));
    REQUIRE(float_to_bfloat16(std::bit_cast<float>((bits << 16) + 0x7FFFU)) == bits);
    REQUIRE(float_to_bfloat16(std::bit_cast<float>((bits << 16) + 0x8001U)) == bits + 1);
  }
  CHECK(std::isnan(bfloat16_to_float(float_to_bfloat16(std::nanf("")))));
  CHECK(float_to_bfloat16(std::numeric_limits<float>::max()) == 0x7F80);
}

TEST_CASE("a finite number that becomes infinite is refused, an infinite one stays") {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    Memory memory;
    SafetensorsWriter writer({{"w", dtype, {2}}}, memory.put());
    const float large[] = {std::numeric_limits<float>::max()};
    CHECK_THROWS_WITH_AS(writer.append(large),
                         doctest::Contains("tensor \"w\": 3.40282e+38 is beyond"), Error);
    const float infinite[] = {std::numeric_limits<float>::infinity(), 1};
    writer.append(infinite);
    writer.finish();
    CHECK(std::isinf(floats_of(memory.read().at("w"))[0]));
  }
}

}  // namespace
}  // namespace convbert
