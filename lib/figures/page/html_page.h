// A page that shows maps: one self-contained HTML file that needs no network.
//
// A page is a head, any number of records and a tail, each a complete piece of text, so that a
// corpus streams through and what is there is shown while the rest is still being read. The page
// itself is in viewer/; html_page.cpp says how it gets the maps.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "attention/text_maps.h"
#include "figures/color.h"

namespace convbert {

struct HtmlPageStyle {
  std::string title;
  Theme theme = Theme::light;               // which the page starts in
  WeightScale scale = WeightScale::linear;  // likewise
  std::vector<std::string> models;          // names: of one, or of two that are compared
};

// Throws Error(internal) for a style without models.
std::string html_head(const HtmlPageStyle& style);

// What the models, in the style's order, make of one text: one entry a model, which may differ in
// tokens, types, layers and heads. Throws Error(internal) for a set whose values do not fit its
// shape or the labels.
std::string html_record(std::span<const TextMaps> of_models);

std::string html_tail();

}  // namespace convbert
