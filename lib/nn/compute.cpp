#include "nn/compute.h"

#include <dlfcn.h>

#include <algorithm>
#include <new>
#include <utility>

#include "core/error.h"
#include "nn/onednn.h"
#include "nn/row_tiles.h"

namespace convbert::nn {
namespace {

// oneDNN sizes its primitives by the calling thread's OpenMP setting. The runtime it was built
// with (GNU's, LLVM's, or none) is found at run time, so that ours is always the same one.
template <class Function>
Function* openmp(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
}

void set_openmp_threads(int threads) {
  static const auto set = openmp<void(int)>("omp_set_num_threads");
  if (set != nullptr) set(threads);
}

int openmp_threads() {
  static const auto get = openmp<int()>("omp_get_max_threads");
  return get != nullptr ? get() : 1;
}

// Ends the threads that wait for the calling thread's next parallel region, which begins others.
void end_openmp_team() {
  constexpr int kPauseSoft = 1;  // OpenMP 5.0, section 3.2.44
  static const auto pause = openmp<int(int)>("omp_pause_resource_all");
  if (pause != nullptr) pause(kPauseSoft);
}

thread_local int scope_threads = 0;  // 0: no scope is open

}  // namespace

ComputeScope::ComputeScope() : ComputeScope(std::max(1, scope_threads)) {}

ComputeScope::ComputeScope(int threads) : outer_threads_(std::exchange(scope_threads, threads)) {
  if (outer_threads_ == 0) {
    host_threads_ = openmp_threads();
    if (threads > 1) end_openmp_team();
  }
  if (scope_threads != outer_threads_) set_openmp_threads(scope_threads);
}

ComputeScope::~ComputeScope() {
  if (outer_threads_ == 0) {
    if (scope_threads > 1) end_openmp_team();
    set_openmp_threads(host_threads_);
  } else if (outer_threads_ != scope_threads) {
    set_openmp_threads(outer_threads_);
  }
  scope_threads = outer_threads_;
}

int compute_threads() { return std::max(1, scope_threads); }

void rethrow(const dnnl::error& error, std::string_view what) {
  if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
  throw Error(ErrorKind::internal, concat("oneDNN, ", what, ": ", error.what()));
}

const dnnl::engine& engine() {
  static const dnnl::engine instance =
      call_onednn("looking for the CPU", [] { return dnnl::engine(dnnl::engine::kind::cpu, 0); });
  return instance;
}

dnnl::stream& stream() {
  thread_local dnnl::stream instance =
      call_onednn("making a stream", [] { return dnnl::stream(engine()); });
  return instance;
}

InstructionSet instruction_set() {
  static const InstructionSet detected = [] {
#if defined(__x86_64__)
    if (runs(dnnl::cpu_isa::avx512_core)) return InstructionSet::avx512;
    if (runs(dnnl::cpu_isa::avx2)) return InstructionSet::avx2;
#endif
    return InstructionSet::portable;
  }();
  return detected;
}

std::string name_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::portable: return "portable";
    case InstructionSet::avx2: return "AVX2";
    case InstructionSet::avx512: return "AVX-512";
  }
  return "unknown";
}

std::string onednn_version() {
  const auto* version = dnnl::version();
  return concat(version->major, ".", version->minor, ".", version->patch);
}

}  // namespace convbert::nn
