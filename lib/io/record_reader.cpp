#include "io/record_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "io/compressors.h"
#include "io/json_text.h"
#include "io/record_parsers.h"

namespace convbert {
namespace {

constexpr std::string_view kFormatNames[] = {"auto", "text", "jsonl", "json", "tsv", "csv"};

InputFormat format_by_extension(const std::string& path) {
  const std::string extension =
      std::filesystem::path(without_compression(path)).extension().string();
  if (extension == ".jsonl" || extension == ".ndjson") return InputFormat::jsonl;
  if (extension == ".json") return InputFormat::json;
  if (extension == ".tsv") return InputFormat::tsv;
  if (extension == ".csv") return InputFormat::csv;
  if (extension == ".txt") return InputFormat::text;
  return InputFormat::automatic;
}

// What the first bytes make of a format that does not settle it.
InputFormat settled(InputFormat format, const RecordFields& fields, TextBuffer& text) {
  if (format != InputFormat::automatic && format != InputFormat::json) return format;
  std::string first = text.peek(1);
  if (first == "{") return InputFormat::jsonl;
  if (first.empty()) return InputFormat::text;
  if (format == InputFormat::json) return format;
  // "[CLS] a text", "[1] a footnote" and "[101, 102]", ids to be decoded, are text.
  if (first == "[") first = text.peek(2);
  const bool is_empty_array = first == "[]" && !fields.text_may_be_json;
  return first == "[{" || first == "[\"" || is_empty_array ? InputFormat::json : InputFormat::text;
}

std::unique_ptr<RecordParser> make_parser(InputFormat format, TextBuffer text,
                                          const RecordSourceOptions& options) {
  const RecordFields& fields = options.fields;
  switch (format) {
    case InputFormat::jsonl: return make_jsonl_parser(std::move(text), fields);
    case InputFormat::json: return make_json_parser(std::move(text), fields);
    case InputFormat::tsv:
      return make_tsv_parser(std::move(text), fields, options.delimiter.value_or('\t'));
    case InputFormat::csv:
      return make_csv_parser(std::move(text), fields, options.delimiter.value_or(','));
    case InputFormat::text:
    case InputFormat::automatic: break;
  }
  return make_text_parser(std::move(text), fields);
}

void check_input(const std::string& path, const RecordOptionNames& names) {
  if (path == "-") return;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const int reason = errno;
    const std::string text = names.texts_on_the_spot;
    const bool may_be_text = reason == ENOENT && !text.empty();
    throw Error(ErrorKind::system, concat(path, ": cannot open: ", std::strerror(reason),
                                          may_be_text ? "; a text is given with " + text : ""));
  }
  if (S_ISDIR(status.st_mode)) {
    throw Error(ErrorKind::system, concat(path, ": expected a file, found a directory"));
  }
}

class FileRecords : public RecordSource {
 public:
  FileRecords(RecordSourceOptions options, const CancelToken& cancel)
      : options_(std::move(options)), cancel_(cancel) {
    if (options_.paths.empty()) options_.paths.push_back("-");
    std::int64_t total = 0;
    bool all_sized = true;
    for (const std::string& path : options_.paths) {
      check_input(path, options_.fields.names);
      std::error_code error;
      const bool regular = path != "-" && std::filesystem::is_regular_file(path, error);
      if (regular) total += static_cast<std::int64_t>(std::filesystem::file_size(path, error));
      all_sized = all_sized && regular;
    }
    if (all_sized) progress_.total_bytes = total;
  }

  bool next(Record& record) override {
    while (!cancel_.requested()) {
      if (!parser_ && !open_next()) return false;
      record = {};
      const bool found = read(record);
      if (!table_ && parser_->columns() != nullptr) {
        table_ = {.names = *parser_->columns(), .has_byte_order_mark = has_byte_order_mark_};
      }
      if (cancel_.requested()) return false;  // what is there of the record may not be all of it
      const ByteSource& bytes = parser_->source();
      progress_.bytes = finished_bytes_ + bytes.position();
      if (!found) {
        bytes.check_end();
        finished_bytes_ = progress_.bytes;
        parser_.reset();
        continue;
      }
      record.number = next_number_++;
      record.where.reserve(bytes.name().size() + 21);
      record.where.append(bytes.name()).append(":").append(std::to_string(record.line));
      if (!record.error.empty()) record.error = concat(record.where, ": ", record.error);
      if (record.number % options_.shard.count == options_.shard.index) return true;
    }
    return false;
  }

  InputProgress progress() const override { return progress_; }
  const TableHeader* table() const override { return table_ ? &*table_ : nullptr; }

 private:
  bool open_next() {
    if (next_path_ == options_.paths.size()) return false;
    const std::string& path = options_.paths[next_path_++];
    TextBuffer text(path == "-" ? ByteSource::standard_input(cancel_)
                                : ByteSource::file(path, cancel_));
    const InputFormat asked =
        options_.format == InputFormat::automatic ? format_by_extension(path) : options_.format;
    const InputFormat format = settled(asked, options_.fields, text);
    const bool is_guess = asked == InputFormat::automatic && format == InputFormat::text;
    check_fields(text, format, is_guess);
    const bool is_table = format == InputFormat::csv || format == InputFormat::tsv;
    has_byte_order_mark_ = is_table && text.begins_with_byte_order_mark();
    parser_ = make_parser(format, std::move(text), options_);
    return true;
  }

  // Of text, the field that was asked for and is not there; nullptr for none. A line is the text,
  // whatever its field is called, unless it only seems to be one.
  const std::string* missing_field(bool is_guess) const {
    const RecordFields& fields = options_.fields;
    if (fields.pair_required) return &fields.pair;
    if (fields.id_is_named) return &fields.id;
    return fields.are_named && is_guess ? &fields.text : nullptr;
  }

  // Refuses options that the format has no use for, before anything else comes of it.
  void check_fields(TextBuffer& text, InputFormat format, bool is_guess) const {
    const std::string* field = format == InputFormat::text ? missing_field(is_guess) : nullptr;
    const bool has_delimiter =
        options_.delimiter && format != InputFormat::csv && format != InputFormat::tsv;
    if ((field == nullptr && !has_delimiter) || text.peek(1).empty()) return;
    const RecordOptionNames& names = options_.fields.names;
    throw Error(ErrorKind::usage,
                concat(text.source().name(), ": it is read as ", name_of(format), ", which has no ",
                       has_delimiter ? names.delimiter : concat("field ", quoted(*field)), "; ",
                       names.format, " csv, tsv or jsonl says what it is"));
  }

  // A text that was cancelled has not come to its end, whatever its parser makes of that.
  bool read(Record& record) {
    try {
      return parser_->next(record);
    } catch (const Error&) {
      if (!cancel_.requested()) throw;
      return false;
    }
  }

  RecordSourceOptions options_;
  const CancelToken& cancel_;
  std::size_t next_path_ = 0;
  std::unique_ptr<RecordParser> parser_;
  std::int64_t next_number_ = 0;
  std::int64_t finished_bytes_ = 0;
  InputProgress progress_;
  bool has_byte_order_mark_ = false;  // the file that is being read
  std::optional<TableHeader> table_;
};

class TextRecords : public RecordSource {
 public:
  TextRecords(const TextsOnTheSpot& given, Shard shard)
      : given_(given),
        next_(static_cast<std::size_t>(shard.index)),
        step_(static_cast<std::size_t>(shard.count)) {}

  bool next(Record& record) override {
    if (next_ >= given_.texts.size()) return false;
    record = {};
    record.number = static_cast<std::int64_t>(next_);
    record.line = record.number + 1;
    record.where = concat("text ", record.line);
    add(record, given_.text_name, given_.texts[next_]);
    record.text = given_.texts[next_];
    if (!given_.pairs.empty()) {
      add(record, given_.pair_name, given_.pairs[next_]);
      record.pair = given_.pairs[next_];
    }
    if (!record.error.empty()) {
      record.fields.clear();
      record.text.clear();
      record.pair.reset();
    }
    next_ += step_;
    return true;
  }

 private:
  static void add(Record& record, const std::string& name, const std::string& text) {
    if (const std::string invalid = invalid_utf8(text); !invalid.empty()) {
      record.error = concat(record.where, ": ", invalid);
      return;
    }
    std::string json;
    append_json_string(json, text);
    record.fields.push_back({name, std::move(json)});
  }

  TextsOnTheSpot given_;
  std::size_t next_;
  std::size_t step_;
};

}  // namespace

std::optional<InputFormat> input_format_from_name(std::string_view name) {
  const auto found = std::ranges::find(kFormatNames, name);
  if (found == std::end(kFormatNames)) return std::nullopt;
  return static_cast<InputFormat>(found - std::begin(kFormatNames));
}

std::string_view name_of(InputFormat format) {
  return kFormatNames[static_cast<std::size_t>(format)];
}

std::unique_ptr<RecordSource> open_records(RecordSourceOptions options, const CancelToken& cancel) {
  return std::make_unique<FileRecords>(std::move(options), cancel);
}

std::unique_ptr<RecordSource> records_of_texts(const TextsOnTheSpot& texts, Shard shard) {
  return std::make_unique<TextRecords>(texts, shard);
}

}  // namespace convbert
