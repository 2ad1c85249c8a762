// The commands that are a file each.
#pragma once

#include "cli/command.h"

namespace convbert::app {

void add_tokenize_command(CLI::App& app, const Choose& choose);
void add_embed_command(CLI::App& app, const Choose& choose);
void add_classify_command(CLI::App& app, const Choose& choose);
void add_tag_command(CLI::App& app, const Choose& choose);
void add_fill_mask_command(CLI::App& app, const Choose& choose);
void add_answer_command(CLI::App& app, const Choose& choose);
void add_detect_command(CLI::App& app, const Choose& choose);
void add_convert_command(CLI::App& app, const Choose& choose);
void add_vocab_command(CLI::App& app, const Choose& choose);
void add_completion_command(CLI::App& app, const Choose& choose);
void add_info_command(CLI::App& app, const Choose& choose);

}  // namespace convbert::app
