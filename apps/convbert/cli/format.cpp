#include "cli/format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "cli/usage_error.h"
#include "io/compressors.h"

namespace convbert::app {
namespace {

// In the order of the enumeration.
constexpr std::array kFormats{
    FormatInfo{.format = Format::jsonl,
               .name = "jsonl",
               .extension = "jsonl",
               .other_extension = "ndjson",
               .is_json = true,
               .is_resumable = true,
               .holds_errors = true},
    FormatInfo{.format = Format::json,
               .name = "json",
               .extension = "json",
               .is_json = true,
               .holds_errors = true},
    FormatInfo{.format = Format::csv,
               .name = "csv",
               .extension = "csv",
               .is_table = true,
               .is_resumable = true,
               .holds_errors = true},
    FormatInfo{.format = Format::tsv,
               .name = "tsv",
               .extension = "tsv",
               .is_table = true,
               .is_resumable = true,
               .holds_errors = true},
    FormatInfo{.format = Format::text, .name = "text", .extension = "txt", .is_resumable = true},
    FormatInfo{.format = Format::table, .name = "table", .extension = "txt", .is_table = true},
    FormatInfo{.format = Format::npy,
               .name = "npy",
               .extension = "npy",
               .is_for_programs = true,
               .needs_seek = true,
               .is_resumable = true},
    FormatInfo{.format = Format::npz,
               .name = "npz",
               .extension = "npz",
               .is_for_programs = true,
               .needs_seek = true},
    FormatInfo{.format = Format::png,
               .name = "png",
               .extension = "png",
               .is_for_programs = true,
               .is_picture = true},
    FormatInfo{.format = Format::svg,
               .name = "svg",
               .extension = "svg",
               .is_for_programs = true,
               .is_picture = true},
    FormatInfo{.format = Format::pdf,
               .name = "pdf",
               .extension = "pdf",
               .is_for_programs = true,
               .is_picture = true},
    FormatInfo{.format = Format::html,
               .name = "html",
               .extension = "html",
               .other_extension = "htm",
               .is_for_programs = true},
    FormatInfo{.format = Format::terminal, .name = "terminal", .extension = "terminal"},
};

// How a file in it ends, without the dot. A table for people is rounded, so it is never what .txt
// stands for beside formats that keep results whole, unless a report is one anyway.
std::string_view extension_of(Format format, std::span<const Format> offered) {
  const bool is_beside_others = format == Format::table && format != offered.front();
  return is_beside_others ? "" : info_of(format).extension;
}

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    if (static_cast<std::size_t>(kFormats[i].format) != i) return false;
  }
  return kFormats.size() == static_cast<std::size_t>(Format::terminal) + 1;
}
static_assert(is_in_order());

}  // namespace

const FormatInfo& info_of(Format format) { return kFormats[static_cast<std::size_t>(format)]; }

std::optional<Format> format_from_name(std::string_view name, std::span<const Format> offered) {
  const auto found = std::ranges::find(offered, name, name_of);
  return found == offered.end() ? std::nullopt : std::optional(*found);
}

Format format_from_path(const std::string& path, std::span<const Format> offered) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return offered.front();
  }
  std::string ending = std::filesystem::path(without_compression(path)).extension().string();
  if (ending.empty()) return offered.front();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto ends_so = [name = ending.substr(1), offered](Format format) {
    const FormatInfo& info = info_of(format);
    if (name.empty()) return false;
    return name == extension_of(format, offered) || name == info.name ||
           name == info.other_extension;
  };
  const auto found = std::ranges::find_if(offered, ends_so);
  if (found != offered.end()) return *found;
  std::vector<std::string> known;
  for (const Format format : offered) {
    const std::string_view extension = extension_of(format, offered);
    if (!extension.empty()) known.push_back(concat(".", extension));
  }
  usage_error("-o ", printable(path), ": no format here ends in ", printable(ending), "; expected ",
              list_of(known), ", or --format to say which it is");
}

std::vector<std::string> names_of(std::span<const Format> formats) {
  std::vector<std::string> names;
  names.reserve(formats.size());
  for (const Format format : formats) names.emplace_back(name_of(format));
  return names;
}

std::string list_of(std::span<const std::string> names, std::string_view last) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 == names.size() ? last : ", ";
    list += names[i];
  }
  return list;
}

}  // namespace convbert::app
