#include "nn/compute.h"

#include <dlfcn.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "nn/onednn.h"
#include "nn/row_tiles.h"

namespace convbert::nn {
namespace {

// oneDNN sizes its primitives by the calling thread's OpenMP setting. The runtime it was built
// with (GNU's, LLVM's, or none) is found at run time, so that ours is always the same one.
void set_openmp_threads(int threads) {
  using SetThreads = void (*)(int);
  static const auto set =
      reinterpret_cast<SetThreads>(::dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  if (set != nullptr) set(threads);
}

thread_local int scope_threads = 0;  // 0: no scope is open

}  // namespace

ComputeScope::ComputeScope() : ComputeScope(std::max(1, scope_threads)) {}

ComputeScope::ComputeScope(int threads) : outer_threads_(std::exchange(scope_threads, threads)) {
  if (scope_threads != outer_threads_) set_openmp_threads(scope_threads);
}

ComputeScope::~ComputeScope() {
  // Outside of every scope the setting matters to nobody.
  if (outer_threads_ != scope_threads && outer_threads_ > 0) set_openmp_threads(outer_threads_);
  scope_threads = outer_threads_;
}

int compute_threads() { return std::max(1, scope_threads); }

const dnnl::engine& engine() {
  static const dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}

dnnl::stream& stream() {
  thread_local dnnl::stream instance(engine());
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

std::int64_t padded_rows(std::int64_t rows) {
  return (rows + kRowGranule - 1) / kRowGranule * kRowGranule;
}

MatrixView allocate_rows(Workspace& workspace, std::int64_t rows, std::int64_t columns) {
  const std::int64_t padded = padded_rows(rows);
  const MatrixView matrix = workspace.matrix(padded, columns);
  std::fill(matrix.row(rows), matrix.row(padded), 0.0f);
  return matrix.first_rows(rows);
}

}  // namespace convbert::nn
