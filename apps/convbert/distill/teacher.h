// A teacher's vectors, as targets of a student's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "distill/taught_texts.h"
#include "io/npy_matrix.h"
#include "train/label_plan.h"
#include "train/principal_components.h"

namespace convbert::app {

class Teacher {
 public:
  // student: the width of its vectors. Throws as NpyMatrix; Error(usage) for vectors that are
  // narrower than that.
  Teacher(const std::string& path, std::int64_t student);

  const NpyMatrix& vectors() const { return *vectors_; }
  std::int64_t width() const { return vectors_->columns(); }
  bool is_wider() const { return width() > student_; }

  // Finds what the student learns of its vectors, of length 1, from at most 100,000 of these rows,
  // evenly spread: their principal components, as many as the student has dimensions. The same on
  // any number of threads.
  void reduce(const std::vector<std::int64_t>& rows, int threads);
  // Of the sum of squares, where they were reduced.
  std::optional<double> kept() const;
  // Behind reduce(): turns what the student learns, which leaves cosines as they are, to lie
  // closest to the vectors that it gives now to at most 10,000 of these texts, evenly spread. The
  // same on any number of threads. Returns the mean cosine of the two.
  double turn_to(const LoadedModel& student, const TaughtTexts& texts, int threads);

  // Texts with their targets, which are read where they lie each time they are asked for.
  // vectors: this teacher's, or others of its width.
  LabelledSet set_of(TaughtTexts texts, std::shared_ptr<const NpyMatrix> vectors) const;
  LabelledSet set_of(TaughtTexts texts) const { return set_of(std::move(texts), vectors_); }

 private:
  std::shared_ptr<const NpyMatrix> vectors_;
  std::int64_t student_;
  std::shared_ptr<PrincipalComponents> components_;  // null: the vectors as they are
};

}  // namespace convbert::app
