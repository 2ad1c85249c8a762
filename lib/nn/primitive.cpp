#include "nn/primitive.h"

#include <atomic>

#include "core/error.h"

namespace convbert::nn {
namespace {

constexpr int kArguments[] = {DNNL_ARG_SRC,        DNNL_ARG_SRC_1,     DNNL_ARG_WEIGHTS,
                              DNNL_ARG_BIAS,       DNNL_ARG_DST,       DNNL_ARG_SCALE,
                              DNNL_ARG_SHIFT,      DNNL_ARG_MEAN,      DNNL_ARG_VARIANCE,
                              DNNL_ARG_DIFF_SRC,   DNNL_ARG_DIFF_DST,  DNNL_ARG_DIFF_WEIGHTS,
                              DNNL_ARG_DIFF_SCALE, DNNL_ARG_DIFF_SHIFT};
constexpr std::size_t kMostArguments = std::size(kArguments) + 1;  // and the scratch memory

}  // namespace

std::string name_of_kernel(const dnnl::primitive_desc_base& desc) {
  const auto kind = [&]() -> std::string_view {
    switch (desc.get_kind()) {
      case dnnl::primitive::kind::matmul: return "matmul";
      case dnnl::primitive::kind::convolution: return "convolution";
      case dnnl::primitive::kind::layer_normalization: return "layer_normalization";
      case dnnl::primitive::kind::eltwise: return "eltwise";
      case dnnl::primitive::kind::binary: return "binary";
      default: return "softmax";  // which versions number differently
    }
  }();
  return concat(kind, " ", desc.impl_info_str());
}

// oneDNN's memory objects, one an argument, as the last execution left them: to make them costs
// more than a small primitive takes. A thread leaves them at its own place, where it will find
// them.
class AnyPrimitive::IdleMemories {
 public:
  using Memories = std::array<dnnl::memory, kMostArguments>;  // by the index of the layout

  ~IdleMemories() {
    for (auto& place : places_) delete place.load();
  }
  std::unique_ptr<Memories> take() {
    const std::size_t own = own_place();
    for (std::size_t i = 0; i < kPlaces; ++i) {
      std::atomic<Memories*>& place = places_[(own + i) % kPlaces];
      if (place.load(std::memory_order_relaxed) == nullptr) continue;
      if (Memories* idle = place.exchange(nullptr)) return std::unique_ptr<Memories>(idle);
    }
    return std::make_unique<Memories>();
  }
  void leave(std::unique_ptr<Memories> memories) {
    delete places_[own_place()].exchange(memories.release());
  }

 private:
  static constexpr std::size_t kPlaces = 16;

  static std::size_t own_place() {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t place = threads++ % kPlaces;
    return place;
  }

  std::array<std::atomic<Memories*>, kPlaces> places_{};
};

AnyPrimitive::AnyPrimitive(dnnl::primitive primitive, const dnnl::primitive_desc_base& desc)
    : primitive_(std::move(primitive)),
      kernel_(desc.impl_info_str()),
      idle_(std::make_shared<IdleMemories>()) {
  for (const int argument : kArguments) {
    const auto layout = desc.query_md(dnnl::query::exec_arg_md, argument);
    if (layout.get_size() > 0) layouts_.emplace_back(argument, layout);
  }
  const auto scratch = desc.query_md(dnnl::query::scratchpad_md);
  scratch_bytes_ = scratch.get_size();
  if (scratch_bytes_ > 0) layouts_.emplace_back(DNNL_ARG_SCRATCHPAD, scratch);
}

std::size_t AnyPrimitive::index_of(int argument) const {
  const auto found =
      std::ranges::find(layouts_, argument, &std::pair<int, dnnl::memory::desc>::first);
  if (found == layouts_.end()) {
    throw Error(ErrorKind::internal, concat("oneDNN's ", kernel_, " has no argument ", argument));
  }
  return static_cast<std::size_t>(found - layouts_.begin());
}

void AnyPrimitive::execute(std::initializer_list<Argument> arguments, Workspace& workspace) const {
  const Workspace::Frame frame(workspace);
  void* scratch = scratch_bytes_ > 0 ? workspace.array<std::byte>(scratch_bytes_) : nullptr;
  call_onednn(kernel_, [&] {
    // Arrays in place of the C++ interface's hash table: short sequences run many small primitives.
    std::unique_ptr<IdleMemories::Memories> memories = idle_->take();
    std::array<dnnl_exec_arg_t, kMostArguments> all;
    std::size_t count = 0;
    const auto add = [&](int argument, const void* data) {
      const std::size_t index = index_of(argument);
      dnnl::memory& memory = (*memories)[index];
      if (memory) {
        memory.set_data_handle(const_cast<void*>(data));
      } else {
        memory = wrap(layouts_[index].second, data);
      }
      all.at(count++) = {argument, memory.get()};
    };
    for (const auto& [argument, data] : arguments) add(argument, data);
    if (scratch != nullptr) add(DNNL_ARG_SCRATCHPAD, scratch);
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), stream().get(),
                                                   static_cast<int>(count), all.data()),
                            "could not run");
    idle_->leave(std::move(memories));
  });
}

}  // namespace convbert::nn
