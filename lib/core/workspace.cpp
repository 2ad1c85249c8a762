#include "core/workspace.h"

#include <algorithm>

namespace convbert {
namespace {

constexpr std::size_t kGranule = 16;             // floats in a cache line
constexpr std::size_t kSmallestBlock = 1 << 16;  // floats

}  // namespace

float* Workspace::floats(std::size_t count) {
  count = (count + kGranule - 1) / kGranule * kGranule;
  while (block_ < blocks_.size() && blocks_[block_].size() - used_ < count) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const std::size_t previous = blocks_.empty() ? 0 : blocks_.back().size();
    blocks_.emplace_back(std::max({count, kSmallestBlock, 2 * previous}));
    used_ = 0;
  }
  float* pointer = blocks_[block_].data() + used_;
  used_ += count;
  return pointer;
}

void Workspace::release(std::size_t block, std::size_t used) {
  block_ = block;
  used_ = used;
  if (block != 0 || used != 0 || blocks_.size() <= 1) return;
  // Empty again: one block of the whole size serves the next round without gaps.
  std::size_t total = 0;
  for (const FloatBuffer& buffer : blocks_) total += buffer.size();
  blocks_.clear();
  try {
    blocks_.emplace_back(total);
  } catch (const std::bad_alloc&) {
    // A Frame ends: who asks for memory next may hear of it.
  }
}

}  // namespace convbert
