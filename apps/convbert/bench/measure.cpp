#include "bench/measure.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <future>

#include "core/workspace.h"
#include "model/pooling.h"
#include "model/random_model.h"
#include "nn/compute.h"
#include "run/encoder_command.h"

namespace convbert::app {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The seconds that each repetition of `work` took.
template <class Work>
std::vector<double> repeat(const Repetition& repetition, Work work) {
  std::vector<double> times;
  const Clock::time_point begin = Clock::now();
  while (static_cast<int>(times.size()) < repetition.least ||
         seconds_since(begin) < repetition.seconds) {
    const Clock::time_point start = Clock::now();
    work();
    times.push_back(seconds_since(start));
  }
  return times;
}

// The value that `share` of all are not above.
double quantile(std::vector<double> values, double share) {
  const auto index = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + index);
  return values[static_cast<std::size_t>(index)];
}

double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

// One thread's work: batches to vectors.
class Worker {
 public:
  explicit Worker(const Encoder& encoder)
      : encoder_(encoder), vector_(static_cast<std::size_t>(encoder.config().hidden_size)) {}

  void run(const Batch& batch, EncoderObserver* observer = nullptr) {
    const Workspace::Frame frame(workspace_);
    const nn::PaddedRows hidden =
        nn::allocate_rows(workspace_, batch.tokens(), encoder_.config().hidden_size);
    encoder_.forward(batch, encoder_.config().layers, hidden, workspace_, observer);
    for (std::int64_t s = 0; s < batch.sequences(); ++s) {
      pool(Pooling::mean, rows_of(hidden, batch, s), vector_);
    }
  }

  // Begins with batch number `first` and goes round.
  void run_all(std::span<const Batch> batches, std::size_t first) {
    for (std::size_t i = 0; i < batches.size(); ++i) run(batches[(first + i) % batches.size()]);
  }

 private:
  const Encoder& encoder_;
  std::vector<float> vector_;
  Workspace workspace_;
};

// In the order of EncoderPart.
constexpr std::array kParts{
    std::pair(EncoderPart::embeddings, "embeddings"),
    std::pair(EncoderPart::projections, "projections"),
    std::pair(EncoderPart::self_attention, "self-attention"),
    std::pair(EncoderPart::span_convolution, "span convolution"),
    std::pair(EncoderPart::attention_output, "attention output"),
    std::pair(EncoderPart::feed_forward, "feed forward"),
};

class PartClock : public EncoderObserver {
 public:
  void restart() { last_ = Clock::now(); }
  void on_part(EncoderPart part) override {
    seconds_[static_cast<std::size_t>(part)] += seconds_since(last_);
    last_ = Clock::now();
  }
  // The seconds of each part since this was last asked.
  std::array<double, kParts.size()> take() { return std::exchange(seconds_, {}); }

 private:
  Clock::time_point last_;
  std::array<double, kParts.size()> seconds_{};
};

}  // namespace

Throughput measure_throughput(const Encoder& encoder, std::span<const Batch> batches, int threads,
                              const Repetition& repetition) {
  std::vector<Worker> workers;
  workers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) workers.emplace_back(encoder);
  const auto for_each_worker = [&](auto work) {
    std::vector<std::future<void>> running;
    running.reserve(workers.size());
    for (std::size_t i = 0; i < workers.size(); ++i) {
      running.push_back(std::async(std::launch::async, work, std::ref(workers[i]), i));
    }
    for (std::future<void>& one : running) one.get();
  };
  for_each_worker([&](Worker& worker, std::size_t) { worker.run(batches.front()); });
  const std::vector<double> times = repeat(repetition, [&] {
    for_each_worker([&](Worker& worker, std::size_t index) {
      worker.run_all(batches, index * batches.size() / workers.size());
    });
  });
  return {threads, static_cast<int>(times.size()), median(times)};
}

std::vector<PartTime> measure_parts(const Encoder& encoder, std::span<const Batch> batches,
                                    const Repetition& repetition) {
  Worker worker(encoder);
  worker.run(batches.front());
  PartClock clock;
  std::array<std::vector<double>, kParts.size()> times;
  repeat(repetition, [&] {
    for (const Batch& batch : batches) {
      clock.restart();
      worker.run(batch, &clock);
    }
    const auto seconds = clock.take();
    for (std::size_t i = 0; i < kParts.size(); ++i) times[i].push_back(seconds[i]);
  });
  std::vector<PartTime> parts;
  for (const auto& [part, name] : kParts) {
    if (part == EncoderPart::span_convolution && !encoder.config().convolution) continue;
    parts.push_back({name, median(times[static_cast<std::size_t>(part)])});
  }
  return parts;
}

Latency measure_latency(const Encoder& encoder, std::int64_t tokens, int threads,
                        const Repetition& repetition) {
  const nn::ComputeScope scope(threads);
  const std::array lengths{tokens};
  const Batch batch = random_batch(lengths, encoder.config().vocab_size);
  Worker worker(encoder);
  worker.run(batch);
  const std::vector<double> times = repeat(repetition, [&] { worker.run(batch); });
  return {threads, tokens, static_cast<int>(times.size()), median(times), quantile(times, 0.9)};
}

TokenizerSpeed measure_tokenizer(const Tokenizer& tokenizer, std::span<const std::string> lines,
                                 const Repetition& repetition) {
  std::int64_t bytes = 0;
  for (const std::string& line : lines) bytes += static_cast<std::int64_t>(line.size());
  std::size_t tokens = 0;  // what the compiler may not leave out
  const std::vector<double> times = repeat(repetition, [&] {
    for (const std::string& line : lines) tokens += tokenizer.encode(line).size();
  });
  if (tokens == 0) return {0, bytes, 0};
  return {static_cast<int>(times.size()), bytes, static_cast<double>(bytes) / median(times)};
}

}  // namespace convbert::app
