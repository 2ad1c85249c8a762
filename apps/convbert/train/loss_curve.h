// The loss over the steps of a run, for a picture.
#pragma once

#include <cstdint>
#include <vector>

#include "core/json.h"

namespace convbert::app {

// Some steps together.
struct CurvePoint {
  std::int64_t step;  // the last one
  double loss;        // the mean
  double learning_rate;
};

inline constexpr std::int64_t kCurvePoints = 400;  // at the most

struct LossCurve {
  std::vector<CurvePoint> points{};
  double sum = 0;          // of the losses behind the last point
  std::int64_t steps = 0;  // their number

  // Of a run of `all` steps.
  void add(const CurvePoint& step, std::int64_t all, bool is_last);
  // Can a run have it after so many steps?
  bool is_possible(std::int64_t steps_of_run) const;
  // As members "curve", "curve_sum" and "curve_steps"; from_json() throws nlohmann's exceptions.
  void to_json(Json& json) const;
  static LossCurve from_json(const Json& json);
};

}  // namespace convbert::app
