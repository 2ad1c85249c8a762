#include "io/record_parsers.h"

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "io/json_text.h"

namespace convbert {
namespace {

constexpr JsonLimits kRecordLimits{.depth = 128, .values = 4'000'000};

std::string invalid_utf8(std::string_view text) {
  const std::size_t position = find_invalid_utf8(text);
  if (position == kValidUtf8) return "";
  return concat("invalid UTF-8 at byte ", position, " of the line; expected UTF-8 text");
}

std::string too_long() {
  return concat("a line of more than ", kMaxLineBytes >> 20, " MiB; expected shorter records");
}

void drop_carriage_return(std::string_view& line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
}

class TextParser : public RecordParser {
 public:
  TextParser(LineReader lines, const RecordFields& fields)
      : lines_(std::move(lines)), fields_(fields) {}

  bool next(Record& record) override {
    std::string_view line;
    if (!lines_.next(line)) return false;
    record.line = lines_.line_number();
    if (lines_.had_newline()) drop_carriage_return(line);
    record.error = lines_.is_too_long() ? too_long() : invalid_utf8(line);
    if (!record.error.empty()) return true;
    record.text = line;
    RecordField& field = record.fields.emplace_back();
    field.name = fields_.text;
    field.json.reserve(line.size() + 2);
    append_json_string(field.json, line);
    return true;
  }

  const ByteSource& source() const override { return lines_.source(); }

 private:
  LineReader lines_;
  RecordFields fields_;
};

class JsonlParser : public RecordParser {
 public:
  JsonlParser(LineReader lines, const RecordFields& fields)
      : lines_(std::move(lines)), fields_(fields) {}

  bool next(Record& record) override {
    std::string_view line;
    if (!lines_.next(line)) return false;
    record.line = lines_.line_number();
    record.error = lines_.is_too_long() ? too_long() : parse(line, record);
    return true;
  }

  const ByteSource& source() const override { return lines_.source(); }

 private:
  std::string parse(std::string_view line, Record& record) const {
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return "an empty line; expected a JSON object";
    if (line.starts_with("\xEF\xBB\xBF")) {
      return "a byte order mark inside the file; expected a JSON object";
    }
    if (std::string complaint = check_json(line, kRecordLimits); !complaint.empty()) {
      return complaint + "; expected a JSON object on one line";
    }
    if (line[first] != '{') {
      return concat("expected a JSON object, found ", printable(std::string(line), 40),
                    line[first] == '[' ? "; `jq -c '.[]'` turns an array into lines" : "");
    }
    const std::vector<JsonMember> members = split_json_object(line);
    record.fields.reserve(members.size());
    for (const JsonMember& member : members) {
      record.fields.push_back({decode_json_string(member.key), std::string(member.value)});
      if (record.fields.back().name == fields_.id) record.id_field = record.fields.size() - 1;
    }
    return find_texts(record);
  }

  std::string find_texts(Record& record) const {
    const std::string* text = value_of(record, fields_.text);
    if (text == nullptr) {
      return concat("no field ", quoted(fields_.text), "; it has ", names(record),
                    " (--text-field names another)");
    }
    if (text->front() == '"') {
      record.text = decode_json_string(*text);
    } else if (fields_.text_may_be_json) {
      record.text = *text;
    } else {
      return not_a_string(fields_.text, *text);
    }
    const bool has_pair_field = !fields_.pair.empty() && fields_.pair != fields_.text;
    const std::string* pair = has_pair_field ? value_of(record, fields_.pair) : nullptr;
    if (pair != nullptr) {
      if (pair->front() != '"') return not_a_string(fields_.pair, *pair);
      record.pair = decode_json_string(*pair);
    } else if (has_pair_field && fields_.pair_required) {
      return concat("no field ", quoted(fields_.pair), "; it has ", names(record));
    }
    return "";
  }

  // Of fields with one name the last counts, as everywhere.
  static const std::string* value_of(const Record& record, const std::string& name) {
    const auto found =
        std::ranges::find(record.fields.rbegin(), record.fields.rend(), name, &RecordField::name);
    return found == record.fields.rend() ? nullptr : &found->json;
  }

  static std::string quoted(const std::string& name) { return "\"" + printable(name, 60) + "\""; }

  static std::string names(const Record& record) {
    if (record.fields.empty()) return "no fields";
    std::string list;
    for (std::size_t i = 0; i < std::min<std::size_t>(record.fields.size(), 8); ++i) {
      list += concat(i > 0 ? ", " : "", quoted(record.fields[i].name));
    }
    return record.fields.size() > 8 ? list + ", ..." : list;
  }

  static std::string not_a_string(const std::string& name, const std::string& json) {
    return concat("field ", quoted(name), ": expected a string, found ", printable(json, 40));
  }

  LineReader lines_;
  RecordFields fields_;
};

}  // namespace

std::unique_ptr<RecordParser> make_text_parser(LineReader lines, const RecordFields& fields) {
  return std::make_unique<TextParser>(std::move(lines), fields);
}

std::unique_ptr<RecordParser> make_jsonl_parser(LineReader lines, const RecordFields& fields) {
  return std::make_unique<JsonlParser>(std::move(lines), fields);
}

}  // namespace convbert
