// A student that is not there yet.
#pragma once

#include <cstdint>
#include <string>

#include "cli/console.h"
#include "train/new_model.h"

namespace convbert::app {

struct NewStudentSource {
  NewModelSource model;
  std::string word_vectors;  // the teacher's of the tokens of its vocabulary; "": none
};

// Its weights: random, but words begin with what the teacher makes of each alone, where `source`
// has vectors for them. A row that is zero or not finite, or a special token's, says nothing. The
// same on any number of threads. Throws as NpyMatrix; Error(usage) for other rows than tokens,
// fewer numbers than an embedding has, or no row that says anything.
Parameters new_student(const NewStudentSource& source, const NewModel& model, std::uint64_t seed,
                       int threads, Console& console);

}  // namespace convbert::app
