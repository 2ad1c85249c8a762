#include "model/check_batch.h"

#include <algorithm>

#include "core/error.h"

namespace convbert {

void check_batch(const Batch& batch, const EmbeddedRange& embedded) {
  if (batch.type_ids.size() != batch.ids.size() || batch.starts.empty() ||
      batch.starts.front() != 0 || batch.starts.back() != batch.tokens()) {
    throw Error(ErrorKind::internal,
                concat("a batch of ", batch.ids.size(), " ids has ", batch.type_ids.size(),
                       " token types and sequences of ",
                       batch.starts.empty() ? 0 : batch.starts.back(), " tokens"));
  }
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    if (batch.length(s) < 1 || batch.length(s) > embedded.positions) {
      throw Error(ErrorKind::input, concat("a sequence of ", batch.length(s),
                                           " tokens: the model takes 1 to ", embedded.positions));
    }
  }
  const auto outside = [](const std::vector<std::int32_t>& ids, std::int64_t end) {
    return std::ranges::find_if(ids, [end](std::int32_t id) { return id < 0 || id >= end; });
  };
  if (const auto id = outside(batch.ids, embedded.words); id != batch.ids.end()) {
    throw Error(ErrorKind::input,
                concat("token id ", *id, ": the model embeds 0 to ", embedded.words - 1));
  }
  if (const auto id = outside(batch.type_ids, embedded.types); id != batch.type_ids.end()) {
    throw Error(ErrorKind::input, concat("token type ", *id, ": the model embeds 0 to ",
                                         embedded.types - 1, "; it may not take pairs"));
  }
}

}  // namespace convbert
