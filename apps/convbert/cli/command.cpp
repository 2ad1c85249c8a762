#include "cli/command.h"

#include <CLI/CLI.hpp>

#include <utility>

namespace convbert::app {

CLI::App& add_subcommand(CLI::App& app, const char* name, const char* description) {
  return *app.add_subcommand(name, description);
}

void when_chosen(CLI::App& command, std::function<void()> call) {
  command.callback(std::move(call));
}

}  // namespace convbert::app
