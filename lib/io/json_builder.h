// JSON written piece by piece, with its braces and commas where they belong.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "io/json_text.h"

namespace convbert {

// Appends to a text that it does not own:
//   json.begin_object().member("label", "good").member("score", 0.5f).end_object();
// gives {"label":"good","score":0.5}. Holds no state: what stands last in the text says whether a
// comma is due, so an object that was begun elsewhere can be gone on with.
class JsonBuilder {
 public:
  explicit JsonBuilder(std::string& out) : out_(out) {}

  JsonBuilder& begin_object() { return open('{'); }
  JsonBuilder& end_object() { return close('}'); }
  JsonBuilder& begin_list() { return open('['); }
  JsonBuilder& end_list() { return close(']'); }

  // Its value must follow.
  JsonBuilder& key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += ':';
    return *this;
  }

  // Texts must be well-formed UTF-8, numbers finite.
  JsonBuilder& value(std::string_view text) {
    separate();
    append_json_string(out_, text);
    return *this;
  }
  JsonBuilder& value(float number) {
    separate();
    append_json_number(out_, number);
    return *this;
  }
  JsonBuilder& value(std::int64_t number) {
    separate();
    append_json_number(out_, number);
    return *this;
  }
  // A list: of floats, of 32-bit integers or of texts.
  template <class Element>
  JsonBuilder& value(std::span<const Element> elements) {
    separate();
    append_json_array(out_, elements);
    return *this;
  }
  // A value that is JSON already.
  JsonBuilder& json(std::string_view text) {
    separate();
    out_ += text;
    return *this;
  }
  JsonBuilder& null() {
    separate();
    out_ += "null";
    return *this;
  }

  template <class Value>
  JsonBuilder& member(std::string_view name, const Value& value_of_it) {
    return key(name).value(value_of_it);
  }

 private:
  JsonBuilder& open(char bracket) {
    separate();
    out_ += bracket;
    return *this;
  }
  JsonBuilder& close(char bracket) {
    out_ += bracket;
    return *this;
  }
  void separate() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':' && last != '\n') out_ += ',';
  }

  std::string& out_;
};

}  // namespace convbert
