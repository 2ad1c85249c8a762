#include "attention_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "attention/statistics.h"
#include "core/error.h"
#include "core/utf8.h"
#include "io/json_text.h"
#include "nn/compute.h"
#include "sinks.h"
#include "text/unicode.h"

namespace convbert::app {
namespace {

bool is_outside(std::size_t figure) { return kFigureNames[figure] == "outside"; }

// One line of the result: a head of a layer, of one kind.
struct HeadRow {
  std::int64_t layer;
  std::int64_t head;
  MapKind kind;
  std::array<Estimate, kFigures> estimates;
  Figures uniform;

  std::string_view kind_name() const { return kind == MapKind::attention ? "attention" : "conv"; }
  // Self-attention has nothing outside of the text.
  bool has(std::size_t figure) const { return kind == MapKind::kernel || !is_outside(figure); }
  std::string_view pattern() const {
    Figures means;
    for (std::size_t i = 0; i < kFigures; ++i) means[i] = estimates[i].mean;
    return pattern_of(means, uniform);
  }
};

std::string number(double value) {
  std::string text;
  append_json_number(text, static_cast<float>(value));
  return text;
}

std::string to_json_line(const HeadRow& row, std::int64_t rows) {
  std::string line =
      concat("{\"layer\":", row.layer, ",\"head\":", row.head, ",\"kind\":\"", row.kind_name(),
             "\",\"rows\":", rows, ",\"pattern\":\"", row.pattern(), "\"");
  for (std::size_t i = 0; i < kFigures; ++i) {
    if (!row.has(i)) continue;
    const Estimate& estimate = row.estimates[i];
    line += concat(",\"", kFigureNames[i], "\":", number(estimate.mean), ",\"", kFigureNames[i],
                   "_uniform\":", number(row.uniform[i]), ",\"", kFigureNames[i], "_interval\":[",
                   number(estimate.low), ",", number(estimate.high), "]");
  }
  return line + "}\n";
}

std::string tsv_header() {
  std::string header = "layer\thead\tkind\trows\tpattern";
  for (const std::string_view name : kFigureNames) {
    header += concat("\t", name, "\t", name, "_uniform\t", name, "_low\t", name, "_high");
  }
  return header + "\n";
}

std::string to_tsv_line(const HeadRow& row, std::int64_t rows) {
  std::string line =
      concat(row.layer, "\t", row.head, "\t", row.kind_name(), "\t", rows, "\t", row.pattern());
  for (std::size_t i = 0; i < kFigures; ++i) {
    const Estimate& estimate = row.estimates[i];
    line += row.has(i) ? concat("\t", number(estimate.mean), "\t", number(row.uniform[i]), "\t",
                                number(estimate.low), "\t", number(estimate.high))
                       : "\t\t\t\t";
  }
  return line + "\n";
}

// For people: means to three digits, and what uniform weights give below each kind.
class Table {
 public:
  void add(const HeadRow& row) {
    begin(row);
    cells_.insert(cells_.end(), {std::to_string(row.layer), std::to_string(row.head),
                                 std::string(row.kind_name()), std::string(row.pattern())});
    for (std::size_t i = 0; i < kFigures; ++i) {
      cells_.push_back(row.has(i) ? fixed(row.estimates[i].mean) : "");
    }
  }
  void end_kind() {
    if (last_.empty()) return;
    cells_.insert(cells_.end(), last_.begin(), last_.end());
    last_.clear();
  }
  std::string text() const {
    constexpr std::size_t kColumns = 4 + kFigures;
    std::array<std::size_t, kColumns> widths{};
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      widths[i % kColumns] = std::max(widths[i % kColumns], cells_[i].size());
    }
    std::string text;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const std::size_t column = i % kColumns;
      const std::string space(widths[column] - cells_[i].size(), ' ');
      const bool is_word = column == 2 || column == 3;
      text += is_word ? cells_[i] + space : space + cells_[i];
      text += column + 1 < kColumns ? "  " : "\n";
    }
    return text;
  }

 private:
  void begin(const HeadRow& row) {
    if (cells_.empty()) {
      cells_ = {"layer", "head", "kind", "pattern"};
      cells_.insert(cells_.end(), kFigureNames.begin(), kFigureNames.end());
    }
    last_ = {"", "", std::string(row.kind_name()), "(uniform)"};
    for (std::size_t i = 0; i < kFigures; ++i) {
      last_.push_back(row.has(i) ? fixed(row.uniform[i]) : "");
    }
  }
  static std::string fixed(double value) {
    if (std::abs(value) < 0.0005) value = 0;  // no -0.000
    std::array<char, 32> digits;
    const int size = std::snprintf(digits.data(), digits.size(), "%.3f", value);
    return {digits.data(), static_cast<std::size_t>(size)};
  }

  std::vector<std::string> cells_;
  std::vector<std::string> last_;  // the line of uniform weights
};

// Adds up what workers made of each text, in the order of the texts, and writes it at the end.
class StatisticsSink : public ResultSink {
 public:
  StatisticsSink(const MapSelection& selection, bool has_kernels, std::string format,
                 OutputFile& output)
      : selection_(selection),
        has_kernels_(has_kernels),
        format_(std::move(format)),
        output_(output),
        corpus_(selection.layer_count(), selection.head_count(), has_kernels) {}

  void write(Job& job) override {
    if (!job.failed()) corpus_.add(std::any_cast<const TextStatistics&>(job.summary));
  }

  void finish() override {
    Table table;
    std::string text = format_ == "tsv" ? tsv_header() : "";
    for (const MapKind kind : {MapKind::attention, MapKind::kernel}) {
      if ((kind == MapKind::kernel && !has_kernels_) || corpus_.rows() == 0) continue;
      for (std::int64_t layer = 0; layer < selection_.layer_count(); ++layer) {
        for (std::int64_t head = 0; head < selection_.head_count(); ++head) {
          const HeadRow row = row_of(kind, layer, head);
          if (format_ == "table") table.add(row);
          if (format_ == "tsv") text += to_tsv_line(row, corpus_.rows());
          if (format_ == "jsonl") text += to_json_line(row, corpus_.rows());
        }
      }
      table.end_kind();
    }
    output_.write(text + table.text());
  }

 private:
  HeadRow row_of(MapKind kind, std::int64_t layer, std::int64_t head) const {
    HeadRow row{.layer = selection_.layers[static_cast<std::size_t>(layer)],
                .head = selection_.heads[static_cast<std::size_t>(head)],
                .kind = kind,
                .estimates = {},
                .uniform = {}};
    for (std::size_t i = 0; i < kFigures; ++i) {
      row.estimates[i] = corpus_.estimate(kind, layer, head, i);
      row.uniform[i] = corpus_.uniform(kind, i);
    }
    return row;
  }

  const MapSelection& selection_;
  bool has_kernels_;
  std::string format_;
  OutputFile& output_;
  CorpusStatistics corpus_;
};

class StatisticsCommand : public RecordCommand {
 public:
  StatisticsCommand(LoadedModel loaded, MapSelection selection, std::int64_t window,
                    std::string format)
      : loaded_(std::move(loaded)),
        selection_(std::move(selection)),
        window_(window),
        format_(std::move(format)) {
    // [CLS] and [SEP], whatever they are called: what stands before and behind a single text.
    for (const TemplatePiece& piece : loaded_.tokenizer.spec().single) {
      if (piece.kind != TemplatePiece::Kind::token) continue;
      if (cls_ < 0) cls_ = piece.id;
      sep_ = piece.id;
    }
  }

  std::vector<std::string> result_names() const override { return {}; }
  bool is_summary() const override { return true; }
  std::unique_ptr<ResultSink> make_summary_sink(OutputFile& output) const override {
    const bool has_kernels = loaded_.model.config.convolution.has_value();
    return std::make_unique<StatisticsSink>(selection_, has_kernels, format_, output);
  }
  void prepare(Job& job) const override {
    encode_job(loaded_, job);
    job.weight = weight_of_maps(job.weight);
  }

  ComputeBatch make_worker(const RecordStyle&) const override {
    auto workspace = std::make_shared<Workspace>();
    return [this, workspace](std::span<Job> jobs, int threads) {
      const nn::ComputeScope scope(threads);
      const PackedJobs packed = pack(jobs);
      const std::vector<AttentionMaps> maps =
          compute_maps(loaded_.model.encoder, packed.batch, selection_, *workspace);
      for (std::size_t s = 0; s < maps.size(); ++s) {
        Job& job = *packed.jobs[s];
        if (!all_finite(maps[s].attention) || !all_finite(maps[s].kernels)) {
          fail_not_finite(job);
        } else {
          job.summary = statistics_of(maps[s], kinds_of(job.encoding), window_);
        }
      }
    };
  }

 private:
  std::vector<TokenKind> kinds_of(const Encoding& encoding) const {
    std::vector<TokenKind> kinds;
    for (const std::int32_t id : encoding.ids) {
      const std::string_view token = loaded_.tokenizer.token(id);
      std::size_t position = 0;
      // Every punctuation character is a token of its own; special tokens in brackets are not.
      const bool is_character =
          !token.empty() && (decode_utf8(token, position), position == token.size());
      position = 0;
      kinds.push_back({.is_cls = id == cls_,
                       .is_sep = id == sep_,
                       .is_punctuation = is_character && unicode::is(decode_utf8(token, position),
                                                                     unicode::kPunctuation)});
    }
    return kinds;
  }

  LoadedModel loaded_;
  MapSelection selection_;
  std::int64_t window_;
  std::string format_;
  std::int32_t cls_ = -1;
  std::int32_t sep_ = -1;
};

}  // namespace

std::unique_ptr<RecordCommand> make_statistics_command(LoadedModel loaded, MapSelection selection,
                                                       std::int64_t window, std::string format) {
  return std::make_unique<StatisticsCommand>(std::move(loaded), std::move(selection), window,
                                             std::move(format));
}

}  // namespace convbert::app
