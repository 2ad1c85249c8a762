// JSON lines, and arrays of JSON objects, of which only the element at hand is in memory.
#include <algorithm>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json_scan.h"
#include "io/json_text.h"
#include "io/line_reader.h"
#include "io/record_parsers.h"

namespace convbert {
namespace {

constexpr JsonLimits kRecordLimits{.depth = 128, .values = 4'000'000, .members = 65'536};

// A file whose first records all lack a field is not meant.
constexpr std::int64_t kMostWithoutField = 100;

// A value of an object that spans lines, on one; well-formed strings have no line ends.
std::string on_one_line(std::string_view json) {
  constexpr std::size_t kNone = std::string_view::npos;
  if (json.find('\n') == kNone && json.find('\r') == kNone) return std::string(json);
  std::string line;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!in_string && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    line += c;
    if (in_string && c == '\\') line += json[++i];
    if (c == '"') in_string = !in_string;
  }
  return line;
}

// Objects as records.
class ObjectReader {
 public:
  ObjectReader(const RecordFields& fields, std::string source)
      : fields_(fields), source_(std::move(source)) {}

  // Fills the record, or sets its error. `expected` says what `json` should be. Throws
  // Error(format) for the next after the first kMostWithoutField when they, and it, all are without
  // a field that every record must have.
  void read(std::string_view json, std::string_view expected, Record& record) {
    lacks_field_ = false;
    is_readable_ = false;
    record.error = fill(json, expected, record);
    finish(record);
    if (!lacks_field_) {
      has_seen_other_ = true;
    } else if (!has_seen_other_ && ++without_field_ > kMostWithoutField) {
      throw Error(ErrorKind::format, concat(source_, ": the first ", kMostWithoutField,
                                            " records all failed: ", record.error));
    }
  }
  void read_too_long(std::string_view what, Record& record) {
    has_seen_other_ = true;
    is_readable_ = false;
    record.error = too_long(what);
    finish(record);
  }

 private:
  std::string fill(std::string_view json, std::string_view expected, Record& record) {
    const std::size_t first = json.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return concat("an empty line; expected ", expected);
    if (json.starts_with(kByteOrderMark)) {
      return concat("a byte order mark inside the file; expected ", expected);
    }
    members_.clear();
    const std::string complaint = split_json_object(json, kRecordLimits, members_);
    record.fields.reserve(members_.size());
    for (const JsonMember& member : members_) {
      record.fields.push_back({decode_json_string(member.key), on_one_line(member.value)});
      if (record.fields.back().name == fields_.id) record.id_field = record.fields.size() - 1;
    }
    if (!complaint.empty()) {
      const std::string invalid = invalid_utf8(json);
      return invalid.empty() ? concat(complaint, "; expected ", expected) : invalid;
    }
    is_readable_ = true;
    if (json[first] != '{') {
      const bool is_array = json[first] == '[';
      return concat(
          "expected a JSON object, found ", printable(std::string(json.substr(0, 50)), 40),
          is_array ? concat("; ", fields_.names.format, " json reads an array of objects") : "");
    }
    return find_texts(record);
  }

  std::string find_texts(Record& record) {
    const RecordField* text = find_field(record, fields_.text);
    if (text == nullptr) return lacks_field(record, fields_.text, fields_.names.text);
    if (text->json.front() != '"' && !fields_.text_may_be_json) return not_a_string(*text);
    record.text = text_of_json(text->json);
    const bool has_pair_field = !fields_.pair.empty() && fields_.pair != fields_.text;
    const RecordField* pair = has_pair_field ? find_field(record, fields_.pair) : nullptr;
    if (pair != nullptr) {
      if (pair->json.front() != '"') return not_a_string(*pair);
      record.pair = decode_json_string(pair->json);
    } else if (has_pair_field && fields_.pair_required) {
      return lacks_field(record, fields_.pair, fields_.names.pair);
    }
    return "";
  }

  void finish(Record& record) {
    const bool has_id = record.id_field.has_value();
    has_ids_ |= has_id;
    if (record.error.empty()) return;
    record.text.clear();
    record.pair.reset();
    if (has_id) {
      keep_only_id(record, fields_, std::move(record.fields[*record.id_field].json));
    } else if (has_ids_ && !is_readable_) {
      keep_only_id(record, fields_, "null");
    } else {
      record.fields.clear();
    }
  }

  std::string lacks_field(const Record& record, const std::string& name, const char* option) {
    lacks_field_ = true;
    return concat(no_field(record, name), " (", option, " names another)");
  }

  static std::string not_a_string(const RecordField& field) {
    return concat("field ", quoted(field.name), ": expected a string, found ",
                  printable(field.json, 40));
  }

  RecordFields fields_;
  std::string source_;
  std::vector<JsonMember> members_;
  bool has_ids_ = false;      // a record of the file has had one
  bool is_readable_ = false;  // the present record is well-formed
  bool lacks_field_ = false;  // and has no text or pair
  bool has_seen_other_ = false;
  std::int64_t without_field_ = 0;
};

class JsonlParser : public RecordParser {
 public:
  JsonlParser(TextBuffer text, const RecordFields& fields)
      : objects_(fields, text.source().name()), lines_(std::move(text)) {}

  bool next(Record& record) override {
    std::string_view line;
    if (!lines_.next(line)) return false;
    record.line = lines_.line_number();
    if (lines_.is_too_long()) {
      objects_.read_too_long("a line", record);
    } else {
      objects_.read(line, "a JSON object on one line", record);
    }
    return true;
  }

  const ByteSource& source() const override { return lines_.source(); }

 private:
  ObjectReader objects_;
  LineReader lines_;
};

// Finds where a JSON value ends, in pieces of any size: what is in it may be broken, as long as its
// brackets and quotes come in pairs.
class ValueEnd {
 public:
  // Goes on at text[at] and moves `at` behind what it has looked at; true when that is the end.
  bool find(std::string_view text, std::size_t& at) {
    while (at < text.size()) {
      if (in_string_ && !is_escaped_) at = find_json_escape(text, at);
      if (at == text.size()) return false;
      const char c = text[at];
      if (!in_string_ && depth_ == 0 && std::string_view(",]} \t\r\n").find(c) != kNone)
        return true;
      ++at;
      if (in_string_) {
        in_string_ = is_escaped_ || c != '"';
        is_escaped_ = !is_escaped_ && c == '\\';
        if (!in_string_ && depth_ == 0) return true;
      } else if (c == '"') {
        in_string_ = true;
      } else if (c == '{' || c == '[') {
        ++depth_;
      } else if ((c == '}' || c == ']') && --depth_ == 0) {
        return true;
      }
    }
    return false;
  }

 private:
  static constexpr std::size_t kNone = std::string_view::npos;
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool is_escaped_ = false;
};

class JsonParser : public RecordParser {
 public:
  JsonParser(TextBuffer text, const RecordFields& fields)
      : objects_(fields, text.source().name()), text_(std::move(text)) {}

  bool next(Record& record) override {
    if (!find_element()) return false;
    record.line = line_;
    ValueEnd end;
    std::size_t at = 0;
    bool is_too_long = false;
    while (!end.find(text_.rest(), at)) {
      if (at > kMaxRecordBytes) {
        is_too_long = true;
        take(std::exchange(at, 0));
      }
      if (text_.fill()) continue;
      line_ = record.line;
      fail("expected an end of the element that begins here, found the end of the file");
    }
    if (is_too_long || at > kMaxRecordBytes) {
      objects_.read_too_long("an element", record);
    } else {
      objects_.read(text_.rest().substr(0, at), "a JSON object", record);
    }
    take(at);
    return true;
  }

  const ByteSource& source() const override { return text_.source(); }

 private:
  // Goes to the next element; false behind the last.
  bool find_element() {
    if (place_ == Place::before) {
      if (take_mark() != '[') fail("expected [ and an array of objects");
      place_ = next_mark() == ']' ? Place::behind_element : Place::before_element;
    }
    if (place_ == Place::behind_element) {
      const int mark = take_mark();
      if (mark != ',' && mark != ']') fail("expected , or ] behind an element");
      place_ = mark == ',' ? Place::before_element : Place::behind;
    }
    const int mark = next_mark();
    if (place_ == Place::behind) {
      if (mark != kEnd) fail("something follows the array");
      return false;
    }
    if (mark == kEnd) fail("expected an element, found the end of the file");
    if (mark == ',' || mark == ']' || mark == '}') fail("expected an element");
    place_ = Place::behind_element;
    return true;
  }

  // The next byte that is not white space, or kEnd.
  int next_mark() {
    while (true) {
      const std::string_view rest = text_.rest();
      const std::size_t mark = rest.find_first_not_of(" \t\r\n");
      take(std::min(mark, rest.size()));
      if (mark != std::string_view::npos) return static_cast<unsigned char>(rest[mark]);
      if (!text_.fill()) return kEnd;
    }
  }
  int take_mark() {
    const int mark = next_mark();
    if (mark != kEnd) take(1);
    return mark;
  }

  void take(std::size_t count) {
    const std::string_view taken = text_.rest().substr(0, count);
    line_ += std::count(taken.begin(), taken.end(), '\n');
    text_.take(count);
  }

  [[noreturn]] void fail(const char* what) const {
    throw Error(ErrorKind::format, concat(source().name(), ":", line_, ": ", what));
  }

  enum class Place { before, before_element, behind_element, behind };
  static constexpr int kEnd = -1;

  ObjectReader objects_;
  TextBuffer text_;
  Place place_ = Place::before;
  std::int64_t line_ = 1;  // of what comes next
};

}  // namespace

std::unique_ptr<RecordParser> make_jsonl_parser(TextBuffer text, const RecordFields& fields) {
  return std::make_unique<JsonlParser>(std::move(text), fields);
}

std::unique_ptr<RecordParser> make_json_parser(TextBuffer text, const RecordFields& fields) {
  return std::make_unique<JsonParser>(std::move(text), fields);
}

}  // namespace convbert
