// Strings that are written again and again, such as the tokens of a vocabulary.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace convbert {

// Holds each as JSON, quoted and escaped once. Const while it is read; threads may share it.
class JsonStrings {
 public:
  JsonStrings();

  // Gives `text`, well-formed UTF-8, the next number, from 0.
  void add(std::string_view text);

  // Appends ["one","two"]: the strings with these numbers; "" for a number that none has.
  void append_array(std::string& out, std::span<const std::int32_t> numbers) const;

 private:
  struct Place {
    std::uint32_t begin;   // in json_
    std::uint32_t length;  // with the quotes and a comma
  };
  Place place_of(std::int32_t number) const {
    const auto index = static_cast<std::uint32_t>(number);
    return index < places_.size() ? places_[index] : empty_;
  }

  std::string json_;  // ends with room for a copy of a whole block
  std::vector<Place> places_;
  Place empty_;
};

}  // namespace convbert
