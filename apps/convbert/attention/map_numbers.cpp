// Maps as numbers.
#include "attention/map_writer.h"
#include "io/delimited_writer.h"
#include "io/json_text.h"
#include "run/result_writer.h"

namespace convbert::app {
namespace {

// visit(name, shape, values) for each array of a text.
template <class Visit>
void for_each_array(const TextMaps& text, Visit visit) {
  for (const MapSet& set : text.sets) {
    Shape shape{static_cast<std::int64_t>(set.layers.size())};
    if (!set.heads.empty()) shape.push_back(static_cast<std::int64_t>(set.heads.size()));
    shape.insert(shape.end(), {set.rows, set.columns});
    const std::string name(info_of(set.type).field);
    visit(name, shape, set.values);
    if (set.outside.empty()) continue;
    shape.back() = 2;
    visit(name + "_outside", shape, set.outside);
  }
}

std::string labels_name(const TextMaps& text) { return text.has_words ? "words" : "tokens"; }

// jsonl and npz.
class FieldWriter : public MapWriter {
 public:
  void write(std::span<const TextMaps> of_models, Job& job,
             const ResultLayout& layout) const override {
    const TextMaps& text = of_models.front();
    ResultWriter result(layout);
    result.begin(job);
    result.field(labels_name(text), text.labels);
    for_each_array(
        text, [&](const std::string& name, const Shape& shape, const std::vector<float>& values) {
          result.field(name, shape, values);
        });
    result.finish();
  }
};

// A header of labels, then a row a token that begins with its own.
class TableWriter : public MapWriter {
 public:
  explicit TableWriter(Format format) : format_(format) {}

  void write(std::span<const TextMaps> of_models, Job& job, const ResultLayout&) const override {
    const TextMaps& text = of_models.front();
    const MapSet& set = text.sets.front();
    std::string& out = job.output;
    append_text(out, labels_name(text));
    for (std::int64_t column = 0; column < set.columns; ++column) {
      out += separator();
      if (set.is_band()) {
        append_json_number(out, column - set.columns / 2);
      } else {
        append_text(out, text.labels[static_cast<std::size_t>(column)]);
      }
    }
    if (!set.outside.empty()) {
      for (const char* name : {"(before)", "(behind)"}) {
        out += separator();
        append_text(out, name);
      }
    }
    out += '\n';
    for (std::int64_t row = 0; row < set.rows; ++row) {
      append_text(out, text.labels[static_cast<std::size_t>(row)]);
      append_numbers(out, row_of(set.values, row, set.columns));
      if (!set.outside.empty()) append_numbers(out, row_of(set.outside, row, 2));
      out += '\n';
    }
  }
  std::unique_ptr<ResultSink> make_sink(OutputFile& output) const override {
    return make_lone_sink(format_, output);
  }

 private:
  char separator() const { return (format_ == Format::csv ? kCsvStyle : kTsvStyle).delimiter; }
  void append_text(std::string& out, std::string_view text) const {
    format_ == Format::csv ? append_csv_text(out, text) : append_tsv_text(out, text);
  }
  void append_numbers(std::string& out, std::span<const float> values) const {
    for (const float value : values) {
      out += separator();
      append_json_number(out, value);
    }
  }
  static std::span<const float> row_of(const std::vector<float>& values, std::int64_t row,
                                       std::int64_t columns) {
    return std::span(values).subspan(static_cast<std::size_t>(row * columns),
                                     static_cast<std::size_t>(columns));
  }

  Format format_;
};

}  // namespace

std::unique_ptr<MapWriter> make_number_writer(Format format) {
  if (format == Format::csv || format == Format::tsv) return std::make_unique<TableWriter>(format);
  return std::make_unique<FieldWriter>();
}

}  // namespace convbert::app
