#include "pretrain/command.h"

#include <filesystem>
#include <utility>

#include "cli/exit_status.h"
#include "cli/signals.h"
#include "cli/version.h"
#include "core/mapped_file.h"
#include "core/random.h"
#include "io/output_directory.h"
#include "pretrain/model_plan.h"
#include "pretrain/pretraining_record.h"
#include "pretrain/request.h"
#include "pretrain/run_pretraining.h"
#include "pretrain/texts.h"
#include "run/run_state.h"
#include "train/model_tensors.h"
#include "train/run_files.h"

namespace convbert::app {
namespace {

// Of all that the parameters of any step depend on, and of what is measured with.
std::string digest_of(const PretrainRequest& request, const ModelPlan& plan,
                      const PreTraining& training, const Batch& held_out) {
  Digest digest;
  digest.add_text(kVersion);
  for (const std::string& option : request.record.output.options) digest.add_text(option);
  digest.add_text(nn::name_of(request.record.model.precision));
  digest.add_text(plan.model.config_text);
  if (plan.described) {
    digest.add_text(plan.described->vocab_text);
  } else {
    const auto add = [&](const Values& values) { digest.add_numbers(values.floats); };
    for_each_tensor(add, training.parameters());
    if (training.generator() != nullptr) for_each_tensor(add, *training.generator());
  }
  for (const std::string& path : request.record.input.source.paths) digest.add_file(path);
  digest.add_numbers(held_out.ids);
  return digest.text();
}

PreTrainingOptions options_of(const PretrainRequest& request, MaskingVocabulary vocabulary) {
  return {.masking =
              request.has_generator() ? electra_masking(request.mask) : bert_masking(request.mask),
          .vocabulary = std::move(vocabulary),
          .discriminator_weight = request.discriminator_weight,
          .steps = request.steps,
          .learning_rate = request.learning_rate,
          .warmup = request.warmup,
          .schedule = request.schedule,
          .optimizer = {.epsilon = request.adam_epsilon, .weight_decay = request.weight_decay},
          .clip = request.clip,
          .seed = request.seed,
          .threads = request.record.model.threads};
}

std::int64_t parameters_of(const Parameters& parameters) {
  std::int64_t count = 0;
  for_each_tensor([&](const Values& values) { count += std::ssize(values.floats); },
                  parameters.encoder);
  return count;
}

// "step-0200/" of 1,000 steps, so that they are listed in their order.
std::string folder_of(std::int64_t step, std::int64_t all) {
  std::string number = std::to_string(step);
  number.insert(0, std::to_string(all).size() - number.size(), '0');
  return concat("step-", number, "/");
}

template <class Visit>
void for_each_checkpoint(const PretrainRequest& request, std::int64_t steps, Visit visit) {
  for (std::int64_t step = 1; request.checkpoints > 0 && step <= steps; ++step) {
    if (is_checkpoint(request, step)) visit(step);
  }
}

void write_models(const PretrainRequest& request, const ModelPlan& plan,
                  const PreTraining& training, OutputDirectory& directory) {
  const auto write = [&](const PlannedModel& model, const Parameters& parameters,
                         const std::string& folder) {
    write_description(plan, model, folder, directory);
    directory.add(folder + "model.safetensors", [&](const OutputDirectory::Put& put) {
      write_tensors(parameters, model.config.family, put);
    });
  };
  write(plan.model, training.parameters(), "");
  if (plan.generator) write(*plan.generator, *training.generator(), "generator/");
  for_each_checkpoint(request, training.steps(), [&](std::int64_t step) {
    const std::string folder = folder_of(step, request.steps);
    write_description(plan, plan.model, folder, directory);
    const FileBytes file{MappedFile(checkpoint_path(state_path_of(request.directory), step))};
    directory.add(folder + "model.safetensors", [&](const OutputDirectory::Put& put) {
      put(file.bytes());
      file.check();
    });
  });
}

// Of a finished run, its checkpoints too.
void finish(const PretrainRequest& request, std::optional<OutputFile> log,
            const std::string& state_path) {
  std::error_code error;
  for_each_checkpoint(request, request.steps, [&](std::int64_t step) {
    std::filesystem::remove(checkpoint_path(state_path, step), error);
  });
  clear_up(std::move(log), state_path);
}

int run(const PretrainFlags& flags, Console& console) {
  const PretrainRequest request = make_request(flags);
  const std::string state_path = state_path_of(request.directory);
  if (request.resume) {
    const auto status =
        status_of_finished(request.directory, request.record.output.options, console);
    if (status) {
      finish(request, left_log(request.log), state_path);
      return *status;
    }
  }
  const ModelPlan plan = plan_models(request);
  OutputDirectory directory(request.directory);
  if (!request.resume) set_aside(state_path, console);
  const Tokenizer tokenizer = open_tokenizer(plan);
  if (request.source) warn_of_case(*request.source, tokenizer, console);
  const TextsOptions options{.packing = packing_of(request, tokenizer),
                             .shuffle = request.shuffle,
                             .held_out_share = request.held_out_share,
                             .seed = request.seed};
  CancelToken cancel;
  const SignalGuard signals(cancel);
  BadRecords bad(console, request.record.output.strict);
  const std::optional<Batch> held_out = read_held_out(request, tokenizer, options, bad, cancel);
  if (!held_out) return status_of_signal(signals.caught());

  const std::int64_t bad_held_out = bad.count();
  PretrainingTexts texts({request.record.input, tokenizer, bad, cancel}, options);
  // First the model, whose files bound what a configuration claims.
  LearningModel model = make_model(plan, plan.model, request, request.seed, console);
  std::optional<LearningModel> generator;
  if (plan.generator) {
    generator = make_model(plan, *plan.generator, request, mixed(request.seed, 1), console);
  }
  PreTraining training(std::move(model), std::move(generator),
                       options_of(request, masking_vocabulary(plan, tokenizer)));
  const std::int64_t parameters = parameters_of(training.parameters());
  console.note(concat("--objective ", name_of(request.objective), ": ",
                      name_of(plan.model.config.family), " of ", grouped(parameters),
                      " parameters; ", grouped(request.steps), " steps of ", request.batch_size,
                      " sequences; ", grouped(held_out->sequences()), " sequences held out"));

  const std::string digest = digest_of(request, plan, training, *held_out);
  PretrainingOutcome outcome =
      run_pretraining({request, *held_out, digest, state_path, plan.model.config.family, cancel},
                      training, texts, console);
  if (outcome.is_stopped) return status_of_signal(signals.caught());

  const PretrainingRecord record{request,    plan,
                                 *held_out,  outcome.run,
                                 parameters, outcome.run.place.bad_records + bad_held_out};
  write_models(request, plan, training, directory);
  directory.add("training.json", pretraining_json(record));
  directory.add("README.md", pretraining_card(record));
  directory.finish();
  finish(request, std::move(outcome.log), state_path);
  return exit_status_of(record.bad_records, outcome.run.diverged_at);
}

}  // namespace

void add_pretrain_command(CLI::App& app, const Choose& choose) {
  add_command<PretrainFlags>(
      app, choose,
      {"pretrain", "A model from text alone, as BERT or ELECTRA learn, new or going on",
       add_pretrain_flags, run});
}

}  // namespace convbert::app
