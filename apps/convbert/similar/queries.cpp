#include "similar/queries.h"

#include <algorithm>
#include <utility>

#include "run/result_writer.h"
#include "run/vector_file.h"

namespace convbert::app {
namespace {

// What computes together: of a batch's queries, as many tokens as the encoder likes best.
constexpr std::int64_t kWeightOfRow = 16;

void keep_row(std::span<const float> row, Job& job) {
  job.output.assign(reinterpret_cast<const char*>(row.data()), row.size_bytes());
}

class TextQueries : public QueryVectors {
 public:
  explicit TextQueries(const RecordCommand& embed) : embed_(embed) {}

  void prepare(Job& job) const override { embed_.prepare(job); }
  std::string pair_notice() const override { return embed_.pair_notice(); }
  std::vector<std::string> files() const override { return embed_.files(); }
  bool are_stored() const override { return false; }

  ComputeBatch make_worker() const override {
    return [compute = embed_.make_worker(layout_of_rows(embed_)),
            most = embed_.default_batch_weight()](std::span<Job> jobs, int threads) {
      while (!jobs.empty()) {
        std::size_t count = 0;
        for (std::int64_t weight = 0; count < jobs.size(); ++count) {
          weight += jobs[count].weight;
          if (count > 0 && weight > most) break;
        }
        compute(jobs.first(count), threads);
        jobs = jobs.subspan(count);
      }
    };
  }

 protected:
  const RecordCommand& embed() const { return embed_; }

 private:
  const RecordCommand& embed_;
};

class KeptQueries : public TextQueries {
 public:
  KeptQueries(const RecordCommand& embed, const Corpus& corpus)
      : TextQueries(embed), vectors_(corpus.vectors()) {}

  bool are_stored() const override { return true; }

  ComputeBatch make_worker() const override {
    return [this](std::span<Job> jobs, int) {
      std::vector<float> row(static_cast<std::size_t>(vectors_.width()));
      for (Job& job : jobs) {
        if (job.failed()) continue;
        if (job.record.number >= vectors_.rows()) {
          throw Error(ErrorKind::system,
                      concat(job.record.where, ": the input has changed while it was read"));
        }
        vectors_.read(job.record.number, {row.data(), 1, vectors_.width(), vectors_.width()});
        if (!all_finite(row)) {
          fail_not_finite(job);
        } else {
          keep_row(row, job);
        }
      }
    };
  }

 private:
  const VectorRows& vectors_;
};

// A record a row, without fields.
class MatrixRecords : public RecordSource {
 public:
  MatrixRecords(const NpyMatrix& matrix, Shard shard, const CancelToken& cancel)
      : matrix_(matrix), shard_(shard), cancel_(cancel), next_(shard.index) {}

  bool next(Record& record) override {
    if (next_ >= matrix_.rows() || cancel_.requested()) return false;
    record = Record();
    record.number = next_;
    record.line = next_ + 1;
    record.where = concat(matrix_.path(), ": row ", next_);
    next_ += shard_.count;
    return true;
  }
  InputProgress progress() const override {
    const std::int64_t row_bytes = matrix_.columns() * std::int64_t{sizeof(float)};
    return {.bytes = std::min(next_, matrix_.rows()) * row_bytes,
            .total_bytes = matrix_.rows() * row_bytes};
  }

 private:
  const NpyMatrix& matrix_;
  Shard shard_;
  const CancelToken& cancel_;
  std::int64_t next_;
};

class MatrixQueries : public QueryVectors {
 public:
  explicit MatrixQueries(NpyMatrix matrix) : matrix_(std::move(matrix)) {}

  std::unique_ptr<RecordInput> open(const InputRequest& input) const override {
    return std::make_unique<RecordInput>([&](const CancelToken& cancel) {
      return std::make_unique<MatrixRecords>(matrix_, input.source.shard, cancel);
    });
  }
  void prepare(Job& job) const override { job.weight = kWeightOfRow; }
  std::vector<std::string> files() const override { return {matrix_.path()}; }

  ComputeBatch make_worker() const override {
    return [this](std::span<Job> jobs, int) {
      std::vector<float> values;
      while (!jobs.empty()) {
        const std::span<Job> together = jobs.first(neighbours(jobs));
        jobs = jobs.subspan(together.size());
        values.resize(together.size() * static_cast<std::size_t>(matrix_.columns()));
        const MatrixView rows{values.data(), std::ssize(together), matrix_.columns(),
                              matrix_.columns()};
        matrix_.read(together.front().record.number, rows);
        for (std::size_t i = 0; i < together.size(); ++i) {
          const auto row = rows.row_span(static_cast<std::int64_t>(i));
          if (all_finite(row)) {
            keep_row(row, together[i]);
          } else {
            together[i].failure =
                concat(together[i].record.where, ": NaN or infinity: a record without a vector");
          }
        }
      }
    };
  }

 private:
  // How many of the first jobs have rows that follow one another: they are read at once.
  static std::size_t neighbours(std::span<const Job> jobs) {
    constexpr std::size_t kMost = 256;
    std::size_t count = 1;
    while (count < std::min(jobs.size(), kMost) &&
           jobs[count].record.number == jobs[count - 1].record.number + 1) {
      ++count;
    }
    return count;
  }

  NpyMatrix matrix_;
};

}  // namespace

std::unique_ptr<QueryVectors> make_text_queries(const RecordCommand& embed) {
  return std::make_unique<TextQueries>(embed);
}

std::unique_ptr<QueryVectors> make_kept_queries(const RecordCommand& embed, const Corpus& corpus) {
  return std::make_unique<KeptQueries>(embed, corpus);
}

std::unique_ptr<QueryVectors> make_matrix_queries(const std::string& path) {
  return std::make_unique<MatrixQueries>(open_vectors("--query-vectors", path));
}

}  // namespace convbert::app
