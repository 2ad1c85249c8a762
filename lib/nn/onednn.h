// The one place that knows which oneDNN it is: 2.6 (Debian 12) describes an operation in a `desc`
// first, 3.x (Debian 13, Ubuntu 24.04) in the primitive descriptor itself.
// Private to lib/nn: public headers there do not include it.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <cstdint>
#include <limits>
#include <string_view>

#include "nn/activation.h"

namespace convbert::nn {

using Dims = dnnl::memory::dims;
using FormatTag = dnnl::memory::format_tag;
using DataType = dnnl::memory::data_type;

// The CPU engine of the process.
const dnnl::engine& engine();
// The calling thread's stream; primitives run to their end inside execute().
dnnl::stream& stream();

// What oneDNN throws as this library's own: std::bad_alloc, or Error(internal) with what was done.
[[noreturn]] void rethrow(const dnnl::error& error, std::string_view what);
template <class Call>
auto call_onednn(std::string_view what, Call call) {
  try {
    return call();
  } catch (const dnnl::error& error) {
    rethrow(error, what);
  }
}

inline dnnl::memory::desc float_desc(const Dims& dims, FormatTag tag) {
  return call_onednn("laying out floats",
                     [&] { return dnnl::memory::desc(dims, DataType::f32, tag); });
}
inline dnnl::memory allocate(const dnnl::memory::desc& desc) {
  return call_onednn("allocating weights", [&] { return dnnl::memory(desc, engine()); });
}
// `to` in its own layout.
inline void reorder(dnnl::memory from, dnnl::memory to) {
  call_onednn("packing weights", [&] { dnnl::reorder(from, to).execute(stream(), from, to); });
}
// A view of numbers that the caller keeps alive.
inline dnnl::memory wrap(const dnnl::memory::desc& desc, const void* data) {
  return call_onednn("wrapping numbers", [&]() -> dnnl::memory {
    return {desc, engine(), const_cast<void*>(data)};
  });
}

// Whether oneDNN may use the instruction set: the CPU has it and ONEDNN_MAX_CPU_ISA allows it.
inline bool runs(dnnl::cpu_isa isa) {
  // The enumerators are sets of bits: one that includes another has all of its bits.
  const auto effective = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  return (effective & static_cast<unsigned>(isa)) == static_cast<unsigned>(isa);
}

// Scratch memory comes from the caller's Workspace, so that one primitive serves many threads.
// Floats are floats, whatever ONEDNN_DEFAULT_FPMATH_MODE says.
inline dnnl::primitive_attr attributes(const dnnl::post_ops& post_ops = {}) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attr.set_fpmath_mode(dnnl::fpmath_mode::strict);
  attr.set_post_ops(post_ops);
  return attr;
}

// The result times `scale`: an output scale where there are any, else a post-op.
inline dnnl::primitive_attr scaling_attributes(float scale) {
#if DNNL_VERSION_MAJOR >= 3
  dnnl::post_ops post_ops;
  post_ops.append_eltwise(dnnl::algorithm::eltwise_linear, scale, 0.0f);
  return attributes(post_ops);
#else
  dnnl::primitive_attr attr = attributes();
  attr.set_output_scales(0, {scale});
  return attr;
#endif
}

// bias may be an empty desc.
inline dnnl::matmul::primitive_desc matmul_desc(const dnnl::memory::desc& source,
                                                const dnnl::memory::desc& weights,
                                                const dnnl::memory::desc& bias,
                                                const dnnl::memory::desc& destination,
                                                const dnnl::primitive_attr& attr) {
  return call_onednn("making a matrix product", [&]() -> dnnl::matmul::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
    return {engine(), source, weights, bias, destination, attr};
#else
  return {dnnl::matmul::desc(source, weights, bias, destination), attr, engine()};
#endif
  });
}

// In steps of one, with the same zero padding at both ends; bias may be an empty desc.
inline dnnl::convolution_forward::primitive_desc convolution_desc(
    const dnnl::memory::desc& source, const dnnl::memory::desc& weights,
    const dnnl::memory::desc& bias, const dnnl::memory::desc& destination, const Dims& padding,
    const dnnl::primitive_attr& attr) {
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
  constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;
  const Dims strides(padding.size(), 1);
  return call_onednn("making a convolution", [&]() -> dnnl::convolution_forward::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
    return {engine(),    kKind,   kAlgorithm, source,  weights, bias,
            destination, strides, padding,    padding, attr};
#else
  return {dnnl::convolution_forward::desc(kKind, kAlgorithm, source, weights, bias, destination,
                                          strides, padding, padding),
          attr, engine()};
#endif
  });
}

// Over the last dimension; the result has the layout of `data`, and may be it.
inline dnnl::softmax_forward::primitive_desc softmax_desc(const dnnl::memory::desc& data,
                                                          int last_dimension) {
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
  return call_onednn("making a softmax", [&]() -> dnnl::softmax_forward::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
    return {engine(),       kKind,       dnnl::algorithm::softmax_accurate, data, data,
            last_dimension, attributes()};
#else
  return {dnnl::softmax_forward::desc(kKind, data, last_dimension), attributes(), engine()};
#endif
  });
}

// Over the last dimension, with a scale and a shift; likewise.
inline dnnl::layer_normalization_forward::primitive_desc layer_norm_desc(
    const dnnl::memory::desc& data, float epsilon,
    dnnl::prop_kind kind = dnnl::prop_kind::forward_inference) {
  const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  return call_onednn("making a layer normalisation",
                     [&]() -> dnnl::layer_normalization_forward::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
                       return {engine(), kind, data, data, epsilon, flags, attributes()};
#else
  return {dnnl::layer_normalization_forward::desc(kind, data, epsilon, flags), attributes(),
          engine()};
#endif
                     });
}

inline dnnl::algorithm algorithm_of(Activation activation) {
  switch (activation) {
    case Activation::gelu: return dnnl::algorithm::eltwise_gelu_erf;
    case Activation::gelu_tanh: return dnnl::algorithm::eltwise_gelu_tanh;
    case Activation::relu: return dnnl::algorithm::eltwise_relu;
    case Activation::silu: return dnnl::algorithm::eltwise_swish;
    case Activation::tanh: return dnnl::algorithm::eltwise_tanh;
    case Activation::identity: break;
  }
  return dnnl::algorithm::undef;
}

// Of swish, x / (1 + exp(-alpha x)), and of relu, whose slope below zero must not be zero itself:
// oneDNN's kernels then take a maximum, which hides NaN. The others have none.
inline float alpha_of(Activation activation) {
  constexpr float kNoSlope = std::numeric_limits<float>::min();
  if (activation == Activation::silu) return 1.0f;
  return activation == Activation::relu ? kNoSlope : 0.0f;
}

// To a product's post-ops; the identity is none.
inline void append_activation(dnnl::post_ops& post_ops, Activation activation) {
  if (activation == Activation::identity) return;
#if DNNL_VERSION_MAJOR >= 3
  post_ops.append_eltwise(algorithm_of(activation), alpha_of(activation), 0.0f);
#else
  post_ops.append_eltwise(1.0f, algorithm_of(activation), alpha_of(activation), 0.0f);
#endif
}

inline dnnl::eltwise_forward::primitive_desc activation_desc(const dnnl::memory::desc& data,
                                                             Activation activation) {
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
  const float alpha = alpha_of(activation);
  return call_onednn("making an activation", [&]() -> dnnl::eltwise_forward::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
    return {engine(), kKind, algorithm_of(activation), data, data, alpha, 0.0f, attributes()};
#else
  return {dnnl::eltwise_forward::desc(kKind, algorithm_of(activation), data, alpha, 0.0f),
          attributes(), engine()};
#endif
  });
}

// Of two arguments of one layout.
inline dnnl::binary::primitive_desc multiplication_desc(const dnnl::memory::desc& data) {
  return call_onednn("making a product", [&]() -> dnnl::binary::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
    return {engine(), dnnl::algorithm::binary_mul, data, data, data, attributes()};
#else
  return {dnnl::binary::desc(dnnl::algorithm::binary_mul, data, data, data), attributes(),
          engine()};
#endif
  });
}

}  // namespace convbert::nn
