// Files of an approximate index: any bytes give an index that can be read and searched, and that
// is no larger than its file, or an Error(format).
#include <cstdint>
#include <span>
#include <vector>

#include "core/error.h"
#include "search/approximate/approximate_index.h"
#include "search/index_layout.h"

using namespace convbert;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const IndexLayout layout(std::as_bytes(std::span(data, size)), "file");
    if (static_cast<std::uint64_t>(layout.rows() * layout.width()) > size) __builtin_trap();
    const ApproximateIndex index(layout);
    std::vector<float> query(static_cast<std::size_t>(layout.width()));
    query.back() = 1;
    const ConstMatrixView queries{query.data(), 1, layout.width(), layout.width()};
    const auto found = index.candidates(queries, 5);
    for (const std::int64_t number : found.front()) {
      if (number >= layout.rows()) __builtin_trap();
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::format) __builtin_trap();
  }
  return 0;
}
