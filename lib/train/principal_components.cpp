#include "train/principal_components.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/threads.h"
#include "train/eigenvectors.h"

namespace convbert {

void PrincipalComponents::project(std::span<const float> from, std::span<float> to) const {
  if (std::ssize(from) != width_ || std::ssize(to) != count_) {
    throw Error(ErrorKind::internal, "PrincipalComponents: vectors of other widths");
  }
  std::vector<double> sums(to.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double x = from[i];
    const float* row = directions_.data() + i * to.size();
    for (std::size_t k = 0; k < to.size(); ++k) sums[k] += x * static_cast<double>(row[k]);
  }
  std::ranges::transform(sums, to.begin(), [](double sum) { return static_cast<float>(sum); });
}

void PrincipalComponents::rotate(std::span<const double> rotation) {
  const auto count = static_cast<std::size_t>(count_);
  if (rotation.size() != count * count) {
    throw Error(ErrorKind::internal, "PrincipalComponents: a rotation of another width");
  }
  for (std::size_t first = 0; first < directions_.size(); first += count) {
    std::vector<double> turned(count);
    for (std::size_t i = 0; i < count; ++i) {
      const double x = directions_[first + i];
      for (std::size_t j = 0; j < count; ++j) turned[j] += x * rotation[i * count + j];
    }
    std::ranges::transform(turned, directions_.begin() + static_cast<std::ptrdiff_t>(first),
                           [](double x) { return static_cast<float>(x); });
  }
}

SecondMoments::SecondMoments(std::int64_t width)
    : width_(width), sums_(static_cast<std::size_t>(width * width)) {}

void SecondMoments::add(ConstMatrixView vectors, int threads) {
  if (vectors.columns != width_) {
    throw Error(ErrorKind::internal, "SecondMoments: vectors of another width");
  }
  const auto width = static_cast<std::size_t>(width_);
  // A thread has rows of the sums to itself.
  share_out(width, threads, [&](std::size_t i, std::size_t) {
    double* sums = sums_.data() + i * width;
    for (std::int64_t v = 0; v < vectors.rows; ++v) {
      const float* vector = vectors.row(v);
      const double x = vector[i];
      for (std::size_t j = i; j < width; ++j) sums[j] += x * static_cast<double>(vector[j]);
    }
  });
}

PrincipalComponents SecondMoments::components(std::int64_t count) const {
  if (count < 1 || count > width_) {
    throw Error(ErrorKind::internal, concat("SecondMoments: ", count, " of ", width_));
  }
  const auto width = static_cast<std::size_t>(width_);
  std::vector<double> whole = sums_;
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t j = 0; j < i; ++j) whole[i * width + j] = whole[j * width + i];
  }
  const Eigenvectors found = eigenvectors(whole, width_);
  PrincipalComponents components;
  components.width_ = width_;
  components.count_ = count;
  const double all = std::accumulate(found.values.begin(), found.values.end(), 0.0);
  const double kept = std::accumulate(found.values.begin(), found.values.begin() + count, 0.0);
  components.kept_ = all > 0.0 ? std::clamp(kept / all, 0.0, 1.0) : 0.0;
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
      components.directions_.push_back(static_cast<float>(found.vectors[k * width + i]));
    }
  }
  return components;
}

}  // namespace convbert
