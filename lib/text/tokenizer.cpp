#include "text/tokenizer.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "text/words.h"

namespace convbert {
namespace {

std::u32string decode_all(std::string_view text) {
  std::u32string decoded;
  decoded.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    decoded.push_back(decode_utf8(text, position));
  }
  return decoded;
}

// The tokens of one text, before truncation and template.
struct TokenList {
  std::vector<std::int32_t> ids;
  std::vector<Offsets> offsets;

  void truncate(std::size_t length) {
    ids.resize(std::min(ids.size(), length));
    offsets.resize(ids.size());
  }
};

// The reference's rule for two texts that share `budget` tokens.
std::pair<std::size_t, std::size_t> longest_first(std::size_t first, std::size_t second,
                                                  std::size_t budget) {
  const bool swapped = first > second;
  std::size_t shorter = std::min(first, second);
  std::size_t longer = shorter > budget ? shorter : std::max(shorter, budget - shorter);
  if (shorter + longer > budget) {
    shorter = budget / 2;
    longer = shorter + budget % 2;
  }
  return swapped ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

void truncate(TokenList& first, TokenList* second, std::size_t budget, Truncation strategy) {
  const std::size_t second_size = second == nullptr ? 0 : second->ids.size();
  const std::size_t total = first.ids.size() + second_size;
  if (total <= budget) return;
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::input, concat("the text has ", total, " tokens, the limit is ", budget,
                                         " besides special tokens", what));
  };
  const std::size_t excess = total - budget;
  switch (strategy) {
    case Truncation::error: fail(" (--truncation error)"); return;
    case Truncation::longest_first:
      if (second == nullptr) return first.truncate(budget);
      {
        const auto [keep_first, keep_second] = longest_first(first.ids.size(), second_size, budget);
        first.truncate(keep_first);
        second->truncate(keep_second);
      }
      return;
    case Truncation::only_first:
      if (first.ids.size() <= excess) {
        fail(concat(": the first has too few (", first.ids.size(),
                    ") to cut; use --truncation longest_first"));
      }
      return first.truncate(first.ids.size() - excess);
    case Truncation::only_second:
      if (second_size <= excess) {
        fail(concat(": the second has too few (", second_size,
                    ") to cut; use --truncation longest_first"));
      }
      return second->truncate(second_size - excess);
  }
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

// Hugging Face's clean_up_tokenization, which the decoder applies token by token.
void clean_up(std::string& token) {
  constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRules) replace_all(token, from, to);
}

}  // namespace

std::optional<Truncation> truncation_from_name(std::string_view name) {
  if (name == "longest_first") return Truncation::longest_first;
  if (name == "only_first") return Truncation::only_first;
  if (name == "only_second") return Truncation::only_second;
  if (name == "error") return Truncation::error;
  return std::nullopt;
}

std::optional<OffsetUnit> offset_unit_from_name(std::string_view name) {
  if (name == "codepoint") return OffsetUnit::codepoint;
  if (name == "byte") return OffsetUnit::byte;
  if (name == "utf16") return OffsetUnit::utf16;
  return std::nullopt;
}

struct Tokenizer::Impl {
  TokenizerSpec spec;
  WordPiece wordpiece;
  AddedTokenMatcher raw_matcher;         // in the text as it is
  AddedTokenMatcher normalized_matcher;  // in its normal form
  std::unordered_map<std::int32_t, AddedToken> added_by_id;

  explicit Impl(TokenizerSpec given)
      : spec(std::move(given)), wordpiece(spec.vocab, spec.wordpiece, unknown_id(spec)) {
    for (AddedToken token : spec.added_tokens) {
      if (token.normalized) {
        // It is known by its normal form from here on, as in the reference.
        std::vector<NormalizedCharacter> characters;
        normalize(decode_all(token.content), 0, spec.normalizer, characters);
        token.content.clear();
        for (const NormalizedCharacter& c : characters) append_utf8(token.content, c.character);
      }
      (token.normalized ? normalized_matcher : raw_matcher).add(token, decode_all(token.content));
      added_by_id.insert_or_assign(token.id, token);
    }
  }

  static std::int32_t unknown_id(const TokenizerSpec& spec) {
    const auto id = spec.vocab.find(spec.unknown_token);
    if (!id) {
      throw Error(ErrorKind::format,
                  concat("the vocabulary has no \"", printable(spec.unknown_token),
                         "\", the token for what is unknown"));
    }
    return *id;
  }

  TokenList tokenize(std::string_view text) const {
    const std::u32string characters = decode_all(text);
    TokenList tokens;
    for (const TextSpan& span : raw_matcher.split(characters)) {
      if (span.id != TextSpan::kNoToken) {
        add(tokens, span.id, span.begin, span.end);
      } else {
        tokenize_plain(std::u32string_view(characters).substr(span.begin, span.end - span.begin),
                       span.begin, tokens);
      }
    }
    return tokens;
  }

  // A stretch without added tokens that are looked for in the raw text.
  void tokenize_plain(std::u32string_view text, std::size_t first, TokenList& tokens) const {
    std::vector<NormalizedCharacter> normal;
    normalize(text, static_cast<std::uint32_t>(first), spec.normalizer, normal);
    const std::span<const NormalizedCharacter> all(normal);
    if (normalized_matcher.empty()) return tokenize_words(all, tokens);
    std::u32string plain;
    for (const NormalizedCharacter& c : normal) plain.push_back(c.character);
    for (const TextSpan& span : normalized_matcher.split(plain)) {
      const auto part = all.subspan(span.begin, span.end - span.begin);
      if (span.id == TextSpan::kNoToken) {
        tokenize_words(part, tokens);
      } else {
        add(tokens, span.id, part.front().source, part.back().source + 1);
      }
    }
  }

  void tokenize_words(std::span<const NormalizedCharacter> text, TokenList& tokens) const {
    std::vector<Piece> pieces;
    for_each_word(text, [&](std::span<const NormalizedCharacter> word) {
      pieces.clear();
      wordpiece.split(word, pieces);
      for (const Piece& piece : pieces) {
        add(tokens, piece.id, word[piece.begin].source, word[piece.end - 1].source + 1);
      }
    });
  }

  static void add(TokenList& tokens, std::int32_t id, std::size_t begin, std::size_t end) {
    tokens.ids.push_back(id);
    tokens.offsets.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  }
};

Tokenizer::Tokenizer(TokenizerSpec spec) : impl_(std::make_unique<const Impl>(std::move(spec))) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

const TokenizerSpec& Tokenizer::spec() const { return impl_->spec; }

int Tokenizer::special_tokens(bool is_pair) const {
  const auto& pieces = is_pair ? impl_->spec.pair : impl_->spec.single;
  return static_cast<int>(
      std::ranges::count(pieces, TemplatePiece::Kind::token, &TemplatePiece::kind));
}

Encoding Tokenizer::encode(std::string_view text, std::optional<std::string_view> pair,
                           const EncodeOptions& options) const {
  TokenList first = impl_->tokenize(text);
  std::optional<TokenList> second;
  if (pair) second = impl_->tokenize(*pair);
  TokenList* second_list = second ? &*second : nullptr;
  const auto count = [&] { return first.ids.size() + (second ? second->ids.size() : 0); };

  Encoding encoding;
  const std::size_t before = count();
  if (options.max_length > 0) {
    const std::int64_t added = options.add_special_tokens ? special_tokens(second.has_value()) : 0;
    if (options.max_length < added) {
      throw Error(ErrorKind::input,
                  concat("a limit of ", options.max_length, " tokens leaves no room for the ",
                         added, " special tokens"));
    }
    truncate(first, second_list, static_cast<std::size_t>(options.max_length - added),
             options.truncation);
  }
  encoding.truncated = static_cast<std::int64_t>(before - count());

  const auto append = [&](const TokenList& tokens, std::int32_t type_id, std::uint8_t sequence) {
    encoding.ids.insert(encoding.ids.end(), tokens.ids.begin(), tokens.ids.end());
    encoding.offsets.insert(encoding.offsets.end(), tokens.offsets.begin(), tokens.offsets.end());
    encoding.type_ids.resize(encoding.ids.size(), type_id);
    encoding.special_mask.resize(encoding.ids.size(), 0);
    encoding.sequence.resize(encoding.ids.size(), sequence);
  };
  for (const TemplatePiece& piece : second ? impl_->spec.pair : impl_->spec.single) {
    switch (piece.kind) {
      case TemplatePiece::Kind::first_text: append(first, piece.type_id, 0); break;
      case TemplatePiece::Kind::second_text:
        if (second) append(*second, piece.type_id, 1);
        break;
      case TemplatePiece::Kind::token:
        if (!options.add_special_tokens) break;
        append({{piece.id}, {{}}}, piece.type_id, 0);
        encoding.special_mask.back() = 1;
        break;
    }
  }
  return encoding;
}

std::string_view Tokenizer::token(std::int32_t id) const {
  if (const auto added = impl_->added_by_id.find(id); added != impl_->added_by_id.end()) {
    return added->second.content;
  }
  return impl_->spec.vocab.token(id).value_or("");
}

std::vector<std::string> Tokenizer::tokens(const Encoding& encoding) const {
  std::vector<std::string> tokens;
  tokens.reserve(encoding.size());
  for (const std::int32_t id : encoding.ids) tokens.emplace_back(token(id));
  return tokens;
}

std::int32_t Tokenizer::size() const {
  std::int32_t size = impl_->spec.vocab.size();
  for (const AddedToken& token : impl_->spec.added_tokens) size = std::max(size, token.id + 1);
  return size;
}

std::string Tokenizer::decode(const std::vector<std::int32_t>& ids,
                              bool skip_special_tokens) const {
  const std::string& prefix = impl_->spec.wordpiece.continuation_prefix;
  std::string text;
  bool is_first = true;
  for (const std::int32_t id : ids) {
    std::string piece(token(id));
    if (piece.empty()) continue;
    if (skip_special_tokens) {
      const auto added = impl_->added_by_id.find(id);
      if (added != impl_->added_by_id.end() && added->second.special) continue;
    }
    if (!is_first) {
      if (piece.starts_with(prefix)) {
        piece.erase(0, prefix.size());
      } else {
        piece.insert(0, " ");
      }
    }
    clean_up(piece);
    text += piece;
    is_first = false;
  }
  return text;
}

std::vector<Offsets> convert_offsets(const std::vector<Offsets>& offsets, std::string_view text,
                                     OffsetUnit unit) {
  if (unit == OffsetUnit::codepoint) return offsets;
  std::vector<std::uint32_t> starts{0};  // of each code point, in the unit
  for (std::size_t position = 0; position < text.size();) {
    const char32_t c = decode_utf8(text, position);
    const int length = unit == OffsetUnit::byte ? utf8_length(c) : utf16_length(c);
    starts.push_back(starts.back() + static_cast<std::uint32_t>(length));
  }
  std::vector<Offsets> converted;
  converted.reserve(offsets.size());
  for (const Offsets& range : offsets) {
    converted.push_back({starts[range.begin], starts[range.end]});
  }
  return converted;
}

}  // namespace convbert
