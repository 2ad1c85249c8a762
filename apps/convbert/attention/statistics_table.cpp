#include "attention/statistics_table.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "core/error.h"
#include "io/delimited_writer.h"
#include "io/json_text.h"

namespace convbert::app {
namespace {

std::string_view kind_name(const HeadStatistics& head) {
  return head.kind == MapKind::attention ? "attention" : "conv";
}

// Self-attention has nothing outside of the text.
bool has_figure(const HeadStatistics& head, std::size_t figure) {
  return head.kind == MapKind::kernel || kFigureNames[figure] != "outside";
}

std::string number(double value) {
  std::string text;
  append_json_number(text, static_cast<float>(value));
  return text;
}

std::string list(std::span<const double> values) {
  std::string text = "[";
  for (const double value : values) text += (text.size() > 1 ? "," : "") + number(value);
  return text + "]";
}

std::string to_json_line(const HeadStatistics& head) {
  std::string line = "{";
  if (!head.model.empty()) {
    line += "\"model\":";
    append_json_string(line, head.model);
    line += ',';
  }
  line += concat("\"layer\":", head.layer, ",\"head\":", head.head, ",\"kind\":\"", kind_name(head),
                 "\",\"rows\":", head.rows, ",\"pattern\":\"", pattern_of(head), "\"");
  for (std::size_t i = 0; i < kFigures; ++i) {
    if (!has_figure(head, i)) continue;
    const Estimate& estimate = head.figures[i];
    const std::array<double, 2> interval{estimate.low, estimate.high};
    line += concat(",\"", kFigureNames[i], "\":", number(estimate.mean), ",\"", kFigureNames[i],
                   "_uniform\":", number(head.uniform[i]), ",\"", kFigureNames[i],
                   "_interval\":", list(interval));
  }
  return concat(line, ",\"by_distance\":", list(head.by_distance),
                ",\"by_distance_uniform\":", list(head.by_distance_uniform), "}\n");
}

std::string tsv_header(bool has_models) {
  std::string header = has_models ? "model\tlayer" : "layer";
  header += "\thead\tkind\trows\tpattern";
  for (const std::string_view name : kFigureNames) {
    header += concat("\t", name, "\t", name, "_uniform\t", name, "_low\t", name, "_high");
  }
  return header + "\n";
}

std::string to_tsv_line(const HeadStatistics& head) {
  std::string line;
  if (!head.model.empty()) {
    append_tsv_text(line, head.model);
    line += '\t';
  }
  line += concat(head.layer, "\t", head.head, "\t", kind_name(head), "\t", head.rows, "\t",
                 pattern_of(head));
  for (std::size_t i = 0; i < kFigures; ++i) {
    const Estimate& estimate = head.figures[i];
    line += has_figure(head, i) ? concat("\t", number(estimate.mean), "\t", number(head.uniform[i]),
                                         "\t", number(estimate.low), "\t", number(estimate.high))
                                : "\t\t\t\t";
  }
  return line + "\n";
}

std::string fixed(double value) {
  if (std::abs(value) < 0.0005) value = 0;  // no -0.000
  std::array<char, 32> digits;
  const int size = std::snprintf(digits.data(), digits.size(), "%.3f", value);
  return {digits.data(), static_cast<std::size_t>(size)};
}

// For people: means to three digits, and what uniform weights give below each kind.
class Table {
 public:
  explicit Table(bool has_models) : has_models_(has_models), columns_(4 + kFigures) {
    if (has_models_) cells_.push_back("model");
    cells_.insert(cells_.end(), {"layer", "head", "kind", "pattern"});
    cells_.insert(cells_.end(), kFigureNames.begin(), kFigureNames.end());
    columns_ = cells_.size();
  }

  void add(const HeadStatistics& head) {
    Figures means;
    for (std::size_t i = 0; i < kFigures; ++i) means[i] = head.figures[i].mean;
    add_line(head, {std::to_string(head.layer), std::to_string(head.head)}, pattern_of(head),
             means);
  }
  void add_uniform(const HeadStatistics& head) {
    add_line(head, {"", ""}, "(uniform)", head.uniform);
  }

  std::string text() const {
    std::vector<std::size_t> widths(columns_);
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      widths[i % columns_] = std::max(widths[i % columns_], cells_[i].size());
    }
    const std::size_t first_word = has_models_ ? 3 : 2;
    std::string text;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const std::size_t column = i % columns_;
      const std::string space(widths[column] - cells_[i].size(), ' ');
      const bool is_word =
          (has_models_ && column == 0) || column == first_word || column == first_word + 1;
      text += is_word ? cells_[i] + space : space + cells_[i];
      text += column + 1 < columns_ ? "  " : "\n";
    }
    return text;
  }

 private:
  void add_line(const HeadStatistics& head, std::array<std::string, 2> place,
                std::string_view pattern, const Figures& figures) {
    if (has_models_) cells_.push_back(printable(head.model));
    cells_.insert(cells_.end(), place.begin(), place.end());
    cells_.emplace_back(kind_name(head));
    cells_.emplace_back(pattern);
    for (std::size_t i = 0; i < kFigures; ++i) {
      cells_.push_back(has_figure(head, i) ? fixed(figures[i]) : "");
    }
  }

  bool has_models_;
  std::size_t columns_;
  std::vector<std::string> cells_;
};

std::string table(std::span<const HeadStatistics> heads) {
  Table table(!heads.front().model.empty());
  for (std::size_t i = 0; i < heads.size(); ++i) {
    table.add(heads[i]);
    const bool ends_kind = i + 1 == heads.size() || heads[i + 1].kind != heads[i].kind ||
                           heads[i + 1].model != heads[i].model;
    if (ends_kind) table.add_uniform(heads[i]);
  }
  return table.text();
}

}  // namespace

std::string statistics_text(std::span<const HeadStatistics> heads, const std::string& format) {
  if (format == "table") return heads.empty() ? "" : table(heads);
  const bool has_models = !heads.empty() && !heads.front().model.empty();
  std::string text = format == "tsv" ? tsv_header(has_models) : "";
  for (const HeadStatistics& head : heads) {
    text += format == "tsv" ? to_tsv_line(head) : to_json_line(head);
  }
  return text;
}

}  // namespace convbert::app
