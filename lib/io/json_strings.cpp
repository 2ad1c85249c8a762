#include "io/json_strings.h"

#include <cstring>

#include "core/error.h"
#include "io/append_with_room.h"
#include "io/json_text.h"

namespace convbert {
namespace {

// What is copied of each string, however short: most tokens fit, and a copy of a fixed size is one
// load and one store.
constexpr std::size_t kBlock = 16;

}  // namespace

JsonStrings::JsonStrings() : json_(kBlock, ' ') {
  add("");
  empty_ = places_.back();
  places_.clear();
}

void JsonStrings::add(std::string_view text) {
  json_.resize(json_.size() - kBlock);
  const std::size_t begin = json_.size();
  append_json_string(json_, text);
  json_ += ',';
  const std::size_t length = json_.size() - begin;
  json_.append(kBlock, ' ');
  if (json_.size() > UINT32_MAX) {
    throw Error(ErrorKind::format, "the vocabulary is larger than 4 GiB");
  }
  places_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(length)});
}

void JsonStrings::append_array(std::string& out, std::span<const std::int32_t> numbers) const {
  std::size_t length = 0;
  for (const std::int32_t number : numbers) length += place_of(number).length;
  append_json_array_with_room(out, length + kBlock, [&](char* at) {
    for (const std::int32_t number : numbers) {
      const Place place = place_of(number);
      const char* text = json_.data() + place.begin;
      std::memcpy(at, text, kBlock);
      if (place.length > kBlock) std::memcpy(at + kBlock, text + kBlock, place.length - kBlock);
      at += place.length;
    }
    return at;
  });
}

}  // namespace convbert
