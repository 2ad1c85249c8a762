// oneDNN's primitives, ready to run by any thread, and caches of them. Private to lib/nn.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/workspace.h"
#include "nn/compute.h"
#include "nn/onednn.h"

namespace convbert::nn {

// "matmul brg:avx512_core": the kind of a primitive and the kernel that oneDNN chooses for it.
std::string name_of_kernel(const dnnl::primitive_desc_base& desc);

// What an execution reads or writes: DNNL_ARG_SRC and the like, and where it lies.
using Argument = std::pair<int, const void*>;

// A primitive with the layouts of its arguments. Const; threads may share it, each with the number
// of compute threads that it was made for, as oneDNN sizes its work by it then.
class AnyPrimitive {
 public:
  // oneDNN's name of the kernel that it chose: "brg:avx512_core", "gemm:jit".
  const std::string& kernel() const { return kernel_; }

  // Scratch memory comes from `workspace`.
  void execute(std::initializer_list<Argument> arguments, Workspace& workspace) const;

 protected:
  AnyPrimitive(dnnl::primitive primitive, const dnnl::primitive_desc_base& desc);

 private:
  class IdleMemories;

  std::size_t index_of(int argument) const;  // in layouts_

  dnnl::primitive primitive_;
  std::string kernel_;
  std::vector<std::pair<int, dnnl::memory::desc>> layouts_;
  std::size_t scratch_bytes_ = 0;
  std::shared_ptr<IdleMemories> idle_;
};

template <class Kind>
class Primitive : public AnyPrimitive {
 public:
  explicit Primitive(const typename Kind::primitive_desc& desc)
      : AnyPrimitive(call_onednn("compiling a primitive", [&] { return Kind(desc); }), desc) {}
};

// Whether a kernel computes a row alike whatever the number of rows and of threads: oneDNN's
// batch-reduce kernels with AVX-512 (those with AMX see to that by numbers: Product), its pointwise
// and its depthwise ones. Its older gemm cuts sums by both, and with AVX2 batch-reduce kernels,
// which 3.x has, by the number of rows.
inline bool sums_whole_rows(std::string_view kernel) {
  if (kernel.starts_with("brg")) return instruction_set() == InstructionSet::avx512;
  return kernel.starts_with("brdgmm") || kernel.starts_with("jit_1x1") ||
         kernel.starts_with("jit_dw");
}

// Whether it may share out one row's sums among threads, where there are few rows: then it runs on
// one, for the order of a sum must not follow the number of threads.
inline bool may_split_sums(std::string_view kernel) {
  return kernel.find("amx") != std::string_view::npos;
}

// Things made of primitives, each for one shape: made when it is first asked for, by whichever
// thread comes first, and kept while the cache has room; then the one that was not used for longest
// goes. Threads may share it.
template <class Made>
class PrimitiveCache {
 public:
  // A shape is what the maker says it is; the number of compute threads always belongs to it.
  using Shape = std::array<std::int64_t, 8>;

  // `most` > 0: how many are kept.
  explicit PrimitiveCache(std::size_t most) : most_(most) {}

  // `make()` returns a std::shared_ptr<const Made>; it is called under the cache's lock.
  template <class Make>
  std::shared_ptr<const Made> get(const Shape& shape, Make make) const {
    const Key key{shape, compute_threads()};
    const std::lock_guard lock(mutex_);
    ++uses_;
    if (const auto found = entries_.find(key); found != entries_.end()) {
      found->second.last_use = uses_;
      return found->second.made;
    }
    std::shared_ptr<const Made> made = make();
    if (entries_.size() >= most_) {
      entries_.erase(std::ranges::min_element(
          entries_, {}, [](const auto& entry) { return entry.second.last_use; }));
    }
    entries_.emplace(key, Entry{made, uses_});
    return made;
  }

 private:
  using Key = std::pair<Shape, int>;
  struct Entry {
    std::shared_ptr<const Made> made;
    std::uint64_t last_use;
  };

  std::size_t most_;
  mutable std::mutex mutex_;
  mutable std::map<Key, Entry> entries_;
  mutable std::uint64_t uses_ = 0;
};

}  // namespace convbert::nn
