#include "nn/row_ops.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "nn/compute.h"
#include "nn/onednn.h"
#include "nn/row_tiles.h"

namespace convbert::nn {
namespace {

void check_dense(MatrixView x, std::int64_t columns, const char* operation) {
  if (x.columns != columns || x.stride != columns) {
    throw Error(ErrorKind::internal, concat(operation, ": x has the wrong shape"));
  }
}

}  // namespace

struct LayerNorm::Impl {
  std::int64_t columns;
  float epsilon;
  dnnl::memory scale;
  dnnl::memory shift;
  RowTiles tiles = RowTiles::many();
  std::vector<LazyPrimitive<dnnl::layer_normalization_forward>> primitives;
};

LayerNorm::LayerNorm(std::span<const float> scale, std::span<const float> shift, float epsilon) {
  if (scale.size() != shift.size()) {
    throw Error(ErrorKind::internal, "LayerNorm: scale and shift differ in length");
  }
  auto impl = std::make_unique<Impl>();
  impl->columns = static_cast<std::int64_t>(scale.size());
  impl->epsilon = epsilon;
  const auto copy = [&](std::span<const float> values) {
    dnnl::memory memory(float_desc({impl->columns}, FormatTag::a), engine());
    std::ranges::copy(values, static_cast<float*>(memory.get_data_handle()));
    return memory;
  };
  impl->scale = copy(scale);
  impl->shift = copy(shift);
  impl->primitives =
      std::vector<LazyPrimitive<dnnl::layer_normalization_forward>>(impl->tiles.heights().size());
  impl_ = std::move(impl);
}

LayerNorm::LayerNorm(LayerNorm&&) noexcept = default;
LayerNorm& LayerNorm::operator=(LayerNorm&&) noexcept = default;
LayerNorm::~LayerNorm() = default;

void LayerNorm::forward(MatrixView x, Workspace& workspace) const {
  const Impl& impl = *impl_;
  check_dense(x, impl.columns, "LayerNorm");
  impl.tiles.for_each(x.rows, [&](std::int64_t first, std::size_t index, std::int64_t height) {
    const auto desc = float_desc({height, impl.columns}, FormatTag::ab);
    const auto data = wrap(desc, x.row(first));
    impl.primitives[index]
        .get([&] { return layer_norm_desc(desc, impl.epsilon, attributes()); })
        .execute({{DNNL_ARG_SRC, data},
                  {DNNL_ARG_DST, data},
                  {DNNL_ARG_SCALE, impl.scale},
                  {DNNL_ARG_SHIFT, impl.shift}},
                 workspace);
  });
}

struct GroupSoftmax::Impl {
  std::int64_t columns;
  std::int64_t width;
  RowTiles tiles = RowTiles::many();
  std::vector<LazyPrimitive<dnnl::softmax_forward>> primitives;
};

GroupSoftmax::GroupSoftmax(std::int64_t columns, std::int64_t width) {
  if (width < 1 || columns % width != 0) {
    throw Error(ErrorKind::internal, concat("GroupSoftmax: ", width, " does not divide ", columns));
  }
  auto impl = std::make_unique<Impl>();
  impl->columns = columns;
  impl->width = width;
  impl->primitives =
      std::vector<LazyPrimitive<dnnl::softmax_forward>>(impl->tiles.heights().size());
  impl_ = std::move(impl);
}

GroupSoftmax::GroupSoftmax(GroupSoftmax&&) noexcept = default;
GroupSoftmax& GroupSoftmax::operator=(GroupSoftmax&&) noexcept = default;
GroupSoftmax::~GroupSoftmax() = default;

void GroupSoftmax::forward(MatrixView x, Workspace& workspace) const {
  const Impl& impl = *impl_;
  check_dense(x, impl.columns, "GroupSoftmax");
  impl.tiles.for_each(x.rows, [&](std::int64_t first, std::size_t index, std::int64_t height) {
    const auto desc = float_desc({height * (impl.columns / impl.width), impl.width}, FormatTag::ab);
    const auto data = wrap(desc, x.row(first));
    impl.primitives[index]
        .get([&] { return softmax_desc(desc, 1, attributes()); })
        .execute({{DNNL_ARG_SRC, data}, {DNNL_ARG_DST, data}}, workspace);
  });
}

}  // namespace convbert::nn
