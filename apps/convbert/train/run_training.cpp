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
      if (!step()) return diverge(run_.steps + 1);
      if (tuning_.is_at_end_of_epoch() || tuning_.is_done()) {
        if (!finish_epoch()) return diverge(run_.steps);
      }
      propose_good();
      if (is_saving_due()) save();
    }
    console_.clear_status();
    if (kept_.best.empty() && !tuning_.gives_numbers()) return diverge(run_.steps);
    take_best();
    return {.run = std::move(run_), .log = std::move(log_)};
  }

 private:
  void take_up() {
    if (context_.request.resume) {
      if (auto run = load_state(context_.state_path, context_.digest, context_.dev != nullptr,
                                tuning_, kept_)) {
        run_ = std::move(*run);
        is_resumed_ = true;
        saved_step_ = run_.steps;
        propose_good();
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
    kept_.good.confirm();
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

  // False where the loss on dev is no number.
  bool finish_epoch() {
    const std::int64_t steps_here =
        run_.steps - (run_.epochs.empty() ? 0 : run_.epochs.back().step);
    EpochFigures epoch{.step = run_.steps, .loss = run_.loss_sum / static_cast<double>(steps_here)};
    run_.loss_sum = 0;
    if (context_.dev != nullptr) {
      console_.status(concat("measures on ", context_.dev->source));
      const FineTuning::Predictions predictions = tuning_.predict(context_.dev->examples);
      if (!std::isfinite(predictions.loss)) return false;
      epoch.dev = figures_of(*context_.dev, predictions, context_.labels).named;
    }
    run_.epochs.push_back(std::move(epoch));
    const bool is_best = keep_if_best();
    tell_epoch(is_best);
    if (log_) log_epoch();
    return true;
  }

  bool is_at_saving() const { return run_.steps % context_.request.save_every == 0; }

  bool is_saving_due() const {
    if (is_at_saving()) return true;
    if (!tuning_.is_at_end_of_epoch() && !tuning_.is_done()) return false;
    // Epochs of little data are shorter than it takes to save them: a tenth of the time is enough.
    const Clock::duration pause = std::max<Clock::duration>(std::chrono::seconds(1), 10 * saving_);
    return Clock::now() - saved_ >= pause;
  }

  // The best epoch is what a run falls back on, once there is one.
  void propose_good() {
    if (!kept_.best.empty()) return kept_.good.forget();
    if (run_.steps == 0 || tuning_.is_done()) return;
    if (!tuning_.is_at_end_of_epoch() && !is_at_saving()) return;
    kept_.good.propose({run_, tuning_.save_parameters()});
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
    kept_.best = tuning_.save_parameters();
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

  // Once a step, though a signal may ask for it, too.
  void save() {
    if (saved_step_ == run_.steps) return;
    const Clock::time_point begin = Clock::now();
    save_state(context_.state_path, context_.digest, run_, tuning_, kept_);
    saved_ = Clock::now();
    saving_ = saved_ - begin;
    saved_step_ = run_.steps;
  }

  void take_best() {
    if (!kept_.best.empty()) tuning_.restore(kept_.best);
  }

  TrainingOutcome stop(int signal) {
    console_.clear_status();
    save();
    console_.note(stopped_text(run_.steps, tuning_.all_steps()));
    return {.run = std::move(run_), .caught = signal};
  }

  // step: the first that had no loss, or that led to a model which gives none.
  TrainingOutcome diverge(std::int64_t step) {
    console_.clear_status();
    const std::string what = diverged_text(step, context_.plan.tuning.learning_rate);
    if (!kept_.best.empty()) {
      console_.warning(concat(what, "; kept is epoch ", *run_.best + 1, ", the best one"));
      take_best();
    } else if (const auto& good = kept_.good.model()) {
      console_.warning(concat(what, "; kept is the model after step ", grouped(good->run.steps)));
      tuning_.restore(good->parameters);
      run_ = good->run;
      end_epoch_here();
    } else {
      usage_error(what);
    }
    run_.diverged_at = step;
    return {.run = std::move(run_), .log = std::move(log_)};
  }

  // Within one, where a run has been taken back there.
  void end_epoch_here() {
    const std::int64_t before = run_.epochs.empty() ? 0 : run_.epochs.back().step;
    if (run_.steps == before) return;
    run_.epochs.push_back(
        {.step = run_.steps, .loss = run_.loss_sum / static_cast<double>(run_.steps - before)});
  }

  const TrainingContext& context_;
  FineTuning& tuning_;
  Console& console_;
  CancelToken cancel_;
  TrainingRun run_;
  KeptModels kept_;
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
