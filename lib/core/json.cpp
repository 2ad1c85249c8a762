#include "core/json.h"

#include "core/error.h"
#include "core/json_scan.h"

namespace convbert {
namespace {

// Numbers as long doubles, so that 1e999, which is JSON though no double, can pass through.
using WideJson = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t,
                                      std::uint64_t, long double>;

// Counts depth and values and remembers the first complaint; builds nothing.
class Checker : public nlohmann::json_sax<WideJson> {
 public:
  explicit Checker(const JsonLimits& limits) : limits_(limits) {}

  const std::string& complaint() const { return complaint_; }

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool key(string_t&) override { return true; }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while
    // parsing value - unexpected ..." : what follows the position is what a reader needs.
    std::string reason = error.what();
    const std::size_t colon = reason.find(": ");
    if (colon != std::string::npos) reason = reason.substr(colon + 2);
    complaint_ = concat("not valid JSON at byte ", position, ": ", printable(reason, 200));
    return false;
  }

 private:
  bool count() {
    if (++values_ <= limits_.values) return true;
    complaint_ = concat("JSON with more than ", limits_.values, " values");
    return false;
  }
  bool open() {
    if (++depth_ <= limits_.depth) return count();
    complaint_ = concat("JSON nested deeper than ", limits_.depth, " levels");
    return false;
  }
  bool close() {
    --depth_;
    return true;
  }

  JsonLimits limits_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::string complaint_;
};

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

std::string check_json(std::string_view text, const JsonLimits& limits) {
  if (is_plain_json(text, limits)) return "";
  Checker checker(limits);
  WideJson::sax_parse(text.begin(), text.end(), &checker);
  return checker.complaint();
}

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

}  // namespace convbert
