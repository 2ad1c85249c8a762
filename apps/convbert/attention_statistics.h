// `attention --stats`: what each head does on average over the whole input.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "attention_maps.h"
#include "model_run.h"
#include "record_command.h"

namespace convbert::app {

// `window`: how far the figure of that name reaches. `format`: jsonl, tsv or table.
std::unique_ptr<RecordCommand> make_statistics_command(LoadedModel loaded, MapSelection selection,
                                                       std::int64_t window, std::string format);

}  // namespace convbert::app
