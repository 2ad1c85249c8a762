#include "distill/teacher.h"

#include <algorithm>
#include <utility>

#include "cli/usage_error.h"
#include "distill/student.h"
#include "model/pooling.h"
#include "run/vector_file.h"
#include "train/procrustes.h"

namespace convbert::app {
namespace {

constexpr std::int64_t kMostMeasured = 100'000;  // rows that principal components are found from
constexpr std::int64_t kMostTurned = 10'000;     // texts that a rotation is found from
constexpr std::int64_t kBlock = 256;             // rows in memory at a time

// At most `most` of the numbers from 0 to `all`, evenly spread.
std::vector<std::size_t> spread(std::int64_t all, std::int64_t most) {
  const std::int64_t count = std::min(all, most);
  std::vector<std::size_t> chosen;
  for (std::int64_t i = 0; i < count; ++i) {
    chosen.push_back(static_cast<std::size_t>(i * all / count));
  }
  return chosen;
}

// Calls use(chosen), block after block.
template <class Use>
void for_each_block(std::span<const std::size_t> chosen, Use use) {
  constexpr auto kRows = static_cast<std::size_t>(kBlock);
  for (std::size_t first = 0; first < chosen.size(); first += kRows) {
    use(chosen.subspan(first, std::min(kRows, chosen.size() - first)));
  }
}

// A row, of length 1: its direction is all that cosines know of it.
void read_direction(const NpyMatrix& vectors, std::int64_t row, std::span<float> into) {
  const std::int64_t width = vectors.columns();
  vectors.read(row, {into.data(), 1, width, width});
  normalize(into);
}

}  // namespace

Teacher::Teacher(const std::string& path, std::int64_t student)
    : vectors_(std::make_shared<NpyMatrix>(open_vectors("--teacher-vectors", path))),
      student_(student) {
  if (width() < student) {
    usage_error("--teacher-vectors: ", printable(path), " has vectors of ", width(),
                " numbers, the student of ", student,
                "; expected at least as many: take a student "
                "(-m) whose hidden_size is ",
                width(), " or less");
  }
}

void Teacher::reduce(const std::vector<std::int64_t>& rows, int threads) {
  SecondMoments moments(width());
  std::vector<float> floats(static_cast<std::size_t>(kBlock * width()));
  const MatrixView block{floats.data(), kBlock, width(), width()};
  for_each_block(spread(std::ssize(rows), kMostMeasured), [&](std::span<const std::size_t> chosen) {
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      read_direction(*vectors_, rows[chosen[i]], block.row_span(static_cast<std::int64_t>(i)));
    }
    moments.add(block.first_rows(std::ssize(chosen)), threads);
  });
  components_ = std::make_shared<PrincipalComponents>(moments.components(student_));
}

double Teacher::turn_to(const LoadedModel& student, const TaughtTexts& texts, int threads) {
  const std::vector<std::size_t> chosen = spread(std::ssize(texts.rows), kMostTurned);
  std::vector<float> now = student_directions(student, texts.sequences, chosen, threads);
  if (!all_finite(now)) {
    usage_error("distill: the student's vectors hold no numbers; are its weights damaged?");
  }
  const MatrixView given{now.data(), std::ssize(chosen), student_, student_};
  std::vector<float> floats(now.size());
  const MatrixView learnt{floats.data(), given.rows, student_, student_};
  const auto project_all = [&] {
    std::vector<float> whole(static_cast<std::size_t>(width()));
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      read_direction(*vectors_, texts.rows[chosen[i]], whole);
      components_->project(whole, learnt.row_span(static_cast<std::int64_t>(i)));
    }
  };
  project_all();
  Procrustes procrustes(student_);
  procrustes.add(learnt, given, threads);
  components_->rotate(procrustes.rotation());
  project_all();
  double sum = 0.0;
  for (std::int64_t i = 0; i < given.rows; ++i) {
    normalize(learnt.row_span(i));
    sum += dot(learnt.row_span(i), given.row_span(i));
  }
  return sum / static_cast<double>(given.rows);
}

std::optional<double> Teacher::kept() const {
  return is_wider() ? std::optional(components_->kept()) : std::nullopt;
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
