// The feed-forward part of a layer: y += W2 activation(W1 x + b1) + b2.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/linear.h"
#include "nn/padded_rows.h"

namespace convbert::nn {

// ConvBERT may group it (paper, section 3.3): the features of x, of the intermediate layer and of y
// are cut into equal slices, and each slice has a feed-forward part of its own, a group. BERT's and
// ELECTRA's is one group.
//
// It goes tile by tile, so that the wide intermediate never leaves the cache. Const after
// construction; threads may share it. A row depends on that row of x alone, to the last bit.
class FeedForward {
 public:
  // One group: intermediate.out == output.in. The output accumulates.
  struct Group {
    LinearSpec intermediate;  // with its activation
    LinearSpec output;
  };
  explicit FeedForward(const std::vector<Group>& groups);
  FeedForward(FeedForward&&) noexcept;
  FeedForward& operator=(FeedForward&&) noexcept;
  ~FeedForward();

  std::string kernel() const;             // oneDNN's, of its products
  std::string activation_kernel() const;  // and of what stands between them

  // x, y: [rows, features]. They may be the same matrix.
  void forward(const PaddedRows& x, const PaddedRows& y, Workspace& workspace) const;

 private:
  struct Part;
  std::vector<Part> parts_;
};

}  // namespace convbert::nn
