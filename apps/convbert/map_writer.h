// From the maps of a text to its result, in the format asked for.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "attention/text_maps.h"
#include "pipeline/pipeline.h"
#include "sinks.h"

namespace convbert::app {

// Const while it runs; worker threads share it.
class MapWriter {
 public:
  virtual ~MapWriter() = default;

  // Fills the output or the arrays of `job`. One entry a model, of which there are several only
  // where is_comparing was said. Throws Error(input) for what the format cannot hold.
  virtual void write(std::span<const TextMaps> of_models, Job& job,
                     const RecordStyle& style) const = 0;
  // As RecordCommand::make_sink(). Not asked where each text has a file of its own.
  virtual std::unique_ptr<ResultSink> make_sink(OutputFile&) const { return nullptr; }
};

// Numbers: jsonl, npz, csv, tsv; the last two hold one map a text.
std::unique_ptr<MapWriter> make_number_writer(const std::string& format);

}  // namespace convbert::app
