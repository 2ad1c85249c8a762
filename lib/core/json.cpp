#include "core/json.h"

#include "core/error.h"

namespace convbert {
namespace {

[[noreturn]] void wrong_type(const Json& found, const char* key, const char* expected,
                             const std::string& source) {
  throw Error(ErrorKind::format, concat(source, ": \"", key, "\": expected ", expected, ", found ",
                                        printable(found.dump(-1, ' ', true))));
}

const Json* present(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

Json parse_json(std::string_view text, const std::string& source, const JsonLimits& limits) {
  if (text.size() > kMostJsonBytes) {
    throw Error(ErrorKind::format, concat(source, ": JSON of ", text.size(),
                                          " bytes; expected at most ", kMostJsonBytes));
  }
  const std::string complaint = check_json(text, limits);
  if (!complaint.empty()) throw Error(ErrorKind::format, concat(source, ": ", complaint));
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::exception&) {
    throw Error(ErrorKind::format, concat(source, ": a number beyond the range of a double"));
  }
}

std::int64_t json_integer(const Json& object, const char* key, std::int64_t fallback,
                          const std::string& source) {
  const Json* value = present(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_number_integer()) wrong_type(*value, key, "an integer", source);
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX) {
    wrong_type(*value, key, "an integer below 2^63", source);
  }
  return value->get<std::int64_t>();
}

double json_number(const Json& object, const char* key, double fallback,
                   const std::string& source) {
  const Json* value = present(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) wrong_type(*value, key, "a number", source);
  return value->get<double>();
}

bool json_bool(const Json& object, const char* key, bool fallback, const std::string& source) {
  const Json* value = present(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) wrong_type(*value, key, "true or false", source);
  return value->get<bool>();
}

std::string json_string(const Json& object, const char* key, const std::string& fallback,
                        const std::string& source) {
  const Json* value = present(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) wrong_type(*value, key, "a string", source);
  return value->get<std::string>();
}

std::string file_text(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace convbert
