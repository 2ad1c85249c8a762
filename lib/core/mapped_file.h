// A file read through the page cache.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "core/file_descriptor.h"

namespace convbert {

// Owns a read-only mapping of a regular file. Move-only. The bytes stay valid, at the same
// address, until it is destroyed.
//
// Another process may cut the file short meanwhile. What is then missing reads as zeros, once
// survive_cut_files() has been called, and check() says so; else reading it ends the process.
class MappedFile {
 public:
  // Throws Error(system) naming the path when it cannot be opened or is not a regular file.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  // Throws Error(system) naming the path if the file has become shorter. To be called before what
  // was made of the bytes is used.
  void check() const;

  // Takes its pages out of this process's memory; those that are read again come back.
  void release_pages() const { release_pages(0, size_); }
  // Those that hold the `size` bytes from `offset` on.
  void release_pages(std::size_t offset, std::size_t size) const;

 private:
  std::string path_;
  FileDescriptor descriptor_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t slot_ = 0;  // among the ranges that the signal handler knows
};

// Takes over SIGBUS for reads of mapped files beyond their end; any other ends the process as
// before. For programs: a library leaves signals to its host.
void survive_cut_files();

}  // namespace convbert
