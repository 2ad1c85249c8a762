#include "nn/product.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <random>

#include "core/error.h"
#include "nn/alike_tiles.h"
#include "nn/primitive.h"

namespace convbert::nn {
namespace {

// The weight streams through the caches once a tile: tall tiles share it among many rows, until the
// tile itself no longer fits beside it (4 MiB, measured from 1/2 to 8 on a core with 1 MiB of
// second- and a share of 32 MiB of third-level cache: f32 on the base shape gains 7 % over 1 MiB).
constexpr std::int64_t kTileBytes = 1 << 22;
constexpr std::int64_t kTallest = 512;
// Inputs that a sum of u8 times s8 can have in 32 bits.
constexpr std::int64_t kMostOfInt8 = std::numeric_limits<std::int32_t>::max() / (255 * 127);
// Primitives that a product keeps: heights times numbers of threads.
constexpr std::size_t kMostPrimitives = 32;

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

  std::vector<float> as_floats() const {
    std::vector<float> floats(values.size());
    const std::size_t inputs = values.size() / scales.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
      floats[i] = scales[i / inputs] * static_cast<float>(values[i]);
    }
    return floats;
  }
};

QuantizedWeight quantize_weight(std::span<const float> weight, WeightLayout layout,
                                std::int64_t inputs, std::int64_t outputs) {
  QuantizedWeight quantized;
  quantized.values.resize(weight.size());
  std::vector<float> column(static_cast<std::size_t>(inputs));
  for (std::int64_t out = 0; out < outputs; ++out) {
    const float* weights = weight.data() + out * inputs;
    if (layout == WeightLayout::in_out) {
      for (std::int64_t in = 0; in < inputs; ++in) {
        column[static_cast<std::size_t>(in)] = weight[static_cast<std::size_t>(in * outputs + out)];
      }
      weights = column.data();
    }
    const QuantizedWeights row =
        quantize_weights(weights, quantized.values.data() + out * inputs, inputs);
    quantized.scales.push_back(row.scale);
    quantized.sums.push_back(row.sum);
  }
  return quantized;
}

void round_rows(ConstMatrixView from, Precision precision, MatrixView to) {
  for (std::int64_t row = 0; row < from.rows; ++row) {
    switch (precision) {
      case Precision::f32: std::copy_n(from.row(row), from.columns, to.row(row)); break;
      case Precision::bf16: round_to_bf16(from.row(row), to.row(row), from.columns); break;
      case Precision::int8: round_to_u8(from.row(row), to.row(row), from.columns); break;
    }
  }
}

// What is multiplied: where the CPU has no kernel for the spec's precision, or the sums would not
// fit that, floats that were rounded to it.
Precision multiplied(const LinearSpec& spec) {
  const bool fits = spec.precision != Precision::int8 || spec.in <= kMostOfInt8;
  return fits && is_native(spec.precision) ? spec.precision : Precision::f32;
}

}  // namespace

// Primitives for every height of tile, and the weight that they share.
//
// A product is oneDNN's matmul where that has a batch-reduce kernel, which 2.6 has on AVX-512; else
// its convolution of width 1, which is the same sum and whose kernels there are older: with AVX2
// 1.1 to 3.2 times as fast as its gemm (docs/decisions.md), which is what is left.
class Product::Kernels {
 public:
  // Chooses the weight's layout, and `tiles` that its kernels can go by.
  Kernels(const LinearSpec& spec, Leaves leaves, RowTiles& tiles)
      : in_(spec.in),
        out_(spec.out),
        precision_(multiplied(spec)),
        accumulate_(spec.accumulate),
        activation_(spec.activation),
        leaves_operands_(leaves == Leaves::operands && precision_ == Precision::bf16) {
    if (leaves_operands_ && !try_matmul(tiles)) leaves_operands_ = false;
    if (precision_ != Precision::f32 && !layout_ && !try_matmul(tiles)) precision_ = Precision::f32;
    if (!layout_ && !try_matmul(tiles) && !try_convolution(tiles)) {
      tiles = RowTiles::of_whole_blocks();
      most_threads_ = 1;
      layout_ = matmul_of(tiles.heights().front()).weights_desc();
    }
    weight_ = allocate(*layout_);
    const bool is_exact = is_int8();  // integers are, in whatever order
    if (is_exact || !may_split_sums(kernel_of(tiles.heights().front()))) return;
    most_threads_ = 1;
    if (precision_ == Precision::bf16) tiles = alike(tiles);
  }

  // What is multiplied: the spec's precision, or f32 where that is not to be had.
  Precision precision() const { return precision_; }

  // [in, out] or [out, in], as `layout` says: floats, or 8 bits if the precision is int8.
  void pack(const void* values, WeightLayout layout, std::span<const float> bias) {
    const DataType type = is_int8() ? DataType::s8 : DataType::f32;
    const bool out_in = layout == WeightLayout::out_in;
    const Dims strides = out_in ? Dims{1, in_} : Dims{out_, 1};  // of an input, of an output
    const auto layout_given = call_onednn("laying out weights", [&]() -> dnnl::memory::desc {
      if (!is_convolution_) return {{in_, out_}, type, strides};
      return {{out_, in_, 1, 1}, type, Dims{strides[1], strides[0], 1, 1}};
    });
    reorder(wrap(layout_given, values), weight_);
    if (has_bias()) bias_.assign(bias.begin(), bias.end());
  }

  // oneDNN's, of a tile of so many rows.
  std::string kernel_of(std::int64_t height) const {
    return is_convolution_ ? name_of_kernel(convolution_of(height))
                           : name_of_kernel(matmul_of(height));
  }

  bool leaves_operands() const { return leaves_operands_; }

  // x: [height, in]; products: [height, out] floats, of int8 integers without the bias, or, if it
  // leaves operands, bf16.
  void run(const void* x, std::int64_t height, void* products, Workspace& workspace) const {
    const Workspace::Frame frame(workspace);
    const ComputeScope scope(std::min(compute_threads(), most_threads_));
    const auto primitive = primitives_.get({height}, [&] { return make(height); });
    const void* weight = weight_.get_data_handle();
    if (has_bias()) {
      primitive->execute({{DNNL_ARG_SRC, x},
                          {DNNL_ARG_WEIGHTS, weight},
                          {DNNL_ARG_BIAS, bias_.data()},
                          {DNNL_ARG_DST, products}},
                         workspace);
    } else {
      primitive->execute({{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weight}, {DNNL_ARG_DST, products}},
                         workspace);
    }
  }

 private:
  bool is_int8() const { return precision_ == Precision::int8; }
  bool has_bias() const { return !is_int8(); }
  DataType product_type() const {
    if (leaves_operands_) return source_type(precision_);
    return is_int8() ? DataType::s32 : DataType::f32;
  }
  dnnl::primitive_attr finishing() const {
    dnnl::post_ops post_ops;
    if (accumulate_ && !is_int8()) post_ops.append_sum(1.0f);
    if (leaves_operands_) append_activation(post_ops, activation_);
    return attributes(post_ops);
  }

  // With the weight in its layout, or, before there is one, in any.
  dnnl::matmul::primitive_desc matmul_of(std::int64_t rows) const {
    return matmul_desc(
        {{rows, in_}, source_type(precision_), FormatTag::ab},
        layout_.value_or(dnnl::memory::desc({in_, out_}, weight_type(precision_), FormatTag::any)),
        has_bias() ? float_desc({1, out_}, FormatTag::ab) : dnnl::memory::desc(),
        {{rows, out_}, product_type(), FormatTag::ab}, finishing());
  }
  // Rows are the width of an image of height 1, features its channels.
  dnnl::convolution_forward::primitive_desc convolution_of(std::int64_t rows) const {
    return convolution_desc(float_desc({1, in_, 1, rows}, FormatTag::nhwc),
                            layout_.value_or(float_desc({out_, in_, 1, 1}, FormatTag::any)),
                            has_bias() ? float_desc({out_}, FormatTag::a) : dnnl::memory::desc(),
                            float_desc({1, out_, 1, rows}, FormatTag::nhwc), {0, 0}, finishing());
  }
  std::shared_ptr<const AnyPrimitive> make(std::int64_t rows) const {
    if (is_convolution_) {
      return std::make_shared<const Primitive<dnnl::convolution_forward>>(convolution_of(rows));
    }
    return std::make_shared<const Primitive<dnnl::matmul>>(matmul_of(rows));
  }

  // Those tiles whose kernels give a row the same bits. Where the CPU multiplies by tiles of
  // its own (AMX), oneDNN chooses a kernel, and where it cuts a sum of many inputs, by the number
  // of rows as well, and doesn't say how: so numbers tell. Once for all products of one form.
  RowTiles alike(const RowTiles& tiles) {
    static std::mutex mutex;
    static std::map<std::array<std::int64_t, 5>, RowTiles> known;
    const std::array<std::int64_t, 5> form{
        in_, out_, accumulate_, static_cast<std::int64_t>(activation_), leaves_operands_};
    const std::lock_guard lock(mutex);
    const auto found = known.find(form);
    return found != known.end() ? found->second : known.emplace(form, compare(tiles)).first->second;
  }

  RowTiles compare(const RowTiles& tiles) {
    // Numbers of many exponents, so that no sum is exact; a prime number of them, by turns.
    std::minstd_rand generator;
    std::normal_distribution<float> normal;
    std::array<float, 4093> numbers;
    std::ranges::generate(numbers, [&] { return normal(generator); });
    const std::int64_t tallest = tiles.heights().front();
    std::vector<float> floats(static_cast<std::size_t>(in_ * std::max(out_, tallest)));
    for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = numbers[i % numbers.size()];
    const std::vector<float> bias(static_cast<std::size_t>(out_));
    pack(floats.data(), WeightLayout::in_out, bias);
    std::vector<std::uint16_t> x(static_cast<std::size_t>(tallest * in_));
    narrow_to_bf16(floats.data(), x.data(), std::ssize(x));
    Workspace workspace;
    return alike_tiles(tiles, out_ * (leaves_operands_ ? 2 : 4),
                       [&](std::size_t tile, std::byte* rows) {
                         run(x.data(), tiles.heights()[tile], rows, workspace);
                       });
  }

  // The tallest tile chooses the weight's layout; the others take it as it is. False if that gives
  // no kernel that sums whole rows.
  bool try_matmul(const RowTiles& tiles) {
    const auto chosen = matmul_of(tiles.heights().front());
    if (!sums_whole_rows(chosen.impl_info_str())) return false;
    layout_ = chosen.weights_desc();
    return true;
  }
  bool try_convolution(const RowTiles& tiles) {
    const auto chosen = convolution_of(tiles.heights().front());
    if (!sums_whole_rows(chosen.impl_info_str())) return false;
    layout_ = chosen.weights_desc();
    is_convolution_ = true;
    return true;
  }

  std::int64_t in_;
  std::int64_t out_;
  Precision precision_;
  bool accumulate_;
  Activation activation_;
  bool leaves_operands_;
  bool is_convolution_ = false;
  int most_threads_ = std::numeric_limits<int>::max();
  std::optional<dnnl::memory::desc> layout_;
  dnnl::memory weight_;
  std::vector<float> bias_;
  PrimitiveCache<AnyPrimitive> primitives_{kMostPrimitives};
};

Product::Product(const LinearSpec& spec, Leaves leaves)
    : name_(spec.name),
      in_(spec.in),
      out_(spec.out),
      layout_(spec.layout),
      precision_(spec.precision),
      accumulate_(spec.accumulate),
      tiles_(RowTiles::down_from(tallest_tile(spec.in, spec.out))) {
  if (in_ <= 0 || out_ <= 0) {
    throw Error(ErrorKind::internal,
                concat("a linear layer of ", in_, " inputs and ", out_, " outputs"));
  }
  kernels_ = std::make_unique<Kernels>(spec, leaves, tiles_);
  repack(spec.weight, spec.bias);
}

void Product::repack(std::span<const float> weight, std::span<const float> bias) {
  if (weight.size() != static_cast<std::size_t>(in_ * out_) ||
      bias.size() != static_cast<std::size_t>(out_)) {
    throw Error(ErrorKind::internal,
                concat("a linear layer: the weight has ", weight.size(), " floats and the bias ",
                       bias.size(), ", for ", in_, " inputs and ", out_, " outputs"));
  }
  if (precision_ == Precision::bf16 && kernels_->precision() == Precision::f32) {
    std::vector<float> rounded(weight.size());
    round_to_bf16(weight.data(), rounded.data(), std::ssize(weight));
    return kernels_->pack(rounded.data(), layout_, bias);
  }
  if (precision_ != Precision::int8) return kernels_->pack(weight.data(), layout_, bias);
  QuantizedWeight quantized = quantize_weight(weight, layout_, in_, out_);
  if (!all_finite(quantized.scales)) {
    throw Error(ErrorKind::format, concat("tensor \"", printable(name_), "\": a weight is NaN or ",
                                          "infinite, which int8 cannot hold"));
  }
  if (kernels_->precision() == Precision::f32) {
    return kernels_->pack(quantized.as_floats().data(), WeightLayout::out_in, bias);
  }
  kernels_->pack(quantized.values.data(), WeightLayout::out_in, {});
  column_scales_ = std::move(quantized.scales);
  column_sums_ = std::move(quantized.sums);
  bias_.assign(bias.begin(), bias.end());
}

Product::Product(Product&&) noexcept = default;
Product& Product::operator=(Product&&) noexcept = default;
Product::~Product() = default;

void Product::keep_tiles(const RowTiles& some) {
  if (!tiles_.has(some)) throw Error(ErrorKind::internal, "Product: tiles that it has not");
  tiles_ = some;
}

std::string Product::kernel() const { return kernels_->kernel_of(tiles_.heights().front()); }
bool Product::leaves_operands() const { return kernels_->leaves_operands(); }

bool Product::reads(const Product& left) const {
  return left.leaves_operands() && kernels_->precision() == left.kernels_->precision() &&
         left.out_ == in_ && left.tiles_ == tiles_;
}

void Product::forward(ConstMatrixView x, MatrixView y, Workspace& workspace) const {
  tiles_.for_each(x.rows, [&](std::int64_t first, std::size_t tile, std::int64_t rows) {
    const Workspace::Frame frame(workspace);
    const Operand part = operand(x.row_range(first, rows), tile, workspace);
    multiply(part, tile, y.row_range(first, rows), workspace);
  });
}

Operand Product::operand(ConstMatrixView x, std::size_t tile, Workspace& workspace) const {
  Operand operand{.rows = x.rows};
  const std::int64_t height = tiles_.heights()[tile];
  const auto count = static_cast<std::size_t>(height * in_);
  switch (kernels_->precision()) {
    case Precision::f32: {
      operand.values = x.data;
      if (precision_ == Precision::f32 && x.stride == in_) break;
      const MatrixView dense = workspace.matrix(height, in_);
      round_rows(x, precision_, dense);
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
  if (leaves_operands()) throw Error(ErrorKind::internal, "Product: this one leaves operands");
  const bool is_int8 = kernels_->precision() == Precision::int8;
  const bool dense = y.stride == out_;
  if (dense && !is_int8) return kernels_->run(x.values, tiles_.heights()[tile], y.data, workspace);
  const Workspace::Frame frame(workspace);
  // Integers become floats in their place, unless there is something to add them to.
  const bool in_place = dense && !accumulate_;
  const MatrixView products =
      in_place ? y : workspace.matrix(tiles_.heights()[tile], out_).first_rows(x.rows);
  if (!is_int8 && accumulate_) copy_rows(y, products);
  kernels_->run(x.values, tiles_.heights()[tile], products.data, workspace);
  if (is_int8) {
    finish(x, reinterpret_cast<const std::int32_t*>(products.data), y);
  } else {
    copy_rows(products, y);
  }
}

Operand Product::activated(const Operand& x, std::size_t tile, Workspace& workspace) const {
  if (!leaves_operands()) throw Error(ErrorKind::internal, "Product: this one leaves floats");
  const auto count = static_cast<std::size_t>(tiles_.heights()[tile] * out_);
  auto* values = workspace.array<std::uint16_t>(count);
  kernels_->run(x.values, tiles_.heights()[tile], values, workspace);
  return {.values = values, .rows = x.rows};
}

void Product::finish(const Operand& x, const std::int32_t* sums, MatrixView y) const {
  const ColumnScales columns{column_scales_, column_sums_, bias_};
  for (std::int64_t row = 0; row < x.rows; ++row) {
    const std::int32_t* of_row = sums + row * out_;
    accumulate_ ? add_dequantized(of_row, x.row_scales[row], columns, y.row(row))
                : dequantize(of_row, x.row_scales[row], columns, y.row(row));
  }
}

}  // namespace convbert::nn
