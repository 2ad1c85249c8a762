#include "text/wordpiece.h"

#include <algorithm>
#include <utility>

#include "core/utf8.h"

namespace convbert {

WordPiece::Place::Place(const Vocab& vocab, std::string given) : prefix(std::move(given)) {
  for (const char byte : prefix) hash.add(byte);
  vocab.for_each([&](std::string_view token, std::int32_t) {
    if (!token.starts_with(prefix) || token.size() == prefix.size()) return;
    std::size_t& length = longest[static_cast<unsigned char>(token[prefix.size()])];
    length = std::max(length, token.size() - prefix.size());
  });
}

WordPiece::WordPiece(const Vocab& vocab, WordPieceOptions options, std::int32_t unknown_id)
    : vocab_(vocab),
      begin_(vocab, ""),
      inside_(vocab, std::move(options.continuation_prefix)),
      max_word_characters_(options.max_word_characters),
      unknown_id_(unknown_id) {}

void WordPiece::split(const Word& word, std::vector<Token>& tokens) const {
  const std::size_t size = word.bytes.size();
  const Token unknown{unknown_id_, {word.source(0), word.source(size - 1) + 1}};
  if (is_too_long(word.bytes)) {
    tokens.push_back(unknown);
    return;
  }
  const std::size_t first_piece = tokens.size();
  const Place* place = &begin_;
  for (std::size_t done = 0; done < size; place = &inside_) {
    const Piece piece = longest_piece(*place, word.bytes.substr(done));
    if (piece.length == 0) {
      tokens.resize(first_piece);
      tokens.push_back(unknown);
      return;
    }
    const std::size_t end = done + piece.length;
    tokens.push_back({piece.id, {word.source(done), word.source(end - 1) + 1}});
    done = end;
  }
}

bool WordPiece::is_too_long(std::string_view word) const {
  return word.size() > max_word_characters_ && count_code_points(word) > max_word_characters_;
}

WordPiece::Piece WordPiece::longest_piece(const Place& place, std::string_view rest) const {
  const std::size_t longest = place.longest[static_cast<unsigned char>(rest.front())];
  if (rest.size() <= longest) {  // mostly, all of the word is a token
    Vocab::Hash hash = place.hash;
    for (const char byte : rest) hash.add(byte);
    const std::int32_t id = vocab_.find(place.prefix, rest, hash);
    if (id != Vocab::kNoId) return {id, rest.size()};
  }
  Piece best{Vocab::kNoId, 0};
  Vocab::Hash hash = place.hash;
  const std::size_t end = std::min(rest.size() - 1, longest);
  for (std::size_t length = 1; length <= end; ++length) {
    hash.add(rest[length - 1]);
    if (is_utf8_continuation(rest[length])) continue;  // inside a character
    const std::int32_t id = vocab_.find(place.prefix, rest.substr(0, length), hash);
    if (id != Vocab::kNoId) best = {id, length};
  }
  return best;
}

}  // namespace convbert
