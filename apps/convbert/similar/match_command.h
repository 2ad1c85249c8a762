// The nearest of the corpus, for each record.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "run/record_command.h"
#include "run/result_writer.h"
#include "search/approximate/approximate_index.h"
#include "search/matches.h"
#include "similar/corpus.h"
#include "similar/queries.h"
#include "similar/request.h"

namespace convbert::app {

class MatchCommand : public RecordCommand {
 public:
  // All of them must outlive it. `index`: of the corpus; none: the search is exact.
  MatchCommand(const SimilarRequest& request, const QueryVectors& queries, const Corpus& corpus,
               const ApproximateIndex* index)
      : request_(request), queries_(queries), corpus_(corpus), index_(index) {}

  std::vector<std::string> result_names() const override { return {"matches", "truncated"}; }
  std::vector<std::string> columns() const override { return {"corpus_id", "score", "matches"}; }
  std::vector<std::string> files() const override;
  std::string pair_notice() const override { return queries_.pair_notice(); }
  // Reading the corpus once serves a batch, and a large one is worth more queries.
  std::int64_t default_batch_weight() const override;
  // Where reading it takes longer than embedding a query.
  bool wants_whole_batches() const override;

  void prepare(Job& job) const override { queries_.prepare(job); }
  ComputeBatch make_worker(const ResultLayout& layout) const override;

 private:
  std::vector<std::vector<Match>> search(std::span<Job* const> jobs, int threads) const;
  void write(const std::vector<Match>& matches, ResultWriter& result) const;

  const SimilarRequest& request_;
  const QueryVectors& queries_;
  const Corpus& corpus_;
  const ApproximateIndex* index_;
};

}  // namespace convbert::app
