// Flags of `attention`, as parsed and checked.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attention/map_writer.h"
#include "cli/options.h"

namespace convbert::app {

struct AttentionOptions {
  RecordOptions record;
  std::string layers;  // "" for all
  std::string heads;
  std::vector<std::string> maps;  // empty: what the format shows best
  bool words = false;
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
  std::string folder;
  bool statistics = false;
  std::optional<std::int64_t> window;
  std::string compared_model;
  LookOptions look;
  std::vector<std::string> look_flags;  // of `look`, those that were given

  const std::string& format() const { return record.output.format; }
  bool is_format(std::initializer_list<std::string_view> names) const;
};

void add_attention_options(CLI::App& command, AttentionOptions& options);

// The rest that CLI11 cannot see. Throws Error(usage) naming the flag.
void validate(AttentionOptions& options);

}  // namespace convbert::app
