#include "attention_export.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "attention/rollout.h"
#include "io/json_text.h"
#include "io/npy.h"
#include "nn/compute.h"

namespace convbert::app {
namespace {

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

class ExportCommand : public RecordCommand {
 public:
  ExportCommand(LoadedModel loaded, MapSelection selection, std::vector<MapTypeName> types,
                const ExportFormat& format)
      : format_(format.name),
        folder_(format.folder),
        loaded_(std::move(loaded)),
        selection_(std::move(selection)),
        types_(std::move(types)),
        computed_(selection_) {
    // Layers are mixed of all heads, and flow through all layers before them.
    if (std::ranges::all_of(types_, is_of_heads, &MapTypeName::type)) return;
    computed_.layers.resize(static_cast<std::size_t>(std::ranges::max(selection_.layers) + 1));
    computed_.heads.resize(static_cast<std::size_t>(loaded_.model.config.attention_heads));
    std::iota(computed_.layers.begin(), computed_.layers.end(), 0);
    std::iota(computed_.heads.begin(), computed_.heads.end(), 0);
  }

  std::vector<std::string> result_names() const override {
    std::vector<std::string> names{"truncated", "tokens"};
    for (const MapTypeName& type : types_) names.emplace_back(type.field);
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
          compute_maps(loaded_.model.encoder, packed.batch, computed_, *workspace);
      for (std::size_t s = 0; s < maps.size(); ++s) put(maps[s], *packed.jobs[s], style);
    };
  }

 private:
  struct NamedArray {
    const char* field;
    Shape shape;
    std::vector<float> values;
  };

  void put(const AttentionMaps& maps, Job& job, const RecordStyle& style) const {
    if (!all_finite(maps.attention) || !all_finite(maps.kernels)) return fail_not_finite(job);
    const std::vector<std::string> tokens = loaded_.tokenizer.tokens(job.encoding);
    const std::vector<NamedArray> arrays = arrays_of(maps);
    if (format_ == "npz") {
      const std::string& prefix = style.result_prefix;
      job.arrays.emplace_back(prefix + "tokens", npy_array(tokens));
      for (const NamedArray& array : arrays) {
        job.arrays.emplace_back(prefix + array.field,
                                npy_array(array.shape, std::span(array.values)));
      }
      return;
    }
    std::string& out = job.output;
    begin_record(out, job.record, style);
    append_truncated(out, job, style);
    append_result_name(out, "tokens", style);
    append_json_array(out, tokens);
    for (const NamedArray& array : arrays) {
      append_result_name(out, array.field, style);
      append_nested(out, array.shape, array.values);
    }
    out += '}';
  }

  std::vector<NamedArray> arrays_of(const AttentionMaps& computed) const {
    // Places in what was computed: that began with layer and head 0, or is what was asked for.
    const bool is_whole =
        computed_.layers != selection_.layers || computed_.heads != selection_.heads;
    AttentionMaps chosen =
        is_whole ? computed.select(selection_.layers, selection_.heads) : computed;
    std::vector<NamedArray> arrays;
    for (const MapTypeName& type : types_) {
      const auto [layers, heads, n] = std::tuple(chosen.layers, chosen.heads, chosen.length);
      switch (type.type) {
        case MapType::attention:
          arrays.push_back({type.field, {layers, heads, n, n}, std::move(chosen.attention)});
          break;
        case MapType::conv:
          arrays.push_back(
              {type.field, {layers, heads, n, chosen.kernel}, std::move(chosen.kernels)});
          break;
        case MapType::mixed:
        case MapType::rollout:
        case MapType::attention_rollout:
          arrays.push_back({type.field, {layers, n, n}, layer_maps(computed, type.type)});
          break;
      }
    }
    return arrays;
  }

  // Of the layers that were asked for, [layers, n, n].
  std::vector<float> layer_maps(const AttentionMaps& computed, MapType type) const {
    std::vector<float> all =
        mixed_maps(computed, type == MapType::attention_rollout ? MixedHeads::attention_only
                                                                : MixedHeads::all);
    if (type != MapType::mixed) all = attention_rollout(all, computed.length);
    const std::int64_t size = computed.length * computed.length;
    std::vector<float> chosen;
    for (const std::int64_t layer : selection_.layers) {
      chosen.insert(chosen.end(), all.begin() + layer * size, all.begin() + (layer + 1) * size);
    }
    return chosen;
  }

  std::string format_;
  std::string folder_;
  LoadedModel loaded_;
  MapSelection selection_;
  std::vector<MapTypeName> types_;
  MapSelection computed_;
};

}  // namespace

std::unique_ptr<RecordCommand> make_export_command(LoadedModel loaded, MapSelection selection,
                                                   std::vector<MapTypeName> types,
                                                   const ExportFormat& format) {
  return std::make_unique<ExportCommand>(std::move(loaded), std::move(selection), std::move(types),
                                         format);
}

}  // namespace convbert::app
