// A result that is there all at once: help, a card, a report.
#pragma once

#include <string_view>

#include "io/output_file.h"

namespace convbert::app {

// Writes it and finishes the output. A reader that has gone away is no failure.
// Throws Error(system) with the reason (a full disk).
void write_whole(OutputFile output, std::string_view text);

}  // namespace convbert::app
