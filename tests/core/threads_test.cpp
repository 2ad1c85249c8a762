#include "core/threads.h"

#include <doctest/doctest.h>
#include <sched.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace convbert {
namespace {

TEST_CASE("a process that is bound to one processor has one") {
  std::thread([] {
    cpu_set_t set;
    REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
    int first = 0;
    while (!CPU_ISSET(first, &set)) ++first;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    REQUIRE(::sched_setaffinity(0, sizeof set, &set) == 0);  // of this thread
    CHECK(available_processors() == 1);
  }).join();
  CHECK(available_processors() >= 1);
}

TEST_CASE("a control group's quota in processors") {
  CHECK(processors_of_quota("200000 100000") == 2);
  CHECK(processors_of_quota("150000 100000\n") == 2);
  CHECK(processors_of_quota("20000 100000") == 1);
  for (const char* none : {"", "max 100000", "100000", "100000 ", "-1 100000", "1 0", "x y"}) {
    INFO(none);
    CHECK_FALSE(processors_of_quota(none));
  }
}

TEST_CASE("work is shared out, each index once") {
  for (const int threads : {0, 1, 3, 50}) {
    std::vector<std::atomic<int>> visits(20);
    std::vector<std::atomic<int>> busy(20);
    share_out(visits.size(), threads, [&](std::size_t index, std::size_t worker) {
      CHECK(busy[worker]++ == 0);  // nobody else is this worker
      ++visits[index];
      --busy[worker];
    });
    for (const auto& count : visits) CHECK(count == 1);
  }
  share_out(0, 4, [](std::size_t, std::size_t) { FAIL("there is nothing to do"); });
}

TEST_CASE("of several failures the first one's exception is thrown") {
  for (const int threads : {1, 4}) {
    std::atomic<int> done = 0;
    std::string message;
    try {
      share_out(1000, threads, [&](std::size_t index, std::size_t) {
        ++done;
        if (index >= 5) throw std::runtime_error(std::to_string(index));
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK(message == "5");
    CHECK(done < 100);
  }
}

}  // namespace
}  // namespace convbert
