#include "nn/precision.h"

#include <utility>

#include "nn/onednn.h"

namespace convbert::nn {
namespace {

constexpr std::pair<std::string_view, Precision> kNames[] = {
    {"f32", Precision::f32}, {"bf16", Precision::bf16}, {"int8", Precision::int8}};

}  // namespace

std::optional<Precision> precision_from_name(std::string_view name) {
  for (const auto& [known, precision] : kNames) {
    if (known == name) return precision;
  }
  return std::nullopt;
}

std::string_view name_of(Precision precision) {
  for (const auto& [name, known] : kNames) {
    if (known == precision) return name;
  }
  return "unknown";
}

bool is_native(Precision precision) {
  switch (precision) {
    case Precision::f32: return true;
    case Precision::bf16: return runs(dnnl::cpu_isa::avx512_core_bf16);
    case Precision::int8: return runs(dnnl::cpu_isa::avx512_core_vnni);
  }
  return false;
}

std::vector<std::string> native_precisions() {
  std::vector<std::string> names;
  for (const auto& [name, precision] : kNames) {
    if (is_native(precision)) names.emplace_back(name);
  }
  return names;
}

}  // namespace convbert::nn
