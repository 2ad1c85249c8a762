// What attention maps and convolution kernels are like, on average over the rows of a corpus.
//
// A row is one query position of one head. Of a self-attention row p over the n tokens of a text,
// query i, and of a kernel row over k taps that lie at offsets -(k-1)/2 to (k-1)/2 of i:
//
//   entropy      -sum_j p_j ln p_j, in nats            distance  sum_j p_j |j - i|
//   confidence   max_j p_j                             offset    sum_j p_j (j - i)
//   window       sum of p_j with |j - i| <= W          self, previous, next: p at j - i = 0, -1, 1
//   cls, sep, punctuation: sum of p_j on such tokens   outside   mass on taps beyond the text's
//   ends
//
// Entropy and confidence of a kernel are over all of its taps, the other figures over the taps that
// are inside the text, without rescaling. `outside` is zero for self-attention.
// Each figure comes with the one that uniform weights (1/n, 1/k) give on the same texts.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attention/maps.h"

namespace convbert {

inline constexpr std::array<std::string_view, 12> kFigureNames = {
    "entropy", "distance", "offset", "window",      "self",    "previous",
    "next",    "cls",      "sep",    "punctuation", "outside", "confidence"};
inline constexpr std::size_t kFigures = kFigureNames.size();
using Figures = std::array<double, kFigures>;

// What the figures on tokens need to know of one; a token may be several.
struct TokenKind {
  bool is_cls = false;
  bool is_sep = false;
  bool is_punctuation = false;
};

enum class MapKind { attention, kernel };

// Weights of tokens inside the text are told apart by |j - i| below this.
inline constexpr std::int64_t kMostDistances = 128;

// Sums over rows of one map.
struct MapStatistics {
  Figures figures{};
  std::vector<double> by_distance;  // weight at |j - i| = 0, 1, ...; at most kMostDistances
};

// Sums over the rows of one text.
struct TextStatistics {
  std::int64_t rows = 0;            // of each head
  MapStatistics uniform_attention;  // the same for every head
  MapStatistics uniform_kernel;
  std::vector<MapStatistics> attention;  // [layers, heads]
  std::vector<MapStatistics> kernels;    // [layers, heads], or empty
};

// tokens: maps.length. window: W.
TextStatistics statistics_of(const AttentionMaps& maps, std::span<const TokenKind> tokens,
                             std::int64_t window);

// A mean and where 95 % of its bootstrap replicates lie.
struct Estimate {
  double mean;
  double low;
  double high;
};

// What is known of one head of a corpus: a line of the result, and what pictures draw.
struct HeadStatistics {
  std::string model;  // of several that are compared; else ""
  std::int64_t layer = 0;
  std::int64_t head = 0;
  MapKind kind = MapKind::attention;
  std::int64_t texts = 0;
  std::int64_t rows = 0;
  std::int64_t window = 0;  // W
  std::array<Estimate, kFigures> figures{};
  Figures uniform{};
  // Mean weight of the tokens inside the text at |j - i| = 0, 1, 2, ..., of both sides together.
  std::vector<double> by_distance;
  std::vector<double> by_distance_uniform;
};

// Adds texts up in one pass, whatever their number, in bounded memory. Intervals are percentiles of
// a bootstrap over texts (Efron 1979), each replicate giving each text a Poisson(1) weight (Oza and
// Russell 2001) that follows from the text's number alone.
class CorpusStatistics {
 public:
  CorpusStatistics(std::int64_t layers, std::int64_t heads, bool has_kernels);

  void add(const TextStatistics& text);

  std::int64_t texts() const { return texts_; }
  std::int64_t rows() const { return rows_; }  // of each head
  // Where rows() > 0. Layer and head are places, from 0, and stay to be named,
  // as does the window.
  HeadStatistics head(MapKind kind, std::int64_t layer, std::int64_t head) const;

 private:
  static constexpr std::size_t kReplicates = 200;
  using Replicates = std::array<double, kReplicates>;

  // Of one head.
  struct HeadSums {
    MapStatistics all;
    std::array<Replicates, kFigures> replicates{};
  };

  Estimate estimate(const HeadSums& sums, std::size_t figure) const;
  void add_heads(const std::vector<MapStatistics>& heads, const Replicates& weights,
                 std::vector<HeadSums>& sums) const;

  std::int64_t heads_;
  std::int64_t texts_ = 0;
  std::int64_t rows_ = 0;
  Replicates replicate_rows_{};
  std::vector<HeadSums> attention_;  // [layers, heads]
  std::vector<HeadSums> kernels_;
  MapStatistics uniform_attention_;
  MapStatistics uniform_kernel_;
};

// What a head mostly does, by these rules, of which the first that holds counts:
//   previous, next, self  at least 0.4 on that token
//   separator             at least 0.5 on [CLS] and [SEP]
//   delimiter             at least 0.4 on punctuation
//   diagonal              at least 0.6 within the window, and 1.5 times what uniform weights have
//   broad                 entropy at least 0.9 of uniform weights'
//   mixed                 none of these
std::string_view pattern_of(const Figures& means, const Figures& uniform);
std::string_view pattern_of(const HeadStatistics& head);

}  // namespace convbert
