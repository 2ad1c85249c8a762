#include "text/normalizer.h"

#include <algorithm>

#include "text/unicode.h"

namespace convbert {
namespace {

using Characters = std::vector<NormalizedCharacter>;

// Neither kept nor white space: NUL, the replacement character, and category C but Cn and Cs.
bool is_dropped(char32_t c, std::uint8_t properties) {
  if (c == U'\t' || c == U'\n' || c == U'\r') return false;
  return c == 0 || c == 0xFFFD || (properties & unicode::kOther) != 0;
}

void clean_and_space(std::u32string_view text, std::uint32_t first,
                     const NormalizerOptions& options, Characters& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const auto source = first + static_cast<std::uint32_t>(i);
    const std::uint8_t properties = unicode::properties(c);
    if (options.clean_text && is_dropped(c, properties)) continue;
    if (options.clean_text && (properties & unicode::kWhitespace) != 0) {
      out.push_back({U' ', source});
    } else if (options.handle_chinese_chars && (properties & unicode::kCjk) != 0) {
      out.insert(out.end(), {{U' ', source}, {c, source}, {U' ', source}});
    } else {
      out.push_back({c, source});
    }
  }
}

// NFD. Combining marks are put in canonical order; their sources keep the order of the text, as
// the reference's alignments do.
class Decomposer {
 public:
  explicit Decomposer(const Characters& in) : in_(in) {}

  Characters run() {
    for (const NormalizedCharacter& character : in_) {
      const unicode::Decomposition parts = unicode::decompose(character.character);
      for (int i = 0; i < parts.count; ++i) add(parts.characters[i], i > 0);
    }
    flush();
    return std::move(out_);
  }

 private:
  struct Mark {
    char32_t character;
    std::uint8_t combining_class;
    bool is_inserted;  // not the first of its decomposition: shares the source before it
  };

  void add(char32_t c, bool is_inserted) {
    const std::uint8_t combining_class = unicode::combining_class(c);
    if (combining_class == 0) {
      flush();
      emit(c, is_inserted);
    } else {
      marks_.push_back({c, combining_class, is_inserted});
    }
  }

  void flush() {
    std::ranges::stable_sort(marks_, {}, &Mark::combining_class);
    for (const Mark& mark : marks_) emit(mark.character, mark.is_inserted);
    marks_.clear();
  }

  void emit(char32_t c, bool is_inserted) {
    if (!is_inserted) ++consumed_;
    out_.push_back({c, consumed_ == 0 ? in_.front().source : in_[consumed_ - 1].source});
  }

  const Characters& in_;
  Characters out_;
  std::vector<Mark> marks_;
  std::size_t consumed_ = 0;
};

void lowercase_into(const Characters& in, Characters& out) {
  for (const auto& [character, source] : in) {
    const unicode::Lowercase lower = unicode::lowercase(character);
    for (int i = 0; i < lower.count; ++i) out.push_back({lower.characters[i], source});
  }
}

}  // namespace

void normalize(std::u32string_view text, std::uint32_t first, const NormalizerOptions& options,
               Characters& normalized) {
  Characters characters;
  characters.reserve(text.size());
  clean_and_space(text, first, options, characters);
  if (options.strips_accents()) {
    characters = Decomposer(characters).run();
    std::erase_if(characters, [](const NormalizedCharacter& c) {
      return unicode::is(c.character, unicode::kNonspacingMark);
    });
  }
  if (options.lowercase) {
    lowercase_into(characters, normalized);
  } else {
    normalized.insert(normalized.end(), characters.begin(), characters.end());
  }
}

}  // namespace convbert
