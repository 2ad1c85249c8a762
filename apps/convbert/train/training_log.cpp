#include "train/training_log.h"

#include <cmath>
#include <utility>

#include "core/error.h"

namespace convbert::app {

void add_number(JsonBuilder& json, std::string_view name, double value) {
  json.key(name);
  std::isfinite(value) ? json.value(static_cast<float>(value)) : json.null();
}

std::int64_t write_line(OutputFile& log, const std::function<void(JsonBuilder&)>& fill) {
  std::string line;
  JsonBuilder json(line);
  json.begin_object();
  fill(json);
  json.end_object();
  log.write(line + "\n");
  return log.size();
}

OutputFile open_log(const std::string& path, const std::optional<LogPlace>& place,
                    Console& console) {
  if (place) {
    if (auto log = OutputFile::take_up(path); log && log->size() >= place->bytes) {
      log->cut(place->bytes);
      return std::move(*log);
    }
    console.warning(concat(printable(path), ".partial of the interrupted run is not there; the ",
                           "log begins at step ", place->steps));
  }
  return OutputFile::create(path);
}

}  // namespace convbert::app
