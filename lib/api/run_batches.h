// Many texts through an encoder: packed into batches, spread over threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/batch.h"
#include "core/workspace.h"
#include "text/encoding.h"

namespace convbert {

// Neighbouring texts, computed together: sequence s of the batch is text first + s.
struct TextBatch {
  std::size_t first = 0;
  Batch batch;
};

// In order. weights: what each text adds to its batch. A batch holds `most` at most, or one text
// that is heavier; and less where fewer batches than `threads` would come of it.
std::vector<TextBatch> pack_texts(std::span<const Encoding> encodings,
                                  std::span<const std::int64_t> weights, std::int64_t most,
                                  int threads);

// Scratch memory that outlives the calls that use it. Threads may share it.
class WorkspacePool {
 public:
  std::unique_ptr<Workspace> take();
  void give_back(std::unique_ptr<Workspace> workspace);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

// Calls compute(batch, workspace) for each, on up to `threads` threads of which the calling one is
// the first, and returns when all have been computed. A lone batch gets all threads inside. If some
// throw, the rest is left out and the exception of the first batch among them is thrown on.
void run_batches(std::span<const TextBatch> batches, int threads, WorkspacePool& pool,
                 const std::function<void(const TextBatch&, Workspace&)>& compute);

}  // namespace convbert
