#include "attention/request.h"

#include <algorithm>

#include "attention/flags.h"
#include "cli/usage_error.h"

namespace convbert::app {
namespace {

bool is_one_of(Format format, std::span<const Format> formats) {
  return std::ranges::find(formats, format) != formats.end();
}

void check_statistics(const AttentionFlags& flags, Format format) {
  constexpr Format kFormats[] = {Format::jsonl, Format::csv, Format::tsv, Format::table,
                                 Format::png,   Format::svg, Format::pdf};
  if (!is_one_of(format, kFormats)) {
    usage_error("--stats: expected --format ", list_of(names_of(kFormats)), ", found ",
                name_of(format));
  }
  if (!flags.maps.empty()) usage_error("--stats and --map exclude each other");
  if (flags.words || flags.from || flags.to) {
    usage_error("--stats is of all tokens: --words, --from and --to are for maps");
  }
  if (flags.scale) {
    usage_error("--scale is for maps; the pictures of --stats are linear");
  }
  if (!flags.folder.empty()) usage_error("--stats is one result: it has no --out-dir");
  if (flags.record.output.resume) {
    usage_error("--stats and --resume exclude each other: a part of a sum cannot be gone on with");
  }
}

void check_maps(const AttentionFlags& flags, Format format) {
  constexpr Format kStreams[] = {Format::jsonl, Format::terminal};
  if (format == Format::table) usage_error("--format table is for --stats");
  if (flags.window) usage_error("--window is for --stats");
  if (flags.to && *flags.to < flags.from.value_or(0)) {
    usage_error("--to ", *flags.to, ": expected at least --from, ", flags.from.value_or(0));
  }
  if (flags.record.output.resume && format != Format::jsonl) {
    usage_error("--resume: expected --format jsonl, found ", name_of(format));
  }
  if (flags.folder.empty()) return;
  if (is_one_of(format, kStreams)) {
    usage_error("--out-dir: --format ", name_of(format), " is one stream; expected npz, csv, tsv ",
                "or a picture's");
  }
  if (!flags.record.output.path.empty()) usage_error("--out-dir and -o exclude each other");
}

void check_look(const AttentionFlags& flags, Format format) {
  const std::pair<bool, const char*> given[] = {{flags.theme.has_value(), "--theme"},
                                                {flags.scale.has_value(), "--scale"},
                                                {flags.width.has_value(), "--width"},
                                                {flags.resolution.has_value(), "--resolution"}};
  const bool is_drawn =
      info_of(format).is_picture || format == Format::html || format == Format::terminal;
  for (const auto& [is_given, flag] : given) {
    if (is_given && !is_drawn) {
      usage_error(flag, " is for pictures: expected --format png, svg, pdf, html or terminal, ",
                  "found ", name_of(format));
    }
  }
  if (flags.width && format == Format::html) {
    usage_error("--width: a page is as wide as its window");
  }
  if (flags.resolution && format != Format::png) {
    usage_error("--resolution is for --format png");
  }
}

LookOptions look_of(const AttentionFlags& flags, ColorChoice color) {
  LookOptions look;
  if (flags.theme) look.theme = *flags.theme == "light" ? Theme::light : Theme::dark;
  if (flags.scale == "log") look.scale = WeightScale::logarithmic;
  look.width = flags.width.value_or(look.width);
  look.resolution = flags.resolution.value_or(look.resolution);
  look.color = color;
  return look;
}

std::optional<ModelRequest> compared_model(const AttentionFlags& flags, Format format) {
  if (flags.compared_model.empty()) return std::nullopt;
  if (!flags.statistics && format != Format::html) {
    usage_error("--compare: expected --stats or --format html");
  }
  ModelRequest compared = make_request(flags.record.model);
  compared.model = flags.compared_model;
  compared.flag = "--compare";
  return compared;
}

// Who asks for no format at a terminal sees texts on the spot drawn, and statistics as a table.
AttentionFlags with_format_for_terminal(AttentionFlags flags) {
  OutputFlags& output = flags.record.output;
  if (!flags.folder.empty() || !leaves_format_to_terminal(output)) return flags;
  if (flags.statistics) {
    output.format = name_of(Format::table);
  } else if (!flags.record.input.texts.empty()) {
    output.format = name_of(Format::terminal);
  }
  return flags;
}

}  // namespace

AttentionRequest make_request(const AttentionFlags& given, ColorChoice color) {
  const AttentionFlags flags = with_format_for_terminal(given);
  const Format format = chosen_format(flags.record.output, kAttentionFormats);
  flags.statistics ? check_statistics(flags, format) : check_maps(flags, format);
  check_look(flags, format);
  AttentionRequest request{.record = make_request(flags.record, kAttentionFormats),
                           .compared = compared_model(flags, format),
                           .layers = flags.layers,
                           .heads = flags.heads,
                           .maps = flags.maps,
                           .words = flags.words,
                           .from = flags.from,
                           .to = flags.to,
                           .folder = flags.folder,
                           .statistics = flags.statistics,
                           .window = flags.window,
                           .look = look_of(flags, color)};
  // Of tables and pictures, one is the whole output.
  request.record.output.is_resumable &= format == Format::jsonl && !flags.statistics;
  if (flags.folder.empty()) refuse_terminal(request.record.output);
  return request;
}

}  // namespace convbert::app
