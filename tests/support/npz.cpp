#include "support/npz.h"

#include <minizip/unzip.h>

#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>

namespace convbert::test {
namespace {

// "\x93NUMPY", version 1.0, 2 bytes of header length, a Python dictionary, the data.
Array read_npy(std::span<const std::byte> bytes, const std::string& name) {
  std::uint16_t header_size;
  std::memcpy(&header_size, bytes.data() + 8, 2);
  const std::string header(reinterpret_cast<const char*>(bytes.data()) + 10, header_size);
  if (header.find("'descr': '<f4'") == std::string::npos ||
      header.find("'fortran_order': False") == std::string::npos) {
    throw std::runtime_error(name + ": expected float32 in C order: " + header);
  }
  Array array;
  std::size_t position = header.find("'shape': (") + 10;
  std::int64_t count = 1;
  while (header[position] != ')') {
    std::size_t used = 0;
    array.shape.push_back(std::stoll(header.substr(position), &used));
    count *= array.shape.back();
    position += used;
    while (header[position] == ',' || header[position] == ' ') ++position;
  }
  array.values.resize(static_cast<std::size_t>(count));
  if (bytes.size() != 10u + header_size + array.values.size() * 4) {
    throw std::runtime_error(name + ": wrong size");
  }
  std::memcpy(array.values.data(), bytes.data() + 10 + header_size, array.values.size() * 4);
  return array;
}

}  // namespace

std::map<std::string, Array> read_npz(const std::filesystem::path& path) {
  struct Close {
    void operator()(void* archive) const { unzClose(archive); }
  };
  const std::unique_ptr<void, Close> zip(unzOpen64(path.c_str()));
  if (zip == nullptr) throw std::runtime_error(path.string() + ": cannot open");
  std::map<std::string, Array> arrays;
  for (int status = unzGoToFirstFile(zip.get()); status == UNZ_OK;
       status = unzGoToNextFile(zip.get())) {
    unz_file_info64 info;
    char name[256];
    unzGetCurrentFileInfo64(zip.get(), &info, name, sizeof name, nullptr, 0, nullptr, 0);
    std::vector<std::byte> bytes(info.uncompressed_size);
    if (unzOpenCurrentFile(zip.get()) != UNZ_OK ||
        unzReadCurrentFile(zip.get(), bytes.data(), static_cast<unsigned>(bytes.size())) !=
            static_cast<int>(bytes.size()) ||
        unzCloseCurrentFile(zip.get()) != UNZ_OK) {
      throw std::runtime_error(path.string() + ": cannot read " + name);
    }
    const std::string array = name;
    arrays.emplace(array.substr(0, array.size() - 4), read_npy(bytes, array));  // less ".npy"
  }
  return arrays;
}

}  // namespace convbert::test
