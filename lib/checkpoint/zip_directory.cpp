#include "checkpoint/zip_directory.h"

#include <minizip/unzip.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "core/error.h"

namespace convbert {
namespace {

constexpr std::size_t kMostFiles = 1 << 16;  // torch.save writes one a storage, and a few
constexpr std::size_t kMostNameBytes = 1024;

// minizip reads through callbacks; these serve a span and never leave it.
struct SpanStream {
  std::span<const std::byte> bytes;
  std::uint64_t position = 0;
};

voidpf open_stream(voidpf opaque, const void*, int) { return opaque; }
uLong read_stream(voidpf, voidpf stream, void* to, uLong size) {
  auto& source = *static_cast<SpanStream*>(stream);
  const auto count = std::min<std::uint64_t>(size, source.bytes.size() - source.position);
  if (count > 0) std::memcpy(to, source.bytes.data() + source.position, count);
  source.position += count;
  return static_cast<uLong>(count);
}
uLong write_stream(voidpf, voidpf, const void*, uLong) { return 0; }
ZPOS64_T tell_stream(voidpf, voidpf stream) { return static_cast<SpanStream*>(stream)->position; }
long seek_stream(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  auto& source = *static_cast<SpanStream*>(stream);
  std::uint64_t base = 0;
  if (origin == ZLIB_FILEFUNC_SEEK_CUR) base = source.position;
  if (origin == ZLIB_FILEFUNC_SEEK_END) base = source.bytes.size();
  if (offset > source.bytes.size() - base) return -1;
  source.position = base + offset;
  return 0;
}
int close_stream(voidpf, voidpf) { return 0; }
int error_stream(voidpf, voidpf) { return 0; }

struct CloseArchive {
  void operator()(void* archive) const { unzClose(archive); }
};

std::uint32_t crc_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

std::map<std::string, std::span<const std::byte>> read_zip_directory(
    std::span<const std::byte> archive, const std::string& source) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::format, concat(source, ": not a valid zip archive: ", what));
  };
  SpanStream stream{archive};
  zlib_filefunc64_def functions{open_stream, read_stream,  write_stream, tell_stream,
                                seek_stream, close_stream, error_stream, &stream};
  const std::unique_ptr<void, CloseArchive> zip(unzOpen2_64("", &functions));
  if (zip == nullptr) fail("its directory is missing or damaged (is the file cut short?)");

  std::map<std::string, std::span<const std::byte>> files;
  std::uint64_t left = archive.size();  // bytes that no file has taken so far
  int status = unzGoToFirstFile(zip.get());
  for (; status == UNZ_OK; status = unzGoToNextFile(zip.get())) {
    unz_file_info64 info;
    if (unzGetCurrentFileInfo64(zip.get(), &info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK) {
      fail("an entry of its directory is damaged");
    }
    if (files.size() == kMostFiles) fail(concat("it holds more than ", kMostFiles, " files"));
    if (info.size_filename > kMostNameBytes) {
      fail(concat("a file's name has ", info.size_filename, " bytes; expected at most ",
                  kMostNameBytes));
    }
    std::vector<char> buffer(info.size_filename + 1);
    unzGetCurrentFileInfo64(zip.get(), &info, buffer.data(), buffer.size(), nullptr, 0, nullptr, 0);
    const std::string name(buffer.data(), info.size_filename);
    if (name.ends_with('/')) continue;
    const std::string quoted = "\"" + printable(name) + "\"";
    if (info.compression_method != 0 || info.compressed_size != info.uncompressed_size) {
      fail(quoted + " is compressed, which torch.save never does");
    }
    if ((info.flag & 1) != 0) fail(quoted + " is encrypted");

    int method = 0;
    int level = 0;
    if (unzOpenCurrentFile2(zip.get(), &method, &level, 1) != UNZ_OK) {
      fail(quoted + " is not where the directory says");
    }
    const std::uint64_t begin = unzGetCurrentFileZStreamPos64(zip.get());
    if (begin > archive.size() || info.uncompressed_size > archive.size() - begin) {
      fail(concat(quoted, " takes ", info.uncompressed_size, " bytes at ", begin, " of ",
                  archive.size()));
    }
    // Each byte is summed up once: files that share theirs are no work of torch's.
    if (info.uncompressed_size > left) fail(quoted + " overlaps another file");
    left -= info.uncompressed_size;
    const auto bytes = archive.subspan(begin, info.uncompressed_size);
    if (crc_of(bytes) != info.crc) fail(quoted + " does not match its checksum");
    if (!files.emplace(name, bytes).second) fail(quoted + " occurs twice");
    unzCloseCurrentFile(zip.get());
  }
  if (status != UNZ_END_OF_LIST_OF_FILE) fail("its directory is damaged");
  return files;
}

}  // namespace convbert
