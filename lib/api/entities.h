// From a token head's logits to entities and tagged words.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "text/encoding.h"
#include "text/tokenizer.h"

namespace convbert {

// How tokens become entities, as Hugging Face's token classification pipeline defines it.
enum class Aggregation {
  none,     // each token by itself
  simple,   // neighbours of one label, B- and I- prefixes respected
  first,    // the same of words, a word having the label of its first piece,
  average,  // of the mean of its pieces' probabilities,
  max,      // or of the piece that is surest
};
std::optional<Aggregation> aggregation_from_name(std::string_view name);

// A piece of a word, with the probability of each label.
struct TaggedToken {
  std::int64_t index = 0;   // in its sequence, special tokens counted
  Offsets range;            // code points of the text
  bool is_further = false;  // is it a further piece of the word before it?
  std::vector<float> scores;
};

// The tokens of a sequence's first text. logits: [tokens of the encoding, labels].
std::vector<TaggedToken> tagged_tokens(const Tokenizer& tokenizer, const Encoding& encoding,
                                       ConstMatrixView logits);

struct Entity {
  std::string label;       // the group's: without B- or I-; with it where nothing is aggregated
  float score = 0.0F;      // of a group the mean over its tokens or words
  std::int64_t index = 0;  // of its token, where nothing is aggregated
  Offsets range;           // code points of the text
};

// In the order of the text. What is labelled "O" is left out.
std::vector<Entity> entities_of(std::span<const TaggedToken> tokens,
                                std::span<const std::string> labels, Aggregation aggregation);

// The entities of windows that overlap: of those that lie over each other the longest stays, of
// equally long ones the surest.
class EntityMerger {
 public:
  // Of the next window, whose text begins at `begin`, code points.
  void add(std::vector<Entity> entities, std::uint32_t begin);
  // Once, behind the last.
  std::vector<Entity> finish();

 private:
  void merge_before(std::uint32_t begin);
  void merge(Entity entity);

  std::multimap<std::uint32_t, Entity> waiting_;  // that a further window may bring others before
  std::vector<Entity> merged_;
};

// Every word by its first piece, "O" included.
std::vector<Entity> tagged_words(std::span<const TaggedToken> tokens,
                                 std::span<const std::string> labels);

}  // namespace convbert
