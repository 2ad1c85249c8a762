#include "nn/compute.h"

#include <dlfcn.h>

#include <algorithm>

#include "core/error.h"
#include "nn/onednn.h"
#include "nn/row_tiles.h"

namespace convbert::nn {
namespace {

// oneDNN sizes its primitives by the calling thread's OpenMP setting. The runtime it was built
// with (GNU's, LLVM's, or none) is found at run time, so that ours is always the same one.
struct OpenMp {
  using GetMaxThreads = int (*)();
  using SetThreads = void (*)(int);
  GetMaxThreads get_max_threads =
      reinterpret_cast<GetMaxThreads>(::dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  SetThreads set_threads =
      reinterpret_cast<SetThreads>(::dlsym(RTLD_DEFAULT, "omp_set_num_threads"));

  bool present() const { return get_max_threads != nullptr && set_threads != nullptr; }
};

const OpenMp& openmp() {
  static const OpenMp instance;
  return instance;
}

}  // namespace

ComputeScope::ComputeScope() : saved_threads_(0) {
  if (!openmp().present()) return;
  saved_threads_ = openmp().get_max_threads();
  if (saved_threads_ != 1) openmp().set_threads(1);
}

ComputeScope::~ComputeScope() {
  if (openmp().present() && saved_threads_ != 1) openmp().set_threads(saved_threads_);
}

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
