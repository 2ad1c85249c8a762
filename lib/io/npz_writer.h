// numpy's archive of arrays: a zip file, nothing compressed, of <name>.npy files.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/output_file.h"

namespace convbert {

// Streams arrays into a file that can seek, through minizip (zip64, so of any size).
class NpzWriter {
 public:
  // `output` must outlive the writer.
  explicit NpzWriter(OutputFile& output);
  ~NpzWriter();
  NpzWriter(const NpzWriter&) = delete;
  NpzWriter& operator=(const NpzWriter&) = delete;

  // `npy` is a whole array (npy_array). Throws Error(system), ClosedPipe.
  void add(const std::string& name, std::string_view npy);
  // An array in parts: begin, append as often as wanted, and end.
  void begin(const std::string& name);
  void append(std::string_view bytes);
  void end();
  // Writes the directory; the archive is complete. The output is not finished.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace convbert
