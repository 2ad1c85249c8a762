#include "similar/match_command.h"

#include <cstring>

#include "search/exact_search.h"
#include "search/indexed_search.h"

namespace convbert::app {

std::vector<std::string> MatchCommand::files() const {
  std::vector<std::string> files = queries_.files();
  for (const std::string& path : request_.files()) files.push_back(path);
  return files;
}

std::int64_t MatchCommand::default_batch_weight() const {
  constexpr std::int64_t kLargeCorpus = std::int64_t{1} << 30;  // bytes
  const VectorRows& vectors = corpus_.vectors();
  const std::int64_t bytes = vectors.rows() * vectors.width() * std::int64_t{sizeof(float)};
  return index_ == nullptr && bytes > kLargeCorpus ? 1 << 16 : 1 << 14;
}

bool MatchCommand::wants_whole_batches() const {
  constexpr std::int64_t kManyRows = 1 << 12;
  return index_ == nullptr && queries_.are_stored() && corpus_.vectors().rows() >= kManyRows;
}

ComputeBatch MatchCommand::make_worker(const ResultLayout& layout) const {
  auto result = std::make_shared<ResultWriter>(layout);
  return
      [this, result, compute_vectors = queries_.make_worker()](std::span<Job> batch, int threads) {
        compute_vectors(batch, threads);
        std::vector<Job*> jobs;
        for (Job& job : batch) {
          if (!job.failed()) jobs.push_back(&job);
        }
        const std::vector<std::vector<Match>> matches = search(jobs, threads);
        for (std::size_t i = 0; i < jobs.size(); ++i) {
          attempt(*jobs[i], [&] {
            result->begin(*jobs[i]);
            write(matches[i], *result);
            result->finish();
          });
        }
      };
}

std::vector<std::vector<Match>> MatchCommand::search(std::span<Job* const> jobs,
                                                     int threads) const {
  const std::int64_t width = corpus_.vectors().width();
  std::vector<float> values(jobs.size() * static_cast<std::size_t>(width));
  std::vector<std::int64_t> own;
  const MatrixView queries{values.data(), std::ssize(jobs), width, width};
  for (std::int64_t i = 0; i < queries.rows; ++i) {
    const Job& job = *jobs[static_cast<std::size_t>(i)];
    std::memcpy(queries.row(i), job.output.data(), job.output.size());
    if (request_.corpus.kind == CorpusKind::input) own.push_back(job.record.number);
  }
  const SearchOptions options{.most = request_.most,
                              .least = request_.least,
                              .left_out = own,
                              .precision = request_.precision(),
                              .threads = threads};
  if (index_ == nullptr) return find_nearest(corpus_.vectors(), queries, options);
  return find_nearest(*index_, corpus_.vectors(), queries, options);
}

void MatchCommand::write(const std::vector<Match>& matches, ResultWriter& result) const {
  if (!result.is_of_objects() && !matches.empty()) {  // the nearest one, in columns of its own
    result.field("corpus_id", corpus_.id_text(matches.front().number));
    result.field("score", matches.front().score);
  }
  result.field("matches", [&](JsonBuilder& json) {
    json.begin_list();
    for (const Match& match : matches) {
      json.begin_object().key("corpus_id").json(corpus_.id_json(match.number));
      json.member("score", match.score);
      if (request_.with_text) json.member("text", corpus_.text(match.number));
      json.end_object();
    }
    json.end_list();
  });
}

}  // namespace convbert::app
