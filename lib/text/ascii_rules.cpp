#include "text/ascii_rules.h"

#include "text/unicode.h"

namespace convbert {

AsciiRules::AsciiRules(const NormalizerOptions& options) {
  kinds_.fill(Kind::other);
  for (char32_t c = 0; c < 128; ++c) {
    const std::uint8_t properties = unicode::properties(c);
    if (!(options.clean_text && is_dropped(c, properties))) {
      kinds_[c] = (properties & unicode::kWhitespace) != 0    ? Kind::space
                  : (properties & unicode::kPunctuation) != 0 ? Kind::punctuation
                                                              : Kind::letter;
    }
    const char32_t lower = options.lowercase ? unicode::lowercase(c).characters[0] : c;
    lowercase_[c] = static_cast<char>(lower);
  }
}

}  // namespace convbert
