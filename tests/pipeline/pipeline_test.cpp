#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>

#include "core/error.h"
#include "pipeline/pipeline.h"

namespace convbert {
namespace {

using namespace std::chrono_literals;

class Numbers : public RecordSource {
 public:
  Numbers(std::int64_t count, const CancelToken& cancel) : count_(count), cancel_(cancel) {}

  bool next(Record& record) override {
    if (next_ == fail_at) throw Error(ErrorKind::system, "the source broke");
    if (next_ == count_ || cancel_.requested()) return false;
    record = {};
    record.number = next_++;
    produced = next_;
    return true;
  }

  std::int64_t fail_at = -1;
  std::atomic<std::int64_t> produced{0};

 private:
  std::int64_t count_;
  std::int64_t next_ = 0;
  const CancelToken& cancel_;
};

// Stages that write each record's number; a test changes what it is about.
struct Fixture {
  CancelToken cancel;
  std::vector<std::int64_t> written;
  PipelineLimits limits{.workers = 4, .batch_weight = 10};
  PipelineStages stages;

  Fixture() {
    stages.prepare = [](Job& job) { job.weight = 1 + job.record.number % 7; };
    stages.make_worker = [] {
      return [](std::span<Job> jobs, int) {
        for (Job& job : jobs) job.output = std::to_string(job.record.number);
      };
    };
    stages.write = [this](Job& job) {
      written.push_back(std::stoll(job.output));
      return true;
    };
    stages.flush = [] {};
  }

  void run(RecordSource& source) { run_pipeline(source, stages, limits, cancel); }
  bool in_order() const {
    for (std::size_t i = 0; i < written.size(); ++i) {
      if (written[i] != static_cast<std::int64_t>(i)) return false;
    }
    return true;
  }
};

TEST_CASE("results come in the order of their records, however long each takes") {
  Fixture fixture;
  fixture.stages.make_worker = [] {
    return [](std::span<Job> jobs, int) {
      thread_local std::mt19937 generator(std::random_device{}());
      std::this_thread::sleep_for(std::chrono::microseconds(generator() % 500));
      for (Job& job : jobs) job.output = std::to_string(job.record.number);
    };
  };
  Numbers source(3000, fixture.cancel);
  fixture.run(source);
  CHECK(fixture.written.size() == 3000);
  CHECK(fixture.in_order());
  CHECK_FALSE(fixture.cancel.requested());
}

TEST_CASE("batches keep to their weight, and a heavy record goes alone") {
  Fixture fixture;
  std::atomic<int> wrong{0};
  fixture.stages.prepare = [](Job& job) { job.weight = job.record.number % 50 == 0 ? 99 : 3; };
  fixture.stages.make_worker = [&] {
    return [&](std::span<Job> jobs, int) {
      std::int64_t weight = 0;
      for (Job& job : jobs) {
        weight += job.weight;
        job.output = std::to_string(job.record.number);
      }
      if (weight > 10 && jobs.size() > 1) ++wrong;
    };
  };
  Numbers source(500, fixture.cancel);
  fixture.run(source);
  CHECK(wrong == 0);
  CHECK(fixture.written.size() == 500);
}

TEST_CASE("a patient worker waits for a whole batch, and the last one takes the rest") {
  Fixture fixture;
  fixture.limits.patience = std::chrono::hours(1);
  std::mutex mutex;
  std::vector<std::int64_t> weights;
  fixture.stages.prepare = [](Job& job) { job.weight = 3; };
  fixture.stages.make_worker = [&] {
    return [&](std::span<Job> jobs, int) {
      const std::lock_guard lock(mutex);
      weights.push_back(3 * std::ssize(jobs));
      for (Job& job : jobs) job.output = std::to_string(job.record.number);
    };
  };
  fixture.limits.workers = 1;
  Numbers source(50, fixture.cancel);
  fixture.run(source);
  CHECK(fixture.written.size() == 50);
  REQUIRE(weights.size() == 17);  // 16 of three records, and what is left
  CHECK(std::count(weights.begin(), weights.end(), 9) == 16);
}

TEST_CASE("an empty source is an empty run") {
  Fixture fixture;
  Numbers source(0, fixture.cancel);
  fixture.run(source);
  CHECK(fixture.written.empty());
}

TEST_CASE("a writer that is slow holds the reader back") {
  Fixture fixture;
  Numbers source(100'000, fixture.cancel);
  fixture.stages.write = [&](Job& job) {
    fixture.written.push_back(job.record.number);
    if (fixture.written.size() == 5) std::this_thread::sleep_for(200ms);
    if (fixture.written.size() == 6) CHECK(source.produced < 1000);
    return fixture.written.size() < 2000;
  };
  fixture.run(source);
  CHECK(fixture.written.size() == 2000);
  CHECK(fixture.in_order());
  CHECK(fixture.cancel.requested());
}

TEST_CASE("records are held back by all that they hold, not by their texts alone") {
  class Wide : public RecordSource {
   public:
    bool next(Record& record) override {
      if (produced == 400) return false;
      record = {};
      record.number = produced;
      record.fields.push_back({"other", std::string(std::size_t{1} << 20, 'x')});
      ++produced;
      return true;
    }
    std::atomic<std::int64_t> produced{0};
  } source;
  Fixture fixture;
  fixture.limits.batch_weight = 1 << 20;
  fixture.stages.write = [&](Job& job) {
    if (job.record.number > 0) return true;
    // 64 MiB of records that a little more than a megabyte stands in, and one that waits for room.
    for (int i = 0; i < 1000 && source.produced < 64; ++i) std::this_thread::sleep_for(10ms);
    std::this_thread::sleep_for(20ms);
    CHECK(source.produced == 64);
    return true;
  };
  fixture.run(source);
  CHECK(source.produced == 400);
}

TEST_CASE("a record that is larger than all the room goes alone") {
  class Huge : public RecordSource {
   public:
    bool next(Record& record) override {
      if (produced == 3) return false;
      record = {};
      record.number = produced++;
      record.text.assign(std::size_t{65} << 20, 'x');
      return true;
    }
    std::atomic<std::int64_t> produced{0};
  } source;
  Fixture fixture;
  fixture.run(source);
  CHECK(fixture.written.size() == 3);
}

TEST_CASE("a broken source ends the run after the records before it") {
  Fixture fixture;
  Numbers source(1000, fixture.cancel);
  source.fail_at = 321;
  CHECK_THROWS_WITH_AS(fixture.run(source), "the source broke", Error);
  CHECK(fixture.written.size() == 321);
  CHECK(fixture.in_order());
}

TEST_CASE("a worker's exception ends the run and is thrown again") {
  Fixture fixture;
  fixture.stages.make_worker = [] {
    return [](std::span<Job> jobs, int) {
      for (Job& job : jobs) {
        if (job.record.number == 500) throw std::runtime_error("the worker broke");
        job.output = std::to_string(job.record.number);
      }
    };
  };
  Numbers source(100'000, fixture.cancel);
  CHECK_THROWS_WITH_AS(fixture.run(source), "the worker broke", std::runtime_error);
  CHECK(fixture.written.size() <= 500);
  CHECK(fixture.in_order());
}

TEST_CASE("a writer's exception ends the run at once") {
  Fixture fixture;
  fixture.stages.write = [](Job& job) -> bool {
    if (job.record.number == 7) throw std::runtime_error("the disk is full");
    return true;
  };
  Numbers source(1'000'000, fixture.cancel);
  CHECK_THROWS_AS(fixture.run(source), std::runtime_error);
  CHECK(source.produced < 10'000);
}

TEST_CASE("a cancelled run leaves a prefix") {
  Fixture fixture;
  fixture.stages.write = [&](Job& job) {
    fixture.written.push_back(job.record.number);
    if (fixture.written.size() == 50) fixture.cancel.request();
    return true;
  };
  Numbers source(1'000'000, fixture.cancel);
  fixture.run(source);
  CHECK(fixture.written.size() >= 50);
  CHECK(fixture.written.size() < 1000);
  CHECK(fixture.in_order());
}

TEST_CASE("progress is told while the run goes on") {
  Fixture fixture;
  int ticks = 0;
  fixture.stages.tick = [&](const InputProgress&) { ++ticks; };
  fixture.stages.write = [&](Job&) {
    std::this_thread::sleep_for(1ms);
    return true;
  };
  Numbers source(300, fixture.cancel);
  fixture.run(source);
  CHECK(ticks >= 2);
}

}  // namespace
}  // namespace convbert
