// Standard input, output and error, whatever the program was started with.
#pragma once

namespace convbert::app {

// Called first of all. A descriptor from 0 to 2 that is closed would be given to the next file that
// is opened, and results or messages would go there. It becomes one of /dev/null: an empty input,
// an output that is refused when something is written, and an error output that nobody sees.
void open_standard_descriptors();

}  // namespace convbert::app
