// The closest pairs within a corpus, a record each.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "run/record_command.h"
#include "run/record_input.h"
#include "search/matches.h"
#include "similar/corpus.h"
#include "similar/request.h"

namespace convbert::app {

class PairCommand : public RecordCommand {
 public:
  // The first two must outlive it.
  PairCommand(const SimilarRequest& request, const Corpus& corpus, std::vector<PairMatch> pairs)
      : request_(request), corpus_(corpus), pairs_(std::move(pairs)) {}

  std::vector<std::string> result_names() const override;
  std::vector<std::string> columns() const override { return result_names(); }
  std::vector<std::string> files() const override { return request_.files(); }
  bool holds_errors(Format) const override { return false; }  // a record that failed has no pair
  bool is_cheap() const override { return true; }

  // Of its records, `id_name` being the field of their ids. Must not outlive it.
  std::unique_ptr<RecordInput> open(const std::string& id_name) const;

  void prepare(Job&) const override {}
  ComputeBatch make_worker(const ResultLayout& layout) const override;

 private:
  const SimilarRequest& request_;
  const Corpus& corpus_;
  std::vector<PairMatch> pairs_;
};

}  // namespace convbert::app
