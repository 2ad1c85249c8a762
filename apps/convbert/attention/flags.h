// Flags of `attention`, as they are given. attention/request.h checks them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"

namespace convbert::app {

inline constexpr Format kAttentionFormats[] = {
    Format::jsonl, Format::npz, Format::csv,  Format::tsv,      Format::png,
    Format::svg,   Format::pdf, Format::html, Format::terminal, Format::table};

struct AttentionFlags {
  RecordFlags record;
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
  std::optional<std::string> theme;
  std::optional<std::string> scale;
  std::optional<double> width;
  std::optional<double> resolution;
};

void add_attention_flags(CLI::App& command, AttentionFlags& flags);

}  // namespace convbert::app
