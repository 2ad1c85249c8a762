#include "attention/flags.h"

#include "attention/text_maps.h"
#include "cli/flag_group.h"

namespace convbert::app {
namespace {

void add_map_flags(CLI::App& command, AttentionFlags& flags) {
  FlagGroup group(command, "Maps");
  std::vector<std::string> names;
  names.reserve(kMapTypes.size());
  for (const MapTypeInfo& type : kMapTypes) names.emplace_back(type.flag);
  group
      .add_list("--map", flags.maps, "LIST",
                "Which maps. Of each head: attention and conv, the kernels' windows (default); "
                "conv-map, kernels as maps of all tokens; attention-norm and conv-norm, weighted "
                "by the norms of values (Kobayashi et al. 2020). Of each layer: mixed, the mean of "
                "all heads; rollout, how attention flows through the layers (Abnar and Zuidema "
                "2020); attention-rollout, without the convolution")
      .one_of(names);
  group.add("--layer", flags.layers, "LIST", "Layers from 0: lists and ranges, as 0,2 or 1-3");
  group.add("--head", flags.heads, "LIST",
            "Heads from 0, of the attention and of the convolution alike");
  group.add_flag("--words", flags.words,
                 "Merge pieces to words: their columns are summed, their rows averaged");
  group
      .add("--from", flags.from, "N",
           "First token (or word, with --words) of the part that is wanted, from 0; weights are "
           "not rescaled")
      .within(0, 1 << 20);
  group.add("--to", flags.to, "N", "Last token of that part, itself included").within(0, 1 << 20);
  group
      .add("--out-dir", flags.folder, "DIR",
           "A file for each record, <id>.<format>, in this folder")
      .not_empty();
}

void add_look_flags(CLI::App& command, AttentionFlags& flags) {
  FlagGroup group(command, "Pictures");
  group.add_choice("--theme", flags.theme, {"light", "dark"}, "NAME",
                   "light, or dark (default: light, in a terminal dark)");
  group
      .add_choice("--scale", flags.scale, {"linear", "log"}, "NAME",
                  "linear, or log, which shows four decades below the largest weight")
      .with_default("linear");
  group
      .add("--width", flags.width, "N",
           "Points (1/72 inch) that png, svg and pdf fill, columns of a terminal; default: what "
           "fits")
      .within(40, 14400);
  group.add("--resolution", flags.resolution, "N", "Pixels an inch of png")
      .within(36, 2400)
      .with_default("144");
}

void add_statistics_flags(CLI::App& command, AttentionFlags& flags) {
  FlagGroup group(command, "Statistics");
  group.add_flag(
      "--stats", flags.statistics,
      "Instead of maps, what each head does on average over the whole input, beside "
      "uniform weights; as jsonl (at a terminal table), csv, tsv, table, png, svg or pdf");
  group
      .add("--window", flags.window, "N",
           "How far from the query the figure \"window\" reaches; default: half of the kernel, "
           "else 4")
      .within(0, 1 << 20);
  group
      .add("--compare", flags.compared_model, "MODEL",
           "A second model on the same texts, beside the first; with --stats or --format html")
      .not_empty();
}

}  // namespace

void add_attention_flags(CLI::App& command, AttentionFlags& flags) {
  add_record_flags(command, flags.record, kAttentionFormats);
  add_encoder_flags(command, flags.record.model);
  add_map_flags(command, flags);
  add_look_flags(command, flags);
  add_statistics_flags(command, flags);
}

}  // namespace convbert::app
