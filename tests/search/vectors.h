// Random vectors to search.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "search/vector_rows.h"

namespace convbert {

struct Vectors {
  std::int64_t width;
  std::vector<float> values{};

  std::int64_t rows() const { return std::ssize(values) / width; }
  std::span<float> row(std::int64_t index) {
    return std::span(values).subspan(static_cast<std::size_t>(index * width),
                                     static_cast<std::size_t>(width));
  }
  ConstMatrixView view() const { return {values.data(), rows(), width, width}; }
  VectorTable table() {
    VectorTable table(width);
    for (std::int64_t i = 0; i < rows(); ++i) table.add(row(i));
    return table;
  }
};

inline Vectors random_vectors(std::int64_t rows, std::int64_t width, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Vectors vectors{width};
  for (std::int64_t i = 0; i < rows * width; ++i) vectors.values.push_back(normal(generator));
  return vectors;
}

}  // namespace convbert
