#include "attention/statistics_table.h"

#include <array>
#include <optional>
#include <vector>

#include "cli/table.h"
#include "core/error.h"
#include "io/delimited_writer.h"
#include "io/json_builder.h"

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

void add_list(JsonBuilder& json, std::string_view name, std::span<const double> values) {
  json.key(name).begin_list();
  for (const double value : values) json.value(static_cast<float>(value));
  json.end_list();
}

std::string to_json_line(const HeadStatistics& head) {
  std::string line;
  JsonBuilder json(line);
  json.begin_object();
  if (!head.model.empty()) json.member("model", head.model);
  json.member("layer", head.layer).member("head", head.head).member("kind", kind_name(head));
  json.member("rows", head.rows).member("window_tokens", head.window);
  json.member("pattern", pattern_of(head));
  for (std::size_t i = 0; i < kFigures; ++i) {
    if (!has_figure(head, i)) continue;
    const Estimate& estimate = head.figures[i];
    const std::array<double, 2> interval{estimate.low, estimate.high};
    json.member(kFigureNames[i], static_cast<float>(estimate.mean));
    json.member(concat(kFigureNames[i], "_uniform"), static_cast<float>(head.uniform[i]));
    add_list(json, concat(kFigureNames[i], "_interval"), interval);
  }
  add_list(json, "by_distance", head.by_distance);
  add_list(json, "by_distance_uniform", head.by_distance_uniform);
  json.end_object();
  return line + "\n";
}

std::string row_of(std::span<const std::string> cells, const TableStyle& style) {
  std::string row;
  for (const std::string& cell : cells) {
    append_cell(row, cell, style);
    row += style.delimiter;
  }
  row.back() = '\n';
  return row;
}

std::vector<std::string> header_cells(bool has_models) {
  std::vector<std::string> cells{"layer", "head", "kind", "rows", "window_tokens", "pattern"};
  if (has_models) cells.insert(cells.begin(), "model");
  for (const std::string_view name : kFigureNames) {
    for (const char* suffix : {"", "_uniform", "_low", "_high"}) {
      cells.push_back(concat(name, suffix));
    }
  }
  return cells;
}

std::vector<std::string> cells_of(const HeadStatistics& head) {
  std::vector<std::string> cells{concat(head.layer), concat(head.head),   concat(kind_name(head)),
                                 concat(head.rows),  concat(head.window), concat(pattern_of(head))};
  if (!head.model.empty()) cells.insert(cells.begin(), head.model);
  for (std::size_t i = 0; i < kFigures; ++i) {
    const Estimate& estimate = head.figures[i];
    for (const double value : {estimate.mean, head.uniform[i], estimate.low, estimate.high}) {
      cells.push_back(has_figure(head, i) ? number(value) : "");
    }
  }
  return cells;
}

// For people: means to three digits, and what uniform weights give below each kind.
class StatisticsTable {
 public:
  StatisticsTable(bool has_models, std::optional<std::int64_t> window)
      : has_models_(has_models), table_(alignments()) {
    std::vector<std::string> header{"layer", "head", "kind", "pattern"};
    if (has_models_) header.insert(header.begin(), "model");
    for (const std::string_view name : kFigureNames) {
      header.push_back(name == "window" && window ? concat(name, "<=", *window) : concat(name));
    }
    table_.add(std::move(header));
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

  std::string text() const { return table_.text(); }

 private:
  std::vector<Align> alignments() const {
    std::vector<Align> columns{Align::right, Align::right, Align::left, Align::left, Align::right};
    if (has_models_) columns.insert(columns.begin(), Align::left);
    return columns;
  }

  void add_line(const HeadStatistics& head, std::array<std::string, 2> place,
                std::string_view pattern, const Figures& figures) {
    std::vector<std::string> cells;
    if (has_models_) cells.push_back(printable(head.model));
    cells.insert(cells.end(), place.begin(), place.end());
    cells.emplace_back(kind_name(head));
    cells.emplace_back(pattern);
    for (std::size_t i = 0; i < kFigures; ++i) {
      cells.push_back(has_figure(head, i) ? fixed(figures[i], 3) : "");
    }
    table_.add(std::move(cells));
  }

  bool has_models_;
  Table table_;
};

std::string table(std::span<const HeadStatistics> heads) {
  const bool has_models = !heads.empty() && !heads.front().model.empty();
  StatisticsTable table(has_models,
                        heads.empty() ? std::nullopt : std::optional(heads.front().window));
  for (std::size_t i = 0; i < heads.size(); ++i) {
    table.add(heads[i]);
    const bool ends_kind = i + 1 == heads.size() || heads[i + 1].kind != heads[i].kind ||
                           heads[i + 1].model != heads[i].model;
    if (ends_kind) table.add_uniform(heads[i]);
  }
  return table.text();
}

}  // namespace

std::string statistics_text(std::span<const HeadStatistics> heads, Format format) {
  if (format == Format::table) return table(heads);
  const bool has_models = !heads.empty() && !heads.front().model.empty();
  std::string text;
  if (format == Format::jsonl) {
    for (const HeadStatistics& head : heads) text += to_json_line(head);
    return text;
  }
  const TableStyle& style = format == Format::csv ? kCsvStyle : kTsvStyle;
  text = row_of(header_cells(has_models), style);
  for (const HeadStatistics& head : heads) text += row_of(cells_of(head), style);
  return text;
}

}  // namespace convbert::app
