// The flags of `similar`, as they are given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/flags.h"
#include "run/vector_command.h"

namespace convbert::app {

struct SimilarFlags {
  RecordFlags record;
  VectorFlags vectors;
  std::string corpus;
  std::string corpus_format = "auto";
  std::string corpus_vectors;
  std::string query_vectors;
  std::string index;
  std::string index_type;
  std::optional<std::int64_t> effort;
  std::optional<std::int64_t> top_k;
  std::optional<float> threshold;
  bool with_text = false;
  bool pairs = false;
};
void add_similar_flags(CLI::App& command, SimilarFlags& flags);

}  // namespace convbert::app
