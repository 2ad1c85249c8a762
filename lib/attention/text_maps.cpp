#include "attention/text_maps.h"

#include <algorithm>
#include <numeric>

#include "attention/rollout.h"
#include "core/error.h"

namespace convbert {
namespace {

std::size_t index_of(std::int64_t value) { return static_cast<std::size_t>(value); }

// What is wanted of the maps that are held: places among their layers and heads.
struct Places {
  std::vector<std::int64_t> layers;
  std::vector<std::int64_t> heads;
};

// All of them, in their order?
bool are_all(const std::vector<std::int64_t>& places, std::int64_t count) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] != static_cast<std::int64_t>(i)) return false;
  }
  return static_cast<std::int64_t>(places.size()) == count;
}

// Those of values [layers, heads, size].
std::vector<float> select(const AttentionMaps& maps, const std::vector<float>& values,
                          const Places& places) {
  const auto size = static_cast<std::int64_t>(values.size()) / (maps.layers * maps.heads);
  std::vector<float> selected;
  selected.reserve(index_of(size) * places.layers.size() * places.heads.size());
  for (const std::int64_t layer : places.layers) {
    for (const std::int64_t head : places.heads) {
      const auto first = values.begin() + (layer * maps.heads + head) * size;
      selected.insert(selected.end(), first, first + size);
    }
  }
  return selected;
}

// The same of attention itself, the largest: it moves where nobody reads it afterwards.
enum class Readers { last, more };
std::vector<float> take_attention(AttentionMaps& maps, const Places& places, Readers readers) {
  if (readers == Readers::last && are_all(places.layers, maps.layers) &&
      are_all(places.heads, maps.heads)) {
    return std::move(maps.attention);
  }
  return select(maps, maps.attention, places);
}

bool reads_attention(MapType type) {
  return type != MapType::conv && type != MapType::conv_map && type != MapType::conv_norm;
}

// Kernels, [maps, n, k], as square maps, each tap under its token, and what is beyond the text's
// ends.
void spread_kernels(const std::vector<float>& kernels, std::int64_t k, MapSet& set) {
  const std::int64_t n = set.rows;
  set.values.assign(index_of(set.maps() * n * n), 0.0f);
  set.outside.assign(index_of(set.maps() * n * 2), 0.0f);
  for (std::int64_t row = 0; row < set.maps() * n; ++row) {
    for (std::int64_t tap = 0; tap < k; ++tap) {
      const std::int64_t column = row % n - k / 2 + tap;
      const float weight = kernels[index_of(row * k + tap)];
      if (column >= 0 && column < n) {
        set.values[index_of(row * n + column)] = weight;
      } else {
        set.outside[index_of(row * 2 + (column < 0 ? 0 : 1))] += weight;
      }
    }
  }
}

// Each column by the norm of its token's value. norms: [maps, columns].
void weigh_columns(MapSet& set, const std::vector<float>& norms) {
  for (std::int64_t row = 0; row < set.maps() * set.rows; ++row) {
    const float* norm = norms.data() + row / set.rows * set.columns;
    float* values = set.values.data() + row * set.columns;
    for (std::int64_t j = 0; j < set.columns; ++j) values[j] *= norm[j];
  }
}

// Those of `layers` among maps of the first layers, [layers, n, n].
std::vector<float> layers_of(const std::vector<float>& maps,
                             const std::vector<std::int64_t>& layers, std::int64_t n) {
  std::vector<float> chosen;
  for (const std::int64_t layer : layers) {
    const auto first = maps.begin() + layer * n * n;
    chosen.insert(chosen.end(), first, first + n * n);
  }
  return chosen;
}

MapSet make_set(MapType type, const MapRequest& request, AttentionMaps& maps, const Places& places,
                Readers readers) {
  const std::int64_t n = maps.length;
  MapSet set;
  set.type = type;
  set.layers = request.selection.layers;
  if (info_of(type).is_of_heads) set.heads = request.selection.heads;
  set.rows = n;
  set.columns = set.is_band() ? maps.kernel : n;
  switch (type) {
    case MapType::attention: set.values = take_attention(maps, places, readers); break;
    case MapType::attention_norm:
      set.values = take_attention(maps, places, readers);
      weigh_columns(set, select(maps, maps.value_norms, places));
      break;
    case MapType::conv: set.values = select(maps, maps.kernels, places); break;
    case MapType::conv_map:
      spread_kernels(select(maps, maps.kernels, places), maps.kernel, set);
      break;
    case MapType::conv_norm:
      // Beyond the ends of the text values are zero, so nothing is outside.
      spread_kernels(select(maps, maps.kernels, places), maps.kernel, set);
      set.outside.clear();
      weigh_columns(set, select(maps, maps.kernel_value_norms, places));
      break;
    case MapType::mixed:
      set.values = layers_of(mixed_maps(maps, MixedHeads::all), set.layers, n);
      break;
    case MapType::rollout:
      set.values =
          layers_of(attention_rollout(mixed_maps(maps, MixedHeads::all), n), set.layers, n);
      break;
    case MapType::attention_rollout:
      set.values = layers_of(attention_rollout(mixed_maps(maps, MixedHeads::attention_only), n),
                             set.layers, n);
      break;
  }
  return set;
}

// starts[w] is the first piece of word w; the last entry is the number of pieces.
using WordStarts = std::vector<std::int64_t>;

// values: [rows, columns], rows in `starts`' pieces; so are columns if `merges_columns`.
std::vector<float> merge_map(std::span<const float> values, std::int64_t columns,
                             const WordStarts& starts, bool merges_columns) {
  const auto words = static_cast<std::int64_t>(starts.size()) - 1;
  const std::int64_t width = merges_columns ? words : columns;
  std::vector<float> merged(index_of(words * width));
  for (std::int64_t word = 0; word < words; ++word) {
    float* to = merged.data() + word * width;
    const std::int64_t end = starts[index_of(word + 1)];
    for (std::int64_t row = starts[index_of(word)]; row < end; ++row) {
      const float* from = values.data() + row * columns;
      for (std::int64_t j = 0; j < width; ++j) {
        to[j] += merges_columns ? std::accumulate(from + starts[index_of(j)],
                                                  from + starts[index_of(j + 1)], 0.0f)
                                : from[j];
      }
    }
    const auto pieces = static_cast<float>(end - starts[index_of(word)]);
    for (std::int64_t j = 0; j < width; ++j) to[j] /= pieces;
  }
  return merged;
}

void merge_words(MapSet& set, const WordStarts& starts) {
  if (set.is_band()) {
    throw Error(ErrorKind::internal, "merge_words: windows of tokens have no words");
  }
  std::vector<float> values;
  std::vector<float> outside;
  for (std::int64_t index = 0; index < set.maps(); ++index) {
    const std::vector<float> map = merge_map(set.map(index), set.columns, starts, true);
    values.insert(values.end(), map.begin(), map.end());
    if (set.outside.empty()) continue;
    const std::vector<float> beyond = merge_map(set.outside_of(index), 2, starts, false);
    outside.insert(outside.end(), beyond.begin(), beyond.end());
  }
  set.values = std::move(values);
  set.outside = std::move(outside);
  set.rows = set.columns = static_cast<std::int64_t>(starts.size()) - 1;
}

// Rows and, of a square map, columns from..to.
void cut_range(MapSet& set, std::int64_t from, std::int64_t to) {
  const std::int64_t count = to - from + 1;
  const std::int64_t first_column = set.is_band() ? 0 : from;
  const std::int64_t columns = set.is_band() ? set.columns : count;
  std::vector<float> values;
  std::vector<float> outside;
  values.reserve(index_of(set.maps() * count * columns));
  for (std::int64_t index = 0; index < set.maps(); ++index) {
    for (std::int64_t row = from; row <= to; ++row) {
      const float* begin = set.map(index).data() + row * set.columns + first_column;
      values.insert(values.end(), begin, begin + columns);
    }
    if (set.outside.empty()) continue;
    const float* begin = set.outside_of(index).data() + from * 2;
    outside.insert(outside.end(), begin, begin + count * 2);
  }
  set.values = std::move(values);
  set.outside = std::move(outside);
  set.rows = count;
  set.columns = columns;
}

// Joins pieces, and says where each word starts.
WordStarts join_pieces(std::vector<TokenText>& tokens) {
  WordStarts starts;
  std::vector<TokenText> words;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].continuation > 0 && i > 0) {
      words.back().text += tokens[i].text.substr(tokens[i].continuation);
    } else {
      starts.push_back(static_cast<std::int64_t>(i));
      words.push_back(std::move(tokens[i]));
    }
  }
  starts.push_back(static_cast<std::int64_t>(tokens.size()));
  tokens = std::move(words);
  return starts;
}

// Places of `numbers` among `held`.
std::vector<std::int64_t> places_of(const std::vector<std::int64_t>& numbers,
                                    const std::vector<std::int64_t>& held) {
  std::vector<std::int64_t> found;
  for (const std::int64_t number : numbers) {
    const auto place = std::ranges::find(held, number);
    if (place == held.end()) {
      throw Error(ErrorKind::internal, concat("text_maps_of: ", number, " was not computed"));
    }
    found.push_back(place - held.begin());
  }
  return found;
}

}  // namespace

bool MapRequest::has(MapType type) const { return std::ranges::find(types, type) != types.end(); }

bool MapRequest::needs_norms() const {
  return has(MapType::attention_norm) || has(MapType::conv_norm);
}

MapSelection MapRequest::needed(std::int64_t heads) const {
  const bool only_heads =
      std::ranges::all_of(types, [](MapType type) { return info_of(type).is_of_heads; });
  if (only_heads) return selection;
  MapSelection all;
  all.layers.resize(index_of(std::ranges::max(selection.layers) + 1));
  all.heads.resize(index_of(heads));
  std::iota(all.layers.begin(), all.layers.end(), 0);
  std::iota(all.heads.begin(), all.heads.end(), 0);
  return all;
}

TextMaps text_maps_of(AttentionMaps computed, const MapSelection& held, const MapRequest& request,
                      std::vector<TokenText> tokens) {
  if (static_cast<std::int64_t>(tokens.size()) != computed.length) {
    throw Error(ErrorKind::internal, "text_maps_of: tokens and maps differ in length");
  }
  TextMaps text;
  const Places places{places_of(request.selection.layers, held.layers),
                      places_of(request.selection.heads, held.heads)};
  for (auto type = request.types.begin(); type != request.types.end(); ++type) {
    const bool is_last = std::none_of(type + 1, request.types.end(), reads_attention);
    text.sets.push_back(
        make_set(*type, request, computed, places, is_last ? Readers::last : Readers::more));
  }
  text.has_words = request.words;
  if (request.words) {
    const WordStarts starts = join_pieces(tokens);
    for (MapSet& set : text.sets) merge_words(set, starts);
  }
  const auto count = static_cast<std::int64_t>(tokens.size());
  const std::int64_t last = std::min(request.to.value_or(count - 1), count - 1);
  if (request.from > last) {
    throw Error(
        ErrorKind::input, OptionName{"from"},
        concat(" ", request.from, ": the text has ", count, request.words ? " words" : " tokens",
               ", special tokens included, counted from 0"));
  }
  if (request.from > 0 || last + 1 < count) {
    for (MapSet& set : text.sets) cut_range(set, request.from, last);
  }
  text.first = request.from;
  text.length = count;
  for (std::int64_t i = request.from; i <= last; ++i) {
    text.labels.push_back(std::move(tokens[index_of(i)].text));
    text.continuation.push_back(request.words ? 0 : tokens[index_of(i)].continuation);
  }
  return text;
}

}  // namespace convbert
