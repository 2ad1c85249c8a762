// Matrices in files, as numpy writes them, and files that are none.
#include "io/npy_matrix.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "io/npy.h"
#include "support/process.h"

namespace convbert {
namespace {

using test::TemporaryFolder;

std::vector<float> read_all(const NpyMatrix& matrix) {
  std::vector<float> values(static_cast<std::size_t>(matrix.rows() * matrix.columns()));
  matrix.read(0, {values.data(), matrix.rows(), matrix.columns(), matrix.columns()});
  return values;
}

std::string file_of(const std::string& header, const std::string& data) {
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xFF);
  file += static_cast<char>(header.size() >> 8);
  return file + header + data;
}

TEST_CASE("rows are read wherever they lie, again and again") {
  const TemporaryFolder folder;
  std::vector<float> values;
  for (int i = 0; i < 5000 * 3; ++i) values.push_back(static_cast<float>(i) / 7);
  const NpyMatrix matrix(folder.write("a.npy", npy_array({5000, 3}, values)));
  CHECK(matrix.rows() == 5000);
  CHECK(matrix.columns() == 3);
  for (int i = 0; i < 2; ++i) CHECK(read_all(matrix) == values);
  std::vector<float> part(8, -1.0F);  // two rows, a stride of four
  matrix.read(4998, {part.data(), 2, 3, 4});
  CHECK(part == std::vector<float>{values[14994], values[14995], values[14996], -1.0F,
                                   values[14997], values[14998], values[14999], -1.0F});
}

TEST_CASE("what numpy writes besides: other types and versions, no spaces, no rows") {
  const TemporaryFolder folder;
  const std::string halves("\x00\x3c\x00\xc0", 4);  // 1, -2
  const NpyMatrix half(folder.write(
      "half.npy",
      file_of("{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2), }\n", halves)));
  CHECK(read_all(half) == std::vector<float>{1.0F, -2.0F});
  // One column is in both orders.
  const NpyMatrix column(folder.write(
      "column.npy", file_of("{\"shape\":(2,1),\"fortran_order\":True,\"descr\":\"<f2\"}", halves)));
  CHECK(read_all(column) == std::vector<float>{1.0F, -2.0F});
  std::string second("\x93NUMPY\x02\x00\x3c\x00\x00\x00", 12);
  second += "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 1), }\n";
  CHECK(NpyMatrix(folder.write("second.npy", second + halves)).rows() == 2);
  CHECK(NpyMatrix(folder.write("empty.npy", npy_header("<f4", {0, 5}))).rows() == 0);
}

TEST_CASE("what is no such matrix is refused with the reason") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& content, const std::string& reason) {
    const std::string path = folder.write("bad.npy", content);
    try {
      const NpyMatrix matrix(path);
      FAIL("read: ", reason);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::format);
      INFO(error.what());
      CHECK(std::string(error.what()).find(reason) != std::string::npos);
    }
  };
  const std::string whole = npy_array({2, 3}, std::vector<float>(6, 1.0F));
  for (std::size_t size : {0, 5, 11, 40}) refused(whole.substr(0, size), "");
  refused(whole.substr(0, whole.size() - 1), "has 23 bytes of them");
  refused(whole + "x", "has 25 bytes of them");
  refused("some text", "expected a numpy array");
  refused(npy_array({6}, std::vector<float>(6)), "expected a matrix [vectors, width], found");
  refused(npy_array({2, 1}, std::vector<std::int64_t>{1, 2}), "found <i8");
  refused(npy_header("<f4", {3, 0}), "its vectors have no numbers");
  const auto header = [&](const std::string& text) { return file_of(text, std::string(24, '\0')); };
  refused(header("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"), "Fortran order");
  refused(header("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }"), "found >f4");
  for (const char* bad :
       {"", "{", "}", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr: '<f4', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3), }"}) {
    refused(header(bad), "its header is not what numpy writes");
  }
  // As many bytes as there are, but for an overflow.
  refused(header("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }"),
          "its header says");
  std::string version = whole;
  version[6] = 9;
  refused(version, "found 9");
}

}  // namespace
}  // namespace convbert
