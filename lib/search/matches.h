// What a search finds, best first, and the bounded lists that it is kept in meanwhile.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace convbert {

// A row of the corpus, and the cosine of its angle to the query.
struct Match {
  std::int64_t number;
  float score;

  bool operator==(const Match&) const = default;
};

// Two rows of one corpus, the first before the second.
struct PairMatch {
  std::int64_t first;
  std::int64_t second;
  float score;

  bool operator==(const PairMatch&) const = default;
};

// The higher score; of equal ones, the lower numbers.
inline bool is_better(const Match& a, const Match& b) {
  return a.score != b.score ? a.score > b.score : a.number < b.number;
}
inline bool is_better(const PairMatch& a, const PairMatch& b) {
  if (a.score != b.score) return a.score > b.score;
  return std::pair(a.first, a.second) < std::pair(b.first, b.second);
}

// The best `most` of all that are offered, in any order.
template <class Found>
class BestOf {
 public:
  // `least`: the score that is enough.
  BestOf(std::int64_t most, float least)
      : most_(static_cast<std::size_t>(std::max<std::int64_t>(0, most))),
        floor_(most_ > 0 ? least : std::numeric_limits<float>::infinity()) {}

  // What scores less is of no use any more.
  float floor() const { return floor_; }

  void offer(const Found& found) {
    if (!(found.score >= floor_) || most_ == 0) return;
    if (best_.size() == most_) {
      if (!is_better(found, best_.front())) return;
      std::ranges::pop_heap(best_, kBetter);
      best_.back() = found;
    } else {
      best_.push_back(found);
    }
    std::ranges::push_heap(best_, kBetter);  // the worst in front
    if (best_.size() == most_) floor_ = std::max(floor_, best_.front().score);
  }
  void offer_all(const BestOf& other) {
    for (const Found& found : other.best_) offer(found);
  }

  // Best first; it is empty afterwards.
  std::vector<Found> take() {
    std::ranges::sort(best_, kBetter);
    return std::move(best_);
  }

 private:
  static constexpr auto kBetter = [](const Found& a, const Found& b) { return is_better(a, b); };

  std::size_t most_;
  float floor_;
  std::vector<Found> best_;
};

}  // namespace convbert
