#include "io/npy_matrix.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/error.h"

namespace convbert {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are read as they lie");

// What the header's dictionary says.
struct NpyHeader {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

// {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : rest_(text) {}

  std::optional<NpyHeader> parse() {
    NpyHeader header;
    int members = 0;
    if (!take("{")) return std::nullopt;
    while (!take("}")) {
      const std::optional<std::string> name = text();
      if (!name || !take(":") || !member(*name, header)) return std::nullopt;
      ++members;
      if (!take(",") && !rest_.starts_with('}')) return std::nullopt;
    }
    if (members != 3 || header.descr.empty()) return std::nullopt;
    return header;
  }

 private:
  void skip_spaces() {
    const std::size_t at = rest_.find_first_not_of(" \n");
    rest_.remove_prefix(std::min(at, rest_.size()));
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    skip_spaces();
    return true;
  }
  std::optional<std::string> text() {
    skip_spaces();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return std::nullopt;
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string found(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return found;
  }
  bool member(const std::string& name, NpyHeader& header) {
    if (name == "fortran_order") {
      header.fortran_order = take("True");
      return header.fortran_order || take("False");
    }
    if (name == "shape") return shape(header.shape);
    const std::optional<std::string> value = name == "descr" ? text() : std::nullopt;
    header.descr = value.value_or("");
    return value.has_value();
  }
  bool shape(Shape& shape) {
    constexpr std::size_t kMostDimensions = 64;
    shape.clear();
    if (!take("(")) return false;
    while (!take(")")) {
      std::int64_t size = 0;
      const char* begin = rest_.data();
      const auto [end, error] = std::from_chars(begin, begin + rest_.size(), size);
      if (error != std::errc() || size < 0 || shape.size() == kMostDimensions) return false;
      rest_.remove_prefix(static_cast<std::size_t>(end - begin));
      shape.push_back(size);
      if (!take(",") && !rest_.starts_with(')')) return false;
    }
    return true;
  }

  std::string_view rest_;
};

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::format, concat(printable(path), ": ", what));
}

// Where the header's text lies in the file.
std::string_view header_text(std::string_view bytes, const std::string& path) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  constexpr std::size_t kLengthAt = 8;  // behind magic and version
  if (!bytes.starts_with(kMagic) || bytes.size() < kLengthAt + 4) {
    refuse(path, "expected a numpy array (.npy)");
  }
  const bool is_first_version = bytes[6] == 1;
  if (bytes[6] < 1 || bytes[6] > 3) {
    refuse(path, concat("expected version 1 to 3 of numpy's format, found ", int{bytes[6]}));
  }
  std::uint32_t length = 0;
  const std::size_t length_bytes = is_first_version ? 2 : 4;
  std::memcpy(&length, bytes.data() + kLengthAt, length_bytes);
  constexpr std::uint32_t kMostHeader = 1 << 16;
  const std::size_t begin = kLengthAt + length_bytes;
  if (length > kMostHeader || begin + length > bytes.size()) {
    refuse(path, concat("its header is cut short: expected ", length, " bytes"));
  }
  return bytes.substr(begin, length);
}

std::optional<DType> dtype_of(std::string_view descr) {
  if (descr == "<f4") return DType::f32;
  if (descr == "<f2") return DType::f16;
  if (descr == "<f8") return DType::f64;
  return std::nullopt;
}

}  // namespace

NpyMatrix::NpyMatrix(const std::filesystem::path& path) : path_(path.string()), file_(path) {
  const std::string_view bytes(reinterpret_cast<const char*>(file_.bytes().data()),
                               file_.bytes().size());
  const std::string_view text = header_text(bytes, path_);
  data_ = static_cast<std::size_t>(text.data() + text.size() - bytes.data());
  const std::optional<NpyHeader> header = HeaderParser(text).parse();
  if (!header) refuse(path_, "its header is not what numpy writes");
  const std::optional<DType> dtype = dtype_of(header->descr);
  if (!dtype) {
    refuse(path_, concat("expected float32 (<f4), float16 or float64 numbers, found ",
                         printable(header->descr, 40)));
  }
  if (header->shape.size() != 2) {
    refuse(path_, concat("expected a matrix [vectors, width], found the shape ",
                         printable(to_string(header->shape), 80)));
  }
  if (header->shape[1] == 0) refuse(path_, "its vectors have no numbers");
  if (header->fortran_order && header->shape[0] > 1 && header->shape[1] > 1) {
    refuse(path_,
           "its numbers lie column by column (Fortran order): expected rows, as "
           "numpy.ascontiguousarray makes them");
  }
  dtype_ = *dtype;
  rows_ = header->shape[0];
  columns_ = header->shape[1];
  const std::optional<std::int64_t> count = element_count(header->shape);
  const std::size_t found = bytes.size() - data_;
  if (!count || static_cast<std::uint64_t>(*count) > (std::uint64_t{1} << 60) ||
      static_cast<std::size_t>(*count) * size_of(dtype_) != found) {
    refuse(path_, concat("its header says ", to_string(header->shape), " numbers of ",
                         size_of(dtype_), " bytes each, but it has ", found, " bytes of them"));
  }
}

void NpyMatrix::read(std::int64_t first, MatrixView into) const {
  if (first < 0 || into.rows > rows_ - first || into.columns != columns_) {
    throw Error(ErrorKind::internal, "NpyMatrix: no such rows");
  }
  const std::size_t row_bytes = static_cast<std::size_t>(columns_) * size_of(dtype_);
  const std::size_t begin = data_ + static_cast<std::size_t>(first) * row_bytes;
  for (std::int64_t row = 0; row < into.rows; ++row) {
    widen_to_float(
        dtype_, file_.bytes().subspan(begin + static_cast<std::size_t>(row) * row_bytes, row_bytes),
        into.row_span(row));
  }
  file_.check();
  file_.release_pages(begin, static_cast<std::size_t>(into.rows) * row_bytes);
}

}  // namespace convbert
