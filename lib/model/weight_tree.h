// Trees whose leaves are tensors, and the one walk over them.
//
// A tree is
//   a tensor   RoleOf<Held>: what is held of a tensor, under the type that says its role;
//   a part     a struct with a static function fields(self) that gives std::tie of its members;
//   a choice   std::optional of a tree;
//   a list     std::vector of trees.
// Held is whatever a use needs of each tensor: where it is stored, its values, its gradient, its
// moments. It is a class of its own, as a role inherits from it.
#pragma once

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"

namespace convbert {

// What a tensor is, as a type: a visitor that treats matrices and biases differently overloads.
template <class Held>
struct MatrixOf : Held {};  // [out, in], or [groups, in / groups, out / groups]
template <class Held>
struct DepthwiseOf : Held {};  // [channels, 1, kernel]
template <class Held>
struct TableOf : Held {};  // [entries, width]: looked up, never multiplied
template <class Held>
struct BiasOf : Held {};
template <class Held>
struct NormScaleOf : Held {};
template <class Held>
struct NormShiftOf : Held {};

namespace weight_tree {

template <class Tree>
concept Part = requires(Tree& tree) {
  std::remove_const_t<Tree>::fields(tree);
};

template <class Tree>
inline constexpr bool kIsChoice = false;
template <class Tree>
inline constexpr bool kIsChoice<std::optional<Tree>> = true;
template <class Tree>
inline constexpr bool kIsList = false;
template <class Tree, class Allocator>
inline constexpr bool kIsList<std::vector<Tree, Allocator>> = true;

template <class Tree>
inline constexpr bool kIsTensor = false;
template <template <class> class RoleOf, class Held>
inline constexpr bool kIsTensor<RoleOf<Held>> = std::is_base_of_v<Held, RoleOf<Held>>;
template <class One, class Other>
inline constexpr bool kIsSameRole = false;
template <template <class> class RoleOf, class One, class Other>
inline constexpr bool kIsSameRole<RoleOf<One>, RoleOf<Other>> = true;

template <class Visit, class Tree, class... More>
void walk(Visit& visit, Tree& tree, More&... more) {
  using Plain = std::remove_const_t<Tree>;
  if constexpr (kIsChoice<Plain>) {
    if (((tree.has_value() != more.has_value()) || ...)) {
      throw Error(ErrorKind::internal, "trees of weights differ: a part is in some of them only");
    }
    if (tree) walk(visit, *tree, *more...);
  } else if constexpr (kIsList<Plain>) {
    if (((tree.size() != more.size()) || ...)) {
      throw Error(ErrorKind::internal, concat("trees of weights differ: lists of ", tree.size(),
                                              concat(" and ", more.size())..., " parts"));
    }
    for (std::size_t i = 0; i < tree.size(); ++i) walk(visit, tree[i], more[i]...);
  } else if constexpr (Part<Tree>) {
    const auto fields = Plain::fields(tree);
    constexpr auto kFields = std::tuple_size_v<std::remove_const_t<decltype(fields)>>;
    const auto walk_field = [&]<std::size_t Index>(std::integral_constant<std::size_t, Index>) {
      walk(visit, std::get<Index>(fields),
           std::get<Index>(std::remove_const_t<More>::fields(more))...);
    };
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      (walk_field(std::integral_constant<std::size_t, Index>()), ...);
    }
    (std::make_index_sequence<kFields>());
  } else {
    static_assert(kIsTensor<Plain>, "neither a tensor nor a struct with fields(self)");
    static_assert((kIsSameRole<Plain, std::remove_const_t<More>> && ...));
    visit(tree, more...);
  }
}

}  // namespace weight_tree

// A tree of the structure of `from`, with nothing held of any tensor yet.
template <class To, class From>
To same_structure(const From& from) {
  if constexpr (weight_tree::kIsChoice<To>) {
    using Tree = typename To::value_type;
    return from ? To(same_structure<Tree>(*from)) : To();
  } else if constexpr (weight_tree::kIsList<To>) {
    To to;
    to.reserve(from.size());
    for (const auto& tree : from) {
      to.push_back(same_structure<typename To::value_type>(tree));
    }
    return to;
  } else if constexpr (weight_tree::Part<To>) {
    To to;
    const auto fields = To::fields(to);
    const auto from_fields = From::fields(from);
    const auto make = []<class Tree>(Tree& tree, const auto& like) {
      tree = same_structure<Tree>(like);
    };
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      (make(std::get<Index>(fields), std::get<Index>(from_fields)), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<std::remove_const_t<decltype(fields)>>>());
    return to;
  } else {
    static_assert(weight_tree::kIsSameRole<To, From>);
    return {};
  }
}

// Calls visit(tensor, more_tensors...) once for every tensor, in the order of the computation, each
// under its role's type: the same tensor of each tree, as an optimizer wants parameter, gradient
// and moments. Trees that hold different things have one structure; where they have not, throws
// Error(internal) before it visits anything.
template <class Visit, class Tree, class... More>
void for_each_tensor(Visit visit, Tree& tree, More&... more) {
  if constexpr (sizeof...(More) > 0) {
    const auto look = [](const auto&...) {};
    weight_tree::walk(look, tree, more...);
  }
  weight_tree::walk(visit, tree, more...);
}

}  // namespace convbert
