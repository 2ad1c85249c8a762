#include "attention/statistics.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/random.h"

namespace convbert {
namespace {

// In the order of kFigureNames.
enum Figure : std::size_t {
  kEntropy,
  kDistance,
  kOffset,
  kWindow,
  kSelf,
  kPrevious,
  kNext,
  kCls,
  kSep,
  kPunctuation,
  kOutside,
  kConfidence,
};

// Sums over the rows of one map that figures follow from.
struct MapSums {
  MapSums(std::int64_t tokens_, std::int64_t reach_)
      : tokens(tokens_),
        reach(reach_),
        by_offset(static_cast<std::size_t>(2 * reach_ + 1)),
        by_token(static_cast<std::size_t>(tokens_)) {}

  std::int64_t tokens;
  std::int64_t reach;             // the largest |j - i|
  std::vector<double> by_offset;  // [2 reach + 1], of j - i from -reach
  std::vector<double> by_token;   // [tokens]
  double entropy = 0;
  double confidence = 0;
  double outside = 0;
};

// A row of `query`, whose weights are those of the tokens from `first` on, which may lie beyond the
// text's ends.
template <class Weight>
void add_row(MapSums& sums, std::int64_t query, std::int64_t first, std::span<const Weight> row) {
  const auto count = static_cast<std::int64_t>(row.size());
  const std::int64_t begin = std::clamp<std::int64_t>(-first, 0, count);
  const std::int64_t end = std::clamp(sums.tokens - first, begin, count);
  const Weight* weights = row.data();
  if (begin < end) {
    const std::int64_t token = first + begin;
    double* by_offset = sums.by_offset.data() + (token - query + sums.reach);
    double* by_token = sums.by_token.data() + token;
    const std::span<const Weight> inside(weights + begin, weights + end);
    for (std::size_t i = 0; i < inside.size(); ++i) by_offset[i] += inside[i];
    for (std::size_t i = 0; i < inside.size(); ++i) by_token[i] += inside[i];
  }
  for (std::int64_t c = 0; c < begin; ++c) sums.outside += weights[c];
  for (std::int64_t c = end; c < count; ++c) sums.outside += weights[c];
  double entropy = 0;
  Weight largest = 0;
  for (std::int64_t c = 0; c < count; ++c) {
    if (weights[c] > 0) entropy -= static_cast<double>(weights[c]) * std::log(weights[c]);
    largest = std::max(largest, weights[c]);
  }
  sums.entropy += entropy;
  sums.confidence += largest;
}

MapStatistics figures_of(const MapSums& sums, std::span<const TokenKind> tokens,
                         std::int64_t window) {
  MapStatistics map;
  Figures& figures = map.figures;
  figures[kEntropy] = sums.entropy;
  figures[kConfidence] = sums.confidence;
  figures[kOutside] = sums.outside;
  map.by_distance.resize(static_cast<std::size_t>(std::min(sums.reach + 1, kMostDistances)));
  const auto at = [&](std::int64_t offset) {
    return sums.by_offset[static_cast<std::size_t>(offset + sums.reach)];
  };
  for (std::int64_t distance = 0; distance <= sums.reach; ++distance) {
    // Both sides at a time: of weights that are symmetric the mean offset is zero, not nearly.
    const double before = distance > 0 ? at(-distance) : 0.0;
    const double weight = before + at(distance);
    figures[kDistance] += weight * static_cast<double>(distance);
    figures[kOffset] += (at(distance) - before) * static_cast<double>(distance);
    if (distance <= window) figures[kWindow] += weight;
    if (distance == 0) figures[kSelf] = weight;
    if (distance == 1) figures[kPrevious] = before;
    if (distance == 1) figures[kNext] = at(distance);
    if (distance < kMostDistances) map.by_distance[static_cast<std::size_t>(distance)] = weight;
  }
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    if (tokens[t].is_cls) figures[kCls] += sums.by_token[t];
    if (tokens[t].is_sep) figures[kSep] += sums.by_token[t];
    if (tokens[t].is_punctuation) figures[kPunctuation] += sums.by_token[t];
  }
  return map;
}

void add_to(MapStatistics& to, const MapStatistics& from) {
  for (std::size_t i = 0; i < kFigures; ++i) to.figures[i] += from.figures[i];
  if (to.by_distance.size() < from.by_distance.size()) {
    to.by_distance.resize(from.by_distance.size());
  }
  for (std::size_t d = 0; d < from.by_distance.size(); ++d) {
    to.by_distance[d] += from.by_distance[d];
  }
}

// The Poisson(1) variable that a uniform one stands for.
double poisson(std::uint64_t bits) {
  const double share = uniform(bits);
  double probability = std::exp(-1.0);
  double cumulative = probability;
  int count = 0;
  while (share >= cumulative && count < 20) {
    ++count;
    probability /= count;
    cumulative += probability;
  }
  return count;
}

}  // namespace

TextStatistics statistics_of(const AttentionMaps& maps, std::span<const TokenKind> tokens,
                             std::int64_t window) {
  if (static_cast<std::int64_t>(tokens.size()) != maps.length) {
    throw Error(ErrorKind::internal, "statistics_of: tokens and maps differ in length");
  }
  TextStatistics text;
  text.rows = maps.length;
  const std::int64_t n = maps.length;
  const std::int64_t k = maps.kernel;
  // row_of(query): the weights of all tokens, or of all taps of a kernel.
  const auto sum_up = [&](MapKind kind, auto row_of) {
    const bool is_kernel = kind == MapKind::kernel;
    MapSums sums(n, is_kernel ? k / 2 : n - 1);
    for (std::int64_t query = 0; query < n; ++query) {
      add_row(sums, query, is_kernel ? query - k / 2 : 0, row_of(query));
    }
    return figures_of(sums, tokens, window);
  };
  const auto uniform = [&](MapKind kind, std::int64_t width) {
    const std::vector<double> row(static_cast<std::size_t>(width),
                                  1.0 / static_cast<double>(width));
    return sum_up(kind, [&](std::int64_t) { return std::span<const double>(row); });
  };
  const auto of_map = [&](MapKind kind, const std::vector<float>& weights, std::int64_t width,
                          std::int64_t map) {
    return sum_up(kind, [&](std::int64_t query) {
      return std::span(weights).subspan(static_cast<std::size_t>((map * n + query) * width),
                                        static_cast<std::size_t>(width));
    });
  };
  text.uniform_attention = uniform(MapKind::attention, n);
  if (k > 0) text.uniform_kernel = uniform(MapKind::kernel, k);
  for (std::int64_t map = 0; map < maps.layers * maps.heads; ++map) {
    text.attention.push_back(of_map(MapKind::attention, maps.attention, n, map));
    if (k > 0) text.kernels.push_back(of_map(MapKind::kernel, maps.kernels, k, map));
  }
  return text;
}

CorpusStatistics::CorpusStatistics(std::int64_t layers, std::int64_t heads, bool has_kernels)
    : heads_(heads),
      attention_(static_cast<std::size_t>(layers * heads)),
      kernels_(has_kernels ? attention_.size() : 0) {}

void CorpusStatistics::add(const TextStatistics& text) {
  Replicates weights;
  for (std::size_t r = 0; r < kReplicates; ++r) {
    weights[r] = poisson(mixed(static_cast<std::uint64_t>(texts_) + 1, r));
    replicate_rows_[r] += weights[r] * static_cast<double>(text.rows);
  }
  ++texts_;
  rows_ += text.rows;
  add_to(uniform_attention_, text.uniform_attention);
  add_to(uniform_kernel_, text.uniform_kernel);
  add_heads(text.attention, weights, attention_);
  add_heads(text.kernels, weights, kernels_);
}

void CorpusStatistics::add_heads(const std::vector<MapStatistics>& heads, const Replicates& weights,
                                 std::vector<HeadSums>& sums) const {
  if (heads.size() != sums.size()) {
    throw Error(ErrorKind::internal, "CorpusStatistics: a text has other heads than the corpus");
  }
  for (std::size_t head = 0; head < heads.size(); ++head) {
    add_to(sums[head].all, heads[head]);
    for (std::size_t figure = 0; figure < kFigures; ++figure) {
      const double value = heads[head].figures[figure];
      Replicates& replicates = sums[head].replicates[figure];
      for (std::size_t r = 0; r < kReplicates; ++r) replicates[r] += weights[r] * value;
    }
  }
}

Estimate CorpusStatistics::estimate(const HeadSums& sums, std::size_t figure) const {
  std::vector<double> means;
  for (std::size_t r = 0; r < kReplicates; ++r) {
    // Of very few texts a replicate may have drawn none.
    if (replicate_rows_[r] > 0) means.push_back(sums.replicates[figure][r] / replicate_rows_[r]);
  }
  std::ranges::sort(means);
  const auto percentile = [&](double share) {
    return means[static_cast<std::size_t>(
        std::lround(share * static_cast<double>(means.size() - 1)))];
  };
  const double mean = sums.all.figures[figure] / static_cast<double>(rows_);
  if (means.empty()) return {mean, mean, mean};
  return {mean, percentile(0.025), percentile(0.975)};
}

HeadStatistics CorpusStatistics::head(MapKind kind, std::int64_t layer, std::int64_t head) const {
  const bool is_kernel = kind == MapKind::kernel;
  const HeadSums& sums =
      (is_kernel ? kernels_ : attention_)[static_cast<std::size_t>(layer * heads_ + head)];
  const MapStatistics& uniform = is_kernel ? uniform_kernel_ : uniform_attention_;
  const auto mean = [this](double sum) { return sum / static_cast<double>(rows_); };
  HeadStatistics result;
  result.layer = layer;
  result.head = head;
  result.kind = kind;
  result.texts = texts_;
  result.rows = rows_;
  for (std::size_t i = 0; i < kFigures; ++i) {
    result.figures[i] = estimate(sums, i);
    result.uniform[i] = mean(uniform.figures[i]);
  }
  for (const double sum : sums.all.by_distance) result.by_distance.push_back(mean(sum));
  for (const double sum : uniform.by_distance) result.by_distance_uniform.push_back(mean(sum));
  return result;
}

std::string_view pattern_of(const Figures& means, const Figures& uniform) {
  if (means[kPrevious] >= 0.4) return "previous";
  if (means[kNext] >= 0.4) return "next";
  if (means[kSelf] >= 0.4) return "self";
  if (means[kCls] + means[kSep] >= 0.5) return "separator";
  if (means[kPunctuation] >= 0.4) return "delimiter";
  if (means[kWindow] >= 0.6 && means[kWindow] >= 1.5 * uniform[kWindow]) return "diagonal";
  if (means[kEntropy] >= 0.9 * uniform[kEntropy]) return "broad";
  return "mixed";
}

std::string_view pattern_of(const HeadStatistics& head) {
  Figures means;
  for (std::size_t i = 0; i < kFigures; ++i) means[i] = head.figures[i].mean;
  return pattern_of(means, head.uniform);
}

}  // namespace convbert
