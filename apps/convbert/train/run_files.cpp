#include "train/run_files.h"

#include <filesystem>

#include "core/error.h"

namespace convbert::app {

std::string state_path_of(const std::string& directory) { return directory + ".state"; }

bool has_finished(const std::string& directory, Console& console) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) return false;
  console.note(concat(printable(directory), " is finished; nothing is left to do"));
  return true;
}

std::optional<OutputFile> left_log(const std::string& path) {
  return path.empty() ? std::nullopt : OutputFile::take_up(path);
}

void clear_up(std::optional<OutputFile> log, const std::string& state_path) {
  if (log) log->finish();
  std::error_code error;
  std::filesystem::remove(state_path, error);
}

}  // namespace convbert::app
