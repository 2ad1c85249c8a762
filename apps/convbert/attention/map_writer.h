// From the maps of a text to its result, in the format asked for.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attention/statistics.h"
#include "attention/text_maps.h"
#include "cli/console.h"
#include "figures/color.h"
#include "pipeline/pipeline.h"
#include "run/sinks.h"

namespace convbert::app {

// Const while it runs; worker threads share it.
class MapWriter {
 public:
  virtual ~MapWriter() = default;

  // Fills the output or the arrays of `job`. One entry a model, of which only pages take
  // several. Throws Error(input) for what the format cannot hold.
  virtual void write(std::span<const TextMaps> of_models, Job& job,
                     const ResultLayout& layout) const = 0;
  // As RecordCommand::make_sink(). Not asked where each text has a file of its own.
  virtual std::unique_ptr<ResultSink> make_sink(OutputFile&) const { return nullptr; }
};

// How pictures look.
struct LookOptions {
  std::optional<Theme> theme;  // none: light, and dark in a terminal
  WeightScale scale = WeightScale::linear;
  double width = 0;         // points, or columns of a terminal; 0: what fits
  double resolution = 144;  // of png: pixels an inch
  ColorChoice color = ColorChoice::automatic;
};

// Numbers: jsonl, npz, csv, tsv; the last two hold one map a text.
std::unique_ptr<MapWriter> make_number_writer(Format format);

// png, svg and pdf: a picture a text.
std::unique_ptr<MapWriter> make_picture_writer(Format format, const LookOptions& look);
// As wide as the terminal at standard output, in the colours that it has. names_texts: their ids
// stand above their maps.
std::unique_ptr<MapWriter> make_terminal_writer(const LookOptions& look, bool names_texts);
// One page of all texts, or, `is_page_of_each`, one of each.
std::unique_ptr<MapWriter> make_page_writer(const LookOptions& look,
                                            const std::vector<std::string>& models,
                                            bool is_page_of_each);

// Statistics as a picture. model: of heads that do not name theirs.
std::string statistics_picture(std::span<const HeadStatistics> heads, const std::string& model,
                               Format format, const LookOptions& look);

}  // namespace convbert::app
