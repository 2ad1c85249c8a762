// What tests of `convbert distill` share: texts, a teacher, and a place to work in.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {

inline const std::string kModels = std::string(CONVBERT_TEST_DATA) + "/models/";
inline const std::string kStudent = kModels + "convbert-plain";  // vectors of 32 numbers
inline constexpr std::size_t kWidth = 32;

inline std::vector<std::string> texts(std::size_t count) {
  const std::vector<std::string> nouns{"dog", "men", "cat", "man"};
  const std::vector<std::string> verbs{"sees", "run", "walk"};
  const std::vector<std::string> objects{"house", "tree", "child", "road", "river"};
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back("the " + nouns[i % 4] + " " + verbs[i / 4 % 3] + " a " + objects[i / 12 % 5]);
  }
  return all;
}

inline std::string lines_of(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines += text + "\n";
  return lines;
}

// numpy's format, version 1.
inline std::string npy(const std::string& descr, const std::vector<std::size_t>& shape,
                       std::string_view bytes) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" +
                       std::to_string(shape[0]) + ", " + std::to_string(shape[1]) + "), }";
  header.resize(117, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + char(118) + char(0) + header + std::string(bytes);
}

inline std::string npy_of(const std::vector<float>& floats, std::size_t width) {
  const auto* bytes = reinterpret_cast<const char*>(floats.data());
  return npy("<f4", {floats.size() / width, width}, {bytes, floats.size() * sizeof(float)});
}

// A teacher that puts texts with the same words at the same places: a direction a word.
inline std::vector<float> taught(const std::vector<std::string>& texts, std::size_t width) {
  std::vector<float> vectors(texts.size() * width);
  for (std::size_t t = 0; t < texts.size(); ++t) {
    std::size_t begin = 0;
    while (begin < texts[t].size()) {
      const std::size_t end = std::min(texts[t].find(' ', begin), texts[t].size());
      std::uint32_t state = 1;
      for (std::size_t i = begin; i < end; ++i) {
        state = state * 31 + static_cast<unsigned char>(texts[t][i]);
      }
      for (std::size_t i = 0; i < width; ++i) {
        state = state * 1664525 + 1013904223;
        vectors[t * width + i] += static_cast<float>(state >> 16) / 65536.0f - 0.5f;
      }
      begin = end + 1;
    }
  }
  return vectors;
}

// All that a run needs.
struct Workplace {
  TemporaryFolder folder;
  std::vector<std::string> lines = texts(96);
  std::string input = folder.write("texts.txt", lines_of(lines));

  std::string teacher(std::size_t width) const {
    return folder.write("teacher" + std::to_string(width) + ".npy",
                        npy_of(taught(lines, width), width));
  }
  std::vector<std::string> command(const std::string& vectors, const std::string& out,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"distill",           input,   "-o", folder.path(out),
                                       "--teacher-vectors", vectors, "-m", kStudent};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProcessResult distill(const std::string& vectors, const std::string& out,
                        const std::vector<std::string>& more = {}) const {
    return run_convbert(command(vectors, out, more));
  }
};

inline const std::vector<std::string> kQuick{"--epochs",     "12", "--learning-rate", "5e-3",
                                             "--batch-size", "8",  "--dropout",       "0"};

inline void check_well(const ProcessResult& result) {
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(result.out.empty());
}

inline std::vector<float> embedded(const std::string& model, const std::string& input) {
  const ProcessResult result = run_convbert({"embed", "-m", model, input, "--format", "jsonl"});
  REQUIRE(result.status == 0);
  std::vector<float> vectors;
  for (const std::string& line : split_lines(result.out)) {
    const Json record = Json::parse(line);
    for (const Json& x : record.at("embedding")) vectors.push_back(x.get<float>());
  }
  return vectors;
}

inline double mean_cosine(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double sum = 0;
  for (std::size_t first = 0; first < a.size(); first += kWidth) {
    double product = 0;
    double squares_a = 0;
    double squares_b = 0;
    for (std::size_t i = first; i < first + kWidth; ++i) {
      product += double{a[i]} * double{b[i]};
      squares_a += double{a[i]} * double{a[i]};
      squares_b += double{b[i]} * double{b[i]};
    }
    sum += product / std::sqrt(squares_a * squares_b);
  }
  return sum / (static_cast<double>(a.size()) / kWidth);
}

}  // namespace convbert::test
