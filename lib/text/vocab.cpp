#include "text/vocab.h"

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"
#include "text/unicode.h"

namespace convbert {
namespace {

std::string_view strip_end(std::string_view line) {
  while (!line.empty()) {
    std::size_t start = line.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(line[start]) & 0xC0) == 0x80) --start;
    const std::string_view last = line.substr(start);
    std::size_t position = 0;
    if (find_invalid_utf8(last) != kValidUtf8 ||
        !unicode::is(decode_utf8(last, position), unicode::kWhitespace)) {
      break;
    }
    line.remove_suffix(last.size());
  }
  return line;
}

}  // namespace

Vocab Vocab::from_lines(std::string_view text, const std::string& source) {
  Vocab vocab;
  std::int32_t id = 0;
  while (!text.empty()) {
    if (id == INT32_MAX) throw Error(ErrorKind::format, concat(source, ": too many lines"));
    const std::size_t end = text.find('\n');
    vocab.insert(std::string(strip_end(text.substr(0, end))), id++);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (vocab.size() == 0)
    throw Error(ErrorKind::format, concat(source, ": the vocabulary is empty"));
  return vocab;
}

Vocab Vocab::from_pairs(const std::vector<std::pair<std::string, std::int32_t>>& pairs) {
  Vocab vocab;
  for (const auto& [token, id] : pairs) vocab.insert(token, id);
  return vocab;
}

void Vocab::insert(std::string token, std::int32_t id) {
  longest_ = std::max(longest_, token.size());
  const auto index = static_cast<std::size_t>(id);
  if (index >= tokens_.size()) tokens_.resize(index + 1);
  tokens_[index] = token;
  ids_.insert_or_assign(std::move(token), id);
}

std::optional<std::int32_t> Vocab::find(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string_view> Vocab::token(std::int32_t id) const {
  if (id < 0 || id >= size()) return std::nullopt;
  const std::string& token = tokens_[static_cast<std::size_t>(id)];
  return find(token) == id ? std::optional<std::string_view>(token) : std::nullopt;
}

}  // namespace convbert
