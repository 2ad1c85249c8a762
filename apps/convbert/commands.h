// The commands of the program: each adds its flags, and what to run when it is chosen.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace convbert::app {

// Receives what the chosen command wants to run; it returns the exit status.
using Choose = std::function<void(std::function<int()>)>;

void add_tokenize_command(CLI::App& app, const Choose& choose);
void add_embed_command(CLI::App& app, const Choose& choose);
void add_classify_command(CLI::App& app, const Choose& choose);
void add_attention_command(CLI::App& app, const Choose& choose);
void add_info_command(CLI::App& app, const Choose& choose);

}  // namespace convbert::app
