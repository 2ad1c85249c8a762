#include "bench/workload.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <string_view>

#include "cli/usage_error.h"
#include "core/numbers.h"
#include "model/random_model.h"

namespace convbert::app {
namespace {

constexpr std::int64_t kMixedLengths[] = {
#include "bench/mixed_lengths.inc"
};
constexpr std::int64_t kLongest = 1 << 20;

std::vector<std::int64_t> parse_lengths(const std::string& list) {
  std::vector<std::int64_t> lengths;
  const std::string_view text = list;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto length = parse_number<std::int64_t>(text.substr(begin, end - begin));
    if (!length || *length < 1 || *length > kLongest) {
      usage_error("--lengths: expected mixed, a number of tokens or a list of them from 1 to ",
                  kLongest, ", found \"", printable(list, 40), "\"");
    }
    lengths.push_back(*length);
    begin = end + 1;
  }
  return lengths;
}

}  // namespace

std::int64_t Workload::tokens() const {
  return std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
}

std::int64_t Workload::median_length() const {
  std::vector<std::int64_t> sorted = lengths;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::ranges::nth_element(sorted, middle);
  return *middle;
}

Workload parse_workload(const std::string& name) {
  if (name != "mixed") return {.name = name, .lengths = parse_lengths(name)};
  return {.name = name, .lengths = {std::begin(kMixedLengths), std::end(kMixedLengths)}};
}

Workload fit_workload(Workload workload, std::int64_t positions, std::int64_t batch_tokens) {
  std::vector<std::int64_t>& lengths = workload.lengths;
  if (lengths.size() == 1) {
    const std::int64_t length = lengths.front();
    const std::int64_t texts =
        2 * std::max<std::int64_t>(batch_tokens / std::min(length, positions), 1);
    lengths.assign(static_cast<std::size_t>(texts), length);
  }
  for (std::int64_t& length : lengths) {
    if (length > positions) ++workload.clipped;
    length = std::min(length, positions);
  }
  return workload;
}

std::vector<Batch> make_batches(const Workload& workload, std::int64_t batch_tokens,
                                std::int64_t vocab_size) {
  const std::vector<std::int64_t>& lengths = workload.lengths;
  std::vector<Batch> batches;
  for (std::size_t first = 0; first < lengths.size();) {
    std::size_t last = first;
    std::int64_t tokens = 0;
    while (last < lengths.size() && (last == first || tokens + lengths[last] <= batch_tokens)) {
      tokens += lengths[last++];
    }
    batches.push_back(random_batch(std::span(lengths).subspan(first, last - first), vocab_size));
    first = last;
  }
  return batches;
}

}  // namespace convbert::app
