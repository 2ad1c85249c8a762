#include "search/index_layout.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "core/byte_reader.h"
#include "core/error.h"
#include "nn/row_loops.h"

namespace convbert {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie");

constexpr std::int64_t kMostRows = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostWidth = 1 << 16;
constexpr std::size_t kMostLevels = 64;
constexpr std::int32_t kMostLinks = 1 << 16;  // of a row
constexpr std::int64_t kMostCompared = 10'000;
// Of a vector's length from 1, and of a cosine from 1: that of rounding, also by another processor.
constexpr float kTolerance = 1e-3F;

template <class Value>
Value value_at(std::span<const std::byte> bytes, std::size_t index) {
  Value value;
  std::memcpy(&value, bytes.data() + index * sizeof(Value), sizeof(Value));
  return value;
}

// Numbers where they lie in the file, at any address.
template <class Value>
class Numbers {
 public:
  Numbers() = default;
  explicit Numbers(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t size() const { return bytes_.size() / sizeof(Value); }
  Value operator[](std::size_t index) const { return value_at<Value>(bytes_, index); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace

std::string_view name_of(IndexKind kind) { return kind == IndexKind::hnsw ? "hnsw" : "ivf"; }

class LayoutReader {
 public:
  explicit LayoutReader(IndexLayout& layout)
      : layout_(layout), reader_(layout.bytes_, layout.source_) {}

  void read() {
    constexpr std::size_t kLetters = 4;
    const std::string_view letters =
        reader_.remaining() < kLetters ? "" : reader_.read_text(kLetters);
    if (letters != "IHNf" && letters != "IwFl") {
      throw Error(ErrorKind::format,
                  concat(layout_.source_,
                         ": expected an index of FAISS, IndexHNSWFlat or IndexIVFFlat, found ",
                         letters.empty() ? "a file without" : quoted(letters)));
    }
    const Header header = read_header();
    layout_.rows_ = header.rows;
    layout_.width_ = header.width;
    if (letters == "IHNf") {
      layout_.kind_ = IndexKind::hnsw;
      read_graph();
    } else {
      layout_.kind_ = IndexKind::ivf;
      read_lists();
    }
    expect(reader_.remaining() == 0, "more bytes than an index has");
  }

 private:
  struct Header {
    std::int64_t width;
    std::int64_t rows;
  };

  void expect(bool is_right, const char* wrong) const {
    if (!is_right) refuse(wrong);
  }
  [[noreturn]] void refuse(const std::string& wrong) const {
    throw Error(ErrorKind::format,
                concat(layout_.source_, ": a damaged index: ", wrong, " before byte ",
                       reader_.position(), "; remove it, and it is built anew"));
  }

  template <class Value>
  Numbers<Value> read_list() {
    const auto count = reader_.read<std::uint64_t>();
    if (count > reader_.remaining() / sizeof(Value)) {
      refuse(concat("a list of ", count, " numbers, which the file does not hold,"));
    }
    return Numbers<Value>(reader_.take(count * sizeof(Value)));
  }

  // All that has vectors has no more of them than the file has bytes for.
  Header read_header() {
    Header header{};
    header.width = reader_.read<std::int32_t>();
    header.rows = reader_.read<std::int64_t>();
    reader_.take(2 * sizeof(std::int64_t));
    const auto is_trained = reader_.read<std::uint8_t>();
    const auto metric = reader_.read<std::int32_t>();
    expect(header.width > 0 && header.width <= kMostWidth, "an impossible width");
    expect(header.rows > 0 && header.rows < kMostRows, "an impossible number of rows");
    expect(static_cast<std::uint64_t>(header.rows) <=
               reader_.remaining() / (static_cast<std::uint64_t>(header.width) * sizeof(float)),
           "more rows than the file holds");
    expect(is_trained == 1, "no trained index");
    expect(metric == 0, "another metric than the inner product");
    return header;
  }

  std::span<const std::byte> read_vectors(std::int64_t rows) {
    const auto bytes = reader_.take(static_cast<std::uint64_t>(rows * layout_.width_) *
                                    std::uint64_t{sizeof(float)});
    std::vector<float> vector(static_cast<std::size_t>(layout_.width_));
    const std::size_t row_bytes = vector.size() * sizeof(float);
    for (std::size_t at = 0; at < bytes.size(); at += row_bytes) {
      std::memcpy(vector.data(), bytes.data() + at, row_bytes);
      const float square = nn::inner_product(vector.data(), vector.data(), layout_.width_);
      expect(square == 0 || std::abs(square - 1) <= kTolerance,  // no NaN
             "a vector that is not of length 1");
    }
    return bytes;
  }

  std::span<const std::byte> read_flat(std::int64_t rows) {
    constexpr std::size_t kLetters = 4;
    expect(reader_.read_text(kLetters) == "IxFI", "something else than vectors");
    const Header header = read_header();
    expect(header.width == layout_.width_, "vectors of another width");
    expect(header.rows == rows, "another number of vectors");
    expect(reader_.read<std::uint64_t>() == static_cast<std::uint64_t>(rows * layout_.width_),
           "another number of numbers");
    return read_vectors(rows);
  }

  void read_graph() {
    const auto rows = static_cast<std::size_t>(layout_.rows_);
    read_list<double>();  // the chances of levels: for rows to be added
    const auto cumulative = read_list<std::int32_t>();
    expect(cumulative.size() >= 2 && cumulative.size() <= kMostLevels && cumulative[0] == 0,
           "impossible levels");
    for (std::size_t level = 1; level < cumulative.size(); ++level) {
      expect(cumulative[level] >= cumulative[level - 1] && cumulative[level] <= kMostLinks,
             "impossible levels");
    }
    const auto levels = read_list<std::int32_t>();
    const auto offsets = read_list<std::uint64_t>();
    expect(levels.size() == rows && offsets.size() == rows + 1 && offsets[0] == 0,
           "another number of rows");
    for (std::size_t row = 0; row < rows; ++row) {
      const std::int32_t level = levels[row];
      expect(level > 0 && static_cast<std::size_t>(level) < cumulative.size(),
             "a row on an impossible level");
      const auto links = static_cast<std::uint64_t>(cumulative[static_cast<std::size_t>(level)]);
      expect(offsets[row + 1] == offsets[row] + links, "a row whose links lie elsewhere");
    }
    const auto neighbors = read_list<std::int32_t>();
    expect(neighbors.size() == offsets[rows], "another number of links");
    for (std::size_t row = 0; row < rows; ++row) {
      const auto row_levels = static_cast<std::size_t>(levels[row]);
      for (std::size_t level = 0; level < row_levels; ++level) {
        const std::size_t end = offsets[row] + static_cast<std::size_t>(cumulative[level + 1]);
        for (std::size_t at = offsets[row] + static_cast<std::size_t>(cumulative[level]); at < end;
             ++at) {
          check_link(neighbors[at], level, levels);
        }
      }
    }
    const auto entry = reader_.read<std::int32_t>();
    const auto highest = reader_.read<std::int32_t>();
    reader_.take(2 * sizeof(std::int32_t));
    const auto beam = reader_.read<std::int32_t>();
    expect(entry >= 0 && entry < layout_.rows_ &&
               highest == levels[static_cast<std::size_t>(entry)] - 1,
           "a search that begins at no such row");
    expect(beam == 1, "another beam than 1");
    layout_.runs_.push_back({.rows = {}, .vectors = read_flat(layout_.rows_)});
  }

  // A search goes on from the row on the level where it found it.
  void check_link(std::int32_t to, std::size_t level, const Numbers<std::int32_t>& levels) const {
    constexpr std::int32_t kNone = -1;
    if (to == kNone) return;
    expect(to >= 0 && to < layout_.rows_, "a link to no row");
    expect(static_cast<std::size_t>(levels[static_cast<std::size_t>(to)]) > level,
           "a link to a row that is not on its level");
  }

  void read_lists() {
    constexpr std::size_t kLetters = 4;
    const auto lists = reader_.read<std::uint64_t>();
    reader_.take(sizeof(std::uint64_t));
    expect(lists > 0 && lists < static_cast<std::uint64_t>(kMostRows),
           "an impossible number of lists");
    read_flat(static_cast<std::int64_t>(lists));
    expect(reader_.read<std::uint8_t>() == 0 && reader_.read<std::uint64_t>() == 0,
           "a map from rows to places");
    expect(reader_.read_text(kLetters) == "ilar", "something else than lists");
    expect(reader_.read<std::uint64_t>() == lists, "another number of lists");
    expect(
        reader_.read<std::uint64_t>() == static_cast<std::uint64_t>(layout_.width_) * sizeof(float),
        "vectors of another size");
    const std::vector<std::uint64_t> lengths = read_lengths(lists);
    std::vector<bool> seen(static_cast<std::size_t>(layout_.rows_));
    for (const std::uint64_t length : lengths) {
      const auto vectors = read_vectors(static_cast<std::int64_t>(length));
      const auto rows = reader_.take(length * sizeof(std::int64_t));
      layout_.runs_.push_back({.rows = rows, .vectors = vectors});
      for (std::size_t i = 0; i < length; ++i) {
        const auto row = value_at<std::int64_t>(rows, i);
        expect(row >= 0 && row < layout_.rows_, "a list with no such row");
        expect(!seen[static_cast<std::size_t>(row)], "a row in two places");
        seen[static_cast<std::size_t>(row)] = true;
      }
    }
  }

  // Of the lists that are not empty, in order; together they have all rows.
  std::vector<std::uint64_t> read_lengths(std::uint64_t lists) {
    constexpr std::size_t kLetters = 4;
    const std::string_view letters = reader_.read_text(kLetters);
    expect(letters == "full" || letters == "sprs", "lists of no known lengths");
    const auto numbers = read_list<std::uint64_t>();
    std::vector<std::uint64_t> lengths;
    auto left = static_cast<std::uint64_t>(layout_.rows_);
    const auto add = [&](std::uint64_t length) {
      expect(length <= left, "lists of more rows than there are");
      left -= length;
      if (length > 0) lengths.push_back(length);
    };
    if (letters == "full") {
      expect(numbers.size() == lists, "another number of lists");
      for (std::size_t i = 0; i < numbers.size(); ++i) add(numbers[i]);
    } else {
      expect(numbers.size() % 2 == 0, "half a list");
      for (std::size_t i = 0; i < numbers.size(); i += 2) {
        const std::uint64_t least = i == 0 ? 0 : numbers[i - 2] + 1;
        expect(numbers[i] >= least && numbers[i] < lists, "no such list");
        add(numbers[i + 1]);
      }
    }
    expect(left == 0, "lists of fewer rows than there are");
    return lengths;
  }

  IndexLayout& layout_;
  ByteReader reader_;
};

IndexLayout::IndexLayout(std::span<const std::byte> bytes, std::string source)
    : bytes_(bytes), source_(std::move(source)) {
  LayoutReader(*this).read();
}

void IndexLayout::expect_of(const VectorRows& corpus) const {
  constexpr const char* kAdvice = "; remove it, and it is built anew, or name another file";
  if (rows_ != corpus.rows() || width_ != corpus.width()) {
    throw Error(ErrorKind::usage, concat(source_, ": an index of another corpus: expected ",
                                         corpus.rows(), " vectors of ", corpus.width(),
                                         " numbers, found ", rows_, " of ", width_, kAdvice));
  }
  std::vector<float> expected(static_cast<std::size_t>(width_));
  std::vector<float> found(expected.size());
  const std::size_t row_bytes = found.size() * sizeof(float);
  const std::int64_t step = (rows_ + kMostCompared - 1) / kMostCompared;
  std::int64_t first = 0;  // of the run, among the vectors as they lie
  for (const Run& run : runs_) {
    const auto count = static_cast<std::int64_t>(run.vectors.size() / row_bytes);
    for (std::int64_t at = (step - first % step) % step; at < count; at += step) {
      const auto index = static_cast<std::size_t>(at);
      std::memcpy(found.data(), run.vectors.data() + index * row_bytes, row_bytes);
      const std::int64_t row = run.rows.empty() ? at : value_at<std::int64_t>(run.rows, index);
      corpus.read(row, {expected.data(), 1, width_, width_});
      const float least = scale_to_unit(expected) ? 1 - kTolerance : 0;
      const float cosine = nn::inner_product(found.data(), expected.data(), width_);
      const float square = nn::inner_product(found.data(), found.data(), width_);
      if (cosine >= least && (least > 0 || square == 0)) continue;
      throw Error(ErrorKind::usage, concat(source_, ": an index of another corpus, or of vectors",
                                           " from another model: row ", row, " differs", kAdvice));
    }
    first += count;
  }
}

}  // namespace convbert
