// What `similar` is asked for: checked, and not changed afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/request.h"
#include "nn/precision.h"
#include "run/vector_command.h"
#include "search/index_layout.h"

namespace convbert::app {

struct SimilarFlags;

inline constexpr Format kSimilarFormats[] = {Format::jsonl, Format::json, Format::csv, Format::tsv};

enum class CorpusKind {
  input,   // the queries' own texts or vectors
  texts,   // of another file
  vectors  // of a matrix
};

struct CorpusRequest {
  CorpusKind kind;
  InputRequest texts;        // of kind `texts` and `input`
  std::string vectors_path;  // of kind `vectors`, and of `input` where queries are vectors
};

struct IndexRequest {
  std::string path;               // "": the search is exact
  std::optional<IndexKind> kind;  // as asked for
  std::optional<std::int64_t> effort;
};

struct SimilarRequest {
  RecordRequest record;
  VectorRequest vectors;
  CorpusRequest corpus;
  std::string query_vectors;  // "": queries are texts
  IndexRequest index;
  bool pairs;
  bool with_text;
  std::int64_t most;
  float least;

  // Has each record of the corpus a result, which tells what is wrong with it?
  bool results_name_failures() const { return corpus.kind == CorpusKind::input && !pairs; }
  bool needs_model() const { return query_vectors.empty() || corpus.kind == CorpusKind::texts; }
  // What it reads beside the model and the queries.
  std::vector<std::string> files() const;
  // Of the search; int8 is the encoder's alone.
  nn::Precision precision() const;
};

// Throws Error(usage) naming the flag.
SimilarRequest make_request(const SimilarFlags& flags);

}  // namespace convbert::app
