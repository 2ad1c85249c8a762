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

namespace convbert::nn {

using Dims = dnnl::memory::dims;
using FormatTag = dnnl::memory::format_tag;

// The CPU engine of the process.
const dnnl::engine& engine();
// The calling thread's stream; primitives run to their end inside execute().
dnnl::stream& stream();

using DataType = dnnl::memory::data_type;

inline dnnl::memory::desc float_desc(const Dims& dims, FormatTag tag) {
  return {dims, DataType::f32, tag};
}
// A view of numbers that the caller keeps alive.
inline dnnl::memory wrap(const dnnl::memory::desc& desc, const void* data) {
  return {desc, engine(), const_cast<void*>(data)};
}

// Whether oneDNN may use the instruction set: the CPU has it and ONEDNN_MAX_CPU_ISA allows it.
inline bool runs(dnnl::cpu_isa isa) {
  // The enumerators are sets of bits: one that includes another has all of its bits.
  const auto effective = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  return (effective & static_cast<unsigned>(isa)) == static_cast<unsigned>(isa);
}

// Scratch memory comes from the caller's Workspace, so that one primitive serves many threads.
inline dnnl::primitive_attr attributes(const dnnl::post_ops& post_ops = {}) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attr.set_post_ops(post_ops);
  return attr;
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
