#include "run/vector_file.h"

#include "core/error.h"

namespace convbert::app {

NpyMatrix open_vectors(const char* flag, const std::string& path) {
  try {
    return NpyMatrix(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::format) throw;
    throw Error(ErrorKind::format, concat(flag, ": ", error.what(),
                                          "; embed --format npy writes vectors as they should be"));
  }
}

}  // namespace convbert::app
