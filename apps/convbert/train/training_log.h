// --log: a JSON line for every step and every measurement of a run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/console.h"
#include "io/json_builder.h"
#include "io/output_file.h"

namespace convbert::app {

// As JSON has no NaN: null.
void add_number(JsonBuilder& json, std::string_view name, double value);

// Adds a line, an object that fill(json) gives its members; returns the bytes of the log.
std::int64_t write_line(OutputFile& log, const std::function<void(JsonBuilder&)>& fill);

// Where the log of a run begins that is taken up: behind what belongs to so many steps.
struct LogPlace {
  std::int64_t bytes;
  std::int64_t steps;
};
// Starts anew without `place`, or, with a warning, where the interrupted run's is not there.
OutputFile open_log(const std::string& path, const std::optional<LogPlace>& place,
                    Console& console);

}  // namespace convbert::app
