// What the operations of this folder share: the calling thread's state.
#pragma once

#include <cstdint>
#include <string>

#include "core/threads.h"
#include "core/workspace.h"

namespace convbert::nn {

// Opened around work of this folder: how many threads the matrix products of the calling thread
// use, and subnormals count as zero. Results do not depend on the number, save Matmul's. The
// outermost scope leaves OpenMP as it found it: the thread's own number of threads, and no team of
// threads that are idle, and that would flush subnormals for whoever uses them next.
//
// For throughput, several threads each have a batch and a scope of one thread; for the latency of a
// lone batch, one thread has a scope of several.
class ComputeScope {
 public:
  // That of the scope around it, else one thread.
  ComputeScope();
  explicit ComputeScope(int threads);
  ~ComputeScope();
  ComputeScope(const ComputeScope&) = delete;
  ComputeScope& operator=(const ComputeScope&) = delete;

 private:
  FlushDenormals flush_denormals_;
  int outer_threads_;
  int host_threads_ = 0;  // of the outermost scope: OpenMP's setting before it
};

// Of the calling thread's scope.
int compute_threads();

// The instruction set that runs here, as oneDNN picked it (ONEDNN_MAX_CPU_ISA can lower it); the
// loops of this folder follow the same choice.
enum class InstructionSet { portable, avx2, avx512 };
InstructionSet instruction_set();
std::string name_of(InstructionSet set);
std::string onednn_version();  // "2.6.3"

}  // namespace convbert::nn
