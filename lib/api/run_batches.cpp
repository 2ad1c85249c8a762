#include "api/run_batches.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/threads.h"
#include "nn/compute.h"

namespace convbert {

std::vector<TextBatch> pack_texts(std::span<const Encoding> encodings,
                                  std::span<const std::int64_t> weights, std::int64_t most,
                                  int threads) {
  const std::int64_t all = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  const std::int64_t share = (all + threads - 1) / threads;
  const std::int64_t limit = std::clamp<std::int64_t>(share, 1, most);
  std::vector<TextBatch> batches;
  std::int64_t weight = 0;
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    if (batches.empty() || weight + weights[i] > limit) {
      batches.push_back({i, {}});
      weight = 0;
    }
    batches.back().batch.append(encodings[i].ids, encodings[i].type_ids);
    weight += weights[i];
  }
  return batches;
}

std::unique_ptr<Workspace> WorkspacePool::take() {
  const std::scoped_lock lock(mutex_);
  if (idle_.empty()) return std::make_unique<Workspace>();
  std::unique_ptr<Workspace> workspace = std::move(idle_.back());
  idle_.pop_back();
  return workspace;
}

void WorkspacePool::give_back(std::unique_ptr<Workspace> workspace) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(workspace));
}

void run_batches(std::span<const TextBatch> batches, int threads, WorkspacePool& pool,
                 const std::function<void(const TextBatch&, Workspace&)>& compute) {
  const auto workers = static_cast<int>(
      std::clamp<std::size_t>(batches.size(), 1, static_cast<std::size_t>(threads)));
  std::vector<std::unique_ptr<Workspace>> workspaces;
  for (int i = 0; i < workers; ++i) workspaces.push_back(pool.take());
  const auto give_back = [&] {
    for (std::unique_ptr<Workspace>& workspace : workspaces) pool.give_back(std::move(workspace));
  };
  try {
    share_out(batches.size(), workers, [&](std::size_t index, std::size_t worker) {
      const nn::ComputeScope scope(threads / workers);
      Workspace& workspace = *workspaces[worker];
      const Workspace::Frame frame(workspace);
      compute(batches[index], workspace);
    });
  } catch (...) {
    give_back();
    throw;
  }
  give_back();
}

}  // namespace convbert
