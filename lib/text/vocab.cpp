#include "text/vocab.h"

#include <algorithm>
#include <bit>

#include "core/error.h"
#include "core/utf8.h"
#include "text/unicode.h"

namespace convbert {
namespace {

// Slots that are taken in front of a token's. Words, numbers and random bytes reach 60; more are
// chosen for their hashes.
constexpr std::size_t kMostInFront = 512;

// `line` must be well-formed.
std::string_view strip_end(std::string_view line) {
  while (!line.empty()) {
    const std::size_t start = previous_utf8(line, line.size());
    std::size_t position = start;
    if (!unicode::is(decode_utf8(line, position), unicode::kWhitespace)) break;
    line = line.substr(0, start);
  }
  return line;
}

Vocab::Hash hash_of(std::string_view token) {
  Vocab::Hash hash;
  for (const char byte : token) hash.add(byte);
  return hash;
}

}  // namespace

Vocab Vocab::from_lines(std::string_view text, const std::string& source) {
  if (text.size() > kMostVocabularyBytes) {
    throw Error(ErrorKind::format, concat(source, ": a vocabulary of ", text.size(),
                                          " bytes; expected at most ", kMostVocabularyBytes));
  }
  const std::ptrdiff_t lines = std::ranges::count(text, '\n') + (text.ends_with('\n') ? 0 : 1);
  if (lines > kMostTokens) {
    throw Error(ErrorKind::format, concat(source, ": a vocabulary of ", lines,
                                          " lines; expected at most ", kMostTokens));
  }
  Vocab vocab;
  vocab.reserve(static_cast<std::size_t>(lines), text.size());
  std::int32_t id = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (find_invalid_utf8(line) == kValidUtf8) {
      vocab.insert(strip_end(line), id++, source);
    } else {
      vocab.insert(strip_end(replace_invalid_utf8(line)), id++, source);
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (vocab.size() == 0)
    throw Error(ErrorKind::format, concat(source, ": the vocabulary is empty"));
  return vocab;
}

Vocab Vocab::from_pairs(const std::vector<std::pair<std::string, std::int32_t>>& pairs,
                        const std::string& source) {
  Vocab vocab;
  vocab.reserve(pairs.size(), 0);
  for (const auto& [token, id] : pairs) vocab.insert(token, id, source);
  return vocab;
}

void Vocab::reserve(std::size_t tokens, std::size_t bytes) {
  text_.reserve(bytes);
  slot_of_id_.reserve(tokens);
  slots_.assign(std::bit_ceil(2 * tokens + 1), {});
}

void Vocab::insert(std::string_view token, std::int32_t id, const std::string& source) {
  const std::uint32_t hash = hash_of(token).value();
  const std::size_t place = slot_of(token, {}, hash);
  if (((place - hash) & (slots_.size() - 1)) > kMostInFront) {
    throw Error(ErrorKind::format,
                concat(source, ": token ", quoted(token), " shares its place in the hash table ",
                       "with more than ", kMostInFront, " others; expected tokens that are not ",
                       "chosen for that"));
  }
  if (slots_[place].id == kNoId) {
    if (text_.size() + token.size() > UINT32_MAX) {
      throw Error(ErrorKind::format, concat(source, ": the vocabulary is larger than 4 GiB"));
    }
    slots_[place] = {id, hash, static_cast<std::uint32_t>(text_.size()),
                     static_cast<std::uint32_t>(token.size())};
    text_ += token;
  }
  slots_[place].id = id;
  const auto index = static_cast<std::size_t>(id);
  if (index >= slot_of_id_.size()) slot_of_id_.resize(index + 1, kNoSlot);
  slot_of_id_[index] = static_cast<std::uint32_t>(place);
}

std::optional<std::int32_t> Vocab::find(std::string_view token) const {
  const std::int32_t id = find(token, {}, hash_of(token));
  return id == kNoId ? std::nullopt : std::optional(id);
}

std::optional<std::string_view> Vocab::token(std::int32_t id) const {
  if (id < 0 || id >= size()) return std::nullopt;
  const std::uint32_t place = slot_of_id_[static_cast<std::size_t>(id)];
  if (place == kNoSlot || slots_[place].id != id) return std::nullopt;
  return token_of(slots_[place]);
}

}  // namespace convbert
