// The records of a run, and what ends it early.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "cli/request.h"
#include "cli/signals.h"
#include "core/cancel.h"
#include "io/record_reader.h"

namespace convbert::app {

// One at a time: SIGINT and SIGTERM end it as if the input had ended.
class RecordInput : public RecordSource {
 public:
  // Throws as open_records() does.
  explicit RecordInput(const InputRequest& request);
  // Of records from elsewhere; `open` makes a source that listens to the token.
  explicit RecordInput(
      const std::function<std::unique_ptr<RecordSource>(const CancelToken&)>& open);

  // The first records, of which next() gives the rest only after them: `most` at the most, and
  // fewer of long ones.
  const std::deque<Record>& look_ahead(std::size_t most);

  bool next(Record& record) override;
  InputProgress progress() const override { return source_->progress(); }
  const TableHeader* table() const override { return source_->table(); }

  CancelToken& cancel() { return cancel_; }
  int caught() const { return signals_.caught(); }  // signal, or 0

 private:
  CancelToken cancel_;
  SignalGuard signals_{cancel_};
  std::unique_ptr<RecordSource> source_;
  std::deque<Record> ahead_;
};

}  // namespace convbert::app
