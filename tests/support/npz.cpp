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
  if (!array.values.empty()) {
    std::memcpy(array.values.data(), bytes.data() + 10 + header_size, array.values.size() * 4);
  }
  return array;
}

// The files of a zip archive.
std::map<std::string, std::vector<std::byte>> read_files(const std::filesystem::path& path) {
  struct Close {
    void operator()(void* archive) const { unzClose(archive); }
  };
  const std::unique_ptr<void, Close> zip(unzOpen64(path.c_str()));
  if (zip == nullptr) throw std::runtime_error(path.string() + ": cannot open");
  std::map<std::string, std::vector<std::byte>> files;
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
    files.emplace(name, std::move(bytes));
  }
  return files;
}

std::string without_extension(const std::string& name) {
  return name.substr(0, name.size() - 4);  // ".npy"
}

bool holds_floats(const std::vector<std::byte>& npy) {
  const std::string_view text(reinterpret_cast<const char*>(npy.data()), npy.size());
  return text.substr(0, 128).find("'descr': '<f4'") != std::string_view::npos;
}

}  // namespace

std::map<std::string, Array> read_npz(const std::filesystem::path& path) {
  std::map<std::string, Array> arrays;
  for (const auto& [name, bytes] : read_files(path)) {
    arrays.emplace(without_extension(name), read_npy(bytes, name));
  }
  return arrays;
}

std::map<std::string, Array> read_npz_floats(const std::filesystem::path& path) {
  std::map<std::string, Array> arrays;
  for (const auto& [name, bytes] : read_files(path)) {
    if (holds_floats(bytes)) arrays.emplace(without_extension(name), read_npy(bytes, name));
  }
  return arrays;
}

std::vector<std::string> npz_names(const std::filesystem::path& path) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : read_files(path)) names.push_back(without_extension(name));
  return names;
}

}  // namespace convbert::test
