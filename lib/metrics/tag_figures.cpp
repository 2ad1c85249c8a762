#include "metrics/tag_figures.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace convbert {
namespace {

constexpr char kOutside = 'O';
constexpr std::string_view kNoType = "_";  // of a tag without one

// "B-PER" is 'B' and "PER".
std::pair<char, std::string_view> split(std::string_view tag) {
  if (tag.empty()) return {kOutside, kNoType};
  const std::string_view rest = tag.substr(1);
  const std::string_view type = rest.substr(rest.find('-') + 1);  // all of it without a '-'
  return {tag.front(), type.empty() ? kNoType : type};
}

bool is_placed(std::string_view tag) {
  constexpr std::string_view kPlaces = "BIES";
  return tag.size() > 1 && tag[1] == '-' && kPlaces.find(tag[0]) != std::string_view::npos;
}

// A '.' neither begins nor ends a span by its type, as in seqeval.
bool has_type(char place) { return place != kOutside && place != '.'; }

bool begins(char before, char place, bool is_other_type) {
  if (place == 'B' || place == 'S') return true;
  if (place == 'E' && (before == 'E' || before == 'S' || before == kOutside)) return true;
  if (place == 'I' && (before == 'E' || before == 'S' || before == kOutside)) return true;
  return has_type(place) && is_other_type;
}

bool ends(char before, char place, bool is_other_type) {
  if (before == 'E' || before == 'S') return true;
  const bool is_inside = before == 'B' || before == 'I';
  if (is_inside && (place == 'B' || place == 'S' || place == kOutside)) return true;
  return has_type(before) && is_other_type;
}

// Calls visit(type, first, last) for each span; place_of(i) and type_of(i) tell of tag i, `outside`
// is the type of what is around the sentence.
template <class Type, class PlaceOf, class TypeOf, class Visit>
void for_each_span(std::size_t count, Type outside, PlaceOf place_of, TypeOf type_of, Visit visit) {
  char before = kOutside;
  Type type_before = outside;
  std::size_t first = 0;
  for (std::size_t i = 0; i <= count; ++i) {
    const char place = i < count ? place_of(i) : kOutside;
    const Type type = i < count ? type_of(i) : outside;
    const bool is_other_type = type != type_before;
    if (ends(before, place, is_other_type)) visit(type_before, first, i - 1);
    if (begins(before, place, is_other_type)) first = i;
    before = place;
    type_before = type;
  }
}

}  // namespace

std::vector<TaggedSpan> tagged_spans(std::span<const std::string_view> tags) {
  std::vector<TaggedSpan> spans;
  for_each_span(
      tags.size(), kNoType, [&](std::size_t i) { return split(tags[i]).first; },
      [&](std::size_t i) { return split(tags[i]).second; },
      [&](std::string_view type, std::size_t first, std::size_t last) {
        spans.push_back({std::string(type), first, last});
      });
  return spans;
}

TagCounter::TagCounter(std::vector<std::string> tags)
    : counts_entities_(std::ranges::any_of(tags, is_placed)) {
  if (!counts_entities_) {
    types_ = std::move(tags);
    return;
  }
  for (const std::string& tag : tags) types_.emplace_back(split(tag).second);
  types_.emplace_back(kNoType);
  std::ranges::sort(types_);
  types_.erase(std::unique(types_.begin(), types_.end()), types_.end());
  const auto number_of = [&](std::string_view type) {
    return static_cast<std::int32_t>(std::ranges::lower_bound(types_, type) - types_.begin());
  };
  for (const std::string& tag : tags) {
    const auto [place, type] = split(tag);
    tags_.push_back({place, number_of(type)});
  }
  outside_ = {kOutside, number_of(kNoType)};
}

std::vector<TagCounter::Span> TagCounter::spans(std::span<const std::int32_t> tags) const {
  std::vector<Span> spans;
  if (!counts_entities_) {
    for (std::size_t i = 0; i < tags.size(); ++i) {
      if (tags[i] >= 0) spans.push_back({tags[i], i, i});
    }
  } else {
    const auto tag = [&](std::size_t i) {
      return tags[i] < 0 ? outside_ : tags_[static_cast<std::size_t>(tags[i])];
    };
    for_each_span(
        tags.size(), outside_.type, [&](std::size_t i) { return tag(i).place; },
        [&](std::size_t i) { return tag(i).type; },
        [&](std::int32_t type, std::size_t first, std::size_t last) {
          spans.push_back({type, first, last});
        });
  }
  std::ranges::sort(spans);
  return spans;
}

LabelledRecords::Outcome TagCounter::count(std::span<const std::int32_t> truth,
                                           std::span<const std::int32_t> predicted) const {
  LabelledRecords::Outcome outcome{.units = static_cast<std::int64_t>(truth.size())};
  for (std::size_t i = 0; i < truth.size(); ++i) outcome.right += truth[i] == predicted[i] ? 1 : 0;
  const auto of_type = [&](std::int32_t type) -> LabelledRecords::OfLabel& {
    const auto place =
        std::ranges::lower_bound(outcome.labels, type, {}, &LabelledRecords::OfLabel::label);
    if (place != outcome.labels.end() && place->label == type) return *place;
    return *outcome.labels.insert(place, {type, 0, 0, 0});
  };
  const std::vector<Span> true_spans = spans(truth);
  const std::vector<Span> predicted_spans = spans(predicted);
  std::vector<Span> correct;
  std::ranges::set_intersection(true_spans, predicted_spans, std::back_inserter(correct));
  for (const Span& span : true_spans) ++of_type(span.type).support;
  for (const Span& span : predicted_spans) ++of_type(span.type).predicted;
  for (const Span& span : correct) ++of_type(span.type).correct;
  return outcome;
}

}  // namespace convbert
