#include "cli/whole_output.h"

namespace convbert::app {

void write_whole(OutputFile output, std::string_view text) {
  try {
    output.write(text);
    output.finish();
  } catch (const ClosedPipe&) {
  }
}

}  // namespace convbert::app
