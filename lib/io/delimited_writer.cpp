#include "io/delimited_writer.h"

#include <csv.h>

namespace convbert {

void append_csv_text(std::string& out, std::string_view text) {
  const std::size_t begin = out.size();
  out.resize(begin + 2 * text.size() + 2);  // at most
  const std::size_t size =
      csv_write(out.data() + begin, out.size() - begin, text.data(), text.size());
  out.resize(begin + size);
}

void append_tsv_text(std::string& out, std::string_view text) {
  for (const char c : text) out += c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
}

}  // namespace convbert
