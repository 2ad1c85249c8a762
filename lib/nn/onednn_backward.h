// What training needs beside onednn.h, and the same one place for both versions of oneDNN: forward
// primitives that keep what their gradient reads, and backward ones. Private to lib/nn.
#pragma once

#include "nn/onednn.h"

namespace convbert::nn {

// The activation that activation_desc() computes; of relu, the gradient at zero and below is tiny.
inline dnnl::eltwise_backward::primitive_desc activation_backward_desc(
    const dnnl::memory::desc& data, Activation activation) {
  const auto hint = activation_desc(data, activation);
  const float alpha = alpha_of(activation);
  return call_onednn(
      "making an activation's gradient", [&]() -> dnnl::eltwise_backward::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
        return {engine(),    algorithm_of(activation), data, data, data, alpha, 0.0f, hint,
                attributes()};
#else
  return {dnnl::eltwise_backward::desc(algorithm_of(activation), data, data, alpha, 0.0f),
          attributes(), engine(), hint};
#endif
      });
}

// Of softmax_desc(), from its result; gradients in and out may be the same memory.
inline dnnl::softmax_backward::primitive_desc softmax_backward_desc(const dnnl::memory::desc& data,
                                                                    int last_dimension) {
  const auto hint = softmax_desc(data, last_dimension);
  return call_onednn(
      "making a softmax's gradient", [&]() -> dnnl::softmax_backward::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
        return {
            engine(),    dnnl::algorithm::softmax_accurate, data, data, data, last_dimension, hint,
            attributes()};
#else
  return {dnnl::softmax_backward::desc(data, data, last_dimension), attributes(), engine(), hint};
#endif
      });
}

// layer_norm_desc() that also gives each row's mean and variance.
inline dnnl::layer_normalization_forward::primitive_desc layer_norm_training_desc(
    const dnnl::memory::desc& data, float epsilon) {
  return layer_norm_desc(data, epsilon, dnnl::prop_kind::forward_training);
}

inline dnnl::layer_normalization_backward::primitive_desc layer_norm_backward_desc(
    const dnnl::memory::desc& data, float epsilon) {
  constexpr auto kKind = dnnl::prop_kind::backward;
  const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  const auto hint = layer_norm_training_desc(data, epsilon);
  return call_onednn("making a layer normalisation's gradient",
                     [&]() -> dnnl::layer_normalization_backward::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
                       return {engine(), kKind, data, data,        data,
                               epsilon,  flags, hint, attributes()};
#else
  return {dnnl::layer_normalization_backward::desc(kKind, data, data, epsilon, flags), attributes(),
          engine(), hint};
#endif
                     });
}

// A convolution in steps of one, with the same zero padding at both ends, without a bias.
struct ConvolutionShape {
  dnnl::memory::desc source;
  dnnl::memory::desc weights;
  dnnl::memory::desc destination;
  Dims padding;
};

inline dnnl::convolution_backward_data::primitive_desc convolution_backward_data_desc(
    const ConvolutionShape& shape) {
  constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;
  const Dims strides(shape.padding.size(), 1);
  const auto hint = convolution_desc(shape.source, shape.weights, {}, shape.destination,
                                     shape.padding, attributes());
  return call_onednn(
      "making a convolution's gradient", [&]() -> dnnl::convolution_backward_data::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
        return {engine(), kAlgorithm,    shape.source,  shape.weights, shape.destination,
                strides,  shape.padding, shape.padding, hint,          attributes()};
#else
  return {dnnl::convolution_backward_data::desc(kAlgorithm, shape.source, shape.weights,
                                                shape.destination, strides, shape.padding,
                                                shape.padding),
          attributes(), engine(), hint};
#endif
      });
}

inline dnnl::convolution_backward_weights::primitive_desc convolution_backward_weights_desc(
    const ConvolutionShape& shape) {
  constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;
  const Dims strides(shape.padding.size(), 1);
  const auto hint = convolution_desc(shape.source, shape.weights, {}, shape.destination,
                                     shape.padding, attributes());
  return call_onednn("making the gradient of a convolution's filters",
                     [&]() -> dnnl::convolution_backward_weights::primitive_desc {
#if DNNL_VERSION_MAJOR >= 3
                       return {
                           engine(), kAlgorithm,    shape.source,  shape.weights, shape.destination,
                           strides,  shape.padding, shape.padding, hint,          attributes()};
#else
  return {dnnl::convolution_backward_weights::desc(kAlgorithm, shape.source, shape.weights,
                                                   shape.destination, strides, shape.padding,
                                                   shape.padding),
          attributes(), engine(), hint};
#endif
                     });
}

}  // namespace convbert::nn
