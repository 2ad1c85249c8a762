#include "attention/options.h"

#include <algorithm>

#include "attention/text_maps.h"
#include "core/error.h"

namespace convbert::app {
namespace {

[[noreturn]] void usage_error(const std::string& message) {
  throw Error(ErrorKind::usage, message);
}

void check_statistics(const AttentionOptions& options) {
  if (!options.is_format({"jsonl", "tsv", "table"}) && !is_picture(options.format())) {
    usage_error(concat("--stats: expected --format jsonl, tsv, table, png, svg or pdf, found ",
                       options.format()));
  }
  if (!options.maps.empty()) usage_error("--stats and --map exclude each other");
  if (options.words || options.from || options.to) {
    usage_error("--stats is of all tokens: --words, --from and --to are for maps");
  }
  if (!options.folder.empty()) usage_error("--stats is one result: it has no --out-dir");
  if (options.record.output.resume) {
    usage_error("--stats and --resume exclude each other: a part of a sum cannot be gone on with");
  }
}

void check_maps(const AttentionOptions& options) {
  if (options.format() == "table") usage_error("--format table is for --stats");
  if (options.window) usage_error("--window is for --stats");
  if (options.to && *options.to < options.from.value_or(0)) {
    usage_error(
        concat("--to ", *options.to, ": expected at least --from, ", options.from.value_or(0)));
  }
  if (options.record.output.resume && options.format() != "jsonl") {
    usage_error(concat("--resume: expected --format jsonl, found ", options.format()));
  }
  if (options.folder.empty()) return;
  if (options.is_format({"jsonl", "terminal"})) {
    usage_error(concat("--out-dir: --format ", options.format(), " is one stream; expected npz, ",
                       "csv, tsv or a picture's"));
  }
  if (!options.record.output.path.empty()) usage_error("--out-dir and -o exclude each other");
}

void check_look(const AttentionOptions& options, const std::string& flag) {
  const bool is_drawn = is_picture(options.format()) || options.is_format({"html", "terminal"});
  if (!is_drawn) {
    usage_error(concat(flag,
                       " is for pictures: expected --format png, svg, pdf, html or terminal, ",
                       "found ", options.format()));
  }
  if (flag == "--width" && options.format() == "html") {
    usage_error("--width: a page is as wide as its window");
  }
  if (flag == "--resolution" && options.format() != "png") {
    usage_error("--resolution is for --format png");
  }
}

void add_map_options(CLI::App& command, AttentionOptions& options) {
  constexpr const char* kGroup = "Maps";
  std::vector<std::string> names;
  names.reserve(kMapTypes.size());
  for (const MapTypeInfo& type : kMapTypes) names.emplace_back(type.flag);
  command
      .add_option("--map", options.maps,
                  "Which maps. Of each head: attention and conv, the kernels' windows (default); "
                  "conv-map, kernels as maps of all tokens; attention-norm and conv-norm, weighted "
                  "by the norms of values (Kobayashi et al. 2020). Of each layer: mixed, the mean "
                  "of all heads; rollout, how attention flows through the layers (Abnar and "
                  "Zuidema 2020); attention-rollout, without the convolution")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names).description(""))
      ->group(kGroup)
      ->type_name("LIST");
  command.add_option("--layer", options.layers, "Layers from 0: lists and ranges, as 0,2 or 1-3")
      ->group(kGroup)
      ->type_name("LIST");
  command
      .add_option("--head", options.heads,
                  "Heads from 0, of the attention and of the convolution alike")
      ->group(kGroup)
      ->type_name("LIST");
  command
      .add_flag("--words", options.words,
                "Merge pieces to words: their columns are summed, their rows averaged")
      ->group(kGroup);
  command
      .add_option("--from", options.from,
                  "First token (or word, with --words) of the part that is wanted, from 0; weights "
                  "are not rescaled")
      ->check(CLI::Range(0, 1 << 20).description(""))
      ->group(kGroup)
      ->type_name("N");
  command.add_option("--to", options.to, "Last token of that part, itself included")
      ->check(CLI::Range(0, 1 << 20).description(""))
      ->group(kGroup)
      ->type_name("N");
  command
      .add_option("--out-dir", options.folder,
                  "A file for each record, <id>.<format>, in this folder")
      ->group(kGroup)
      ->type_name("DIR");
}

void add_statistics_options(CLI::App& command, AttentionOptions& options) {
  constexpr const char* kGroup = "Statistics";
  command
      .add_flag("--stats", options.statistics,
                "Instead of maps, what each head does on average over the whole input, beside "
                "uniform weights; as jsonl, tsv, table, png, svg or pdf")
      ->group(kGroup);
  command
      .add_option("--window", options.window,
                  "How far from the query the figure \"window\" reaches; default: half of the "
                  "kernel, else 4")
      ->check(CLI::Range(0, 1 << 20).description(""))
      ->group(kGroup)
      ->type_name("N");
  command
      .add_option(
          "--compare", options.compared_model,
          "A second model on the same texts, beside the first; with --stats or --format html")
      ->group(kGroup)
      ->type_name("MODEL");
}

void add_look_options(CLI::App& command, AttentionOptions& options) {
  constexpr const char* kGroup = "Pictures";
  const auto add = [&](const std::string& flag, const std::string& description, auto set) {
    return command
        .add_option_function<std::string>(
            flag,
            [&options, flag, set](const std::string& value) {
              options.look_flags.push_back(flag);
              set(options.look, value);
            },
            description)
        ->group(kGroup);
  };
  add("--theme", "light, or dark (default: light, in a terminal dark)",
      [](LookOptions& look, const std::string& value) {
        look.theme = value == "light" ? Theme::light : Theme::dark;
      })
      ->check(CLI::IsMember({"light", "dark"}).description(""))
      ->type_name("NAME");
  add("--scale", "linear, or log, which shows four decades below the largest weight",
      [](LookOptions& look, const std::string& value) {
        look.scale = value == "log" ? WeightScale::logarithmic : WeightScale::linear;
      })
      ->check(CLI::IsMember({"linear", "log"}).description(""))
      ->default_str("linear")
      ->type_name("NAME");
  add("--width",
      "Points (1/72 inch) of png, svg and pdf, columns of a terminal; default: what fits",
      [](LookOptions& look, const std::string& value) { look.width = std::stod(value); })
      ->check(CLI::Range(40, 14400).description(""))
      ->type_name("N");
  add("--resolution", "Pixels an inch of png",
      [](LookOptions& look, const std::string& value) { look.resolution = std::stod(value); })
      ->check(CLI::Range(36, 2400).description(""))
      ->default_str("144")
      ->type_name("N");
}

}  // namespace

bool AttentionOptions::is_format(std::initializer_list<std::string_view> names) const {
  return std::ranges::find(names, format()) != names.end();
}

void add_attention_options(CLI::App& command, AttentionOptions& options) {
  add_record_options(
      command, options.record,
      {"jsonl", "npz", "csv", "tsv", "png", "svg", "pdf", "html", "terminal", "table"});
  add_model_options(command, options.record.model, true);
  add_map_options(command, options);
  add_look_options(command, options);
  add_statistics_options(command, options);
}

void validate(AttentionOptions& options) {
  validate(options.record);
  options.look.color = options.record.console.color;
  options.statistics ? check_statistics(options) : check_maps(options);
  for (const std::string& flag : options.look_flags) check_look(options, flag);
  if (!options.compared_model.empty() && !options.statistics && options.format() != "html") {
    usage_error("--compare: expected --stats or --format html");
  }
  if (options.folder.empty()) refuse_terminal(options.record.output);
}

}  // namespace convbert::app
