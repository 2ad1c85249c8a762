#include "io/partial_lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace convbert {

bool is_named(int descriptor, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(descriptor, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

bool lock_partial(int descriptor, const std::string& path) {
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) {
      throw Error(ErrorKind::system,
                  concat(printable(path), ": cannot lock: ", std::strerror(errno)));
    }
    throw Error(ErrorKind::usage, concat(printable(path), ": another process is writing it"));
  }
  if (is_named(descriptor, path)) return true;
  ::flock(descriptor, LOCK_UN);
  return false;
}

}  // namespace convbert
