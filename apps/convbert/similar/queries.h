// Where the vectors of queries come from.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/npy_matrix.h"
#include "run/record_command.h"
#include "run/record_input.h"
#include "similar/corpus.h"

namespace convbert::app {

// prepare() and the rest as RecordCommand's; the worker leaves a job's vector in job.output, its
// floats as they lie in memory, or fails the job.
class QueryVectors {
 public:
  virtual ~QueryVectors() = default;
  // Their records. Must not outlive it.
  virtual std::unique_ptr<RecordInput> open(const InputRequest& input) const {
    return std::make_unique<RecordInput>(input);
  }
  virtual void prepare(Job& job) const = 0;
  virtual ComputeBatch make_worker() const = 0;
  virtual std::string pair_notice() const { return ""; }
  // As RecordCommand's.
  virtual std::vector<std::string> files() const = 0;
  // Are they there, and need not be computed?
  virtual bool are_stored() const { return true; }
};

// Texts, embedded as they come. `embed` must outlive it.
std::unique_ptr<QueryVectors> make_text_queries(const RecordCommand& embed);
// Texts that the corpus has embedded already, all of them, in order.
std::unique_ptr<QueryVectors> make_kept_queries(const RecordCommand& embed, const Corpus& corpus);
// Rows of a matrix; their ids are their numbers.
std::unique_ptr<QueryVectors> make_matrix_queries(const std::string& path);

}  // namespace convbert::app
