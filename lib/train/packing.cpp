#include "train/packing.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/random.h"

namespace convbert {

SequencePacker::SequencePacker(const PackingOptions& options) : options_(options) {
  if (options.max_length < 3) {
    throw Error(ErrorKind::internal,
                concat("SequencePacker: sequences of ", options.max_length, " tokens"));
  }
}

void SequencePacker::add(std::span<const std::int32_t> document) {
  if (document.empty()) return;
  if (!pending_.empty()) pending_.push_back(options_.sep);
  pending_.insert(pending_.end(), document.begin(), document.end());
  const auto room = static_cast<std::size_t>(options_.max_length - 2);
  std::size_t first = 0;
  while (pending_.size() - first >= room) {
    emit(std::span(pending_).subspan(first, room));
    first += room;
    // A sequence begins with a document's token.
    if (first < pending_.size() && pending_[first] == options_.sep) ++first;
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(first));
  if (options_.packing == Packing::record) finish();
}

void SequencePacker::finish() {
  emit(pending_);
  pending_.clear();
}

// [CLS] content [SEP]; one [SEP] where the content ends with one.
void SequencePacker::emit(std::span<const std::int32_t> content) {
  if (!content.empty() && content.back() == options_.sep)
    content = content.first(content.size() - 1);
  if (content.empty()) return;
  TokenSequence sequence{options_.cls};
  sequence.insert(sequence.end(), content.begin(), content.end());
  sequence.push_back(options_.sep);
  complete_.push_back(std::move(sequence));
}

std::optional<TokenSequence> SequencePacker::take() {
  if (complete_.empty()) return std::nullopt;
  TokenSequence sequence = std::move(complete_.front());
  complete_.pop_front();
  return sequence;
}

TokenSequence ShuffleBuffer::take() {
  if (held_.empty()) throw Error(ErrorKind::internal, "ShuffleBuffer: nothing to take");
  const std::size_t pick = below(held_.size(), mixed(key_, taken_++));
  std::swap(held_[pick], held_.back());
  TokenSequence sequence = std::move(held_.back());
  held_.pop_back();
  return sequence;
}

}  // namespace convbert
