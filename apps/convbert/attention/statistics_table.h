// Statistics of heads as text: a line a head, of one layer and kind.
#pragma once

#include <span>
#include <string>

#include "attention/statistics.h"
#include "cli/format.h"

namespace convbert::app {

// format: jsonl, csv, tsv or table. Heads come with their model's name where several are compared.
std::string statistics_text(std::span<const HeadStatistics> heads, Format format);

}  // namespace convbert::app
