// `attention` without --stats: the maps of each text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attention/map_model.h"
#include "attention/map_writer.h"
#include "run/record_command.h"

namespace convbert::app {

// For a file a text; none where `path` is "".
struct OutputFolder {
  std::string path;
  Format format;
};

// models: the one that runs, and others that are compared with it.
std::unique_ptr<RecordCommand> make_maps_command(std::vector<MapModel> models,
                                                 std::unique_ptr<MapWriter> writer,
                                                 OutputFolder folder);

}  // namespace convbert::app
