#include "cli/named_files.h"

#include <filesystem>

#include "cli/usage_error.h"

namespace convbert::app {
namespace {

namespace fs = std::filesystem;

// Of "-", what the system calls the stream, which may be a file by redirection.
std::string path_of(const std::string& path, const char* stream) {
  return path == "-" ? stream : path;
}

bool are_same(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return false;
  std::error_code error;
  if (fs::is_other(a, error)) return false;
  if (fs::equivalent(a, b, error)) return true;
  const fs::path first = fs::weakly_canonical(a, error);
  return !error && first == fs::weakly_canonical(b, error) && !error;
}

}  // namespace

void check_apart(const std::vector<NamedFiles>& written, const std::vector<NamedFiles>& read) {
  for (auto output = written.begin(); output != written.end(); ++output) {
    const auto check = [&](const NamedFiles& others, const char* stream, const char* what) {
      for (const std::string& path : output->paths) {
        for (const std::string& other : others.paths) {
          if (!are_same(path_of(path, "/dev/stdout"), path_of(other, stream))) continue;
          usage_error(output->flag, ": ", path == "-" ? "standard output" : printable(path),
                      " is what ", others.flag, " ", what, "; expected another file");
        }
      }
    };
    for (const NamedFiles& input : read) check(input, "/dev/stdin", "reads");
    for (auto other = written.begin(); other != output; ++other) {
      check(*other, "/dev/stdout", "writes");
    }
  }
}

}  // namespace convbert::app
