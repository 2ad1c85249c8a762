#include "io/delimited_writer.h"

#include <csv.h>

#include <algorithm>
#include <cstddef>

namespace convbert {

void append_csv_text(std::string& out, std::string_view text) {
  const std::size_t begin = out.size();
  out.resize(begin + 2 * text.size() + 2);  // at most
  const std::size_t size =
      csv_write(out.data() + begin, out.size() - begin, text.data(), text.size());
  out.resize(begin + size);
}

void append_tsv_text(std::string& out, std::string_view text) {
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  out += text;
  std::replace_if(
      out.begin() + begin, out.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; },
      ' ');
}

}  // namespace convbert
