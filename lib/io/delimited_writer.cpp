#include "io/delimited_writer.h"

#include <csv.h>

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
  while (!text.empty()) {
    const auto byte = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
    };
    std::size_t size = 1;  // of the character, where it is one to be replaced
    bool is_control = byte(0) < 0x20 || byte(0) == 0x7F;
    if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) {  // U+0080 to U+009F
      size = 2;
      is_control = true;
    } else if (byte(0) == 0xE2 && byte(1) == 0x80 && (byte(2) & 0xFE) == 0xA8) {  // U+2028, U+2029
      size = 3;
      is_control = true;
    }
    out += is_control ? ' ' : text.front();
    text.remove_prefix(size);
  }
}

}  // namespace convbert
