// Forward passes of ConvBERT shapes with random weights, one thread, batches of a fixed number of
// tokens as the pipeline makes them. Counters: tokens and sequences a second.
#include <benchmark/benchmark.h>

#include <iterator>
#include <map>
#include <vector>

#include "model/random_model.h"
#include "nn/compute.h"

namespace convbert {
namespace {

// What real short texts look like; `convbert bench` measures with the same.
constexpr std::int64_t kMixedLengths[] = {
#include "apps/convbert/bench/mixed_lengths.inc"
};
std::vector<std::int64_t> mixed_lengths(std::ptrdiff_t count) {
  return {std::begin(kMixedLengths), std::begin(kMixedLengths) + count};
}

const RandomModel& model_of(std::string_view shape, nn::Precision precision) {
  static std::map<std::pair<std::string_view, nn::Precision>, RandomModel> models;
  return models.try_emplace({shape, precision}, *published_shape(shape), EncoderOptions{precision})
      .first->second;
}

void run_batches(benchmark::State& state, const RandomModel& model,
                 const std::vector<std::int64_t>& lengths) {
  const Encoder& encoder = model.encoder();
  const std::int64_t batch_tokens = state.range(0);
  std::vector<Batch> batches;
  std::int64_t tokens = 0;
  for (std::size_t first = 0; first < lengths.size();) {
    std::size_t last = first;
    std::int64_t in_batch = 0;
    while (last < lengths.size() && (last == first || in_batch + lengths[last] <= batch_tokens)) {
      in_batch += lengths[last++];
    }
    batches.push_back(
        random_batch({lengths.data() + first, last - first}, encoder.config().vocab_size));
    tokens += in_batch;
    first = last;
  }
  const nn::ComputeScope scope;
  Workspace workspace;
  for (auto _ : state) {
    for (const Batch& batch : batches) {
      const Workspace::Frame frame(workspace);
      const nn::PaddedRows hidden =
          nn::allocate_rows(workspace, batch.tokens(), encoder.config().hidden_size);
      encoder.forward(batch, encoder.config().layers, hidden, workspace);
      benchmark::DoNotOptimize(hidden.data);
    }
  }
  using benchmark::Counter;
  state.counters["tokens/s"] =
      Counter(static_cast<double>(tokens), Counter::kIsIterationInvariantRate);
  state.counters["sequences/s"] =
      Counter(static_cast<double>(lengths.size()), Counter::kIsIterationInvariantRate);
}

nn::Precision precision_of(const benchmark::State& state) {
  return static_cast<nn::Precision>(state.range(1));
}
void base_128(benchmark::State& state) {
  run_batches(state, model_of("conv-bert-base", precision_of(state)),
              std::vector<std::int64_t>(32, 128));
}
void base_mixed(benchmark::State& state) {
  run_batches(state, model_of("conv-bert-base", precision_of(state)), mixed_lengths(128));
}
void small_128(benchmark::State& state) {
  run_batches(state, model_of("conv-bert-small", precision_of(state)),
              std::vector<std::int64_t>(32, 128));
}
void small_mixed(benchmark::State& state) {
  run_batches(state, model_of("conv-bert-small", precision_of(state)), mixed_lengths(256));
}

// Precision 0 is f32, 1 bf16, 2 int8.
void of_batch_sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgsProduct({{256, 1024}, {0, 1, 2}})
      ->ArgNames({"batch_tokens", "precision"})
      ->Unit(benchmark::kMillisecond);
}
BENCHMARK(base_128)->Apply(of_batch_sizes);
BENCHMARK(base_mixed)->Apply(of_batch_sizes);
BENCHMARK(small_128)->Apply(of_batch_sizes);
BENCHMARK(small_mixed)->Apply(of_batch_sizes);

}  // namespace
}  // namespace convbert
