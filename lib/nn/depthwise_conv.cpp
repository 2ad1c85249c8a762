#include "nn/depthwise_conv.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "nn/compute.h"
#include "nn/onednn.h"
#include "nn/row_tiles.h"

namespace convbert::nn {

// The tokens are the width of an image of height 1 in channels-last layout: for that, and not for
// a one-dimensional convolution, oneDNN has its fast depthwise kernels (0.3 against 3 to 8 ns a
// value on a Zen 4 core). A tile of `height` output rows reads height + kernel - 1 input rows.
struct DepthwiseConv::Impl {
  std::int64_t channels;
  std::int64_t kernel;
  RowTiles tiles = RowTiles::many();
  dnnl::memory weight;  // in oneDNN's layout
  std::vector<LazyPrimitive<dnnl::convolution_forward>> primitives;

  std::int64_t half() const { return kernel / 2; }
  dnnl::memory::desc source_desc(std::int64_t height) const {
    return float_desc({1, channels, 1, height + kernel - 1}, FormatTag::nhwc);
  }
  dnnl::memory::desc destination_desc(std::int64_t height) const {
    return float_desc({1, channels, 1, height}, FormatTag::nhwc);
  }
  dnnl::convolution_forward::primitive_desc describe(std::int64_t height,
                                                     const dnnl::memory::desc& weight_desc) const {
    return convolution_desc(source_desc(height), weight_desc, destination_desc(height), {1, 1},
                            {0, 0}, attributes());
  }
};

DepthwiseConv::DepthwiseConv(std::span<const float> weight, std::int64_t channels,
                             std::int64_t kernel) {
  if (kernel % 2 != 1 || weight.size() != static_cast<std::size_t>(channels * kernel)) {
    throw Error(ErrorKind::internal, "DepthwiseConv: the weight has the wrong shape");
  }
  const ComputeScope scope;
  auto impl = std::make_unique<Impl>();
  impl->channels = channels;
  impl->kernel = kernel;
  const Dims dims{channels, 1, 1, 1, kernel};
  const auto chosen =
      impl->describe(impl->tiles.heights().front(), float_desc(dims, FormatTag::any));
  impl->weight = dnnl::memory(chosen.weights_desc(), engine());
  dnnl::memory source = wrap(float_desc(dims, FormatTag::goihw), weight.data());
  dnnl::reorder(source, impl->weight).execute(stream(), source, impl->weight);
  impl->primitives =
      std::vector<LazyPrimitive<dnnl::convolution_forward>>(impl->tiles.heights().size());
  impl_ = std::move(impl);
}

DepthwiseConv::DepthwiseConv(DepthwiseConv&&) noexcept = default;
DepthwiseConv& DepthwiseConv::operator=(DepthwiseConv&&) noexcept = default;
DepthwiseConv::~DepthwiseConv() = default;

void DepthwiseConv::forward(const Batch& batch, ConstMatrixView x, MatrixView y,
                            Workspace& workspace) const {
  const Impl& impl = *impl_;
  if (x.columns != impl.channels || x.stride != impl.channels || y.columns != impl.channels ||
      y.stride != impl.channels || x.rows != batch.tokens() || y.rows != x.rows) {
    throw Error(ErrorKind::internal, "DepthwiseConv: x or y has the wrong shape");
  }
  const Workspace::Frame frame(workspace);
  // Output row r is centred on input row r + half; sequence s starts at output row
  // start(s) + s * half.
  const std::int64_t half = impl.half();
  const std::int64_t outputs = batch.tokens() + batch.sequences() * half;
  const std::int64_t capacity = padded_rows(outputs);
  const MatrixView gapped = workspace.matrix(capacity + 2 * half, impl.channels);
  const MatrixView convolved = workspace.matrix(capacity, impl.channels);

  float* to = gapped.data;
  const auto zero_rows = [&](std::int64_t rows) {
    to = std::fill_n(to, rows * impl.channels, 0.0f);
  };
  zero_rows(half);
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    to = std::copy_n(x.row(batch.start(s)), batch.length(s) * impl.channels, to);
    zero_rows(half);
  }
  std::fill(to, gapped.row(gapped.rows), 0.0f);

  impl.tiles.for_each(outputs, [&](std::int64_t first, std::size_t index, std::int64_t height) {
    impl.primitives[index]
        .get([&] { return impl.describe(height, impl.weight.get_desc()); })
        .execute({{DNNL_ARG_SRC, wrap(impl.source_desc(height), gapped.row(first))},
                  {DNNL_ARG_WEIGHTS, impl.weight},
                  {DNNL_ARG_DST, wrap(impl.destination_desc(height), convolved.row(first))}},
                 workspace);
  });
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    std::copy_n(convolved.row(batch.start(s) + s * half), batch.length(s) * impl.channels,
                y.row(batch.start(s)));
  }
}

}  // namespace convbert::nn
