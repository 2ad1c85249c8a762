// What the flags of `attention` ask for: checked, and not changed afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attention/map_writer.h"
#include "cli/request.h"

namespace convbert::app {

struct AttentionFlags;

struct AttentionRequest {
  RecordRequest record;
  std::optional<ModelRequest> compared;  // a second model
  std::string layers;                    // "" for all
  std::string heads;
  std::vector<std::string> maps;  // empty: what the format shows best
  bool words;
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
  std::string folder;  // for a file a text; "" for none
  bool statistics;
  std::optional<std::int64_t> window;
  LookOptions look;

  Format format() const { return record.output.format; }
};

// `color`: of what is drawn in a terminal. Throws Error(usage) naming the flag.
AttentionRequest make_request(const AttentionFlags& given, ColorChoice color);

}  // namespace convbert::app
