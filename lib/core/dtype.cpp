#include "core/dtype.h"

#include <cstring>

#include "core/error.h"

namespace convbert {
namespace {

template <class Stored, class Widen>
void widen_each(const std::byte* source, std::span<float> destination, Widen widen) {
  for (std::size_t i = 0; i < destination.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, source + i * sizeof(Stored), sizeof(Stored));
    destination[i] = widen(stored);
  }
}

}  // namespace

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
    case DType::i64: return 8;
    case DType::f32:
    case DType::i32: return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16: return 2;
    case DType::i8:
    case DType::u8:
    case DType::boolean: return 1;
  }
  throw Error(ErrorKind::internal, "size_of: unknown dtype");
}

std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return "F64";
    case DType::f32: return "F32";
    case DType::f16: return "F16";
    case DType::bf16: return "BF16";
    case DType::i64: return "I64";
    case DType::i32: return "I32";
    case DType::i16: return "I16";
    case DType::i8: return "I8";
    case DType::u8: return "U8";
    case DType::boolean: return "BOOL";
  }
  throw Error(ErrorKind::internal, "name_of: unknown dtype");
}

bool is_floating_point(DType dtype) {
  return dtype == DType::f64 || dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}

float float16_to_float(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1Fu;
  const std::uint32_t fraction = bits & 0x3FFu;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24, exact in float
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
  }
  const std::uint32_t widened = exponent == 0x1F ? 0xFFu : exponent - 15 + 127;
  return std::bit_cast<float>(sign | (widened << 23) | (fraction << 13));
}

void widen_to_float(DType dtype, std::span<const std::byte> source, std::span<float> destination) {
  if (source.size() / size_of(dtype) < destination.size()) {
    throw Error(ErrorKind::internal, "widen_to_float: the source is too short");
  }
  switch (dtype) {
    case DType::f64:
      return widen_each<double>(source.data(), destination,
                                [](double value) { return static_cast<float>(value); });
    case DType::f32:
      // An empty tensor may have a null source, which memcpy must not be given.
      if (!destination.empty()) {
        std::memcpy(destination.data(), source.data(), destination.size_bytes());
      }
      return;
    case DType::f16: return widen_each<std::uint16_t>(source.data(), destination, float16_to_float);
    case DType::bf16:
      return widen_each<std::uint16_t>(source.data(), destination, bfloat16_to_float);
    default:
      throw Error(ErrorKind::internal,
                  concat("widen_to_float: ", name_of(dtype), " is not a floating-point type"));
  }
}

}  // namespace convbert
