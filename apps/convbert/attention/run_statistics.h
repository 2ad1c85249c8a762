// `attention --stats`: what each head does on average over the whole input.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "attention/map_model.h"
#include "attention/statistics.h"
#include "run/record_command.h"

namespace convbert::app {

// What is made of the heads of all models, at the end of a run.
using RenderStatistics = std::function<std::string(std::span<const HeadStatistics>)>;

// `window`: how far the figure of that name reaches. Of several models each head comes with its
// model's name.
std::unique_ptr<RecordCommand> make_statistics_command(std::vector<MapModel> models,
                                                       std::int64_t window,
                                                       RenderStatistics render);

}  // namespace convbert::app
