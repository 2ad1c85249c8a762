#include "distill/teacher.h"

#include <algorithm>
#include <utility>

#include "cli/usage_error.h"
#include "model/pooling.h"

namespace convbert::app {
namespace {

constexpr std::int64_t kMostMeasured = 100'000;  // rows that principal components are found from
constexpr std::int64_t kBlock = 256;             // rows in memory at a time

// A row, of length 1: its direction is all that cosines know of it.
void read_direction(const NpyMatrix& vectors, std::int64_t row, std::span<float> into) {
  const std::int64_t width = vectors.columns();
  vectors.read(row, {into.data(), 1, width, width});
  normalize(into);
}

}  // namespace

Teacher::Teacher(const std::string& path, std::int64_t student)
    : vectors_(std::make_shared<NpyMatrix>(path)), student_(student) {
  if (width() < student) {
    usage_error("--teacher-vectors: ", printable(path), " has vectors of ", width(),
                " numbers, the student of ", student,
                "; expected at least as many: take a student "
                "(-m) whose hidden_size is ",
                width(), " or less");
  }
}

void Teacher::reduce(const std::vector<std::int64_t>& rows, int threads) {
  if (!is_wider()) return;
  const std::int64_t all = std::ssize(rows);
  const std::int64_t measured = std::min(all, kMostMeasured);
  SecondMoments moments(width());
  std::vector<float> floats(static_cast<std::size_t>(std::min(measured, kBlock) * width()));
  const MatrixView block{floats.data(), std::min(measured, kBlock), width(), width()};
  for (std::int64_t first = 0; first < measured; first += kBlock) {
    const std::int64_t count = std::min(kBlock, measured - first);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>((first + i) * all / measured);
      read_direction(*vectors_, rows[at], block.row_span(i));
    }
    moments.add(block.first_rows(count), threads);
  }
  components_ = std::make_shared<PrincipalComponents>(moments.components(student_));
}

std::optional<double> Teacher::kept() const {
  return components_ ? std::optional(components_->kept()) : std::nullopt;
}

LabelledSet Teacher::set_of(TaughtTexts texts, std::shared_ptr<const NpyMatrix> vectors) const {
  LabelledSet set;
  set.source = std::move(texts.source);
  set.examples.sequences = std::move(texts.sequences);
  set.examples.target_width = components_ ? student_ + width() : width();
  set.examples.read_targets = [vectors = std::move(vectors), components = components_,
                               rows = std::move(texts.rows)](std::uint32_t example,
                                                             std::span<float> targets) {
    const std::span<float> whole = targets.last(static_cast<std::size_t>(vectors->columns()));
    read_direction(*vectors, rows[example], whole);
    if (components) {
      components->project(whole, targets.first(static_cast<std::size_t>(components->count())));
    }
  };
  return set;
}

}  // namespace convbert::app
