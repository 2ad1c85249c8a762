// What is searched: vectors, and what each is called.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "run/record_command.h"
#include "search/vector_rows.h"
#include "similar/request.h"

namespace convbert::app {

// Texts one after another in one piece of memory.
class TextColumn {
 public:
  void add(std::string_view text);
  std::string_view operator[](std::int64_t index) const;
  std::size_t bytes() const { return bytes_.size(); }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

class Corpus {
 public:
  explicit Corpus(NpyMatrix matrix);
  // Of texts; record after record is added. `keeps_texts`: text() is asked for.
  Corpus(std::int64_t width, bool keeps_texts);

  // vector: empty for a record without one.
  void add(const Record& record, std::span<const float> vector);

  const VectorRows& vectors() const { return *vectors_; }
  // In JSON: the record's own, else its number.
  std::string id_json(std::int64_t number) const;
  std::string id_text(std::int64_t number) const;
  std::string_view text(std::int64_t number) const { return texts_[number]; }

 private:
  std::unique_ptr<VectorRows> vectors_;
  VectorTable* table_ = nullptr;  // `vectors_`, of texts
  bool keeps_texts_ = false;
  bool has_ids_ = false;
  TextColumn ids_;  // "": its number
  TextColumn texts_;
};

struct EmbeddedCorpus {
  Corpus corpus;
  std::int64_t failed = 0;  // records without a vector
  std::string first_failure;
  std::string digest;  // of the records; "" of a matrix, which is a file
  int status = 0;      // not 0: the run ends with it
};

// Runs `embed`, whose rows are vectors, over the texts of the corpus.
EmbeddedCorpus embed_corpus(const SimilarRequest& request, const RecordCommand& embed,
                            Console& console);

}  // namespace convbert::app
