// The one place that knows which oneDNN it is: 2.6 (Debian 12) describes an operation in a `desc`
// first, 3.x (Debian 13, Ubuntu 24.04) in the primitive descriptor itself.
// Private to lib/nn: public headers there do not include it.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <unordered_map>

#include "core/workspace.h"
#include "nn/activation.h"

namespace convbert::nn {

using Dims = dnnl::memory::dims;
using FormatTag = dnnl::memory::format_tag;

// The CPU engine of the process.
const dnnl::engine& engine();
// The calling thread's stream; primitives run to their end inside execute().
dnnl::stream& stream();

inline dnnl::memory::desc float_desc(const Dims& dims, FormatTag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}
inline dnnl::memory::desc float_desc(const Dims& dims, const Dims& strides) {
  return {dims, dnnl::memory::data_type::f32, strides};
}
// A view of floats that the caller keeps alive.
inline dnnl::memory wrap(const dnnl::memory::desc& desc, const float* data) {
  return {desc, engine(), const_cast<float*>(data)};
}

// Scratch memory comes from the caller's Workspace, so that one primitive serves many threads.
inline dnnl::primitive_attr attributes(const dnnl::post_ops& post_ops = {}) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attr.set_post_ops(post_ops);
  return attr;
}

inline void append_activation(dnnl::post_ops& post_ops, Activation activation) {
  const auto append = [&](dnnl::algorithm algorithm, float alpha) {
#if DNNL_VERSION_MAJOR >= 3
    post_ops.append_eltwise(algorithm, alpha, 0.0f);
#else
    post_ops.append_eltwise(1.0f, algorithm, alpha, 0.0f);
#endif
  };
  switch (activation) {
    case Activation::identity: return;
    case Activation::gelu: return append(dnnl::algorithm::eltwise_gelu_erf, 0.0f);
    case Activation::gelu_tanh: return append(dnnl::algorithm::eltwise_gelu_tanh, 0.0f);
    case Activation::relu: return append(dnnl::algorithm::eltwise_relu, 0.0f);
    case Activation::silu: return append(dnnl::algorithm::eltwise_swish, 1.0f);
    case Activation::tanh: return append(dnnl::algorithm::eltwise_tanh, 0.0f);
  }
}

// bias may be an empty desc.
inline dnnl::matmul::primitive_desc matmul_desc(const dnnl::memory::desc& source,
                                                const dnnl::memory::desc& weights,
                                                const dnnl::memory::desc& bias,
                                                const dnnl::memory::desc& destination,
                                                const dnnl::primitive_attr& attr) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), source, weights, bias, destination, attr};
#else
  return {dnnl::matmul::desc(source, weights, bias, destination), attr, engine()};
#endif
}

inline dnnl::convolution_forward::primitive_desc convolution_desc(
    const dnnl::memory::desc& source, const dnnl::memory::desc& weights,
    const dnnl::memory::desc& destination, const Dims& strides, const Dims& padding,
    const dnnl::primitive_attr& attr) {
  constexpr auto kind = dnnl::prop_kind::forward_inference;
  constexpr auto algorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kind, algorithm, source, weights, destination, strides, padding, padding, attr};
#else
  return {dnnl::convolution_forward::desc(kind, algorithm, source, weights, destination, strides,
                                          padding, padding),
          attr, engine()};
#endif
}

inline dnnl::softmax_forward::primitive_desc softmax_desc(const dnnl::memory::desc& data, int axis,
                                                          const dnnl::primitive_attr& attr) {
  constexpr auto kind = dnnl::prop_kind::forward_inference;
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kind, dnnl::algorithm::softmax_accurate, data, data, axis, attr};
#else
  return {dnnl::softmax_forward::desc(kind, data, axis), attr, engine()};
#endif
}

inline dnnl::layer_normalization_forward::primitive_desc layer_norm_desc(
    const dnnl::memory::desc& data, float epsilon, const dnnl::primitive_attr& attr) {
  constexpr auto kind = dnnl::prop_kind::forward_inference;
  const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kind, data, data, epsilon, flags, attr};
#else
  return {dnnl::layer_normalization_forward::desc(kind, data, epsilon, flags), attr, engine()};
#endif
}

// A primitive that is made when it is first needed, by whichever thread comes first.
template <class Primitive>
class LazyPrimitive {
 public:
  // `describe` returns the Primitive::primitive_desc; it is called at most once.
  template <class Describe>
  const LazyPrimitive& get(Describe describe) const {
    std::call_once(made_, [&] {
      const typename Primitive::primitive_desc desc = describe();
      scratch_bytes_ = desc.scratchpad_desc().get_size();
      scratch_desc_ = desc.scratchpad_desc();
      primitive_ = Primitive(desc);
    });
    return *this;
  }

  void execute(std::initializer_list<std::pair<const int, dnnl::memory>> arguments,
               Workspace& workspace) const {
    const Workspace::Frame frame(workspace);
    std::unordered_map<int, dnnl::memory> all(arguments);
    if (scratch_bytes_ > 0) {
      float* scratch = workspace.floats(scratch_bytes_ / sizeof(float) + 1);
      all.emplace(DNNL_ARG_SCRATCHPAD, wrap(scratch_desc_, scratch));
    }
    primitive_.execute(stream(), all);
  }

 private:
  mutable std::once_flag made_;
  mutable Primitive primitive_;
  mutable dnnl::memory::desc scratch_desc_;
  mutable std::size_t scratch_bytes_ = 0;
};

}  // namespace convbert::nn
