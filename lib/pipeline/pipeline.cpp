#include "pipeline/pipeline.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <iterator>
#include <mutex>
#include <thread>

namespace convbert {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 100ms;
constexpr std::size_t kMostWaitingRecords = 1 << 14;
// Of records that have been read and not been written, and of results that have not been written.
// One that is larger goes alone.
constexpr std::size_t kMostRecordBytes = std::size_t{64} << 20;
constexpr std::size_t kMostResultBytes = std::size_t{64} << 20;

// Records that a worker computes together; known to the writer, in order, from the moment that
// they are taken from the queue.
struct BatchInOrder {
  std::vector<Job> jobs;
  bool done = false;
  int threads = 1;  // to compute it with
  std::size_t record_bytes = 0;
  std::size_t result_bytes = 0;  // once done
};

template <class Element>
std::size_t bytes_of(const std::vector<Element>& list) {
  return list.capacity() * sizeof(Element);
}

std::size_t encoding_bytes(const Encoding& encoding) {
  return bytes_of(encoding.ids) + bytes_of(encoding.type_ids) + bytes_of(encoding.offsets) +
         bytes_of(encoding.special_mask) + bytes_of(encoding.sequence);
}

// Of all that a job holds before it is computed.
std::size_t record_bytes(const Job& job) {
  const Record& record = job.record;
  std::size_t bytes = sizeof(Job) + record.text.capacity() + record.where.capacity() +
                      record.error.capacity() + bytes_of(record.fields);
  if (record.pair) bytes += record.pair->capacity();
  for (const RecordField& field : record.fields) {
    bytes += field.name.capacity() + field.json.capacity();
  }
  return bytes + encoding_bytes(job.encoding);
}

std::size_t result_bytes(const std::vector<Job>& jobs) {
  std::size_t bytes = 0;
  for (const Job& job : jobs) {
    bytes += job.output.capacity();
    for (const auto& [name, array] : job.arrays) bytes += array.capacity();
  }
  return bytes;
}

class Run {
 public:
  Run(RecordSource& source, const PipelineStages& stages, const PipelineLimits& limits,
      CancelToken& cancel)
      : source_(source),
        stages_(stages),
        limits_(limits),
        cancel_(cancel),
        most_weight_(2 * limits.batch_weight * (limits.workers + 1)),
        most_batches_(2 * static_cast<std::size_t>(limits.workers) + 2) {}

  void run() {
    std::vector<std::jthread> threads;  // joined when it goes
    const StopAtEnd stop_at_end{*this};
    threads.emplace_back([this] { guarded([this] { read(); }, true); });
    for (int i = 0; i < limits_.workers; ++i) {
      threads.emplace_back([this] { guarded([this] { work(); }, false); });
    }
    const bool complete = write();
    if (!complete) stop();
    threads.clear();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  struct Waiting {
    Job job;
    std::size_t bytes;
  };

  // However run() is left, the threads are told to end before they are joined.
  struct StopAtEnd {
    Run& run;
    ~StopAtEnd() { run.stop(); }
  };

  void stop() {
    const std::lock_guard lock(mutex_);
    if (!input_ended_) cancel_.request();  // wakes a reader that waits for input
    stopped_ = true;
    changed_.notify_all();
  }

  bool ending() const { return stopped_ || cancel_.requested(); }

  // An exception of the reader ends the input, so that what was read before it is still computed;
  // one of a worker ends everything.
  template <class Body>
  void guarded(Body body, bool is_reader) {
    std::exception_ptr failure;
    try {
      body();
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    if (failure && !failure_) failure_ = failure;
    if (is_reader) input_ended_ = true;
    if (failure && !is_reader) stopped_ = true;
    changed_.notify_all();
  }

  void read() {
    while (true) {
      Job job;
      if (!source_.next(job.record)) return;
      stages_.prepare(job);
      const std::size_t bytes = record_bytes(job);
      std::unique_lock lock(mutex_);
      progress_ = source_.progress();
      const auto has_room = [&] {
        const bool has_few = waiting_.empty() || (waiting_weight_ < most_weight_ &&
                                                  waiting_.size() < kMostWaitingRecords);
        return has_few && (record_bytes_ == 0 || record_bytes_ + bytes <= kMostRecordBytes);
      };
      while (!has_room() && !ending()) changed_.wait_for(lock, kTick);
      if (ending()) return;
      waiting_weight_ += job.weight;
      record_bytes_ += bytes;
      waiting_.push_back({std::move(job), bytes});
      changed_.notify_all();
    }
  }

  // Takes a fair share of what is waiting, at most a batch: idle workers get some, too.
  BatchInOrder* take_batch(std::unique_lock<std::mutex>& lock) {
    const auto begin = std::chrono::steady_clock::now();
    while (!ending()) {
      const bool can_start = in_order_.size() < most_batches_ && result_bytes_ < kMostResultBytes;
      if (can_start && !waiting_.empty() && is_worth_a_batch(begin)) break;
      if (waiting_.empty() && input_ended_) return nullptr;
      changed_.wait_for(lock, kTick);
    }
    if (ending()) return nullptr;
    const std::int64_t most = most_to_take();
    auto batch = std::make_unique<BatchInOrder>();
    std::int64_t weight = 0;
    while (!waiting_.empty()) {
      Waiting& next = waiting_.front();
      if (!batch->jobs.empty() && weight + next.job.weight > most) break;
      weight += next.job.weight;
      batch->record_bytes += next.bytes;
      batch->jobs.push_back(std::move(next.job));
      waiting_.pop_front();
    }
    waiting_weight_ -= weight;
    ++busy_workers_;
    if (busy_workers_ == 1 && waiting_.empty()) batch->threads = limits_.workers;
    in_order_.push_back(std::move(batch));
    changed_.notify_all();
    return in_order_.back().get();
  }

  // Now, or shall a worker that has waited since `begin` go on waiting for more?
  bool is_worth_a_batch(std::chrono::steady_clock::time_point begin) const {
    return waiting_weight_ >= limits_.batch_weight || input_ended_ ||
           std::chrono::steady_clock::now() - begin >= limits_.patience;
  }

  std::int64_t most_to_take() const {
    const bool takes_the_rest =
        limits_.patience.count() > 0 && waiting_weight_ <= limits_.batch_weight;
    if (takes_the_rest) return limits_.batch_weight;
    const std::int64_t share = waiting_weight_ / limits_.workers;
    return std::clamp(share, limits_.batch_weight / 8, limits_.batch_weight);
  }

  void work() {
    const auto compute = stages_.make_worker();
    std::unique_lock lock(mutex_);
    while (BatchInOrder* batch = take_batch(lock)) {
      lock.unlock();
      compute(batch->jobs, batch->threads);
      const std::size_t bytes = result_bytes(batch->jobs);
      lock.lock();
      --busy_workers_;
      batch->done = true;
      batch->result_bytes = bytes;
      result_bytes_ += bytes;
      changed_.notify_all();
    }
  }

  // Whether all there was has been written.
  bool write() {
    auto next_tick = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    while (true) {
      if (!in_order_.empty() && in_order_.front()->done) {
        const std::unique_ptr<BatchInOrder> batch = std::move(in_order_.front());
        in_order_.pop_front();
        changed_.notify_all();
        lock.unlock();
        const bool go_on = std::ranges::all_of(batch->jobs, stages_.write);
        stages_.flush();
        lock.lock();
        record_bytes_ -= batch->record_bytes;
        result_bytes_ -= batch->result_bytes;
        changed_.notify_all();
        if (!go_on) return false;
      } else if (in_order_.empty() && input_ended_ && waiting_.empty()) {
        return true;
      } else if (stopped_ || (in_order_.empty() && ending())) {
        return false;  // a worker failed, whose batch will never be done; or cancelled
      } else {
        changed_.wait_for(lock, kTick);
      }
      if (const auto now = std::chrono::steady_clock::now(); stages_.tick && now >= next_tick) {
        next_tick = now + kTick;
        const InputProgress progress = progress_;
        lock.unlock();
        stages_.tick(progress);
        lock.lock();
      }
    }
  }

  RecordSource& source_;
  const PipelineStages& stages_;
  const PipelineLimits limits_;
  CancelToken& cancel_;
  const std::int64_t most_weight_;
  const std::size_t most_batches_;

  std::mutex mutex_;  // guards all below; changed_ tells of every change
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::int64_t waiting_weight_ = 0;
  std::deque<std::unique_ptr<BatchInOrder>> in_order_;
  int busy_workers_ = 0;
  std::size_t record_bytes_ = 0;  // of all records that have not been written
  std::size_t result_bytes_ = 0;  // of all results that have not been written
  InputProgress progress_;
  bool input_ended_ = false;
  bool stopped_ = false;
  std::exception_ptr failure_;
};

}  // namespace

void run_pipeline(RecordSource& source, const PipelineStages& stages, const PipelineLimits& limits,
                  CancelToken& cancel) {
  Run(source, stages, limits, cancel).run();
}

}  // namespace convbert
