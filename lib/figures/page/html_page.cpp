// The page, in this order:
//
//   head         a policy that forbids all but the page's own script and style, known by hash
//   skeleton     viewer/page.html
//   settings     <script type="application/json" id="settings">: HtmlPageStyle, colours, map types
//   records      <div id="records">, in which
//     <script>                                          viewer/*.js, one after another
//   and of each record
//     <script type="application/json" class="record">   what it holds, as record_json() writes it
//     <script type="text/plain" class="thumbnails">     per model and set that has thumbnails
//     <script type="text/plain" class="weights">        per model and set, pieces of whole maps
//
// Weights are digits (weight_codes.h). A map is its rows, then the pairs of what is outside, if the
// set has that. A piece holds `maps_per_piece` maps, the set's last piece what is left: a browser
// appends to a script's text as the file comes in, copying it each time, so that a long one would
// be slow. Thumbnails are of maps that are larger: each cell the largest weight of what it stands
// for. They come first, so that all heads are seen before their weights are there.
//
// Text within <script> ends at "</script": digits have no '<', and in JSON it is escaped.
#include "figures/page/html_page.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "figures/page/html_text.h"
#include "figures/page/viewer_assets.h"
#include "figures/page/weight_codes.h"

namespace convbert {
namespace {

constexpr std::int64_t kThumbnailSide = 48;
constexpr std::int64_t kDigitsPerPiece = 1 << 18;

// For within <script>: ill-formed UTF-8 becomes U+FFFD, and '<', which can only be within strings,
// an escape.
std::string script_json(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      escaped += "\\u003c";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

void append_hex(std::string& text, const Rgb& color) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const unsigned byte : {color.red, color.green, color.blue}) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
}

std::string css_color(const Rgb& color) {
  std::string text = "#";
  append_hex(text, color);
  return text;
}

Json theme_json(Theme theme) {
  std::string table;
  std::string inks;
  for (const Rgb& color : color_table(theme)) {
    append_hex(table, color);
    append_hex(inks, ink_on(color));
  }
  const ThemeColors colors = theme_colors(theme);
  return {{"table", table},
          {"inks", inks},
          {"background", css_color(colors.background)},
          {"text", css_color(colors.text)},
          {"faint_text", css_color(colors.faint_text)},
          {"line", css_color(colors.line)}};
}

Json settings_json(const HtmlPageStyle& style) {
  Json types;
  for (const MapTypeInfo& info : kMapTypes) types[std::string(info.flag)] = info.title;
  return {{"title", style.title},
          {"theme", style.theme == Theme::dark ? "dark" : "light"},
          {"scale", style.scale == WeightScale::logarithmic ? "log" : "linear"},
          {"decades", kDecades},
          {"code_decades", kWeightCodeDecades},
          {"models", style.models},
          {"types", types},
          {"themes", {{"light", theme_json(Theme::light)}, {"dark", theme_json(Theme::dark)}}}};
}

void check_shape(const MapSet& set, const TextMaps& text) {
  const std::int64_t values = set.maps() * set.rows * set.columns;
  const std::int64_t outside = set.outside.empty() ? 0 : set.maps() * set.rows * 2;
  if (set.rows < 0 || set.columns < 0 || std::ssize(set.values) != values ||
      std::ssize(set.outside) != outside || std::ssize(text.labels) != set.rows) {
    throw Error(ErrorKind::internal, concat("maps of type ", info_of(set.type).flag, ": expected ",
                                            values, " values and ", set.rows, " labels, found ",
                                            set.values.size(), " and ", text.labels.size()));
  }
}

// A set with what the page needs to find and read its maps.
struct StoredSet {
  const MapSet* set;
  double largest = 0;
  bool has_thumbnails = false;
  std::int64_t maps_per_piece = 1;

  explicit StoredSet(const MapSet& of) : set(&of) {
    for (const float weight : of.values) largest = std::max<double>(largest, weight);
    for (const float weight : of.outside) largest = std::max<double>(largest, weight);
    has_thumbnails = of.rows > kThumbnailSide;
    const std::int64_t digits = 2 * of.rows * (of.columns + (of.outside.empty() ? 0 : 2));
    maps_per_piece = std::max<std::int64_t>(1, kDigitsPerPiece / std::max<std::int64_t>(1, digits));
  }

  std::int64_t thumbnail_rows() const { return std::min(set->rows, kThumbnailSide); }
  std::int64_t thumbnail_columns() const { return std::min(set->columns, kThumbnailSide); }

  Json json() const {
    Json json{{"type", info_of(set->type).flag},
              {"layers", set->layers},
              {"heads", set->heads},
              {"columns", set->columns},
              {"largest", largest},
              {"outside", !set->outside.empty()},
              {"maps_per_piece", maps_per_piece}};
    if (has_thumbnails) json["thumbnail"] = {thumbnail_rows(), thumbnail_columns()};
    return json;
  }

  void append_thumbnails(std::string& page) const {
    const std::int64_t rows = thumbnail_rows();
    const std::int64_t columns = thumbnail_columns();
    std::vector<float> pooled(static_cast<std::size_t>(rows * columns));
    page += "<script type=\"text/plain\" class=\"thumbnails\">";
    for (std::int64_t m = 0; m < set->maps(); ++m) {
      const std::span<const float> map = set->map(m);
      std::ranges::fill(pooled, 0.0F);
      for (std::int64_t i = 0; i < set->rows; ++i) {
        for (std::int64_t j = 0; j < set->columns; ++j) {
          float& cell = pooled[static_cast<std::size_t>(i * rows / set->rows * columns +
                                                        j * columns / set->columns)];
          cell = std::max(cell, map[static_cast<std::size_t>(i * set->columns + j)]);
        }
      }
      append_weight_codes(pooled, largest, page);
    }
    page += "</script>\n";
  }

  void append_weights(std::string& page) const {
    for (std::int64_t first = 0; first < set->maps(); first += maps_per_piece) {
      const std::int64_t end = std::min(set->maps(), first + maps_per_piece);
      page += "<script type=\"text/plain\" class=\"weights\">";
      for (std::int64_t m = first; m < end; ++m) {
        append_weight_codes(set->map(m), largest, page);
        append_weight_codes(set->outside_of(m), largest, page);
      }
      page += "</script>\n";
    }
  }
};

// Of the whole text, of which the labels may be a part; 0: not known.
std::int64_t whole_length(const TextMaps& text) {
  return text.length > 0 || text.first > 0 ? text.length : std::ssize(text.labels);
}

Json record_json(std::span<const TextMaps> of_models,
                 const std::vector<std::vector<StoredSet>>& sets) {
  Json models = Json::array();
  for (std::size_t m = 0; m < of_models.size(); ++m) {
    const TextMaps& text = of_models[m];
    Json continuing = Json::array();
    std::string mark;
    for (std::size_t i = 0; i < text.continuation.size(); ++i) {
      if (text.continuation[i] == 0) continue;
      continuing.push_back(i);
      mark = text.labels.at(i).substr(0, text.continuation[i]);
    }
    Json stored = Json::array();
    for (const StoredSet& set : sets[m]) stored.push_back(set.json());
    models.push_back({{"labels", text.labels},
                      {"continuing", continuing},  // labels that go on with the word before them
                      {"mark", mark},              // and begin with this, which says so
                      {"first", text.first},
                      {"length", whole_length(text)},
                      {"sets", stored}});
  }
  return {{"id", of_models.empty() ? "" : of_models.front().id}, {"models", models}};
}

}  // namespace

std::string html_head(const HtmlPageStyle& style) {
  if (style.models.empty()) {
    throw Error(ErrorKind::internal, "a page needs the name of its model");
  }
  const ViewerAssets& assets = viewer_assets();
  return concat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "script-src 'sha256-",
      assets.script_sha256, "'; style-src 'sha256-", assets.style_sha256,
      "'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>",
      html_escaped(style.title), "</title>\n<style>", assets.style, "</style>\n</head>\n<body>\n",
      assets.skeleton, "<script type=\"application/json\" id=\"settings\">",
      script_json(settings_json(style)), "</script>\n<div id=\"records\" hidden>\n<script>",
      assets.script, "</script>\n");
}

std::string html_record(std::span<const TextMaps> of_models) {
  std::vector<std::vector<StoredSet>> sets(of_models.size());
  for (std::size_t m = 0; m < of_models.size(); ++m) {
    for (const MapSet& set : of_models[m].sets) {
      check_shape(set, of_models[m]);
      sets[m].emplace_back(set);
    }
  }
  std::string page = "<script type=\"application/json\" class=\"record\">" +
                     script_json(record_json(of_models, sets)) + "</script>\n";
  for (const auto& of_model : sets) {
    for (const StoredSet& set : of_model) {
      if (set.has_thumbnails) set.append_thumbnails(page);
    }
  }
  for (const auto& of_model : sets) {
    for (const StoredSet& set : of_model) set.append_weights(page);
  }
  return page;
}

std::string html_tail() { return "</div>\n</body>\n</html>\n"; }

}  // namespace convbert
