#include "attention/run_statistics.h"

#include "core/error.h"
#include "core/tensor.h"
#include "core/utf8.h"
#include "nn/compute.h"
#include "run/encoder_command.h"
#include "run/sinks.h"
#include "text/unicode.h"

namespace convbert::app {
namespace {

// Which tokens of a model's texts the figures tell apart.
class TokenKinds {
 public:
  explicit TokenKinds(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
    // [CLS] and [SEP], whatever they are called: what stands before and behind a single text.
    for (const TemplatePiece& piece : tokenizer.spec().single) {
      if (piece.kind != TemplatePiece::Kind::token) continue;
      if (cls_ < 0) cls_ = piece.id;
      sep_ = piece.id;
    }
  }

  std::vector<TokenKind> of(const Encoding& encoding) const {
    std::vector<TokenKind> kinds;
    for (const std::int32_t id : encoding.ids) {
      kinds.push_back(
          {.is_cls = id == cls_, .is_sep = id == sep_, .is_punctuation = is_punctuation(id)});
    }
    return kinds;
  }

 private:
  // Every punctuation character is a token of its own; special tokens in brackets are not.
  bool is_punctuation(std::int32_t id) const {
    const std::string_view token = tokenizer_.token(id);
    if (token.empty()) return false;
    std::size_t position = 0;
    const char32_t first = decode_utf8(token, position);
    return position == token.size() && unicode::is(first, unicode::kPunctuation);
  }

  const Tokenizer& tokenizer_;
  std::int32_t cls_ = -1;
  std::int32_t sep_ = -1;
};

// What one text gives, of each model.
using Summary = std::vector<TextStatistics>;

// Adds up what workers made of each text, in the order of the texts, and writes it at the end.
class StatisticsSink : public ResultSink {
 public:
  StatisticsSink(std::span<const MapModel> models, std::int64_t window,
                 const RenderStatistics& render, OutputFile& output)
      : models_(models), window_(window), render_(render), output_(output) {
    for (const MapModel& model : models) {
      const MapSelection& selection = model.request.selection;
      corpora_.emplace_back(selection.layer_count(), selection.head_count(), has_kernels(model));
    }
  }

  void write(Job& job) override {
    if (job.failed()) return;
    const auto& summary = std::any_cast<const Summary&>(job.summary);
    for (std::size_t m = 0; m < corpora_.size(); ++m) corpora_[m].add(summary[m]);
  }

  void finish() override {
    std::vector<HeadStatistics> heads;
    for (std::size_t m = 0; m < corpora_.size(); ++m) {
      if (corpora_[m].rows() == 0) continue;
      add_heads(m, MapKind::attention, heads);
      if (has_kernels(models_[m])) add_heads(m, MapKind::kernel, heads);
    }
    output_.write(render_(heads));
  }

 private:
  static bool has_kernels(const MapModel& model) {
    return model.loaded.model.config.convolution.has_value();
  }

  void add_heads(std::size_t m, MapKind kind, std::vector<HeadStatistics>& heads) const {
    const MapSelection& selection = models_[m].request.selection;
    for (std::int64_t layer = 0; layer < selection.layer_count(); ++layer) {
      for (std::int64_t head = 0; head < selection.head_count(); ++head) {
        HeadStatistics& added = heads.emplace_back(corpora_[m].head(kind, layer, head));
        if (models_.size() > 1) added.model = models_[m].name;
        added.window = window_;
        added.layer = selection.layers[static_cast<std::size_t>(layer)];
        added.head = selection.heads[static_cast<std::size_t>(head)];
      }
    }
  }

  std::span<const MapModel> models_;
  std::int64_t window_;
  const RenderStatistics& render_;
  OutputFile& output_;
  std::vector<CorpusStatistics> corpora_;  // one a model
};

class StatisticsCommand : public RecordCommand {
 public:
  StatisticsCommand(std::vector<MapModel> models, std::int64_t window, RenderStatistics render)
      : models_(std::move(models)), window_(window), render_(std::move(render)) {
    for (const MapModel& model : models_) kinds_.emplace_back(model.loaded.tokenizer);
  }

  std::vector<std::string> result_names() const override { return {}; }
  std::vector<std::string> files() const override { return files_of(models_); }
  std::unique_ptr<ResultSink> make_sink(OutputFile& output) const override {
    return std::make_unique<StatisticsSink>(models_, window_, render_, output);
  }
  bool holds_errors(Format) const override { return false; }

  void prepare(Job& job) const override {
    // Every model's encoding is made here, so that a text counts for all of them or for none.
    std::vector<Encoding> others;
    for (std::size_t m = 1; m < models_.size(); ++m) {
      others.push_back(encode(models_[m].loaded, job.record));
    }
    encode_job(models_.front().loaded, job);
    job.weight = weight_of_maps(job.weight);
    for (const Encoding& other : others) job.tokens += std::ssize(other.ids);
    job.summary = std::move(others);
  }

  ComputeBatch make_worker(const ResultLayout&) const override {
    auto workspace = std::make_shared<Workspace>();
    return [this, workspace](std::span<Job> jobs, int threads) {
      const nn::ComputeScope scope(threads);
      const PackedJobs packed = pack(jobs);
      std::vector<Summary> summaries(packed.jobs.size());
      for (std::size_t m = 0; m < models_.size(); ++m) {
        add_model(m, packed, summaries, *workspace);
      }
      for (std::size_t s = 0; s < summaries.size(); ++s) {
        packed.jobs[s]->summary = std::move(summaries[s]);
      }
    };
  }

 private:
  void add_model(std::size_t m, const PackedJobs& packed, std::vector<Summary>& summaries,
                 Workspace& workspace) const {
    const MapModel& model = models_[m];
    const auto encoding = [&](const Job& job) -> const Encoding& {
      return m == 0 ? job.encoding
                    : std::any_cast<const std::vector<Encoding>&>(job.summary)[m - 1];
    };
    Batch batch;
    for (const Job* job : packed.jobs) batch.append(encoding(*job).ids, encoding(*job).type_ids);
    const std::vector<AttentionMaps> maps = compute_maps(
        model.loaded.model.encoder, batch, {.selection = model.request.selection}, workspace);
    for (std::size_t s = 0; s < maps.size(); ++s) {
      Job& job = *packed.jobs[s];
      if (!maps[s].all_finite()) {
        fail_not_finite(job);
      } else {
        summaries[s].push_back(statistics_of(maps[s], kinds_[m].of(encoding(job)), window_));
      }
    }
  }

  std::vector<MapModel> models_;
  std::int64_t window_;
  RenderStatistics render_;
  std::vector<TokenKinds> kinds_;  // one a model
};

}  // namespace

std::unique_ptr<RecordCommand> make_statistics_command(std::vector<MapModel> models,
                                                       std::int64_t window,
                                                       RenderStatistics render) {
  return std::make_unique<StatisticsCommand>(std::move(models), window, std::move(render));
}

}  // namespace convbert::app
