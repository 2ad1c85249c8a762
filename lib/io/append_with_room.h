// Text of a bounded length, written into a string without a check for each part of it.
#pragma once

#include <cstddef>
#include <string>

namespace convbert {

// Appends what write(begin) puts at `begin`, at most `room` bytes; it returns their end.
template <class Write>
void append_with_room(std::string& out, std::size_t room, Write write) {
  const std::size_t size = out.size();
  out.resize(size + room);
  const char* end = write(out.data() + size);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

// The same for a JSON array: write_elements(begin) puts a comma behind each element.
template <class WriteElements>
void append_json_array_with_room(std::string& out, std::size_t room, WriteElements write_elements) {
  append_with_room(out, room + 2, [&](char* at) {
    *at++ = '[';
    char* const first = at;
    at = write_elements(at);
    if (at > first) --at;  // the last comma
    *at++ = ']';
    return at;
  });
}

}  // namespace convbert
