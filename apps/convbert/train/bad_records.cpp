#include "train/bad_records.h"

#include "cli/usage_error.h"

namespace convbert::app {

void BadRecords::add(const std::string& message) {
  if (is_strict_) usage_error("--strict: ", message);
  if (count_++ == 0) first_ = message;
  if (count_ <= kMostNamed) console_.warning(message);
  if (count_ == kMostNamed + 1) console_.warning("more bad records are counted only");
}

}  // namespace convbert::app
