#include "nn/product.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "nn/compute.h"
#include "nn/onednn.h"

namespace convbert::nn {
namespace {

// The weight streams through the caches once a tile: tall tiles share it among many rows, until the
// tile itself no longer fits beside it (4 MiB, measured from 1/2 to 8 on a core with 1 MiB of
// second- and a share of 32 MiB of third-level cache: f32 on the base shape gains 7 % over 1 MiB).
constexpr std::int64_t kTileBytes = 1 << 22;
constexpr std::int64_t kTallest = 512;

std::int64_t tallest_tile(std::int64_t in, std::int64_t out) {
  std::int64_t height = kTallest;
  while (height > 8 && height * (in + out) * std::int64_t{sizeof(float)} > kTileBytes) height /= 2;
  return height;
}

DataType source_type(Precision precision) {
  switch (precision) {
    case Precision::f32: return DataType::f32;
    case Precision::bf16: return DataType::bf16;
    case Precision::int8: return DataType::u8;
  }
  return DataType::undef;
}

DataType weight_type(Precision precision) {
  return precision == Precision::int8 ? DataType::s8 : source_type(precision);
}

// A weight rounded to 8 bits, [out, in], with what its features need to become floats again.
struct QuantizedWeight {
  std::vector<std::int8_t> values;
  std::vector<float> scales;
  std::vector<float> sums;
};

QuantizedWeight quantize_weight(const LinearSpec& spec) {
  QuantizedWeight quantized;
  quantized.values.resize(spec.weight.size());
  std::vector<float> column(static_cast<std::size_t>(spec.in));
  for (std::int64_t out = 0; out < spec.out; ++out) {
    const float* weights = spec.weight.data() + out * spec.in;
    if (spec.layout == WeightLayout::in_out) {
      for (std::int64_t in = 0; in < spec.in; ++in) {
        column[static_cast<std::size_t>(in)] =
            spec.weight[static_cast<std::size_t>(in * spec.out + out)];
      }
      weights = column.data();
    }
    const QuantizedWeights row =
        quantize_weights(weights, quantized.values.data() + out * spec.in, spec.in);
    if (!std::isfinite(row.scale)) {
      throw Error(ErrorKind::format, "a weight is NaN or infinite: int8 cannot hold it");
    }
    quantized.scales.push_back(row.scale);
    quantized.sums.push_back(row.sum);
  }
  return quantized;
}

std::vector<float> rounded_to_bf16(std::span<const float> weight) {
  std::vector<std::uint16_t> narrow(weight.size());
  std::vector<float> rounded(weight.size());
  const auto count = static_cast<std::int64_t>(weight.size());
  narrow_to_bf16(weight.data(), narrow.data(), count);
  widen_from_bf16(narrow.data(), rounded.data(), count);
  return rounded;
}

void copy_rows(ConstMatrixView from, MatrixView to) {
  for (std::int64_t row = 0; row < from.rows; ++row) {
    std::copy_n(from.row(row), from.columns, to.row(row));
  }
}

}  // namespace

// Primitives for every height of tile, on one thread and on several, and the weight that they
// share. Where the CPU has no instructions for the precision, both sides are widened and multiplied
// as floats.
class Product::Kernels {
 public:
  Kernels(const LinearSpec& spec, std::span<const std::int8_t> quantized, RowTiles& tiles)
      : in_(spec.in),
        out_(spec.out),
        precision_(spec.precision),
        native_(is_native(spec.precision)),
        accumulate_(spec.accumulate && spec.precision != Precision::int8),
        has_bias_(spec.precision != Precision::int8) {
    if (native_ && !try_layout(tiles)) native_ = precision_ == Precision::f32;
    if (!layout_ && !try_layout(tiles)) {
      // oneDNN's older kernels cut sums by the number of threads and of rows.
      tiles = RowTiles::one();
      most_threads_ = 1;
      layout_ = describe(tiles.heights().front(), any_layout()).weights_desc();
    }
    pack(spec, quantized);
    if (has_bias_) {
      bias_ = dnnl::memory(bias_desc(), engine());
      std::ranges::copy(spec.bias, static_cast<float*>(bias_.get_data_handle()));
    }
    heights_ = tiles.heights();
    alone_ = Primitives(heights_.size());
  }

  // products: [height, out] floats, or integers where the operand is int8.
  void run(const Operand& x, std::size_t tile, float* products, Workspace& workspace) const {
    const std::int64_t height = heights_[tile];
    const Workspace::Frame frame(workspace);
    const ComputeScope scope(std::min(compute_threads(), most_threads_));
    const void* source = native_ ? x.values : widened(x, height, workspace);
    std::initializer_list<std::pair<const int, dnnl::memory>> arguments = {
        {DNNL_ARG_SRC, wrap(source_desc(height), source)},
        {DNNL_ARG_WEIGHTS, weight_},
        {DNNL_ARG_DST, wrap(product_desc(height), products)},
        {DNNL_ARG_BIAS, bias_}};
    primitives()[tile]
        .get([&] { return describe(height, weight_.get_desc()); })
        .execute(arguments, workspace);
    if (!native_ && precision_ == Precision::int8) {
      to_integers(products, reinterpret_cast<std::int32_t*>(products), height * out_);
    }
  }

 private:
  using Primitives = std::vector<LazyPrimitive<dnnl::matmul>>;  // one a height

  // For as many threads as the calling one may use.
  const Primitives& primitives() const {
    const int threads = compute_threads();
    if (threads == 1) return alone_;
    const std::lock_guard lock(mutex_);
    return together_.try_emplace(threads, heights_.size()).first->second;
  }

  DataType source_data() const { return native_ ? source_type(precision_) : DataType::f32; }
  DataType weight_data() const { return native_ ? weight_type(precision_) : DataType::f32; }
  dnnl::memory::desc source_desc(std::int64_t rows) const {
    return {{rows, in_}, source_data(), FormatTag::ab};
  }
  dnnl::memory::desc product_desc(std::int64_t rows) const {
    const bool integers = native_ && precision_ == Precision::int8;
    return {{rows, out_}, integers ? DataType::s32 : DataType::f32, FormatTag::ab};
  }
  dnnl::memory::desc bias_desc() const {
    return has_bias_ ? float_desc({1, out_}, FormatTag::ab) : dnnl::memory::desc();
  }
  dnnl::memory::desc any_layout() const { return {{in_, out_}, weight_data(), FormatTag::any}; }

  dnnl::matmul::primitive_desc describe(std::int64_t rows,
                                        const dnnl::memory::desc& weight_desc) const {
    dnnl::post_ops post_ops;
    if (accumulate_) post_ops.append_sum(1.0f);
    return matmul_desc(source_desc(rows), weight_desc, bias_desc(), product_desc(rows),
                       attributes(post_ops));
  }

  // The tallest tile chooses the weight's layout; the others take it as it is. False if that gives
  // no batch-reduce kernel.
  bool try_layout(const RowTiles& tiles) {
    const auto chosen = describe(tiles.heights().front(), any_layout());
    if (!std::string_view(chosen.impl_info_str()).starts_with("brg")) return false;
    layout_ = chosen.weights_desc();
    return true;
  }

  void pack(const LinearSpec& spec, std::span<const std::int8_t> quantized) {
    std::vector<float> rounded;
    const void* values = spec.weight.data();
    DataType type = DataType::f32;
    if (precision_ == Precision::int8) {
      type = DataType::s8;
      values = quantized.data();
    } else if (precision_ == Precision::bf16 && !native_) {
      rounded = rounded_to_bf16(spec.weight);
      values = rounded.data();
    }
    const bool out_in = spec.layout == WeightLayout::out_in || precision_ == Precision::int8;
    const FormatTag tag = out_in ? FormatTag::ba : FormatTag::ab;
    dnnl::memory given = wrap(dnnl::memory::desc({in_, out_}, type, tag), values);
    weight_ = dnnl::memory(*layout_, engine());
    dnnl::reorder(given, weight_).execute(stream(), given, weight_);
  }

  const float* widened(const Operand& x, std::int64_t height, Workspace& workspace) const {
    const std::int64_t count = height * in_;
    if (precision_ == Precision::f32) return static_cast<const float*>(x.values);
    float* floats = workspace.floats(static_cast<std::size_t>(count));
    if (precision_ == Precision::bf16) {
      widen_from_bf16(static_cast<const std::uint16_t*>(x.values), floats, count);
    } else {
      widen_from_u8(static_cast<const std::uint8_t*>(x.values), floats, count);
    }
    return floats;
  }

  std::int64_t in_;
  std::int64_t out_;
  Precision precision_;
  bool native_;
  bool accumulate_;
  bool has_bias_;
  int most_threads_ = std::numeric_limits<int>::max();
  std::optional<dnnl::memory::desc> layout_;
  dnnl::memory weight_;
  dnnl::memory bias_;
  std::vector<std::int64_t> heights_;
  Primitives alone_;
  mutable std::mutex mutex_;                    // guards together_, not what lies in it
  mutable std::map<int, Primitives> together_;  // by the number of threads
};

Product::Product(const LinearSpec& spec)
    : in_(spec.in),
      out_(spec.out),
      precision_(spec.precision),
      accumulate_(spec.accumulate),
      tiles_(RowTiles::down_from(tallest_tile(spec.in, spec.out))) {
  const auto size = static_cast<std::size_t>(spec.in * spec.out);
  if (spec.in <= 0 || spec.out <= 0 || spec.weight.size() != size ||
      spec.bias.size() != static_cast<std::size_t>(spec.out)) {
    throw Error(ErrorKind::internal, concat("a linear layer: the weight has ", spec.weight.size(),
                                            " floats and the ", "bias ", spec.bias.size(), ", for ",
                                            spec.in, " inputs and ", spec.out, " outputs"));
  }
  QuantizedWeight quantized;
  if (precision_ == Precision::int8) {
    quantized = quantize_weight(spec);
    column_scales_ = std::move(quantized.scales);
    column_sums_ = std::move(quantized.sums);
    bias_.assign(spec.bias.begin(), spec.bias.end());
  }
  kernels_ = std::make_unique<const Kernels>(spec, quantized.values, tiles_);
}

Product::Product(Product&&) noexcept = default;
Product& Product::operator=(Product&&) noexcept = default;
Product::~Product() = default;

Operand Product::operand(ConstMatrixView x, std::size_t tile, Workspace& workspace) const {
  Operand operand{.rows = x.rows};
  const std::int64_t height = tiles_.heights()[tile];
  const auto count = static_cast<std::size_t>(height * in_);
  switch (precision_) {
    case Precision::f32: {
      operand.values = x.data;
      if (x.stride == in_) break;
      const MatrixView dense = workspace.matrix(height, in_);
      copy_rows(x, dense);
      std::fill(dense.row(x.rows), dense.row(height), 0.0f);
      operand.values = dense.data;
      break;
    }
    case Precision::bf16: {
      auto* values = workspace.array<std::uint16_t>(count);
      for (std::int64_t row = 0; row < x.rows; ++row) {
        narrow_to_bf16(x.row(row), values + row * in_, in_);
      }
      std::fill(values + x.rows * in_, values + count, std::uint16_t{0});
      operand.values = values;
      break;
    }
    case Precision::int8: {
      auto* values = workspace.array<std::uint8_t>(count);
      auto* scales = workspace.array<RowScale>(static_cast<std::size_t>(height));
      for (std::int64_t row = 0; row < x.rows; ++row) {
        scales[row] = quantize(x.row(row), values + row * in_, in_);
      }
      std::fill(values + x.rows * in_, values + count, std::uint8_t{0});
      operand.values = values;
      operand.row_scales = scales;
      break;
    }
  }
  return operand;
}

void Product::multiply(const Operand& x, std::size_t tile, MatrixView y,
                       Workspace& workspace) const {
  const bool is_int8 = precision_ == Precision::int8;
  const bool dense = y.stride == out_;
  if (dense && !is_int8) return kernels_->run(x, tile, y.data, workspace);
  const Workspace::Frame frame(workspace);
  // Integers become floats in their place, unless there is something to add them to.
  const bool in_place = dense && !accumulate_;
  const MatrixView products =
      in_place ? y : workspace.matrix(tiles_.heights()[tile], out_).first_rows(x.rows);
  if (!is_int8 && accumulate_) copy_rows(y, products);
  kernels_->run(x, tile, products.data, workspace);
  if (is_int8) {
    finish(x, products.data, y);
  } else {
    copy_rows(products, y);
  }
}

void Product::finish(const Operand& x, const float* products, MatrixView y) const {
  const ColumnScales columns{column_scales_, column_sums_, bias_};
  for (std::int64_t row = 0; row < x.rows; ++row) {
    const auto* sums = reinterpret_cast<const std::int32_t*>(products + row * out_);
    if (accumulate_) {
      add_dequantized(sums, x.row_scales[row], columns, y.row(row));
    } else {
      dequantize(sums, x.row_scales[row], columns, y.row(row));
    }
  }
}

}  // namespace convbert::nn
