#include "cli/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

namespace convbert::app {

void open_standard_descriptors() {
  // open() takes the lowest number that is free. Reading alone, so that results are not lost
  // without a word.
  constexpr int kModes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    if (::open("/dev/null", kModes[descriptor]) != descriptor) ::_exit(2);
  }
}

}  // namespace convbert::app
