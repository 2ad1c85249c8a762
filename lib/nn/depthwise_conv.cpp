#include "nn/depthwise_conv.h"

#include <vector>

#include "nn/checks.h"
#include "nn/onednn_backward.h"
#include "nn/primitive.h"
#include "nn/row_loops.h"

namespace convbert::nn {
namespace {

// A length decides the layout of the filters; all usual ones agree with this.
constexpr std::int64_t kUsualLength = 64;
// Lengths that are kept: those of a usual model, for one and for several threads.
constexpr std::size_t kMostLengths = 1024;

}  // namespace

class DepthwiseConv::Filters {
 public:
  Filters(const dnnl::memory::desc& given, std::span<const float> weight,
          const dnnl::memory::desc& layout)
      : plain_(weight.begin(), weight.end()), given_(given), packed_(reorder_to(layout)) {}

  // Calls use(data) with the filters in that layout.
  template <class Use>
  void in(const dnnl::memory::desc& layout, Use use) const {
    if (layout == packed_.get_desc()) return use(packed_.get_data_handle());
    use(reorder_to(layout).get_data_handle());
  }

 private:
  dnnl::memory reorder_to(const dnnl::memory::desc& layout) const {
    dnnl::memory to = allocate(layout);
    reorder(wrap(given_, plain_.data()), to);
    return to;
  }

  std::vector<float> plain_;
  dnnl::memory::desc given_;
  dnnl::memory packed_;
};

struct DepthwiseConv::Kernels {
  Kernels(std::int64_t the_channels, std::int64_t the_kernel)
      : channels(the_channels), kernel(the_kernel), shortest(find_shortest()) {}

  // The convolution of sequences of one length.
  struct OfLength {
    explicit OfLength(const dnnl::convolution_forward::primitive_desc& desc)
        : convolution(desc), filters(desc.weights_desc()) {}
    Primitive<dnnl::convolution_forward> convolution;
    dnnl::memory::desc filters;
  };

  // Its gradients, in the layouts that their kernels like.
  struct BackwardOfLength {
    BackwardOfLength(const dnnl::convolution_backward_data::primitive_desc& data_desc,
                     const dnnl::convolution_backward_weights::primitive_desc& weights_desc)
        : data(data_desc),
          filters(data_desc.weights_desc()),
          weights(weights_desc),
          gradient(weights_desc.diff_weights_desc()) {}
    Primitive<dnnl::convolution_backward_data> data;
    dnnl::memory::desc filters;
    Primitive<dnnl::convolution_backward_weights> weights;
    dnnl::memory::desc gradient;
  };

  std::shared_ptr<const BackwardOfLength> backward_of(std::int64_t length) const {
    return backward_lengths.get({length}, [&] {
      const auto tokens = float_desc({1, channels, 1, length}, FormatTag::nhwc);
      const ConvolutionShape shape{.source = tokens,
                                   .weights = filters_desc(FormatTag::any),
                                   .destination = tokens,
                                   .padding = {0, kernel / 2}};
      return std::make_shared<const BackwardOfLength>(convolution_backward_data_desc(shape),
                                                      convolution_backward_weights_desc(shape));
    });
  }

  dnnl::memory::desc filters_desc(FormatTag tag) const {
    return float_desc({channels, 1, 1, 1, kernel}, tag);  // [groups, out, in, height, width]
  }
  dnnl::convolution_forward::primitive_desc describe(std::int64_t length) const {
    const auto tokens = float_desc({1, channels, 1, length}, FormatTag::nhwc);
    return convolution_desc(tokens, filters_desc(FormatTag::any), {}, tokens, {0, kernel / 2},
                            attributes());
  }

  // One sequence.
  void run(const Filters& packed_filters, ConstMatrixView x, MatrixView y,
           Workspace& workspace) const {
    const auto of_length =
        lengths.get({x.rows}, [&] { return std::make_shared<const OfLength>(describe(x.rows)); });
    packed_filters.in(of_length->filters, [&](const void* packed) {
      of_length->convolution.execute(
          {{DNNL_ARG_SRC, x.data}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, y.data}}, workspace);
    });
  }

  // The shortest sequence that has a depthwise kernel: oneDNN's want at least a tap of their own
  // beyond the padding, and its other kernels are many times slower.
  std::int64_t find_shortest() const {
    for (std::int64_t length = 1; length <= kernel; ++length) {
      if (sums_whole_rows(describe(length).impl_info_str())) return length;
    }
    return 1;
  }

  std::int64_t channels;
  std::int64_t kernel;
  std::int64_t shortest;
  PrimitiveCache<OfLength> lengths{kMostLengths};
  PrimitiveCache<BackwardOfLength> backward_lengths{kMostLengths};
};

DepthwiseConv::DepthwiseConv(std::int64_t channels, std::int64_t kernel) {
  if (channels < 1 || kernel < 1 || kernel % 2 != 1) {
    throw Error(ErrorKind::internal,
                concat("DepthwiseConv: expected channels and an odd kernel, found ", channels,
                       " channels and a kernel of ", kernel));
  }
  kernels_ = std::make_unique<const Kernels>(channels, kernel);
}

DepthwiseConv::DepthwiseConv(DepthwiseConv&&) noexcept = default;
DepthwiseConv& DepthwiseConv::operator=(DepthwiseConv&&) noexcept = default;
DepthwiseConv::~DepthwiseConv() = default;

std::string DepthwiseConv::kernel() const {
  return name_of_kernel(kernels_->describe(kUsualLength));
}

std::shared_ptr<const DepthwiseConv::Filters> DepthwiseConv::pack(
    std::span<const float> weight) const {
  const Kernels& kernels = *kernels_;
  if (weight.size() != static_cast<std::size_t>(kernels.channels * kernels.kernel)) {
    throw Error(ErrorKind::internal,
                concat("DepthwiseConv: expected a weight of ", kernels.channels, " times ",
                       kernels.kernel, " floats, found ", weight.size()));
  }
  return std::make_shared<const Filters>(kernels.filters_desc(FormatTag::goihw), weight,
                                         kernels.describe(kUsualLength).weights_desc());
}

void DepthwiseConv::forward(const Filters& filters, const Batch& batch, ConstMatrixView x,
                            MatrixView y, Workspace& workspace) const {
  expect_dense("DepthwiseConv, x", x, batch.tokens(), kernels_->channels);
  expect_dense("DepthwiseConv, y", y, batch.tokens(), kernels_->channels);
  for (const std::int64_t s : batch.by_length()) {
    const std::int64_t length = batch.length(s);
    const MatrixView to = rows_of(y, batch, s);
    const ConstMatrixView from = rows_of(x, batch, s);
    if (length >= kernels_->shortest) {
      kernels_->run(filters, from, to, workspace);
      continue;
    }
    // Zeros behind the text are what its end is padded with anyway.
    const Workspace::Frame frame(workspace);
    const MatrixView longer_x = workspace.matrix(kernels_->shortest, x.columns);
    const MatrixView longer_y = workspace.matrix(kernels_->shortest, x.columns);
    std::copy_n(from.data, length * x.columns, longer_x.data);
    std::fill(longer_x.row(length), longer_x.row(longer_x.rows), 0.0f);
    kernels_->run(filters, longer_x, longer_y, workspace);
    std::copy_n(longer_y.data, length * x.columns, to.data);
  }
}

void DepthwiseConv::backward(const Filters& filters, const Batch& batch, ConstMatrixView dy,
                             MatrixView dx, Workspace& workspace) const {
  expect_dense("DepthwiseConv's gradient, dy", dy, batch.tokens(), kernels_->channels);
  expect_dense("DepthwiseConv's gradient, dx", dx, batch.tokens(), kernels_->channels);
  for (const std::int64_t s : batch.by_length()) {
    const auto of_length = kernels_->backward_of(batch.length(s));
    filters.in(of_length->filters, [&](const void* packed) {
      of_length->data.execute({{DNNL_ARG_DIFF_DST, rows_of(dy, batch, s).data},
                               {DNNL_ARG_WEIGHTS, packed},
                               {DNNL_ARG_DIFF_SRC, rows_of(dx, batch, s).data}},
                              workspace);
    });
  }
}

void DepthwiseConv::add_filter_gradient(const Batch& batch, ConstMatrixView x, ConstMatrixView dy,
                                        std::span<float> gradient, Workspace& workspace) const {
  const Kernels& kernels = *kernels_;
  expect_dense("DepthwiseConv's filters' gradient, x", x, batch.tokens(), kernels.channels);
  expect_dense("DepthwiseConv's filters' gradient, dy", dy, batch.tokens(), kernels.channels);
  const Workspace::Frame frame(workspace);
  float* plain = workspace.floats(gradient.size());
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const Workspace::Frame sequence_frame(workspace);
    const auto of_length = kernels.backward_of(batch.length(s));
    auto* packed = workspace.array<std::byte>(of_length->gradient.get_size());
    of_length->weights.execute({{DNNL_ARG_SRC, rows_of(x, batch, s).data},
                                {DNNL_ARG_DIFF_DST, rows_of(dy, batch, s).data},
                                {DNNL_ARG_DIFF_WEIGHTS, packed}},
                               workspace);
    reorder(wrap(of_length->gradient, packed), wrap(kernels.filters_desc(FormatTag::goihw), plain));
    add_in_place(gradient.data(), plain, std::ssize(gradient));
  }
}

}  // namespace convbert::nn
