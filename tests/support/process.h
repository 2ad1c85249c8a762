// Runs programs as a shell would, for tests of the real binary.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace convbert::test {

struct ProcessResult {
  int status;  // exit status, or 128 + signal
  std::string out;
  std::string err;
  std::int64_t peak_bytes = 0;  // of memory that was resident at a time
};

struct ProcessOptions {
  std::string input{};                               // of standard input
  std::map<std::string, std::string> environment{};  // added to the test's own
  std::string output_path{};                         // standard output goes there instead
  std::string directory{};                           // to run in
  std::vector<int> closed{};                         // standard descriptors that are not open
  std::vector<int> terminals{};                      // those that are one terminal instead of pipes
  int columns = 80;                                  // of that terminal
  bool nonblocking_output = false;                   // as some programs leave a pipe
  std::int64_t most_memory_bytes = 0;                // of its address space; 0: no limit
  std::int64_t most_file_bytes = 0;  // no file may grow beyond, as on a full disk; 0: no limit
};

// Whether there are pseudo-terminals here; a bare chroot has none, and tests of them are skipped.
bool has_terminals();

// `convbert ARGUMENTS...`, waited for; at most a minute.
ProcessResult run_convbert(const std::vector<std::string>& arguments,
                           const ProcessOptions& options = {});

// One that is talked to while it runs. Killed, if need be, when it goes out of scope.
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments, const ProcessOptions& options = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void write(const std::string& text);  // to its terminal, where its input is one
  void close_input();
  // A line of standard output without its '\n'; "" if there is none within ten seconds.
  std::string read_line();
  // Waits for that text on standard error, at most ten seconds. What a terminal shows is there,
  // too.
  bool read_error(const std::string& text);
  void close_output();
  void signal(int number);
  bool has_ended() const;
  ProcessResult wait();

 private:
  bool pump(int timeout_ms);

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string out_text_;
  std::string err_text_;
};

// A folder that is gone when the test is.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name = "") const;
  std::string write(const std::string& name, const std::string& content) const;  // the path

 private:
  std::string path_;
};

// A run that could not be done: status 2, nothing on standard output, one line that says why.
void check_refused(const ProcessResult& result, const std::string& reason);

// The same of a run that may have told what it does, and named bad records, above the last line.
void check_stopped(const ProcessResult& result, const std::string& reason);

// Arguments with more behind them.
std::vector<std::string> with(std::vector<std::string> first, const std::vector<std::string>& then);

std::string read_file(const std::string& path);
// What all files of a directory and its folders hold, by their names in it.
std::map<std::string, std::string> files_of(const std::string& directory);
std::vector<std::string> split_lines(const std::string& text);
std::string gzip(const std::string& text);
std::string replaced(std::string text, const std::string& from, const std::string& to);

}  // namespace convbert::test
