#include "train/run_files.h"

#include <filesystem>

#include "cli/usage_error.h"
#include "core/json.h"
#include "core/mapped_file.h"
#include "core/model_files.h"
#include "core/utf8.h"

namespace convbert::app {

std::string state_path_of(const std::string& directory) {
  const std::size_t end = directory.find_last_not_of('/');
  return directory.substr(0, end == std::string::npos ? end : end + 1) + ".state";
}

OrderedJson command_json(const std::vector<std::string>& options) {
  OrderedJson json = OrderedJson::array();
  for (const std::string& option : options) json.push_back(replace_invalid_utf8(option));
  return json;
}

bool has_finished(const std::string& directory, const std::vector<std::string>& options,
                  Console& console) {
  const std::string path = directory + "/training.json";
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  const FileBytes file{MappedFile(path)};
  const Json record = parse_json(file.text(), path);
  const auto command = record.is_object() ? record.find("command") : record.end();
  if (command == record.end()) return false;
  if (command->dump() != command_json(options).dump()) {
    usage_error("--resume: ", printable(directory), " is finished, and was made with other ",
                "options: ", printable(command->dump(), 200), "; choose another -o");
  }
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
