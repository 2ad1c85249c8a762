// A command of the program: it adds its flags, and what to run when it is chosen.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

#include "cli/console.h"

namespace convbert::app {

// Receives what the chosen command wants to run, with the console that its flags ask for; it
// returns the exit status.
using Command = std::function<int(Console&)>;
using Choose = std::function<void(const ConsoleOptions&, Command)>;

}  // namespace convbert::app
