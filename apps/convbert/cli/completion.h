// What a shell offers when the tab key is pressed, from the flags that the parser knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace convbert::app {

// What completes the value of a flag, or an argument.
enum class Completes { nothing, choices, files, directories, models };

struct CompletedValue {
  Completes by = Completes::nothing;
  std::vector<std::string> choices{};
};

struct CompletedFlag {
  std::vector<std::string> spellings;  // "-t", "--text"
  std::string summary;                 // the beginning of its description
  bool takes_value = false;
  CompletedValue value;
};

struct CompletedCommand {
  std::string name;
  std::string summary;
  std::vector<CompletedFlag> flags;
  CompletedValue arguments;
};

// Of the program that has this command, in the order of its help.
std::vector<CompletedCommand> completed_commands(const CLI::App& command);

// Scripts that make the shell complete `convbert`; models: names that a model may have besides a
// directory. Of bash 4.1 or later, zsh and fish as Debian has them, without further packages.
std::string bash_completion(const std::vector<CompletedCommand>& commands,
                            const std::vector<std::string>& models);
std::string zsh_completion(const std::vector<CompletedCommand>& commands,
                           const std::vector<std::string>& models);
std::string fish_completion(const std::vector<CompletedCommand>& commands,
                            const std::vector<std::string>& models);

}  // namespace convbert::app
