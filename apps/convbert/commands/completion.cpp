#include "cli/completion.h"

#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "cli/whole_output.h"
#include "commands/commands.h"
#include "run/models.h"

namespace convbert::app {
namespace {

struct CompletionFlags {
  std::string shell;
  const CLI::App* command = nullptr;  // this one, a part of the program
};

int run(const CompletionFlags& flags, Console&) {
  const std::vector<CompletedCommand> commands = completed_commands(*flags.command);
  const std::vector<std::string> models = embedded_models();
  write_whole(OutputFile::standard_output(),
              flags.shell == "bash"  ? bash_completion(commands, models)
              : flags.shell == "zsh" ? zsh_completion(commands, models)
                                     : fish_completion(commands, models));
  return 0;
}

void add_flags(CLI::App& command, CompletionFlags& flags) {
  flags.command = &command;
  FlagGroup group(command, "Arguments");
  group.add_argument("SHELL", flags.shell, "bash, zsh or fish")
      .one_of({"bash", "zsh", "fish"})
      .required();
  set_footer(
      command,
      "bash:  convbert completion bash > ~/.local/share/bash-completion/completions/convbert\n"
      "       or, in ~/.bashrc: source <(convbert completion bash)\n"
      "zsh:   convbert completion zsh > a folder of $fpath, as _convbert\n"
      "       or, in ~/.zshrc behind compinit: source <(convbert completion zsh)\n"
      "fish:  convbert completion fish > ~/.config/fish/completions/convbert.fish\n");
}

}  // namespace

void add_completion_command(CLI::App& app, const Choose& choose) {
  add_command<CompletionFlags>(
      app, choose,
      {"completion", "What makes a shell complete commands and flags", add_flags, run});
}

}  // namespace convbert::app
