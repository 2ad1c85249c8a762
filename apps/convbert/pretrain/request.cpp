#include "pretrain/request.h"

#include <algorithm>
#include <filesystem>

#include "cli/flag_group.h"
#include "cli/usage_error.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::json};  // of no use: the output is a directory
constexpr std::int64_t kUsualLength = 128;

void add_input_flags(CLI::App& command, PretrainFlags& flags) {
  add_labelled_input_flags(command, flags.record);
  // Documents are single texts, read in an order of the run's own, into a model that is made here.
  for (const char* name : {"--pair-field", "--id-field", "--shard", "--truncation"}) {
    remove_flag(command, name);
  }
  describe_flag(command, "INPUT", "Files of text, gzip or zstd or plain; a record is a document");
  describe_flag(command, "--max-length",
                "Tokens of a sequence, [CLS] and [SEP] included; default: 128");
  FlagGroup group(command, "Input");
  group
      .add_choice(
          "--packing", flags.packing, {"full", "record"}, "HOW",
          "full: records follow one another, [SEP] between them, in sequences of "
          "--max-length; record: each begins a sequence of its own, and a longer one is cut")
      .with_default();
  group
      .add("--shuffle", flags.shuffle, "N",
           "Sequences that are held to mix their order; files are taken in another order each time")
      .within(1, 1 << 24)
      .with_default();
  group.add_list("--held-out", flags.held_out, "FILE,...",
                 "Records to measure with, instead of a share of the input");
  group
      .add("--held-out-share", flags.held_out_share, "SHARE",
           "Share of the records that is not learnt from but measured with, chosen by their text; "
           "0 for none; default: 0.01, without --held-out")
      .within(0.0, 0.5);
  group.add_flag("--strict", flags.record.output.strict, "Stop at the first bad record");
}

void add_model_flags(CLI::App& command, PretrainFlags& flags) {
  FlagGroup group(command, "Model");
  describe_flag(command, "--model",
                "To go on from, instead of --config and --vocab: a directory, or a name in the "
                "Hugging Face cache; its generator is in MODEL/generator, or a new one");
  add_new_model_flags(group, flags.source);
  add_precision_flag(group, flags);
}

void add_objective_flags(CLI::App& command, PretrainFlags& flags) {
  FlagGroup group(command, "Learning");
  group
      .add_choice("--objective", flags.objective, {"replaced", "masked"}, "WHAT",
                  "replaced: tell which words a small generator has replaced (ELECTRA); masked: "
                  "guess words that are hidden (BERT)")
      .required();
  group.add("--mask", flags.mask, "SHARE", "Share of the words to guess")
      .within(0.001, 0.9)
      .with_default();
  group
      .add("--generator-size", flags.generator_size, "SHARE",
           "Width, heads and inner width of the generator, as shares of the model's; default: 0.25")
      .within(0.001, 1.0);
  group
      .add("--discriminator-weight", flags.discriminator_weight, "W",
           "What the loss on replaced words counts beside the generator's; default: 50")
      .within(0.001, 1e4);
}

void add_step_flags(CLI::App& command, PretrainFlags& flags) {
  FlagGroup group(command, "Steps");
  group.add("--steps", flags.steps, "N", "Batches to learn from").within(1, 1 << 30).with_default();
  group.add("--batch-size", flags.batch_size, "N", "Sequences of a batch")
      .within(1, 1 << 16)
      .with_default();
  group
      .add("--learning-rate", flags.learning_rate, "RATE",
           "The highest; default: 5e-4, or 1e-4 with --model")
      .within(0.0, 10.0);
  add_rate_flags(group, flags);
  group.add("--adam-epsilon", flags.adam_epsilon, "E", "Of AdamW")
      .within(1e-12, 1.0)
      .with_default();
  add_clip_flag(group, flags);
  group.add("--dropout", flags.dropout, "P", "Instead of the configuration's rates")
      .within(0.0, 0.9);
  group
      .add("--seed", flags.seed, "N",
           "Of the first weights, the order of the sequences, masks, drawn words and dropout")
      .within(0, 1 << 30)
      .with_default();
}

void add_run_flags(CLI::App& command, PretrainFlags& flags) {
  FlagGroup group(command, "Output");
  group
      .add("-o,--output", flags.directory, "DIR",
           "Directory to make; it appears when it is complete: the model, the tokenizer's files, "
           "the generator in DIR/generator, a card, and training.json, what was done and measured")
      .required()
      .not_empty();
  group
      .add("--checkpoints", flags.checkpoints, "N",
           "The model after each N-th part of the steps, too, in DIR/step-NUMBER; 0 for none")
      .within(0, 1000)
      .with_default();
  add_resume_flag(group, flags);
  group.add("--save-every", flags.save_every, "N", "Steps between two savings of DIR.state")
      .within(1, 1 << 30)
      .with_default();
  add_log_flag(group, flags);
}

// Of a new model.
std::optional<NewModelSource> made_from(const PretrainFlags& flags) {
  const NewModelSource& source = flags.source;
  const bool goes_on = !flags.record.model.model.empty();
  for (const auto& [flag, is_given] : {std::pair("--config", !source.config.empty()),
                                       {"--vocab", !source.vocab.empty()},
                                       {"--lowercase", source.lowercase}}) {
    if (is_given && goes_on) usage_error("--model and ", flag, ": expected one of them");
  }
  if (goes_on) return std::nullopt;
  if (source.config.empty() || source.vocab.empty()) {
    usage_error(source.config.empty() ? "--config" : "--vocab",
                " is missing: expected --config and --vocab of a new model, or --model, one to go "
                "on from");
  }
  return source;
}

// Flags that would change nothing are mistakes.
void check_objective(const PretrainFlags& flags) {
  if (flags.objective == "replaced") return;
  if (flags.generator_size) usage_error("--generator-size is for --objective replaced");
  if (flags.discriminator_weight) usage_error("--discriminator-weight is for --objective replaced");
}

}  // namespace

void add_pretrain_flags(CLI::App& command, PretrainFlags& flags) {
  add_input_flags(command, flags);
  add_model_flags(command, flags);
  add_objective_flags(command, flags);
  add_step_flags(command, flags);
  add_run_flags(command, flags);
}

PretrainRequest make_request(const PretrainFlags& flags) {
  check_directory(flags);
  if (flags.record.input.paths.empty() || std::ranges::count(flags.record.input.paths, "-") > 0) {
    usage_error("pretrain: expected files of text, found ",
                flags.record.input.paths.empty() ? "none" : "-",
                "; they are read again and again, which standard input cannot be");
  }
  for (const std::string& path : flags.record.input.paths) {
    std::error_code error;
    const auto type = std::filesystem::status(path, error).type();
    if (type != std::filesystem::file_type::fifo && type != std::filesystem::file_type::character) {
      continue;
    }
    usage_error("pretrain: ", printable(path), " is a pipe; expected files, which are read again ",
                "and again");
  }
  if (!flags.held_out.empty() && flags.held_out_share) {
    usage_error("--held-out and --held-out-share: expected one of them");
  }
  check_files("--held-out", flags.held_out);
  check_apart({{"-o", {flags.directory}}, {"--log", {flags.log}}},
              {{"INPUT", flags.record.input.paths},
               {"--held-out", flags.held_out},
               {"--config", {flags.source.config}},
               {"--vocab", {flags.source.vocab}}});
  check_objective(flags);
  PretrainRequest request{
      .record = make_request(flags.record, kFormats),
      .held_out = {},
      .held_out_share = flags.held_out_share.value_or(flags.held_out.empty() ? 0.01 : 0.0),
      .directory = flags.directory,
      .source = made_from(flags),
      .objective = flags.objective == "replaced" ? PretrainingObjective::replaced
                                                 : PretrainingObjective::masked,
      .mask = flags.mask,
      .generator_size = flags.generator_size,
      .discriminator_weight = flags.discriminator_weight.value_or(50.0),
      .packing = flags.packing == "full" ? Packing::full : Packing::record,
      .max_length = flags.record.truncation.max_length.value_or(kUsualLength),
      .shuffle = flags.shuffle,
      .steps = flags.steps,
      .batch_size = flags.batch_size,
      .learning_rate = flags.learning_rate.value_or(flags.source.config.empty() ? 1e-4 : 5e-4),
      .warmup = flags.warmup,
      .schedule = *schedule_from_name(flags.schedule),
      .weight_decay = flags.weight_decay,
      .adam_epsilon = flags.adam_epsilon,
      .clip = flags.clip,
      .dropout = {},
      .seed = static_cast<std::uint64_t>(flags.seed),
      .checkpoints = flags.checkpoints,
      .save_every = flags.save_every,
      .resume = flags.resume,
      .log = flags.log};
  if (flags.dropout) request.dropout = static_cast<float>(*flags.dropout);
  if (request.max_length < 3) {
    usage_error("--max-length: expected 3 or more, found ", request.max_length);
  }
  if (request.checkpoints > request.steps) {
    usage_error("--checkpoints: expected at most --steps ", request.steps, ", found ",
                request.checkpoints);
  }
  take_single_texts(request.record.input, "documents are single texts");
  request.held_out = request.record.input;
  request.held_out.source.paths = flags.held_out;
  return request;
}

}  // namespace convbert::app
