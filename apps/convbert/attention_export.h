// `attention` without --stats: the maps of each text, as numbers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attention_maps.h"
#include "model_run.h"
#include "record_command.h"

namespace convbert::app {

// The maps that can be asked for.
enum class MapType { attention, conv, mixed, rollout, attention_rollout };

struct MapTypeName {
  MapType type;
  const char* flag;   // as --map says it
  const char* field;  // of the result
};
constexpr MapTypeName kMapTypes[] = {
    {MapType::attention, "attention", "attention"},
    {MapType::conv, "conv", "conv_kernel"},
    {MapType::mixed, "mixed", "mixed"},
    {MapType::rollout, "rollout", "rollout"},
    {MapType::attention_rollout, "attention-rollout", "attention_rollout"},
};

inline bool is_of_heads(MapType type) {
  return type == MapType::attention || type == MapType::conv;
}

struct ExportFormat {
  std::string name;    // jsonl or npz
  std::string folder;  // of npz, for a file a record; "" for one file
};

// `types` in the order of the results. Of maps of whole layers, selection.heads does not count.
std::unique_ptr<RecordCommand> make_export_command(LoadedModel loaded, MapSelection selection,
                                                   std::vector<MapTypeName> types,
                                                   const ExportFormat& format);

}  // namespace convbert::app
