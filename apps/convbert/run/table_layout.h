// Tables of results: which columns the input has of its own.
#pragma once

#include "cli/request.h"
#include "run/record_input.h"
#include "run/result_writer.h"

namespace convbert::app {

// Fills layout.table: the columns of the input are those of its header, where it is a table, else
// the fields of its first record that can be read. Waits for that record.
void lay_out_table(const RecordRequest& request, RecordInput& input, ResultLayout& layout);

}  // namespace convbert::app
