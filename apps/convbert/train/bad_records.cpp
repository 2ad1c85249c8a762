#include "train/bad_records.h"

namespace convbert::app {

void BadRecords::add(const std::string& message) {
  if (is_strict_) throw StoppedByStrict(message);
  if (count_++ == 0) first_ = message;
  if (count_ <= kMostNamed) console_.warning(message);
  if (count_ == kMostNamed + 1) console_.warning("more bad records are counted only");
}

}  // namespace convbert::app
