// The formats that results are written in: one table of what the program knows of each.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace convbert::app {

enum class Format { jsonl, json, csv, tsv, text, table, npy, npz, png, svg, pdf, html, terminal };

struct FormatInfo {
  Format format;
  std::string_view name;       // a value of --format
  std::string_view extension;  // how the name of a file in it ends, without the dot; so, or as
                               // its name or its other extension
  std::string_view other_extension = "";
  bool is_json = false;          // every result with its name
  bool is_table = false;         // a row of cells for every record
  bool is_for_programs = false;  // nothing that a person could read in a terminal
  bool needs_seek = false;       // its beginning can be written only at its end
  bool is_resumable = false;     // its records lie one after another: --resume can go on with them
  bool holds_errors = false;     // has room for what is wrong with a record that failed
  bool is_picture = false;
};

const FormatInfo& info_of(Format format);
inline std::string_view name_of(Format format) { return info_of(format).name; }

// The one of `offered` that is called so; nothing for none.
std::optional<Format> format_from_name(std::string_view name, std::span<const Format> offered);
// The one that the ending of a path names, behind which .gz or .zst may stand; the first where the
// path has no ending, or is that of a device or a pipe.
// Throws Error(usage) naming -o for an ending that none of them has.
Format format_from_path(const std::string& path, std::span<const Format> offered);

std::vector<std::string> names_of(std::span<const Format> formats);
// "jsonl, csv or text": for messages and help.
std::string list_of(std::span<const std::string> names, std::string_view last = " or ");

}  // namespace convbert::app
