#include "nn/depthwise_conv.h"

#include <vector>

#include "nn/checks.h"
#include "nn/primitive.h"

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
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
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

}  // namespace convbert::nn
