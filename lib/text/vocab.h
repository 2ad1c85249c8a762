// The vocabulary: WordPiece tokens and their ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace convbert {

class Vocab {
 public:
  // vocab.txt: a token a line, its id the line's number from 0. White space at the end of a line
  // belongs to no token; of equal lines the last counts. Throws Error(format) when it is empty.
  static Vocab from_lines(std::string_view text, const std::string& source);
  // From token -> id, as tokenizer.json has it.
  static Vocab from_pairs(const std::vector<std::pair<std::string, std::int32_t>>& pairs);

  // One past the largest id.
  std::int32_t size() const { return static_cast<std::int32_t>(tokens_.size()); }
  std::optional<std::int32_t> find(std::string_view token) const;
  // The token that find() maps to `id`; nothing where there is none.
  std::optional<std::string_view> token(std::int32_t id) const;
  // Bytes of the longest token.
  std::size_t longest() const { return longest_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  void insert(std::string token, std::int32_t id);

  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> ids_;
  std::vector<std::string> tokens_;
  std::size_t longest_ = 0;
};

}  // namespace convbert
