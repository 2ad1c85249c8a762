// JSON from outside, bounded before it is built.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json_scan.h"

namespace convbert {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // whose members stay in their order

// As a file for programs and people: indented, what is no UTF-8 replaced, a line end at the end.
std::string file_text(const OrderedJson& json);

// A model's file; tokenizer.json of 500,000 tokens has 10 MB.
inline constexpr std::size_t kMostJsonBytes = 32 << 20;

// Parses a model's file whole. Throws Error(format) that begins with `source`.
Json parse_json(std::string_view text, const std::string& source, const JsonLimits& limits = {});

// The member `key` of an object: `fallback` when it is absent or null, Error(format) naming
// `source`, the key, the expected and the found type when it is of another type.
std::int64_t json_integer(const Json& object, const char* key, std::int64_t fallback,
                          const std::string& source);
double json_number(const Json& object, const char* key, double fallback, const std::string& source);
bool json_bool(const Json& object, const char* key, bool fallback, const std::string& source);
std::string json_string(const Json& object, const char* key, const std::string& fallback,
                        const std::string& source);

}  // namespace convbert
