#include "train/step_status.h"

#include <cmath>

#include "cli/table.h"
#include "core/error.h"
#include "run/progress.h"

namespace convbert::app {

std::string taken_up_text(const std::string& state_path, std::int64_t step, std::int64_t all) {
  return concat("goes on from ", printable(state_path), ", after step ", grouped(step), " of ",
                grouped(all));
}

std::string stopped_text(std::int64_t step, std::int64_t all) {
  return concat("stopped after step ", grouped(step), " of ", grouped(all), "; --resume goes on");
}

std::string diverged_text(std::int64_t step, double learning_rate) {
  return concat("the loss is no longer a number at step ", grouped(step),
                "; --learning-rate lower than ", learning_rate, " may help");
}

void StepStatus::begin(std::int64_t step) {
  first_step_ = step;
  start_ = Clock::now();
  shown_ = start_;
}

double StepStatus::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

double StepStatus::tokens_per_second() const { return static_cast<double>(tokens_) / seconds(); }

void StepStatus::show(const Step& step) {
  const auto now = Clock::now();
  if (!console_.shows_status() || now - shown_ < std::chrono::milliseconds(200)) return;
  shown_ = now;
  const auto done = static_cast<double>(step.step - first_step_);
  const double left = seconds() / done * static_cast<double>(step.all - step.step);
  const std::string place =
      concat(step.place, "step ", grouped(step.step), " of ", grouped(step.all));
  const std::string loss = concat("  loss ", fixed(step.loss, 3));
  const std::string rate = concat("  rate ", formatted(step.learning_rate, "%.1e"));
  const std::string speed = concat("  ", grouped(std::llround(tokens_per_second())), " tokens/s");
  const std::string time = concat("  ", clock_text(left), " left");
  const std::string lines[] = {concat(place, loss, rate, speed, time), concat(place, loss, time),
                               concat(place, time), place};
  console_.status(lines);
}

}  // namespace convbert::app
