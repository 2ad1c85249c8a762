#include "cli/format.h"

#include <algorithm>
#include <array>
#include <filesystem>

namespace convbert::app {
namespace {

// In the order of the enumeration.
constexpr std::array kFormats{
    FormatInfo{.format = Format::jsonl,
               .name = "jsonl",
               .extension = "jsonl",
               .is_json = true,
               .is_resumable = true,
               .holds_errors = true},
    FormatInfo{.format = Format::json,
               .name = "json",
               .extension = "json",
               .is_json = true,
               .holds_errors = true},
    FormatInfo{.format = Format::csv, .name = "csv", .extension = "csv"},
    FormatInfo{.format = Format::tsv, .name = "tsv", .extension = "tsv", .is_resumable = true},
    FormatInfo{.format = Format::text, .name = "text", .extension = "txt", .is_resumable = true},
    FormatInfo{.format = Format::table, .name = "table", .extension = "table"},
    FormatInfo{.format = Format::npy,
               .name = "npy",
               .extension = "npy",
               .is_binary = true,
               .needs_seek = true,
               .is_resumable = true},
    FormatInfo{.format = Format::npz,
               .name = "npz",
               .extension = "npz",
               .is_binary = true,
               .needs_seek = true},
    FormatInfo{.format = Format::png,
               .name = "png",
               .extension = "png",
               .is_binary = true,
               .is_picture = true},
    FormatInfo{.format = Format::svg, .name = "svg", .extension = "svg", .is_picture = true},
    FormatInfo{.format = Format::pdf,
               .name = "pdf",
               .extension = "pdf",
               .is_binary = true,
               .is_picture = true},
    FormatInfo{.format = Format::html, .name = "html", .extension = "html"},
    FormatInfo{.format = Format::terminal, .name = "terminal", .extension = "terminal"},
};

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

std::optional<Format> format_from_path(const std::string& path, std::span<const Format> offered) {
  const std::string extension = std::filesystem::path(path).extension().string();
  if (extension.empty()) return std::nullopt;
  const auto found = std::ranges::find(offered, extension.substr(1), [](Format format) {
    return std::string(info_of(format).extension);
  });
  return found == offered.end() ? format_from_name(extension.substr(1), offered)
                                : std::optional(*found);
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
