// A command of the program: it adds its flags, and what to run when it is chosen.
#pragma once

#include <functional>
#include <memory>

#include "cli/console.h"
#include "cli/flags.h"

namespace convbert::app {

// Receives what the chosen command wants to run, with the console that its flags ask for; it
// returns the exit status.
using Command = std::function<int(Console&)>;
using Choose = std::function<void(const ConsoleOptions&, Command)>;

// Flags: a struct of the flags as they were given, which `run` makes a checked request of.
template <class Flags>
struct CommandSpec {
  const char* name;
  const char* description;
  void (*add_flags)(CLI::App& command, Flags& flags);
  int (*run)(const Flags& flags, Console& console);
};

CLI::App& add_subcommand(CLI::App& app, const char* name, const char* description);
void when_chosen(CLI::App& command, std::function<void()> call);

// The flags of messages, which every command has, are added here.
template <class Flags>
void add_command(CLI::App& app, const Choose& choose, const CommandSpec<Flags>& spec) {
  struct Parsed {
    Flags flags;
    ConsoleOptions console;
  };
  auto parsed = std::make_shared<Parsed>();
  CLI::App& command = add_subcommand(app, spec.name, spec.description);
  spec.add_flags(command, parsed->flags);
  add_console_flags(command, parsed->console);
  when_chosen(command, [parsed, choose, run = spec.run] {
    choose(parsed->console,
           [parsed, run](Console& console) { return run(parsed->flags, console); });
  });
}

}  // namespace convbert::app
