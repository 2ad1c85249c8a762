#include "train/run_files.h"

#include <filesystem>

#include "cli/exit_status.h"
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

std::optional<int> status_of_finished(const std::string& directory,
                                      const std::vector<std::string>& options, Console& console) {
  const std::string path = directory + "/training.json";
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  const FileBytes file{MappedFile(path)};
  const Json record = parse_json(file.text(), path);
  const auto command = record.is_object() ? record.find("command") : record.end();
  if (command == record.end()) return std::nullopt;
  if (command->dump() != command_json(options).dump()) {
    usage_error("--resume: ", printable(directory), " is finished, and was made with other ",
                "options: ", printable(command->dump(), 200), "; choose another -o");
  }
  console.note(concat(printable(directory), " is finished; nothing is left to do"));
  const auto count = [&](const char* key) -> std::optional<std::int64_t> {
    const auto found = record.find(key);
    if (found == record.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  return exit_status_of(count(kBadRecords).value_or(0), count(kDivergedAt));
}

int exit_status_of(std::int64_t bad_records, std::optional<std::int64_t> diverged_at) {
  return bad_records > 0 || diverged_at ? kSomeFailed : 0;
}

std::string divergence_text(std::optional<std::int64_t> diverged_at) {
  if (!diverged_at) return "";
  return concat("; at step ", grouped(*diverged_at),
                " the loss was no longer a number, and the run ended there");
}

void set_aside(const std::string& state_path, Console& console) {
  std::error_code error;
  if (!std::filesystem::exists(state_path, error)) return;
  const std::string old = state_path + ".old";
  std::filesystem::rename(state_path, old, error);
  if (error) {
    throw Error(ErrorKind::system, concat(printable(state_path), ": cannot be moved to ",
                                          printable(old), ": ", error.message()));
  }
  console.warning(concat(printable(state_path), ", left by an unfinished run, is now ",
                         printable(old), "; --resume would have gone on with it"));
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
