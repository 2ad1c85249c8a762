#include "train/run_training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "cli/signals.h"
#include "cli/table.h"
#include "cli/usage_error.h"
#include "core/cancel.h"
#include "train/step_status.h"
#include "train/training_log.h"

namespace convbert::app {
namespace {

using Clock = std::chrono::steady_clock;

class Training {
 public:
  Training(const TrainingContext& context, FineTuning& tuning, Console& console)
      : context_(context), tuning_(tuning), console_(console), status_(console) {}

  TrainingOutcome run() {
    const SignalGuard signals(cancel_);
    take_up();
    tell_start();
    while (!tuning_.is_done() && !is_patience_over()) {
      if (cancel_.requested()) return stop(signals.caught());
      if (!step()) return diverge();
      if (tuning_.is_at_end_of_epoch() || tuning_.is_done()) finish_epoch();
      if (tuning_.steps() % context_.request.save_every == 0) save();
    }
    console_.clear_status();
    take_best();
    return {.run = std::move(run_), .log = std::move(log_)};
  }

 private:
  void take_up() {
    if (context_.request.resume) {
      if (auto run = load_state(context_.state_path, context_.digest, context_.dev != nullptr,
                                tuning_, best_)) {
        run_ = std::move(*run);
        is_resumed_ = true;
        saved_step_ = run_.steps;
      }
    }
    status_.begin(tuning_.steps());
    if (context_.request.log.empty()) return;
    std::optional<LogPlace> place;
    if (is_resumed_) place = {run_.log_bytes, run_.steps};
    log_.emplace(open_log(context_.request.log, place, console_));
    run_.log_bytes = log_->size();
  }

  void tell_start() {
    if (!is_resumed_) return;
    console_.note(taken_up_text(context_.state_path, run_.steps, tuning_.all_steps()));
  }

  // False where the loss is no number.
  bool step() {
    const StepFigures figures = tuning_.step();
    if (!std::isfinite(figures.loss) || !std::isfinite(figures.gradient_norm)) return false;
    run_.steps = tuning_.steps();
    run_.loss_sum += figures.loss;
    status_.count(figures.tokens);
    run_.curve.add({run_.steps, figures.loss, figures.learning_rate}, tuning_.all_steps(),
                   tuning_.is_done());
    if (log_) {
      run_.log_bytes = write_line(*log_, [&](JsonBuilder& json) {
        json.member("step", run_.steps);
        add_number(json, "loss", figures.loss);
        add_number(json, "learning_rate", figures.learning_rate);
        add_number(json, "gradient_norm", figures.gradient_norm);
        json.member("tokens", figures.tokens);
      });
    }
    status_.show({.place = concat("epoch ", std::ssize(run_.epochs) + 1, "  "),
                  .step = run_.steps,
                  .all = tuning_.all_steps(),
                  .loss = figures.loss,
                  .learning_rate = figures.learning_rate});
    return true;
  }

  void finish_epoch() {
    const std::int64_t steps_here =
        run_.steps - (run_.epochs.empty() ? 0 : run_.epochs.back().step);
    EpochFigures epoch{.step = run_.steps, .loss = run_.loss_sum / static_cast<double>(steps_here)};
    run_.loss_sum = 0;
    if (context_.dev != nullptr) {
      console_.status(concat("measures on ", context_.dev->source));
      epoch.dev =
          figures_of(*context_.dev, tuning_.predict(context_.dev->examples), context_.labels).named;
    }
    run_.epochs.push_back(std::move(epoch));
    const bool is_best = keep_if_best();
    tell_epoch(is_best);
    if (log_) log_epoch();
    // Epochs of little data are shorter than it takes to save them: a tenth of the time is enough.
    const Clock::duration pause = std::max<Clock::duration>(std::chrono::seconds(1), 10 * saving_);
    if (Clock::now() - saved_ >= pause) save();
  }

  double figure_of(std::size_t epoch, const std::string& name) const {
    const double value = DevFigures{.named = run_.epochs[epoch].dev}.find(name);
    return is_an_error(name) ? -value : value;
  }

  // By the metric, then by the loss. One without a figure, as of a correlation with what is
  // constant, is worse than any other.
  bool is_better(std::size_t epoch, std::size_t than) const {
    for (const std::string& name : {context_.plan.metric, std::string("loss")}) {
      const double a = figure_of(epoch, name);
      const double b = figure_of(than, name);
      if (std::isnan(a) != std::isnan(b)) return std::isnan(b);
      if (a != b && !std::isnan(a)) return a > b;
    }
    return false;
  }

  bool keep_if_best() {
    if (context_.dev == nullptr) return false;
    const std::size_t last = run_.epochs.size() - 1;
    const bool is_best = !run_.best || is_better(last, *run_.best);
    if (!is_best) return false;
    run_.best = last;
    best_ = tuning_.save_parameters();
    return true;
  }

  // Of many epochs, those that are the best so far, and each tenth.
  void tell_epoch(bool is_best) {
    constexpr std::int64_t kMostTold = 25;
    console_.clear_status();
    const auto number = std::ssize(run_.epochs);
    const std::int64_t all = context_.plan.tuning.epochs;
    if (all > kMostTold && !is_best && number % 10 != 0 && !tuning_.is_done()) return;
    const EpochFigures& epoch = run_.epochs.back();
    std::string line = concat("epoch ", number, " of ", all, ": loss ", fixed(epoch.loss, 4));
    if (context_.dev != nullptr) {
      const DevFigures dev{.named = epoch.dev};
      const std::string& metric = context_.plan.metric;
      line += "; on dev ";
      if (metric != "loss") line += concat(metric, " ", fixed(dev.find(metric), 4), ", ");
      line += concat("loss ", fixed(dev.find("loss"), 4));
    }
    console_.note(line + (is_best && number > 1 ? ", the best so far" : ""));
  }

  void log_epoch() {
    const EpochFigures& epoch = run_.epochs.back();
    run_.log_bytes = write_line(*log_, [&](JsonBuilder& json) {
      json.member("epoch", static_cast<std::int64_t>(run_.epochs.size()))
          .member("step", epoch.step);
      add_number(json, "loss", epoch.loss);
      if (epoch.dev.empty()) return;
      json.key("dev").begin_object();
      for (const auto& [name, value] : epoch.dev) add_number(json, name, value);
      json.end_object();
    });
  }

  bool is_patience_over() const {
    const std::int64_t patience = context_.request.patience;
    if (patience == 0 || !run_.best) return false;
    return std::ssize(run_.epochs) - 1 - static_cast<std::int64_t>(*run_.best) >= patience;
  }

  // Once a step, though the end of an epoch and --save-every may both ask for it.
  void save() {
    if (saved_step_ == run_.steps) return;
    const Clock::time_point begin = Clock::now();
    save_state(context_.state_path, context_.digest, run_, tuning_, best_);
    saved_ = Clock::now();
    saving_ = saved_ - begin;
    saved_step_ = run_.steps;
  }

  void take_best() {
    if (!best_.empty()) tuning_.restore(best_);
  }

  TrainingOutcome stop(int signal) {
    console_.clear_status();
    save();
    console_.note(stopped_text(run_.steps, tuning_.all_steps()));
    return {.run = std::move(run_), .caught = signal};
  }

  // Those of the best epoch, or the last ones saved that a later step has seen a loss of.
  TrainingOutcome diverge() {
    console_.clear_status();
    const std::string what = diverged_text(run_.steps + 1, context_.plan.tuning.learning_rate);
    if (best_.empty()) return go_back(what);
    console_.warning(concat(what, "; kept is epoch ", *run_.best + 1, ", the best one"));
    take_best();
    return {.run = std::move(run_), .is_diverged = true, .log = std::move(log_)};
  }

  TrainingOutcome go_back(const std::string& what) {
    if (saved_step_ < 1 || saved_step_ >= run_.steps) usage_error(what);
    auto saved =
        load_state(context_.state_path, context_.digest, context_.dev != nullptr, tuning_, best_);
    if (!saved) usage_error(what);
    console_.warning(concat(what, "; kept is the model after step ", grouped(saved->steps)));
    const std::int64_t before = saved->epochs.empty() ? 0 : saved->epochs.back().step;
    if (const auto count = static_cast<double>(saved->steps - before); count > 0) {
      saved->epochs.push_back({.step = saved->steps, .loss = saved->loss_sum / count});
    }
    return {.run = std::move(*saved), .is_diverged = true, .log = std::move(log_)};
  }

  const TrainingContext& context_;
  FineTuning& tuning_;
  Console& console_;
  CancelToken cancel_;
  TrainingRun run_;
  SavedParameters best_;
  std::optional<OutputFile> log_;
  bool is_resumed_ = false;
  StepStatus status_;
  Clock::time_point saved_ = Clock::now();
  Clock::duration saving_{};  // what the last one took
  std::int64_t saved_step_ = -1;
};

}  // namespace

TrainingOutcome run_training(const TrainingContext& context, FineTuning& tuning, Console& console) {
  return Training(context, tuning, console).run();
}

}  // namespace convbert::app
