#include <algorithm>
#include <filesystem>
#include <optional>

#include "attention_maps.h"
#include "attention_statistics.h"
#include "commands.h"
#include "core/error.h"
#include "io/json_text.h"
#include "io/npy.h"
#include "model_run.h"
#include "nn/compute.h"
#include "record_command.h"

namespace convbert::app {
namespace {

struct AttentionOptions {
  RecordOptions record;
  std::string layers;  // "" for all
  std::string heads;
  std::string folder;
  bool statistics = false;
  std::optional<std::int64_t> window;
};

// values, row-major, as nested lists: "[[1,2],[3,4]]" for shape {2, 2}.
void append_nested(std::string& out, std::span<const std::int64_t> shape,
                   std::span<const float> values) {
  if (shape.size() == 1) return append_json_array(out, values);
  const auto count = static_cast<std::size_t>(shape.front());
  const std::size_t part = count == 0 ? 0 : values.size() / count;
  out += '[';
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    append_nested(out, shape.subspan(1), values.subspan(i * part, part));
  }
  out += ']';
}

class AttentionCommand : public RecordCommand {
 public:
  AttentionCommand(const AttentionOptions& options, LoadedModel loaded, MapSelection selection)
      : format_(options.record.output.format),
        folder_(options.folder),
        loaded_(std::move(loaded)),
        selection_(std::move(selection)) {}

  std::vector<std::string> result_names() const override {
    std::vector<std::string> names{"truncated", "tokens", "attention"};
    if (loaded_.model.config.convolution) names.push_back("conv_kernel");
    return names;
  }
  void prepare(Job& job) const override {
    encode_job(loaded_, job);
    job.weight = weight_of_maps(job.weight);
  }
  std::string output_folder() const override { return folder_; }

  ComputeBatch make_worker(const RecordStyle& style) const override {
    auto workspace = std::make_shared<Workspace>();
    return [this, style, workspace](std::span<Job> jobs, int threads) {
      const nn::ComputeScope scope(threads);
      const PackedJobs packed = pack(jobs);
      const std::vector<AttentionMaps> maps =
          compute_maps(loaded_.model.encoder, packed.batch, selection_, *workspace);
      for (std::size_t s = 0; s < maps.size(); ++s) put(maps[s], *packed.jobs[s], style);
    };
  }

 private:
  void put(const AttentionMaps& maps, Job& job, const RecordStyle& style) const {
    if (!all_finite(maps.attention) || !all_finite(maps.kernels)) return fail_not_finite(job);
    const std::vector<std::string> tokens = loaded_.tokenizer.tokens(job.encoding);
    const Shape attention{maps.layers, maps.heads, maps.length, maps.length};
    const Shape kernels{maps.layers, maps.heads, maps.length, maps.kernel};
    const bool has_kernels = maps.kernel > 0;
    if (format_ == "npz") {
      const std::string& prefix = style.result_prefix;
      job.arrays.emplace_back(prefix + "tokens", npy_array(tokens));
      job.arrays.emplace_back(prefix + "attention",
                              npy_array(attention, std::span(maps.attention)));
      if (has_kernels) {
        job.arrays.emplace_back(prefix + "conv_kernel",
                                npy_array(kernels, std::span(maps.kernels)));
      }
      return;
    }
    std::string& out = job.output;
    begin_record(out, job.record, style);
    append_truncated(out, job, style);
    append_result_name(out, "tokens", style);
    append_json_array(out, tokens);
    append_result_name(out, "attention", style);
    append_nested(out, attention, maps.attention);
    if (has_kernels) {
      append_result_name(out, "conv_kernel", style);
      append_nested(out, kernels, maps.kernels);
    }
    out += '}';
  }

  std::string format_;
  std::string folder_;
  LoadedModel loaded_;
  MapSelection selection_;
};

std::vector<std::int64_t> select(const std::string& text, std::int64_t count, const char* flag) {
  return parse_index_list(text.empty() ? concat("0-", count - 1) : text, count, flag);
}

void check_format(const AttentionOptions& options) {
  const std::string& format = options.record.output.format;
  if (!options.statistics && format != "jsonl" && format != "npz") {
    throw Error(ErrorKind::usage,
                concat("--format ", format, " is for --stats; maps have jsonl ", "and npz"));
  }
  if (!options.statistics && options.window) {
    throw Error(ErrorKind::usage, "--window is for --stats");
  }
  if (!options.statistics) return;
  if (format == "npz" || !options.folder.empty()) {
    throw Error(ErrorKind::usage,
                "--stats: expected --format jsonl, tsv or table, and no --out-dir");
  }
  if (options.record.output.resume) {
    throw Error(ErrorKind::usage,
                "--stats and --resume exclude each other: a part of a sum cannot be gone on with");
  }
}

void check_folder(const AttentionOptions& options) {
  if (options.folder.empty()) return;
  if (options.record.output.format != "npz" || !options.record.output.path.empty()) {
    throw Error(ErrorKind::usage, "--out-dir: expected --format npz and no -o");
  }
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (!std::filesystem::is_directory(options.folder)) {
    throw Error(ErrorKind::system,
                concat(options.folder, ": cannot create the folder: ", error.message()));
  }
}

int run(AttentionOptions& options, Console& console) {
  validate(options.record);
  check_format(options);
  check_folder(options);
  LoadedModel loaded = load_for_records(options.record, ModelParts::encoder, false, console);
  const ModelConfig& config = loaded.model.config;
  MapSelection selection{select(options.layers, config.layers, "--layer"),
                         select(options.heads, config.attention_heads, "--head")};
  if (options.statistics) {
    // Half of a kernel, of models without one that of ConvBERT's usual kernel of 9.
    const std::int64_t kernel = config.convolution ? config.convolution->kernel_size : 9;
    const auto command =
        make_statistics_command(std::move(loaded), std::move(selection),
                                options.window.value_or(kernel / 2), options.record.output.format);
    return run_records(options.record, *command, console);
  }
  return run_records(options.record,
                     AttentionCommand(options, std::move(loaded), std::move(selection)), console);
}

}  // namespace

void add_attention_command(CLI::App& app, const Choose& choose) {
  constexpr const char* kGroup = "Maps";
  auto options = std::make_shared<AttentionOptions>();
  CLI::App* command = app.add_subcommand(
      "attention", "Self-attention maps and convolution kernels of every layer and head");
  add_record_options(*command, options->record, {"jsonl", "npz", "tsv", "table"});
  add_model_options(*command, options->record.model, true);
  command->add_option("--layer", options->layers, "Layers from 0: lists and ranges, as 0,2 or 1-3")
      ->group(kGroup)
      ->type_name("LIST");
  command
      ->add_option("--head", options->heads,
                   "Heads from 0, of the attention and of the convolution alike")
      ->group(kGroup)
      ->type_name("LIST");
  command
      ->add_option("--out-dir", options->folder,
                   "With --format npz: a file for each record, <id>.npz, in this folder")
      ->group(kGroup)
      ->type_name("DIR");
  command
      ->add_flag("--stats", options->statistics,
                 "Instead of maps, what each head does on average over the whole input, beside "
                 "uniform weights; as jsonl, tsv or table")
      ->group(kGroup);
  command
      ->add_option("--window", options->window,
                   "With --stats: how far from the query the figure \"window\" reaches; default: "
                   "half of the kernel, else 4")
      ->check(CLI::Range(0, 1 << 20).description(""))
      ->group(kGroup)
      ->type_name("N");
  command->callback([options, choose] {
    choose(options->record.console, [options](Console& console) { return run(*options, console); });
  });
}

}  // namespace convbert::app
