#include "cli/completion.h"

#include <CLI/CLI.hpp>

#include <algorithm>

#include "core/error.h"

namespace convbert::app {
namespace {

// As much of a description as a list of flags has room for: its first clause.
std::string summary_of(const std::string& description) {
  constexpr std::size_t kMost = 72;
  std::string text = description.substr(0, description.find_first_of(";:("));
  if (const auto end = text.find(". "); end != std::string::npos) text.resize(end);
  if (text.size() > kMost) text.resize(std::min(text.rfind(' ', kMost), kMost));
  text.erase(text.find_last_not_of(" ,") + 1);
  return text;
}

// CLI11 calls the type of a value "NAME:{a,b}" where there are choices.
CompletedValue value_of(const std::string& type) {
  const auto choices = type.find(":{");
  if (choices != std::string::npos) {
    const std::string list = type.substr(choices + 2, type.find('}') - choices - 2);
    return {Completes::choices, CLI::detail::split(list, ',')};
  }
  if (type.starts_with("FILE")) return {Completes::files};
  if (type == "DIR") return {Completes::directories};
  if (type == "MODEL") return {Completes::models};
  return {};
}

CompletedFlag flag_of(const CLI::Option& option) {
  CompletedFlag flag{.spellings = {},
                     .summary = summary_of(option.get_description()),
                     .takes_value = option.get_items_expected_max() != 0,
                     .value = {}};
  for (const std::string& name : option.get_snames()) flag.spellings.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.spellings.push_back("--" + name);
  if (flag.takes_value) flag.value = value_of(option.get_type_name());
  return flag;
}

// Arguments have no type of their own: one that is called MODEL is one, others are files.
CompletedValue value_of_argument(const CLI::Option& option) {
  CompletedValue value = value_of(option.get_type_name());
  if (value.by == Completes::choices) return value;
  return {option.get_name(true) == "MODEL" ? Completes::models : Completes::files};
}

CompletedCommand command_of(const CLI::App& app) {
  CompletedCommand command{app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.arguments = value_of_argument(*option);
    } else if (!option->get_group().empty()) {  // not hidden
      command.flags.push_back(flag_of(*option));
    }
  }
  return command;
}

std::string joined(const std::vector<std::string>& parts, const char* between = " ") {
  return CLI::detail::join(parts, between);
}

// In single quotes, as all of these shells read it; fish alone sees a backslash in there.
std::string in_quotes(std::string_view text, bool for_fish = false) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += for_fish ? "\\'" : "'\\''";
    } else if (c == '\\' && for_fish) {
      quoted += "\\\\";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// What bash calls to complete a value.
std::string bash_action(const CompletedValue& value, const std::vector<std::string>& models) {
  switch (value.by) {
    case Completes::nothing: return "_convbert_words";
    case Completes::choices: return concat("_convbert_words ", in_quotes(joined(value.choices)));
    case Completes::files: return "_convbert_paths -f";
    case Completes::directories: return "_convbert_paths -d";
    case Completes::models: return concat("_convbert_paths -d ", in_quotes(joined(models)));
  }
  return "";
}

// What zsh's _arguments takes for a value.
std::string zsh_action(const CompletedValue& value) {
  switch (value.by) {
    case Completes::nothing: return "";
    case Completes::choices: return concat("(", joined(value.choices), ")");
    case Completes::files: return "_files";
    case Completes::directories: return "_files -/";
    case Completes::models: return "_convbert_models";
  }
  return "";
}

// In a specification of _arguments a bracket ends the summary, and a colon begins the value.
std::string zsh_flag(const CompletedFlag& flag) {
  std::string summary;
  for (const char c : flag.summary) {
    if (c == '[' || c == ']' || c == ':') summary += '\\';
    summary += c;
  }
  std::string lines;
  for (const std::string& spelling : flag.spellings) {
    std::string text = "*" + spelling;
    if (flag.takes_value) text += spelling.starts_with("--") ? "=" : "+";
    text += concat("[", summary, "]");
    if (flag.takes_value) text += concat(":value:", zsh_action(flag.value));
    lines += concat(" \\\n        ", in_quotes(text));
  }
  return lines;
}

std::string fish_values(const CompletedValue& value, const std::vector<std::string>& models) {
  switch (value.by) {
    case Completes::nothing: return " -x";
    case Completes::choices: return concat(" -x -a ", in_quotes(joined(value.choices), true));
    case Completes::files: return " -r -F";
    case Completes::directories: return " -x -a '(__fish_complete_directories)'";
    case Completes::models:
      return concat(" -x -a ",
                    in_quotes(concat(joined(models), " (__fish_complete_directories)"), true));
  }
  return "";
}

std::string fish_flag(const CompletedFlag& flag, const std::string& begin,
                      const std::vector<std::string>& models) {
  std::string line = begin;
  for (const std::string& spelling : flag.spellings) {
    const bool is_long = spelling.starts_with("--");
    line += concat(is_long ? " -l " : " -s ", spelling.substr(is_long ? 2 : 1));
  }
  if (flag.takes_value) line += fish_values(flag.value, models);
  return concat(line, " -d ", in_quotes(flag.summary, true), "\n");
}

}  // namespace

std::vector<CompletedCommand> completed_commands(const CLI::App& command) {
  std::vector<CompletedCommand> commands;
  const auto all = [](const CLI::App*) { return true; };
  for (const CLI::App* one : command.get_parent()->get_subcommands(all)) {
    commands.push_back(command_of(*one));
  }
  return commands;
}

std::string bash_completion(const std::vector<CompletedCommand>& commands,
                            const std::vector<std::string>& models) {
  std::string names;
  std::string values;
  std::string rest;
  for (const CompletedCommand& command : commands) {
    names += concat(names.empty() ? "" : " ", command.name);
    std::vector<std::string> spellings;
    for (const CompletedFlag& flag : command.flags) {
      spellings.insert(spellings.end(), flag.spellings.begin(), flag.spellings.end());
      if (!flag.takes_value) continue;
      std::vector<std::string> patterns;
      for (const std::string& spelling : flag.spellings) {
        patterns.push_back(concat(command.name, ",", spelling));
      }
      values += concat("    ", joined(patterns, "|"), ") ", bash_action(flag.value, models),
                       "; return ;;\n");
    }
    rest +=
        concat("    ", command.name, ",-*) _convbert_words ", in_quotes(joined(spellings)),
               " ;;\n    ", command.name, ",*) ", bash_action(command.arguments, models), " ;;\n");
  }
  return concat(R"bash(# bash completion of convbert; written by `convbert completion bash`.

_convbert_words() {
  compopt +o default +o bashdefault 2> /dev/null
  COMPREPLY=($(compgen -W "$1" -- "$word"))
}

_convbert_paths() {
  compopt -o filenames 2> /dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$word"; compgen -W "$2" -- "$word")
}

_convbert() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= i
  COMPREPLY=()
  # --flag=value comes in three words.
  if [[ $word == = ]]; then
    word=
  elif [[ $previous == = && $COMP_CWORD -gt 2 ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ ${COMP_WORDS[i]} != -* ]]; then
      command=${COMP_WORDS[i]}
      break
    fi
  done
  if [[ -z $command ]]; then
    _convbert_words ')bash",
                names, R"bash( help -h --help -V --version'
    return
  fi
  case $command,$previous in
)bash",
                values, R"bash(  esac
  case $command,$word in
)bash",
                rest, R"bash(    help,*) _convbert_words ')bash", names, R"bash(' ;;
  esac
}

complete -o default -o bashdefault -F _convbert convbert
)bash");
}

std::string zsh_completion(const std::vector<CompletedCommand>& commands,
                           const std::vector<std::string>& models) {
  std::string names;
  std::string cases;
  for (const CompletedCommand& command : commands) {
    names += concat("    ", in_quotes(concat(command.name, ":", command.summary)), "\n");
    cases += concat("    ", command.name, ")\n      _arguments -s -S");
    for (const CompletedFlag& flag : command.flags) cases += zsh_flag(flag);
    cases += concat(" \\\n        ", in_quotes("*:argument:" + zsh_action(command.arguments)),
                    "\n      ;;\n");
  }
  return concat(R"zsh(#compdef convbert
# zsh completion of convbert; written by `convbert completion zsh`.

_convbert_models() {
  _alternative 'models:embedded model:()zsh",
                joined(models), R"zsh()' 'directories:directory:_files -/'
}

_convbert() {
  local -a commands=(
)zsh",
                names, R"zsh(  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT -= 1 ))
  case $command in
)zsh",
                cases, R"zsh(    help) _describe command commands ;;
  esac
}

# Sourced, it says for what it is; on $fpath, the first call is one to complete.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _convbert "$@"
else
  compdef _convbert convbert
fi
)zsh");
}

std::string fish_completion(const std::vector<CompletedCommand>& commands,
                            const std::vector<std::string>& models) {
  std::string lines;
  for (const CompletedCommand& command : commands) {
    lines += concat("complete -c convbert -n __fish_use_subcommand -f -a ", command.name, " -d ",
                    in_quotes(command.summary, true), "\n");
  }
  for (const CompletedCommand& command : commands) {
    const std::string begin =
        concat("complete -c convbert -n '__fish_seen_subcommand_from ", command.name, "'");
    for (const CompletedFlag& flag : command.flags) lines += fish_flag(flag, begin, models);
    const CompletedValue& arguments = command.arguments;
    if (arguments.by == Completes::choices) {
      lines += concat(begin, " -f -a ", in_quotes(joined(arguments.choices), true), "\n");
    } else if (arguments.by == Completes::models) {
      lines += concat(begin, " -a ", in_quotes(joined(models), true), "\n");
    }
  }
  return "# fish completion of convbert; written by `convbert completion fish`.\n" + lines;
}

}  // namespace convbert::app
