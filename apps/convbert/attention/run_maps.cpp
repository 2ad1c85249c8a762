#include "attention/run_maps.h"

#include <algorithm>

#include "core/error.h"
#include "core/tensor.h"
#include "nn/compute.h"
#include "run/encoder_command.h"
#include "run/sinks.h"

namespace convbert::app {
namespace {

class MapsCommand : public RecordCommand {
 public:
  MapsCommand(std::vector<MapModel> models, std::unique_ptr<MapWriter> writer, OutputFolder folder)
      : models_(std::move(models)), writer_(std::move(writer)), folder_(std::move(folder)) {
    for (const MapModel& model : models_) {
      tasks_.push_back({model.request.needed(model.loaded.model.config.attention_heads),
                        model.request.needs_norms()});
    }
  }

  std::vector<std::string> result_names() const override {
    const MapRequest& request = models_.front().request;
    std::vector<std::string> names{"truncated", request.words ? "words" : "tokens"};
    for (const MapType type : request.types) {
      names.emplace_back(info_of(type).field);
      if (type == MapType::conv_map) names.push_back(names.back() + "_outside");
    }
    return names;
  }
  std::vector<std::string> files() const override { return files_of(models_); }
  bool holds_errors(Format format) const override { return info_of(format).is_json; }
  std::unique_ptr<ResultSink> make_sink(OutputFile& output) const override {
    return folder_.path.empty() ? writer_->make_sink(output)
                                : make_folder_sink(folder_.path, folder_.format);
  }

  void prepare(Job& job) const override {
    encode_job(models_.front().loaded, job);
    job.weight = weight_of_maps(job.weight);
  }

  ComputeBatch make_worker(const ResultLayout& layout) const override {
    auto workspace = std::make_shared<Workspace>();
    return [this, layout, workspace](std::span<Job> jobs, int threads) {
      const nn::ComputeScope scope(threads);
      const PackedJobs packed = pack(jobs);
      std::vector<std::vector<TextMaps>> texts(packed.jobs.size());  // [jobs, models]
      for (std::size_t m = 0; m < models_.size(); ++m) {
        add_maps(m, packed, texts, *workspace);
      }
      for (std::size_t s = 0; s < texts.size(); ++s) {
        Job& job = *packed.jobs[s];
        if (job.failed()) continue;
        attempt(job, [&] { writer_->write(texts[s], job, layout); });
      }
    };
  }

 private:
  // What model `m` makes of each text that has not failed.
  void add_maps(std::size_t m, const PackedJobs& packed, std::vector<std::vector<TextMaps>>& texts,
                Workspace& workspace) const {
    const MapModel& model = models_[m];
    Batch batch;
    std::vector<Encoding> encodings;
    std::vector<std::size_t> places;  // of the batch's sequences among the jobs
    for (std::size_t s = 0; s < packed.jobs.size(); ++s) {
      Job& job = *packed.jobs[s];
      if (job.failed()) continue;
      attempt(job, [&] {
        // Each model reads the text with a tokenizer of its own.
        encodings.push_back(m == 0 ? job.encoding : encode(model.loaded, job.record));
        if (m > 0) job.tokens += std::ssize(encodings.back().ids);
        batch.append(encodings.back().ids, encodings.back().type_ids);
        places.push_back(s);
      });
    }
    if (places.empty()) return;
    std::vector<AttentionMaps> maps =
        compute_maps(model.loaded.model.encoder, batch, tasks_[m], workspace);
    for (std::size_t i = 0; i < maps.size(); ++i) {
      Job& job = *packed.jobs[places[i]];
      if (!maps[i].all_finite()) {
        fail_not_finite(job);
        continue;
      }
      attempt(job, [&] {
        TextMaps text = text_maps_of(std::move(maps[i]), tasks_[m].selection, model.request,
                                     tokens_of(model.loaded.tokenizer, encodings[i]));
        text.id = id_text(job.record);
        texts[places[i]].push_back(std::move(text));
      });
    }
  }

  std::vector<MapModel> models_;
  std::unique_ptr<MapWriter> writer_;
  OutputFolder folder_;
  std::vector<MapTask> tasks_;  // one a model
};

}  // namespace

std::unique_ptr<RecordCommand> make_maps_command(std::vector<MapModel> models,
                                                 std::unique_ptr<MapWriter> writer,
                                                 OutputFolder folder) {
  return std::make_unique<MapsCommand>(std::move(models), std::move(writer), std::move(folder));
}

}  // namespace convbert::app
