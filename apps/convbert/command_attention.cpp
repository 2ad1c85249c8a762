#include <algorithm>
#include <filesystem>

#include "attention/maps.h"
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
};

struct Selection {
  std::vector<std::int64_t> layers;
  std::vector<std::int64_t> heads;

  std::int64_t layer_count() const { return static_cast<std::int64_t>(layers.size()); }
  std::int64_t head_count() const { return static_cast<std::int64_t>(heads.size()); }
};

// Copies what is selected into the maps of each sequence while a batch runs.
class MapCollector : public EncoderObserver {
 public:
  MapCollector(const Selection& selection, const Batch& batch, const ModelConfig& config)
      : selection_(selection),
        batch_(batch),
        kernel_(config.convolution ? config.convolution->kernel_size : 0) {
    for (std::int64_t s = 0; s < batch.sequences(); ++s) {
      maps_.emplace_back(selection.layer_count(), selection.head_count(), batch.length(s), kernel_);
    }
  }

  AttentionMaps& maps(std::int64_t sequence) { return maps_[static_cast<std::size_t>(sequence)]; }

  void on_attention(std::int64_t layer, std::int64_t sequence,
                    const nn::AttentionView& view) override {
    for_each_selected(layer, [&](std::int64_t to_layer, std::int64_t to_head, std::int64_t head) {
      for (std::int64_t query = 0; query < view.length; ++query) {
        const float* from = view.data + (head * view.stride + query) * view.stride;
        std::copy_n(from, view.length,
                    maps(sequence).attention_row(to_layer, to_head, query).begin());
      }
    });
  }

  void on_kernels(std::int64_t layer, ConstMatrixView kernels) override {
    for_each_selected(layer, [&](std::int64_t to_layer, std::int64_t to_head, std::int64_t head) {
      for (std::int64_t s = 0; s < batch_.sequences(); ++s) {
        for (std::int64_t position = 0; position < batch_.length(s); ++position) {
          const float* from = kernels.row(batch_.start(s) + position) + head * kernel_;
          std::copy_n(from, kernel_, maps(s).kernel_row(to_layer, to_head, position).begin());
        }
      }
    });
  }

 private:
  template <class Visit>
  void for_each_selected(std::int64_t layer, Visit visit) const {
    const auto found = std::ranges::find(selection_.layers, layer);
    if (found == selection_.layers.end()) return;
    const std::int64_t to_layer = found - selection_.layers.begin();
    for (std::int64_t to_head = 0; to_head < selection_.head_count(); ++to_head) {
      visit(to_layer, to_head, selection_.heads[static_cast<std::size_t>(to_head)]);
    }
  }

  const Selection& selection_;
  const Batch& batch_;
  std::int64_t kernel_;
  std::vector<AttentionMaps> maps_;
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
  AttentionCommand(const AttentionOptions& options, LoadedModel loaded, Selection selection)
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
    // Maps grow with the square of the length, and so must what is in memory at a time.
    job.weight *= std::max<std::int64_t>(1, job.weight / 64);
  }
  std::string output_folder() const override { return folder_; }

  ComputeBatch make_worker(const RecordStyle& style) const override {
    auto workspace = std::make_shared<Workspace>();
    return [this, style, workspace](std::span<Job> jobs, int threads) {
      const nn::ComputeScope scope(threads);
      const Model& model = loaded_.model;
      const PackedJobs packed = pack(jobs);
      MapCollector collector(selection_, packed.batch, model.config);
      const std::int64_t layers =
          selection_.layers.empty() ? 0 : std::ranges::max(selection_.layers) + 1;
      const Workspace::Frame frame(*workspace);
      const MatrixView hidden =
          nn::allocate_rows(*workspace, packed.batch.tokens(), model.config.hidden_size);
      model.encoder.forward(packed.batch, layers, hidden, *workspace, &collector);
      for (std::int64_t s = 0; s < packed.batch.sequences(); ++s) {
        put(collector.maps(s), *packed.jobs[static_cast<std::size_t>(s)], style);
      }
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
  Selection selection_;
};

std::vector<std::int64_t> select(const std::string& text, std::int64_t count, const char* flag) {
  return parse_index_list(text.empty() ? concat("0-", count - 1) : text, count, flag);
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
  check_folder(options);
  LoadedModel loaded = load_for_records(options.record, ModelParts::encoder, false, console);
  const ModelConfig& config = loaded.model.config;
  Selection selection{select(options.layers, config.layers, "--layer"),
                      select(options.heads, config.attention_heads, "--head")};
  return run_records(options.record,
                     AttentionCommand(options, std::move(loaded), std::move(selection)), console);
}

}  // namespace

void add_attention_command(CLI::App& app, const Choose& choose) {
  constexpr const char* kGroup = "Maps";
  auto options = std::make_shared<AttentionOptions>();
  CLI::App* command = app.add_subcommand(
      "attention", "Self-attention maps and convolution kernels of every layer and head");
  add_record_options(*command, options->record, {"jsonl", "npz"});
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
  command->callback([options, choose] {
    choose(options->record.console, [options](Console& console) { return run(*options, console); });
  });
}

}  // namespace convbert::app
