// Compressed inputs: all that is in them comes out, and what is wrong is told after that.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "core/error.h"
#include "io/decompressors.h"
#include "io/record_reader.h"
#include "support/process.h"
#include "support/zstd.h"

namespace convbert::test {
namespace {

struct Found {
  std::vector<std::string> texts;
  std::string error;
};

Found read(const std::string& bytes) {
  const TemporaryFolder folder;
  CancelToken cancel;
  Found found;
  try {
    const auto source =
        open_records({.paths = {folder.write("f", bytes)}, .format = InputFormat::text}, cancel);
    for (Record record; source->next(record);) found.texts.push_back(record.text);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::format);
    found.error = error.what();
  }
  return found;
}

const std::vector<std::string> kTwo{"one", "two"};

TEST_CASE("data of every size comes out whole") {
  std::string base;
  while (base.size() < 301'000) base += "line " + std::to_string(base.size() * 7919 % 1000) + "\n";
  std::set<std::size_t> sizes;
  for (std::size_t size = 0; size <= 300'000; size += 3 * 1009) sizes.insert(size);
  for (std::size_t size = 4096; size <= 3 * kDecompressorStep; size += 4096) {
    sizes.insert({size - 1, size, size + 1});
  }
  CancelToken cancel;
  const TemporaryFolder folder;
  for (const std::size_t size : sizes) {
    const std::string plain = base.substr(0, size);
    for (const std::string& packed : {gzip(plain), zstd(plain)}) {
      ByteSource source = ByteSource::file(folder.write("f", packed), cancel);
      std::string found;
      while (source.read(found)) {
      }
      source.check_end();
      if (found != plain) FAIL_CHECK(size);
    }
  }
}

TEST_CASE("frames to be passed over are no text, wherever they stand") {
  const std::string skipped = zstd_skipped("not a text\n");
  CHECK(read(skipped + zstd("one\n") + skipped + zstd("two\n") + skipped).texts == kTwo);
  CHECK(read(skipped).texts.empty());
  CHECK(read(zstd("") + zstd("one\ntwo")).texts == kTwo);
}

TEST_CASE("zeros behind gzip are padding") {
  const Found found =
      read(gzip("one\n") + std::string(5000, '\0') + gzip("two") + std::string(1, '\0'));
  CHECK(found.texts == kTwo);
  CHECK(found.error == "");
}

TEST_CASE("what else follows is told after all that is before it") {
  for (const std::string junk : {"x", "junk behind the data", "\x1f", "\x1f\x8c", "\x28\xb5"}) {
    CAPTURE(junk);
    for (const std::string& packed : {gzip("one\ntwo"), zstd("one\ntwo")}) {
      const Found found = read(packed + junk);
      CHECK(found.texts == kTwo);
      CHECK(found.error.find("something else follows the compressed data") != std::string::npos);
    }
  }
  CHECK(read(zstd("one\ntwo\n") + std::string(9, '\0')).texts == kTwo);
}

TEST_CASE("before damage all whole lines are read, and no cut one") {
  std::string lines;
  for (int i = 0; i < 3000; ++i) lines += std::to_string(i) + "\n";
  std::string damaged = gzip(lines);
  damaged[damaged.size() - 8] ^= 0x55;  // the checksum
  const auto is_prefix = [](const Found& found) {
    for (std::size_t i = 0; i < found.texts.size(); ++i) {
      if (found.texts[i] != std::to_string(i)) return false;
    }
    return true;
  };
  for (const std::string& packed : {gzip(lines), zstd(lines)}) {
    const Found cut = read(packed.substr(0, packed.size() - 9));
    CHECK(is_prefix(cut));
    CHECK(cut.error.find("cut short") != std::string::npos);
  }
  CHECK(is_prefix(read(damaged)));
  CHECK(read(damaged).error.find("damaged") != std::string::npos);
  // gzip comes as it goes.
  CHECK(read(gzip(lines).substr(0, gzip(lines).size() - 9)).texts.size() > 2900);
  CHECK(read(damaged).texts.size() > 2900);
}

TEST_CASE("zstd may refer as far back as its limit, and no farther") {
  CHECK(read(zstd("one\ntwo\n", kMostZstdWindowBits)).texts == kTwo);
  const Found found = read(zstd("one\ntwo\n", kMostZstdWindowBits + 1));
  CHECK(found.texts.empty());
  CHECK(found.error.find("a window of more than 128 MiB; unpack it before: zstd -dc --long=31") !=
        std::string::npos);
}

}  // namespace
}  // namespace convbert::test
