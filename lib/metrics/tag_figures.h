// Tags of words, and the entities that they spell, counted as seqeval's default mode does, which is
// conlleval's (Tjong Kim Sang and Buchholz 2000): any tags make entities, broken schemes included.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/label_figures.h"

namespace convbert {

// Words first to last of a sentence.
struct TaggedSpan {
  std::string type;
  std::size_t first;
  std::size_t last;
  bool operator==(const TaggedSpan&) const = default;
};

// The first character of a tag is its place (B, I, E, S; O is outside), what follows the first '-'
// its type, "_" where that is nothing. A span begins at B and S, at I and E behind O, E or S (E
// behind E, too), and wherever the type changes inside; it ends before B, S and O, behind E and S,
// and where the type changes. Tags must not be empty.
std::vector<TaggedSpan> tagged_spans(std::span<const std::string_view> tags);

// Counts what tags of one set spell: entities, where some tag begins with "B-", "I-", "E-" or "S-";
// else each word by itself, its tag being the type (parts of speech).
class TagCounter {
 public:
  // tags: by number, none of them empty.
  explicit TagCounter(std::vector<std::string> tags);

  bool counts_entities() const { return counts_entities_; }
  // What is counted, by number: types of entities in alphabetical order, or the tags.
  const std::vector<std::string>& types() const { return types_; }

  // Numbers of tags, one a word in both lists; -1, no prediction, is outside and never right.
  // Units are words, labels the types.
  LabelledRecords::Outcome count(std::span<const std::int32_t> truth,
                                 std::span<const std::int32_t> predicted) const;

 private:
  struct Span {
    std::int32_t type;
    std::size_t first;
    std::size_t last;
    auto operator<=>(const Span&) const = default;
  };
  struct Tag {
    char place;
    std::int32_t type;
  };
  std::vector<Span> spans(std::span<const std::int32_t> tags) const;

  bool counts_entities_;
  std::vector<std::string> types_;
  std::vector<Tag> tags_;
  Tag outside_{};
};

}  // namespace convbert
