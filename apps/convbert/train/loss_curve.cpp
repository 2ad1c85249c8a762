#include "train/loss_curve.h"

#include <algorithm>
#include <utility>

#include "train/state_file.h"

namespace convbert::app {

void LossCurve::add(const CurvePoint& step, std::int64_t all, bool is_last) {
  sum += step.loss;
  ++steps;
  const std::int64_t together = (all + kCurvePoints - 1) / kCurvePoints;
  if (steps < together && !is_last) return;
  points.push_back({step.step, sum / static_cast<double>(steps), step.learning_rate});
  sum = 0;
  steps = 0;
}

bool LossCurve::is_possible(std::int64_t steps_of_run) const {
  const auto is_rising = [](const CurvePoint& a, const CurvePoint& b) { return a.step < b.step; };
  return steps >= 0 && steps <= steps_of_run && std::ssize(points) <= kCurvePoints &&
         (points.empty() || (points.front().step > 0 && points.back().step <= steps_of_run)) &&
         std::is_sorted(points.begin(), points.end(), is_rising);
}

void LossCurve::to_json(Json& json) const {
  Json curve = Json::array();
  for (const CurvePoint& point : points) {
    curve.push_back({point.step, point.loss, point.learning_rate});
  }
  json["curve"] = std::move(curve);
  json["curve_sum"] = sum;
  json["curve_steps"] = steps;
}

LossCurve LossCurve::from_json(const Json& json) {
  LossCurve curve{.sum = number_or_nan(json.at("curve_sum")),
                  .steps = json.at("curve_steps").get<std::int64_t>()};
  for (const Json& point : json.at("curve")) {
    curve.points.push_back(
        {point.at(0).get<std::int64_t>(), number_or_nan(point.at(1)), number_or_nan(point.at(2))});
  }
  return curve;
}

}  // namespace convbert::app
