#include "train/training_report.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "cli/console.h"
#include "cli/format.h"
#include "cli/table.h"
#include "core/utf8.h"
#include "figures/page/html_text.h"

namespace convbert::app {
namespace {

constexpr std::size_t kMostConfused = 24;  // labels of a matrix that a page has room for, or pairs

constexpr std::string_view kStyle = R"(
:root { --ink: #1c2430; --faint: #667085; --line: #d5dae1; --page: #ffffff; --a: #1f6feb;
        --b: #c4501b; --cell: 31, 111, 235; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --faint: #98a2b3; --line: #39414d; --page: #14181e; --a: #6ea8ff;
          --b: #ff9d6b; --cell: 110, 168, 255; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p.note { color: var(--faint); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
         vertical-align: top; }
td.n, th.n { text-align: right; }
div.wide { overflow-x: auto; }
svg { width: 100%; min-width: 48rem; height: auto; } svg text { fill: var(--faint); font-size: 12px; }
.frame { stroke: var(--line); fill: none; } .a { stroke: var(--a); fill: none; }
.b { stroke: var(--b); fill: none; } svg .mark { fill: var(--b); stroke: none; }
.key-a { color: var(--a); } .key-b { color: var(--b); }
)";

// What people wrote, with control characters made visible.
std::string shown_text(const std::string& text) { return html_escaped(printable(text, 500)); }

std::string number(double value, const char* format = "%.4g") {
  return std::isnan(value) ? "-" : formatted(value, format);
}

struct Point {
  double x;
  double y;
};

// One or two lines over the steps from 0, in a frame with the ends of both axes.
class LineChart {
 public:
  LineChart(std::vector<Point> line, std::vector<Point> marked)
      : line_(std::move(line)), marked_(std::move(marked)) {
    for (const auto* points : {&line_, &marked_}) {
      for (const Point& point : *points) {
        if (!std::isfinite(point.y)) continue;
        most_x_ = std::max(most_x_, point.x);
        low_ = std::min(low_, point.y);
        high_ = std::max(high_, point.y);
      }
    }
    if (!std::isfinite(low_)) {
      low_ = 0.0;
      high_ = 1.0;
    } else if (!(low_ < high_)) {
      widen();
    }
  }

  std::string svg(const std::string& name) const {
    std::string text =
        concat("<div class=\"wide\"><svg viewBox=\"0 0 ", kWidth, " ", kHeight, "\" role=\"img\" ",
               "aria-label=\"", html_escaped(name), "\">\n<rect class=\"frame\" x=\"", kLeft,
               "\" y=\"8\" width=\"", kWidth - kLeft - 8, "\" height=\"", kHeight - 36, "\"/>\n");
    text += path(line_, "a") + path(marked_, "b");
    for (const Point& point : marked_) {
      if (!std::isfinite(point.y)) continue;
      text += concat("<circle class=\"mark\" r=\"3.5\" cx=\"", number(x_of(point), "%.1f"),
                     "\" cy=\"", number(y_of(point), "%.1f"), "\"><title>step ",
                     number(point.x, "%.0f"), ": ", number(point.y), "</title></circle>\n");
    }
    text += label(kLeft - 6, 18, "end", number(high_));
    text += label(kLeft - 6, kHeight - 30, "end", number(low_));
    text += label(kLeft, kHeight - 10, "start", "step 0");
    text += label(kWidth - 8, kHeight - 10, "end", concat("step ", number(most_x_, "%.0f")));
    return text + "</svg></div>\n";
  }

 private:
  static constexpr int kWidth = 900;
  static constexpr int kHeight = 240;
  static constexpr int kLeft = 88;  // for "-0.0001234"

  // Around the only value, but not beyond what shares, correlations and errors can be.
  void widen() {
    const double value = low_;
    const double margin = value == 0 ? 0.05 : 0.05 * std::abs(value);
    low_ = value - margin;
    high_ = value + margin;
    if (value >= -1) low_ = std::max(low_, value >= 0 ? 0.0 : -1.0);
    if (value <= 1) high_ = std::min(high_, 1.0);
  }
  double x_of(const Point& point) const {
    return kLeft + (kWidth - kLeft - 8) * point.x / std::max(most_x_, 1.0);
  }
  double y_of(const Point& point) const {
    return 8 + (kHeight - 36) * (high_ - point.y) / (high_ - low_);
  }
  std::string path(const std::vector<Point>& points, const char* name) const {
    std::string list;
    for (const Point& point : points) {
      if (!std::isfinite(point.y)) continue;
      list += concat(list.empty() ? "" : " ", number(x_of(point), "%.1f"), ",",
                     number(y_of(point), "%.1f"));
    }
    return concat("<polyline class=\"", name, "\" stroke-width=\"1.6\" points=\"", list, "\"/>\n");
  }
  static std::string label(int x, int y, const char* anchor, const std::string& text) {
    return concat("<text x=\"", x, "\" y=\"", y, "\" text-anchor=\"", anchor, "\">", text,
                  "</text>\n");
  }

  std::vector<Point> line_;
  std::vector<Point> marked_;
  double most_x_ = 0;
  double low_ = INFINITY;
  double high_ = -INFINITY;
};

std::vector<Point> dev_points(const TrainingRun& run, const std::string& name) {
  std::vector<Point> points;
  for (const EpochFigures& epoch : run.epochs) {
    const double value = DevFigures{.named = epoch.dev}.find(name);
    if (std::isfinite(value)) points.push_back({static_cast<double>(epoch.step), value});
  }
  return points;
}

std::string charts_of(const TrainingRecord& record) {
  std::vector<Point> losses;
  std::vector<Point> rates;
  for (const CurvePoint& point : record.run.curve.points) {
    losses.push_back({static_cast<double>(point.step), point.loss});
    rates.push_back({static_cast<double>(point.step), point.learning_rate});
  }
  const std::vector<Point> dev_losses = dev_points(record.run, "loss");
  std::string text =
      concat("<h2>Loss</h2>\n<p class=\"note\"><span class=\"key-a\">of the steps</span>",
             dev_losses.empty() ? "" : ", <span class=\"key-b\">on dev after each epoch</span>",
             "</p>\n", LineChart(losses, dev_losses).svg("loss"));
  if (record.dev != nullptr && record.plan.metric != "loss") {
    text +=
        concat("<h2>", html_escaped(record.plan.metric), " on dev</h2>\n",
               LineChart({}, dev_points(record.run, record.plan.metric)).svg(record.plan.metric));
  }
  return text + "<h2>Learning rate</h2>\n" + LineChart(rates, {}).svg("learning rate");
}

std::string figures_of(const Report& report) {
  std::string text =
      concat("<h2>Figures on dev</h2>\n<p class=\"note\">", counted(report.records, "record"),
             "; 95 % intervals of the bootstrap</p>\n<table>\n");
  for (const auto& [name, measure] : report.measures) {
    text += concat("<tr><th>", html_escaped(name), "</th><td class=\"n\">", number(measure.value),
                   "</td><td class=\"n\">", number(measure.interval.low), " to ",
                   number(measure.interval.high), "</td></tr>\n");
  }
  text += "</table>\n";
  if (report.rows.empty()) return text;
  text += concat("<div class=\"wide\"><table>\n<tr><th>", html_escaped(report.rows_are),
                 "</th><th class=\"n\">precision</th><th class=\"n\">recall</th>",
                 "<th class=\"n\">F1</th><th class=\"n\">records</th></tr>\n");
  for (const LabelRow& row : report.rows) {
    text += concat("<tr><td>", shown_text(row.label), "</td><td class=\"n\">",
                   number(row.precision.value), "</td><td class=\"n\">", number(row.recall.value),
                   "</td><td class=\"n\">", number(row.f1.value), "</td><td class=\"n\">",
                   grouped(row.support), "</td></tr>\n");
  }
  return text + "</table></div>\n";
}

std::string matrix_of(const Confusion& confusion) {
  std::string text =
      "<p class=\"note\">rows: true; columns: predicted; shaded by the share of the row</p>\n"
      "<div class=\"wide\"><table>\n<tr><th></th>";
  for (const std::string& label : confusion.labels) {
    text += concat("<th class=\"n\">", shown_text(label), "</th>");
  }
  text += "</tr>\n";
  for (std::size_t i = 0; i < confusion.labels.size(); ++i) {
    std::int64_t all = 0;
    for (const std::int64_t count : confusion.counts[i]) all += count;
    text += concat("<tr><th>", shown_text(confusion.labels[i]), "</th>");
    for (const std::int64_t count : confusion.counts[i]) {
      const double share = all == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(all);
      text += concat("<td class=\"n\" style=\"background: rgba(var(--cell), ",
                     number(0.6 * share, "%.2f"), ")\">", grouped(count), "</td>");
    }
    text += "</tr>\n";
  }
  return text + "</table></div>\n";
}

std::string pairs_of(const Confusion& confusion) {
  const std::vector<ConfusedPair> pairs = most_confused(confusion, kMostConfused);
  std::string text = concat("<p class=\"note\">", confusion.labels.size(),
                            " labels, too many for a matrix; the most frequent confusions</p>\n");
  if (pairs.empty()) return text + "<p>none</p>\n";
  text +=
      "<div class=\"wide\"><table>\n<tr><th>true</th><th>predicted</th>"
      "<th class=\"n\">records</th></tr>\n";
  for (const ConfusedPair& pair : pairs) {
    text += concat("<tr><td>", shown_text(confusion.labels[pair.truth]), "</td><td>",
                   shown_text(confusion.labels[pair.predicted]), "</td><td class=\"n\">",
                   grouped(pair.count), "</td></tr>\n");
  }
  return text + "</table></div>\n";
}

std::string confusions_of(const Report& report) {
  if (report.task != Task::classify) return "";
  const Confusion& confusion = report.confusion;
  const std::string title = "<h2>Confusions</h2>\n";
  if (confusion.counts.empty()) {
    return title + "<p class=\"note\">of so many labels they are not counted</p>\n";
  }
  return title +
         (confusion.labels.size() > kMostConfused ? pairs_of(confusion) : matrix_of(confusion));
}

std::string mistakes_of(const std::vector<Mistake>& mistakes, LearningTask task) {
  if (mistakes.empty()) return "";
  const bool is_of_labels = task == LearningTask::classify;
  std::string text =
      concat("<h2>", is_of_labels ? "Most confident mistakes" : "Largest errors", " on dev</h2>\n",
             "<div class=\"wide\"><table>\n<tr><th class=\"n\">", is_of_labels ? "sure" : "error",
             "</th><th>predicted</th><th>true</th><th>text</th></tr>\n");
  for (const Mistake& mistake : mistakes) {
    text += concat("<tr><td class=\"n\">", number(mistake.confidence, "%.3f"), "</td><td>",
                   shown_text(mistake.predicted), "</td><td>", shown_text(mistake.truth),
                   "</td><td>", shown_text(mistake.text), "</td></tr>\n");
  }
  return text + "</table></div>\n";
}

}  // namespace

std::string training_report(const TrainingRecord& record, const std::vector<Mistake>& mistakes) {
  const std::string title = concat("Training of ", shown_text(record.request.directory));
  std::string text = concat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" ",
      "content=\"width=device-width, initial-scale=1\">\n<title>", title, "</title>\n<style>",
      kStyle, "</style>\n</head>\n<body>\n<h1>", title, "</h1>\n<p>From ", shown_text(record.base),
      " on ", counted(record.train.examples.size(), "record"), " of ",
      shown_text(record.train.source), "; ", shown_name(record.labels.task), "; ",
      counted(record.run.steps, "step"), " of ", counted(record.plan.tuning.batch_size, "record"),
      ", ", counted(std::ssize(record.run.epochs), "epoch"));
  if (record.run.best) {
    text += concat("; kept is epoch ", *record.run.best + 1, ", the best by ", record.plan.metric);
  }
  text += ".</p>\n" + charts_of(record);
  if (record.report) {
    text += figures_of(*record.report) + confusions_of(*record.report);
  }
  return text + mistakes_of(mistakes, record.labels.task) + "</body>\n</html>\n";
}

}  // namespace convbert::app
