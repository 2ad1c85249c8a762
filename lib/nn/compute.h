// What the operations of this folder share: the calling thread's state, and rows.
#pragma once

#include <cstdint>
#include <string>

#include "core/threads.h"
#include "core/workspace.h"

namespace convbert::nn {

// Opened around work of this folder: on this thread, primitives are made for and run on this
// thread alone, and subnormals count as zero. Parallel work is several threads, each with its own
// batch and its own scope: sums then have one order, whatever the number of threads.
class ComputeScope {
 public:
  ComputeScope();
  ~ComputeScope();
  ComputeScope(const ComputeScope&) = delete;
  ComputeScope& operator=(const ComputeScope&) = delete;

 private:
  FlushDenormals flush_denormals_;
  int saved_threads_;
};

// The instruction set that runs here, as oneDNN picked it (ONEDNN_MAX_CPU_ISA can lower it); the
// loops of this folder follow the same choice.
enum class InstructionSet { portable, avx2, avx512 };
InstructionSet instruction_set();
std::string name_of(InstructionSet set);
std::string onednn_version();  // "2.6.3"

// Operations that work on rows do so in tiles of fixed heights and may read and write rows beyond
// the last, up to this many in all.
std::int64_t padded_rows(std::int64_t rows);

// [rows, columns] with room for padded_rows(rows), of which those beyond `rows` are set to zero.
MatrixView allocate_rows(Workspace& workspace, std::int64_t rows, std::int64_t columns);

}  // namespace convbert::nn
