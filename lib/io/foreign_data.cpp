#include "io/foreign_data.h"

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"
#include "io/text_buffer.h"

namespace convbert {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  std::string_view what;
  std::string_view advice;
};

// '?' stands for any byte. Of two that begin alike, the longer one comes first.
constexpr Magic kMagics[] = {
    {"\xFF\xFE\0\0"sv, "UTF-32 text", "iconv -f utf-32 -t utf-8 converts it"},
    {"\0\0\xFE\xFF"sv, "UTF-32 text", "iconv -f utf-32 -t utf-8 converts it"},
    {"\xFF\xFE"sv, "UTF-16 text", "iconv -f utf-16 -t utf-8 converts it"},
    {"\xFE\xFF"sv, "UTF-16 text", "iconv -f utf-16 -t utf-8 converts it"},
    {"\xFD"
     "7zXZ\0"sv,
     "xz data", "xz -dc unpacks it"},
    {"BZh?1AY&SY"sv, "bzip2 data", "bzip2 -dc unpacks it"},
    {"\x04\x22\x4D\x18"sv, "lz4 data", "lz4 -dc unpacks it"},
    {"PK\x03\x04"sv, "a zip archive (or a document or array in one)", "unzip -p unpacks it"},
    {"7z\xBC\xAF\x27\x1C"sv, "a 7z archive", "7z x -so unpacks it"},
    {"%PDF-"sv, "a PDF document", "pdftotext makes text of it"},
    {"\xD0\xCF\x11\xE0"sv, "a document of an old Office program", "save it as UTF-8 text"},
    {"PAR1\x15"sv, "a Parquet table", "write it as CSV or JSON lines"},
    {"ARROW1\0\0"sv, "an Arrow table", "write it as CSV or JSON lines"},
    {"Obj\x01"sv, "an Avro table", "write it as CSV or JSON lines"},
    {"SQLite format 3\0"sv, "an SQLite database", "write its table as CSV: sqlite3 -csv -header"},
    {"\x93NUMPY"sv, "a NumPy array", "expected texts"},
    {"\x89HDF\r\n"sv, "HDF5 data", "expected texts"},
    {"\x7F"
     "ELF"sv,
     "a program", "expected texts"},
    {"\x89PNG\r\n"sv, "a picture", "expected texts"},
    {"\xFF\xD8\xFF"sv, "a picture", "expected texts"},
    {"GIF87a"sv, "a picture", "expected texts"},
    {"GIF89a"sv, "a picture", "expected texts"},
};

// Do the two agree as far as both go?
bool agree(std::string_view head, std::string_view magic) {
  const std::size_t size = std::min(head.size(), magic.size());
  return std::equal(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size), magic.begin(),
                    [](char byte, char expected) { return byte == expected || expected == '?'; });
}

// UTF-16 without a byte order mark: every other byte of Latin text is zero.
constexpr std::size_t kUtf16Head = 4;
bool looks_like_utf16(std::string_view head, std::size_t zero) {
  for (std::size_t i = 0; i < std::min(head.size(), kUtf16Head); ++i) {
    if ((head[i] == '\0') != (i % 2 == zero)) return false;
  }
  return true;
}

bool is_binary(std::string_view head) {
  if (head.find("\0\0\0\0"sv) != std::string_view::npos) return true;
  if (head.find('\0') == std::string_view::npos) return false;
  const std::size_t invalid = find_invalid_utf8(head);
  return invalid != kValidUtf8 && invalid + kMaxUtf8Length <= head.size();  // not merely cut
}

}  // namespace

std::optional<std::string> foreign_data(std::string_view head) {
  for (const Magic& magic : kMagics) {
    if (head.size() >= magic.bytes.size() && agree(head, magic.bytes)) {
      return concat(magic.what, "; expected UTF-8 text, plain, gzip or zstd: ", magic.advice);
    }
  }
  if (head.size() >= kUtf16Head && (looks_like_utf16(head, 0) || looks_like_utf16(head, 1))) {
    return concat("UTF-16 text; expected UTF-8: iconv -f utf-16",
                  looks_like_utf16(head, 0) ? "be" : "le", " -t utf-8 converts it");
  }
  if (is_binary(head.substr(0, kForeignHead))) {
    return "binary data; expected UTF-8 text, plain, gzip or zstd";
  }
  return std::nullopt;
}

bool is_undecided(std::string_view head) {
  const auto may_begin = [&](std::string_view bytes) {
    return head.size() < bytes.size() && agree(head, bytes);
  };
  if (std::ranges::any_of(kMagics, may_begin, &Magic::bytes) || may_begin(kByteOrderMark)) {
    return true;
  }
  // A line end alone is a line, for which nobody is to wait.
  return head.size() < kUtf16Head && head != "\n" &&
         (looks_like_utf16(head, 0) || looks_like_utf16(head, 1));
}

}  // namespace convbert
