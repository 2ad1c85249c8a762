// The commands of the program: each adds its flags, and what to run when it is chosen.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

#include "console.h"

namespace convbert::app {

// Receives what the chosen command wants to run, with the console that its flags ask for; it
// returns the exit status.
using Command = std::function<int(Console&)>;
using Choose = std::function<void(const ConsoleOptions&, Command)>;

void add_tokenize_command(CLI::App& app, const Choose& choose);
void add_embed_command(CLI::App& app, const Choose& choose);
void add_classify_command(CLI::App& app, const Choose& choose);
void add_attention_command(CLI::App& app, const Choose& choose);
void add_info_command(CLI::App& app, const Choose& choose);
void add_bench_command(CLI::App& app, const Choose& choose);

}  // namespace convbert::app
