// What a field of a record says of it: a label, several, a value, tags of its words.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/record.h"
#include "text/word_list.h"

namespace convbert::app {

// The field's JSON. Throws Error(input) where there is none, naming --label-field.
std::string_view label_field(const Record& record, std::string_view name);

// The number that a JSON value stands for, also as a string, which the cells of a table are;
// nothing for anything else, or one beyond double precision.
std::optional<double> number_of(std::string_view json);

// Is a label's name a whole number, of 64 bits?
bool is_integer(const std::string& text);

// The elements of a list as they stand in its JSON; nothing for another value, and for text from a
// table's cell that is no JSON.
std::optional<std::vector<std::string>> elements_of(std::string_view json);

// The strings of a JSON list; Error(input) that begins with `what` for anything else.
std::vector<std::string> strings_of(std::string_view json, std::string_view what);

// The words in the record's text, a list of them, as one text. Throws Error(input) naming the
// fields unless there are as many as `tags`.
JoinedWords join_tagged_words(const Record& record, std::string_view text_field,
                              std::string_view label_field, std::size_t tags);

// Throws Error(input) naming the field.
double value_of(const Record& record, std::string_view field);

// Labels by name, or by number from 0; a name counts first.
class KnownLabels {
 public:
  explicit KnownLabels(std::vector<std::string> names);

  const std::vector<std::string>& names() const { return names_; }
  bool has(std::string_view json) const { return find(json) >= 0; }

  // All throw Error(input) naming the field, what was expected and what was found.
  std::int32_t one(const Record& record, std::string_view field) const;
  // Of a list, each once, in rising order.
  std::vector<std::int32_t> several(const Record& record, std::string_view field) const;
  // Of a list, as they stand there.
  std::vector<std::int32_t> list(const Record& record, std::string_view field) const;

 private:
  // What a JSON value names; -1 for nothing known.
  std::int32_t find(std::string_view json) const;
  std::int32_t known(std::string_view json, std::string_view field) const;
  std::string expectation() const;

  std::vector<std::string> names_;
  std::map<std::string, std::int32_t, std::less<>> numbers_;
  bool are_numbers_;  // the names, so that another number is none of theirs
};

}  // namespace convbert::app
