// The maps of one text with what a person needs to read them: what exports and pictures are made
// of.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attention/maps.h"

namespace convbert {

enum class MapType {
  attention,
  conv,
  conv_map,
  attention_norm,
  conv_norm,
  mixed,
  rollout,
  attention_rollout,
};

struct MapTypeInfo {
  MapType type;
  std::string_view flag;   // as --map says it
  std::string_view field;  // of the result, and array of an npz archive
  std::string_view title;  // above a picture
  bool is_of_heads;        // else of whole layers
};

inline constexpr std::array<MapTypeInfo, 8> kMapTypes{{
    {MapType::attention, "attention", "attention", "self-attention", true},
    {MapType::conv, "conv", "conv_kernel", "convolution kernels", true},
    {MapType::conv_map, "conv-map", "conv_map", "convolution", true},
    {MapType::attention_norm, "attention-norm", "attention_norm", "norm-weighted attention", true},
    {MapType::conv_norm, "conv-norm", "conv_norm", "norm-weighted convolution", true},
    {MapType::mixed, "mixed", "mixed", "mean of all heads", false},
    {MapType::rollout, "rollout", "rollout", "rollout", false},
    {MapType::attention_rollout, "attention-rollout", "attention_rollout",
     "rollout of the attention alone", false},
}};

constexpr const MapTypeInfo& info_of(MapType type) {
  return kMapTypes[static_cast<std::size_t>(type)];
}

// Maps of one type, layers by heads. Row i of a map is what token (or word) i reads: of a square
// map (columns == rows) column j is token j; of MapType::conv column c is token i - columns / 2 +
// c, which may lie beyond the ends of the text.
struct MapSet {
  MapType type = MapType::attention;
  std::vector<std::int64_t> layers;  // their numbers in the model, from 0
  std::vector<std::int64_t> heads;   // empty: the maps are of whole layers
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<float> values;  // [layers, maps_per_layer(), rows, columns], none negative
  // Of MapType::conv_map, what is beyond the ends of the text, which no column holds:
  // [layers, maps_per_layer(), rows, {before, behind}]. Else empty.
  std::vector<float> outside;

  bool is_band() const { return type == MapType::conv; }
  std::int64_t maps_per_layer() const {
    return heads.empty() ? 1 : static_cast<std::int64_t>(heads.size());
  }
  std::int64_t maps() const { return static_cast<std::int64_t>(layers.size()) * maps_per_layer(); }
  // The map-th map, row-major [rows, columns]; of layer l and head h (their places in the lists)
  // that is l * maps_per_layer() + h.
  std::span<const float> map(std::int64_t index) const {
    const auto size = static_cast<std::size_t>(rows * columns);
    return std::span(values).subspan(static_cast<std::size_t>(index) * size, size);
  }
  std::span<const float> outside_of(std::int64_t index) const {
    if (outside.empty()) return {};
    const auto size = static_cast<std::size_t>(rows * 2);
    return std::span(outside).subspan(static_cast<std::size_t>(index) * size, size);
  }
};

struct TextMaps {
  std::string id;                   // of its record
  std::vector<std::string> labels;  // of the rows: tokens, or words. UTF-8
  // Of each label, how many bytes at its start only say that it goes on with the word before it,
  // as TokenText has it. Empty: none does.
  std::vector<std::size_t> continuation{};
  bool has_words = false;  // are they words?
  std::int64_t first = 0;  // number of the first of them in the whole text, from 0
  // Of the whole text, as labels count. 0: if `first` is 0 that of the labels, else not known.
  std::int64_t length = 0;
  std::vector<MapSet> sets;  // each with labels.size() rows
};

// What of a text is asked for.
struct MapRequest {
  std::vector<MapType> types;  // in the order of the results
  MapSelection selection;      // of maps of whole layers, heads do not count
  bool words = false;          // merge pieces to words
  // The first and the last token, or word, that is wanted; what the others have is left out, the
  // rest is not rescaled.
  std::int64_t from = 0;
  std::optional<std::int64_t> to;  // none: the last one

  bool has(MapType type) const;
  bool needs_norms() const;
  // What the encoder must hand over: layers are mixed of all heads, and flow through all before.
  MapSelection needed(std::int64_t heads) const;
};

struct TokenText {
  std::string text;
  // Bytes of the text that only say that it is a further piece of the word before, "##"; 0 where a
  // word begins.
  std::size_t continuation = 0;
};

// `computed` holds `held`, a request's needed(); moved in, its maps are not held twice.
//
// Words: columns of a word's pieces are summed, as they share the attention that it gets, and their
// rows averaged, as each of them spends all of its own (Clark et al. 2019, section 4.1).
// Throws Error(input) for a range that the text has not.
TextMaps text_maps_of(AttentionMaps computed, const MapSelection& held, const MapRequest& request,
                      std::vector<TokenText> tokens);

}  // namespace convbert
