// What a partial file was made from, beside it in FILE.partial.state while a run lasts. One JSON
// object a line: what the results depend on, then, now and then, how many records the file had at
// least, and the digest of the input's records up to there.
//
//   {"convbert":"0.1.0","command":["embed","--dim=4"],"format":"npy","files":"81c9..."}
//   {"records":1200,"input":"0f4c..."}
//
// A line is written after the results that it tells of, so that a run can be killed at any moment:
// what is missing here is computed again, never believed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/request.h"
#include "core/file_descriptor.h"
#include "io/record.h"

struct XXH3_state_s;

namespace convbert::app {

// XXH3, 128 bits (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
class Digest {
 public:
  Digest();

  void add_bytes(std::span<const char> bytes);
  // With its length before it, so that no two lists of texts look alike.
  void add_text(std::string_view text);
  // Likewise, the bytes of a list of numbers.
  template <class Number>
  void add_numbers(const std::vector<Number>& numbers) {
    const auto bytes = std::as_bytes(std::span(numbers));
    add_text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  // Name and content of a regular file; of anything else, its path.
  void add_file(const std::string& path);
  // All that a result can depend on.
  void add_record(const Record& record);
  std::string text() const;  // 32 hexadecimal digits

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

class RunState {
 public:
  // files: that results depend on, beside the input.
  RunState(const OutputRequest& output, std::vector<std::string> files);
  RunState(const RunState&) = delete;
  RunState& operator=(const RunState&) = delete;

  // What an earlier run has kept; nothing where there is no such file, or not yet a whole line.
  // Throws Error(usage) where it tells of other options or other files.
  void load();
  // Of the first `count` records, how many are known to the file.
  std::int64_t known(std::int64_t count) const;
  // The input's next record. False where an earlier run had other records up to here.
  bool take_up(const Record& record);

  // The next record, with its result on the way into the partial file.
  void add(const Record& record);
  // All results are there: now and then a line is written.
  void flushed();
  // Writes a line at once.
  void save();

 private:
  struct Checkpoint {
    std::int64_t records;
    std::string input;
  };
  const std::string& first_line();
  void check(const std::string& line);

  static constexpr std::chrono::milliseconds kLeastInterval{200};

  const OutputRequest& output_;
  std::vector<std::string> files_;
  std::string path_;
  std::optional<std::string> first_line_;  // made once: it takes reading the files
  Digest digest_;
  std::int64_t records_ = 0;
  std::vector<Checkpoint> loaded_;  // by rising number of records
  std::size_t taken_up_ = 0;        // of `loaded_`
  FileDescriptor file_;             // from the first line that is written
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_ = start_ + kLeastInterval;
};

}  // namespace convbert::app
