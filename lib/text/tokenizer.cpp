#include "text/tokenizer.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "text/text_tokenizer.h"

namespace convbert {
namespace {

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

void shorten(TokenRun& run, std::size_t length) {
  if (length < run.tokens.size()) run.tokens.resize(length);
}

// No text keeps more than `budget` tokens, whatever the strategy.
void truncate(TokenRun& first, TokenRun* second, std::size_t budget, Truncation strategy) {
  const std::size_t second_size = second == nullptr ? 0 : second->total;
  const std::size_t total = first.total + second_size;
  if (total <= budget) return;
  const auto fail = [&](const char* name, const std::string& what) {
    throw Error(ErrorKind::input, OptionName{"truncation"},
                concat(" ", name, ": the text has ", total, " tokens, the limit is ", budget,
                       " besides special tokens", what));
  };
  const std::size_t excess = total - budget;
  switch (strategy) {
    case Truncation::error: fail("error", ""); return;
    case Truncation::longest_first:
      if (second == nullptr) return shorten(first, budget);
      {
        const auto [keep_first, keep_second] = longest_first(first.total, second_size, budget);
        shorten(first, keep_first);
        shorten(*second, keep_second);
      }
      return;
    case Truncation::only_first:
      if (first.total <= excess) {
        fail("only_first",
             concat("; the first has too few (", first.total, ") to cut: use longest_first"));
      }
      return shorten(first, first.total - excess);
    case Truncation::only_second:
      if (second_size <= excess) {
        fail("only_second",
             concat("; the second has too few (", second_size, ") to cut: use longest_first"));
      }
      return shorten(*second, second_size - excess);
  }
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  if (at == std::string::npos) return;
  std::string replaced;
  std::size_t done = 0;
  for (; at != std::string::npos; at = text.find(from, done)) {
    replaced.append(text, done, at - done).append(to);
    done = at + from.size();
  }
  text = replaced.append(text, done);
}

// Hugging Face's clean_up_tokenization, which the decoder applies token by token.
void clean_up(std::string& token) {
  constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRules) replace_all(token, from, to);
}

// Appends to the lists of an Encoding.
class EncodingWriter {
 public:
  explicit EncodingWriter(std::size_t size) {
    encoding_.ids.reserve(size);
    encoding_.type_ids.reserve(size);
    encoding_.offsets.reserve(size);
    encoding_.special_mask.reserve(size);
    encoding_.sequence.reserve(size);
  }

  void add(const std::vector<Token>& tokens, std::int32_t type_id, std::uint8_t sequence) {
    for (const Token& token : tokens) {
      encoding_.ids.push_back(token.id);
      encoding_.offsets.push_back(token.offsets);
    }
    fill(type_id, sequence, 0);
  }

  void add_special(std::int32_t id, std::int32_t type_id) {
    encoding_.ids.push_back(id);
    encoding_.offsets.emplace_back();
    fill(type_id, 0, 1);
  }

  Encoding finish(std::size_t truncated) {
    encoding_.truncated = static_cast<std::int64_t>(truncated);
    return std::move(encoding_);
  }

 private:
  // The other lists, up to the length of the first.
  void fill(std::int32_t type_id, std::uint8_t sequence, std::uint8_t special) {
    const std::size_t size = encoding_.ids.size();
    encoding_.type_ids.resize(size, type_id);
    encoding_.special_mask.resize(size, special);
    encoding_.sequence.resize(size, sequence);
  }

  Encoding encoding_;
};

std::string normal_form(const std::string& text, const NormalizerOptions& options) {
  Normalizer normalizer(options);
  std::string normal;
  for (const NormalizedCharacter& c : normalizer.normalize(text, 0)) {
    append_utf8(normal, c.character);
  }
  return normal;
}

// A token that is looked for in normalised text is known by its normal form, as in the reference.
std::vector<AddedToken> added_tokens(const TokenizerSpec& spec) {
  std::vector<AddedToken> tokens = spec.added_tokens;
  for (AddedToken& token : tokens) {
    if (token.normalized) token.content = normal_form(token.content, spec.normalizer);
  }
  return tokens;
}

std::int32_t unknown_id(const TokenizerSpec& spec) {
  const auto id = spec.vocab.find(spec.unknown_token);
  if (!id) {
    throw Error(ErrorKind::format, concat("the vocabulary has no \"", printable(spec.unknown_token),
                                          "\", the token for what is unknown"));
  }
  return *id;
}

}  // namespace

std::optional<Truncation> truncation_from_name(std::string_view name) {
  if (name == "longest_first") return Truncation::longest_first;
  if (name == "only_first") return Truncation::only_first;
  if (name == "only_second") return Truncation::only_second;
  if (name == "error") return Truncation::error;
  return std::nullopt;
}

struct Tokenizer::Impl {
  TokenizerSpec spec;
  std::vector<AddedToken> added;
  std::unordered_map<std::int32_t, const AddedToken*> added_by_id;
  TextTokenizer texts;

  explicit Impl(TokenizerSpec given)
      : spec(std::move(given)),
        added(added_tokens(spec)),
        texts(spec.vocab, {spec.normalizer, spec.wordpiece, unknown_id(spec), added}) {
    for (const AddedToken& token : added) added_by_id.insert_or_assign(token.id, &token);
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
  const int added = options.add_special_tokens ? special_tokens(pair.has_value()) : 0;
  if (options.max_length > 0 && options.max_length < added) {
    throw Error(ErrorKind::input,
                concat("a limit of ", options.max_length, " tokens leaves no room for the ", added,
                       " special tokens"));
  }
  const bool is_limited = options.max_length > 0;
  const std::size_t budget = is_limited ? static_cast<std::size_t>(options.max_length - added)
                                        : std::numeric_limits<std::size_t>::max();
  TokenRun first = impl_->texts.tokenize(text, budget);
  std::optional<TokenRun> second;
  if (pair) second = impl_->texts.tokenize(*pair, budget);
  truncate(first, second ? &*second : nullptr, budget, options.truncation);
  const std::size_t count = first.tokens.size() + (second ? second->tokens.size() : 0);
  const std::size_t total = first.total + (second ? second->total : 0);

  EncodingWriter writer(count + static_cast<std::size_t>(added));
  for (const TemplatePiece& piece : second ? impl_->spec.pair : impl_->spec.single) {
    switch (piece.kind) {
      case TemplatePiece::Kind::first_text: writer.add(first.tokens, piece.type_id, 0); break;
      case TemplatePiece::Kind::second_text:
        if (second) writer.add(second->tokens, piece.type_id, 1);
        break;
      case TemplatePiece::Kind::token:
        if (options.add_special_tokens) writer.add_special(piece.id, piece.type_id);
        break;
    }
  }
  return writer.finish(total - count);
}

std::string_view Tokenizer::token(std::int32_t id) const {
  if (const auto added = impl_->added_by_id.find(id); added != impl_->added_by_id.end()) {
    return added->second->content;
  }
  return impl_->spec.vocab.token(id).value_or("");
}

std::size_t Tokenizer::continuation_of(std::string_view token) const {
  const std::string& prefix = impl_->spec.wordpiece.continuation_prefix;
  return token.size() > prefix.size() && token.starts_with(prefix) ? prefix.size() : 0;
}

std::optional<std::int32_t> Tokenizer::id(std::string_view token) const {
  const auto added = std::ranges::find(impl_->added, token, &AddedToken::content);
  return added != impl_->added.end() ? added->id : impl_->spec.vocab.find(token);
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
      if (added != impl_->added_by_id.end() && added->second->special) continue;
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

}  // namespace convbert
