// A file read through the page cache.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace convbert {

// Owns a read-only mapping of a regular file. Move-only. The bytes stay valid, at the same
// address, until it is destroyed. Nothing protects a reader from another process that truncates
// the file meanwhile.
class MappedFile {
 public:
  // Throws Error(system) naming the path when it cannot be opened or is not a regular file.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  // Takes its pages out of this process's memory; those that are read again come back.
  void release_pages() const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace convbert
