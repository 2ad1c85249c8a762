// What the host of this library finds when it is done.
#include "nn/compute.h"

#include <dirent.h>
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <thread>
#include <vector>

#include "core/error.h"
#include "nn/linear.h"

namespace convbert::nn {
namespace {

int openmp_threads() {
  const auto get = reinterpret_cast<int (*)()>(::dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  return get != nullptr ? get() : 0;
}

void set_openmp_threads(int threads) {
  const auto set = reinterpret_cast<void (*)(int)>(::dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  if (set != nullptr) set(threads);
}

int threads_of_process() {
  int count = 0;
  DIR* tasks = ::opendir("/proc/self/task");
  REQUIRE(tasks != nullptr);
  while (const dirent* entry = ::readdir(tasks)) count += entry->d_name[0] != '.';
  ::closedir(tasks);
  return count;
}

// Not known to the compiler.
float half_of(float value) {
  const volatile float half = 0.5f;
  return value * half;
}

void multiply_once() {
  const std::vector<float> weight(256 * 256, 1.0f);
  const std::vector<float> bias(256, 0.0f);
  const Linear linear({.in = 256, .out = 256, .weight = weight, .bias = bias});
  Workspace workspace;
  const PaddedRows x = allocate_rows(workspace, 512, 256);
  const PaddedRows y = allocate_rows(workspace, 512, 256);
  std::fill_n(x.data, 512 * 256, 1.0f);
  linear.forward(x, y, workspace);
  CHECK(y.row(511)[255] == 256.0f);
}

TEST_CASE("a scope leaves the host's OpenMP and subnormals as they were") {
  set_openmp_threads(3);
  const int before = openmp_threads();
  std::thread([] {}).join();  // a sanitizer's runtime starts one of its own with the first thread
  const int threads = threads_of_process();
  const float smallest = std::numeric_limits<float>::min();
  {
    const ComputeScope scope(4);
    CHECK(half_of(smallest) == 0.0f);
    multiply_once();
    {
      const ComputeScope inner(1);
      CHECK(compute_threads() == 1);
    }
    CHECK(compute_threads() == 4);
    if (before > 0) CHECK(openmp_threads() == 4);
  }
  CHECK(openmp_threads() == before);
  CHECK(half_of(smallest) > 0.0f);
  CHECK(threads_of_process() == threads);  // none waits, with subnormals off, for the host's work
}

TEST_CASE("weights that int8 cannot hold are named") {
  std::vector<float> weight(8 * 4, 1.0f);
  weight[5] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> bias(4, 0.0f);
  try {
    Linear({.in = 8,
            .out = 4,
            .weight = weight,
            .bias = bias,
            .name = "layer.3.weight",
            .precision = Precision::int8});
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::format);
    CHECK(std::string(error.what()) ==
          "tensor \"layer.3.weight\": a weight is NaN or infinite, which int8 cannot hold");
  }
}

TEST_CASE("sums of 8-bit products that leave 32 bits are right all the same") {
  constexpr std::int64_t kIn = 70'000;  // of 255 * 127 each
  constexpr std::int64_t kOut = 16;
  const std::vector<float> weight(kIn * kOut, 1.0f);
  const std::vector<float> bias(kOut, 0.0f);
  const Linear linear(
      {.in = kIn, .out = kOut, .weight = weight, .bias = bias, .precision = Precision::int8});
  Workspace workspace;
  const PaddedRows x = allocate_rows(workspace, 1, kIn);
  const PaddedRows y = allocate_rows(workspace, 1, kOut);
  std::fill_n(x.data, kIn - 1, 1.0f);  // and one zero, from which the steps count
  linear.forward(x, y, workspace);
  CHECK(y.row(0)[0] == doctest::Approx(kIn - 1));
  CHECK(y.row(0)[kOut - 1] == doctest::Approx(kIn - 1));
}

}  // namespace
}  // namespace convbert::nn
