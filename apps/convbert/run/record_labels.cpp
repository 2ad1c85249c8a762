#include "run/record_labels.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/json_scan.h"
#include "core/numbers.h"
#include "io/json_text.h"

namespace convbert::app {
namespace {

constexpr std::size_t kMostNamed = 8;
constexpr std::size_t kMostBytes = 40;  // of what was found, and of each name

template <class... Parts>
[[noreturn]] void bad_record(const Parts&... parts) {
  throw Error(ErrorKind::input, concat(parts...));
}

std::vector<std::string> list_of_labels(const Record& record, std::string_view field) {
  const std::string_view json = label_field(record, field);
  auto elements = elements_of(text_of_json(json));  // cells of a table are strings
  if (!elements) {
    bad_record("field ", quoted(field), ": expected a list of labels, found ",
               printable(json, kMostBytes));
  }
  return std::move(*elements);
}

}  // namespace

std::string_view label_field(const Record& record, std::string_view name) {
  if (const RecordField* field = find_field(record, name)) return field->json;
  bad_record(no_field(record, name), " (--label-field names another)");
}

std::optional<double> number_of(std::string_view json) {
  const auto number = parse_number<double>(text_of_json(json));
  return number && std::isfinite(*number) ? number : std::nullopt;
}

bool is_integer(const std::string& text) { return parse_number<std::int64_t>(text).has_value(); }

std::optional<std::vector<std::string>> elements_of(std::string_view json) {
  std::vector<std::string_view> elements;
  if (!json.starts_with('[') || !split_json_array(json, {}, elements).empty()) return std::nullopt;
  return std::vector<std::string>(elements.begin(), elements.end());
}

std::vector<std::string> strings_of(std::string_view json, std::string_view what) {
  std::vector<std::string> strings;
  const auto elements = elements_of(json);
  if (!elements) bad_record(what, ": expected a list of strings, found ", printable(json, 40));
  for (const std::string& element : *elements) {
    if (!element.starts_with('"')) {
      bad_record(what, ": expected strings, found ", printable(element, kMostBytes), " at ",
                 strings.size());
    }
    strings.push_back(decode_json_string(element));
  }
  return strings;
}

JoinedWords join_tagged_words(const Record& record, std::string_view text_field,
                              std::string_view label_field, std::size_t tags) {
  const std::vector<std::string> words =
      strings_of(record.text, concat("field ", quoted(text_field)));
  if (words.size() != tags) {
    bad_record(quoted(text_field), " and ", quoted(label_field),
               ": expected a tag for each word, found lists of ", words.size(), " and ", tags);
  }
  return join_words(words);
}

double value_of(const Record& record, std::string_view field) {
  const std::string_view json = label_field(record, field);
  if (const auto number = number_of(json)) return *number;
  bad_record("field ", quoted(field), ": expected a number, found ", printable(json, kMostBytes));
}

KnownLabels::KnownLabels(std::vector<std::string> names) : names_(std::move(names)) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    numbers_.emplace(names_[i], static_cast<std::int32_t>(i));
  }
  are_numbers_ = std::ranges::all_of(names_, is_integer);
}

std::int32_t KnownLabels::find(std::string_view json) const {
  const std::string text = text_of_json(json);
  if (const auto named = numbers_.find(text); named != numbers_.end()) return named->second;
  if (are_numbers_) return -1;
  const auto number = parse_number<std::int32_t>(text);
  return number && *number >= 0 && std::cmp_less(*number, names_.size()) ? *number : -1;
}

std::string KnownLabels::expectation() const {
  std::string text;
  for (std::size_t i = 0; i < std::min(names_.size(), kMostNamed); ++i) {
    text += concat(i > 0 ? ", " : "", "\"", printable(names_[i], kMostBytes), "\"");
  }
  if (names_.size() > kMostNamed) text += concat(" and ", names_.size() - kMostNamed, " more");
  if (are_numbers_) return concat("the model knows ", text);
  return concat("the model knows ", text, ", or their numbers from 0 to ", names_.size() - 1);
}

std::int32_t KnownLabels::known(std::string_view json, std::string_view field) const {
  const std::int32_t number = find(json);
  if (number >= 0) return number;
  bad_record("field ", quoted(field), ": unknown label ", printable(json, kMostBytes), "; ",
             expectation());
}

std::int32_t KnownLabels::one(const Record& record, std::string_view field) const {
  const std::string_view json = label_field(record, field);
  if (json.starts_with('[') || json.starts_with('{')) {
    bad_record("field ", quoted(field), ": expected one label, found ", printable(json, kMostBytes),
               "; ", expectation());
  }
  return known(json, field);
}

std::vector<std::int32_t> KnownLabels::several(const Record& record, std::string_view field) const {
  std::vector<std::int32_t> numbers = list(record, field);
  std::ranges::sort(numbers);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

std::vector<std::int32_t> KnownLabels::list(const Record& record, std::string_view field) const {
  std::vector<std::int32_t> numbers;
  for (const std::string& element : list_of_labels(record, field)) {
    numbers.push_back(known(element, field));
  }
  return numbers;
}

}  // namespace convbert::app
