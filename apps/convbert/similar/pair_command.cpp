#include "similar/pair_command.h"

#include "io/json_text.h"
#include "run/result_writer.h"

namespace convbert::app {
namespace {

// A record a pair, whose id is that of the first.
class PairRecords : public RecordSource {
 public:
  PairRecords(std::span<const PairMatch> pairs, const Corpus& corpus, std::string id_name,
              const CancelToken& cancel)
      : pairs_(pairs), corpus_(corpus), id_name_(std::move(id_name)), cancel_(cancel) {}

  bool next(Record& record) override {
    if (next_ == std::ssize(pairs_) || cancel_.requested()) return false;
    const PairMatch& pair = pairs_[static_cast<std::size_t>(next_)];
    record = Record();
    record.number = next_;
    record.line = next_ + 1;
    record.where = concat("pair ", next_);
    record.fields.push_back({id_name_, corpus_.id_json(pair.first)});
    record.id_field = 0;
    ++next_;
    return true;
  }

 private:
  std::span<const PairMatch> pairs_;
  const Corpus& corpus_;
  std::string id_name_;
  const CancelToken& cancel_;
  std::int64_t next_ = 0;
};

}  // namespace

std::vector<std::string> PairCommand::result_names() const {
  if (request_.with_text) return {"id_pair", "score", "text", "text_pair"};
  return {"id_pair", "score"};
}

std::unique_ptr<RecordInput> PairCommand::open(const std::string& id_name) const {
  return std::make_unique<RecordInput>([&](const CancelToken& cancel) {
    return std::make_unique<PairRecords>(pairs_, corpus_, id_name, cancel);
  });
}

ComputeBatch PairCommand::make_worker(const ResultLayout& layout) const {
  auto result = std::make_shared<ResultWriter>(layout);
  return [this, result](std::span<Job> jobs, int) {
    for (Job& job : jobs) {
      const PairMatch& pair = pairs_[static_cast<std::size_t>(job.record.number)];
      result->begin(job);
      if (result->is_of_objects()) {
        result->field("id_pair",
                      [&](JsonBuilder& json) { json.json(corpus_.id_json(pair.second)); });
      } else {
        result->field("id_pair", corpus_.id_text(pair.second));
      }
      result->field("score", pair.score);
      if (request_.with_text) {
        result->field("text", corpus_.text(pair.first));
        result->field("text_pair", corpus_.text(pair.second));
      }
      result->finish();
    }
  };
}

}  // namespace convbert::app
