#include "run/record_input.h"

#include <utility>

namespace convbert::app {
namespace {

constexpr std::size_t kMostBytesAhead = 1 << 20;

std::size_t bytes_of(const Record& record) {
  std::size_t bytes = record.text.size() + record.pair.value_or("").size();
  for (const RecordField& field : record.fields) bytes += field.name.size() + field.json.size();
  return bytes;
}

}  // namespace

RecordInput::RecordInput(const InputRequest& request)
    : source_(request.given.texts.empty() ? open_records(request.source, cancel_)
                                          : records_of_texts(request.given, request.source.shard)) {
}

RecordInput::RecordInput(
    const std::function<std::unique_ptr<RecordSource>(const CancelToken&)>& open)
    : source_(open(cancel_)) {}

const std::deque<Record>& RecordInput::look_ahead(std::size_t most) {
  std::size_t bytes = 0;
  for (const Record& record : ahead_) bytes += bytes_of(record);
  Record record;
  while (ahead_.size() < most && bytes < kMostBytesAhead && source_->next(record)) {
    bytes += bytes_of(record);
    ahead_.push_back(std::exchange(record, {}));
  }
  return ahead_;
}

bool RecordInput::next(Record& record) {
  if (ahead_.empty()) return source_->next(record);
  record = std::move(ahead_.front());
  ahead_.pop_front();
  return true;
}

}  // namespace convbert::app
