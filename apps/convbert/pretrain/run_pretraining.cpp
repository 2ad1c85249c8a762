#include "pretrain/run_pretraining.h"

#include <cmath>
#include <utility>

#include "cli/table.h"
#include "cli/usage_error.h"
#include "pretrain/pretraining_figures.h"
#include "train/model_tensors.h"
#include "train/state_file.h"
#include "train/step_status.h"
#include "train/training_log.h"

namespace convbert::app {
namespace {

constexpr std::int64_t kMeasurements = 10;  // over the run, beside those at checkpoints

// Is `step` the end of one of `parts` equal parts of `all` steps?
bool ends_part(std::int64_t step, std::int64_t all, std::int64_t parts) {
  return step * parts / all != (step - 1) * parts / all;
}

class Pretraining {
 public:
  Pretraining(const PretrainingContext& context, PreTraining& training, PretrainingTexts& texts,
              Console& console)
      : context_(context),
        training_(training),
        texts_(texts),
        console_(console),
        status_(console) {}

  PretrainingOutcome run() {
    take_up();
    while (!training_.is_done()) {
      const std::optional<Batch> batch = next_batch();
      if (!batch) return stop();
      if (!step(*batch)) return diverge(run_.steps + 1);
      const std::int64_t steps = run_.steps;
      const bool keeps = is_checkpoint(context_.request, steps);
      if (keeps || ends_part(steps, context_.request.steps, kMeasurements)) {
        if (!measure()) return diverge(steps);
      }
      if (training_.is_done() && !std::isfinite(training_.measure(*batch).loss)) {
        return diverge(steps);
      }
      if (keeps) keep();
      propose_good();
      if (is_at_saving()) save();
    }
    console_.clear_status();
    warn_of_ignorance();
    console_.detail(concat(grouped(run_.tokens), " tokens, ",
                           grouped(std::llround(status_.tokens_per_second())), " a second"));
    return {.run = std::move(run_), .log = std::move(log_)};
  }

 private:
  void take_up() {
    const PretrainRequest& request = context_.request;
    std::optional<LogPlace> place;
    if (request.resume) {
      if (auto run = load_pretraining(context_.state_path, context_.digest, context_.request.steps,
                                      training_, good_)) {
        run_ = std::move(*run);
        propose_good();
        place = {run_.log_bytes, run_.steps};
        console_.note(taken_up_text(context_.state_path, run_.steps, request.steps));
        console_.status("reads the texts up to there");
        texts_.go_to(run_.place);
      }
    }
    if (!request.log.empty()) {
      log_.emplace(open_log(request.log, place, console_));
      run_.log_bytes = log_->size();
    }
    status_.begin(run_.steps);
    if (!request.source && run_.measurements.empty()) measure();  // what it knows already
  }

  // Nothing where a signal came.
  std::optional<Batch> next_batch() {
    Batch batch;
    while (batch.sequences() < context_.request.batch_size) {
      if (context_.cancel.requested()) return std::nullopt;
      const std::optional<TokenSequence> sequence = texts_.next();
      if (!sequence) return std::nullopt;
      batch.append(*sequence, std::vector<std::int32_t>(sequence->size()));
    }
    return batch;
  }

  // False where the loss is no number.
  bool step(const Batch& batch) {
    const PreTrainingStep step = training_.step(batch);
    const PreTrainingFigures& figures = step.figures;
    if (!std::isfinite(figures.loss) || !std::isfinite(step.gradient_norm)) return false;
    good_.confirm();
    run_.steps = training_.steps();
    run_.place = texts_.place();
    run_.tokens += step.tokens;
    run_.flops += step.flops;
    run_.curve.add({run_.steps, figures.loss, step.learning_rate}, context_.request.steps,
                   training_.is_done());
    status_.count(step.tokens);
    if (log_) {
      run_.log_bytes = write_line(*log_, [&](JsonBuilder& json) {
        json.member("step", run_.steps);
        add_figures(json, figures);
        add_number(json, "learning_rate", step.learning_rate);
        add_number(json, "gradient_norm", step.gradient_norm);
        json.member("tokens", step.tokens);
      });
    }
    status_.show({.place = concat("pass ", run_.place.epoch + 1, "  "),
                  .step = run_.steps,
                  .all = context_.request.steps,
                  .loss = figures.loss,
                  .learning_rate = step.learning_rate});
    return true;
  }

  void add_figures(JsonBuilder& json, const PreTrainingFigures& figures) const {
    for_each_figure(figures, context_.request.has_generator(),
                    [&](const char* name, double value) { add_number(json, name, value); });
  }

  // False where the loss is no number.
  bool measure() {
    if (context_.held_out.sequences() == 0) return true;
    console_.status("measures on held-out text");
    const Measurement at{run_.steps, run_.tokens, run_.flops, training_.measure(context_.held_out)};
    if (!std::isfinite(at.figures.loss)) return false;
    run_.measurements.push_back(at);
    console_.clear_status();
    const auto& [loss, words, replaced] = at.figures;
    std::string line = concat("step ", grouped(run_.steps), " of ", grouped(context_.request.steps),
                              ": on held-out text loss ", fixed(loss, 4), ", of masked words ",
                              fixed(100.0 * share_of(words.right, words.words), 1), " % right");
    if (context_.request.has_generator()) {
      line += concat(" by the generator, of replaced words ",
                     fixed(100.0 * share_of(replaced.found, replaced.replaced), 1),
                     " % found, AUC ", fixed(replaced.auc, 3));
    }
    console_.note(line);
    if (!log_) return true;
    run_.log_bytes = write_line(*log_, [&](JsonBuilder& json) {
      json.member("step", run_.steps).key("held_out").begin_object();
      add_figures(json, at.figures);
      json.end_object();
    });
    return true;
  }

  // What came out looks like a model, and a loss that fell was the generator's.
  void warn_of_ignorance() {
    if (!context_.request.has_generator() || run_.measurements.empty()) return;
    const ReplacedFigures& replaced = run_.measurements.back().figures.replaced;
    if (replaced.replaced == 0 || has_learnt(replaced)) return;
    console_.warning(concat("of replaced words the model knows only how many there are (loss ",
                            fixed(replaced.loss, 4), "; ", fixed(loss_of_ignorance(replaced), 4),
                            " is that of their share alone): try more ",
                            "steps, a lower --learning-rate than ", context_.request.learning_rate,
                            ", or --objective masked"));
  }

  void keep() {
    replace_file(checkpoint_path(context_.state_path, run_.steps),
                 [&](const SafetensorsWriter::Put& put) {
                   write_tensors(training_.parameters(), context_.family, put);
                 });
  }

  void save() { save_pretraining(context_.state_path, context_.digest, run_, training_, good_); }

  bool is_at_saving() const { return run_.steps % context_.request.save_every == 0; }

  void propose_good() {
    if (run_.steps == 0 || training_.is_done()) return;
    if (!is_at_saving() && !is_checkpoint(context_.request, run_.steps)) return;
    good_.propose({run_, training_.save_parameters()});
  }

  PretrainingOutcome stop() {
    console_.clear_status();
    save();
    console_.note(stopped_text(run_.steps, context_.request.steps));
    return {.run = std::move(run_), .is_stopped = true};
  }

  // step: the first that had no loss, or that led to a model which gives none.
  PretrainingOutcome diverge(std::int64_t step) {
    console_.clear_status();
    const std::string what = diverged_text(step, context_.request.learning_rate);
    const auto& good = good_.model();
    if (!good) usage_error(what);
    console_.warning(concat(what, "; kept is the model after step ", grouped(good->run.steps)));
    training_.restore(good->parameters);
    run_ = good->run;
    run_.diverged_at = step;
    return {.run = std::move(run_), .log = std::move(log_)};
  }

  const PretrainingContext& context_;
  PreTraining& training_;
  PretrainingTexts& texts_;
  Console& console_;
  PretrainingRun run_;
  LastGood<PretrainingRun> good_;
  std::optional<OutputFile> log_;
  StepStatus status_;
};

}  // namespace

bool is_checkpoint(const PretrainRequest& request, std::int64_t step) {
  return request.checkpoints > 0 && step > 0 && ends_part(step, request.steps, request.checkpoints);
}

PretrainingOutcome run_pretraining(const PretrainingContext& context, PreTraining& training,
                                   PretrainingTexts& texts, Console& console) {
  return Pretraining(context, training, texts, console).run();
}

}  // namespace convbert::app
