#include "cli/unexpected.h"

#include <CLI/CLI.hpp>

#include <vector>

#include "cli/format.h"
#include "cli/suggestion.h"
#include "core/error.h"

namespace convbert::app {
namespace {

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
  }
  return flags;
}

std::vector<std::string> commands_of(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

bool is_known(const CLI::App& command, const std::string& flag) {
  return command.get_option_no_throw(flag) != nullptr;
}

}  // namespace

std::string unexpected_argument(const CLI::App& program) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  const bool is_before_command = !program.remaining(false).empty();
  const std::string argument = program.remaining(true).front();
  const std::string shown = printable(argument, 60);
  const bool is_flag = argument.size() > 1 && argument.front() == '-';
  const std::string flag = argument.substr(0, argument.find('='));
  if (!is_flag && chosen.empty()) {
    const std::vector<std::string> commands = commands_of(program);
    const std::string hint = did_you_mean(argument, commands);
    return concat("no command is called \"", shown, "\"",
                  hint.empty() ? "; the commands are " + list_of(commands, " and ") : hint);
  }
  if (chosen.empty()) {
    return concat(shown, ": expected a command first, as in convbert embed ", shown);
  }
  const CLI::App& command = *chosen.front();
  if (is_before_command && is_flag && is_known(command, flag)) {
    return concat(shown, " belongs behind the command: convbert ", command.get_name(), " ", shown);
  }
  if (is_before_command || !is_flag) {
    return concat(is_before_command ? "convbert" : command.get_name(), ": unexpected argument \"",
                  shown, "\"");
  }
  return concat(command.get_name(), " has no flag ", printable(flag, 60),
                did_you_mean(flag, flags_of(command)));
}

}  // namespace convbert::app
