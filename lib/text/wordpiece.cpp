#include "text/wordpiece.h"

#include "core/utf8.h"

namespace convbert {

void WordPiece::split(std::span<const NormalizedCharacter> word, std::vector<Piece>& pieces) const {
  const auto characters = static_cast<std::uint32_t>(word.size());
  const Piece unknown{unknown_id_, 0, characters};
  if (word.size() > options_.max_word_characters) return pieces.push_back(unknown);

  // offsets[i] is the byte that character i begins at.
  std::string bytes;
  std::vector<std::size_t> offsets{0};
  for (const NormalizedCharacter& c : word) {
    append_utf8(bytes, c.character);
    offsets.push_back(bytes.size());
  }

  const std::size_t first_piece = pieces.size();
  std::string candidate;
  for (std::uint32_t begin = 0; begin < characters;) {
    const std::string_view prefix =
        begin == 0 ? "" : std::string_view(options_.continuation_prefix);
    candidate.assign(prefix);
    candidate.append(bytes, offsets[begin]);
    std::uint32_t end = characters;
    std::optional<std::int32_t> id;
    for (; end > begin; --end) {
      candidate.resize(prefix.size() + offsets[end] - offsets[begin]);
      if (candidate.size() <= vocab_.longest()) id = vocab_.find(candidate);
      if (id) break;
    }
    if (!id) {
      pieces.resize(first_piece);
      return pieces.push_back(unknown);
    }
    pieces.push_back({*id, begin, end});
    begin = end;
  }
}

}  // namespace convbert
