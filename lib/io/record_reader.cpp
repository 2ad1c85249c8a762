#include "io/record_reader.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "core/utf8.h"
#include "io/json_text.h"
#include "io/record_parsers.h"

namespace convbert {
namespace {

InputFormat format_by_extension(const std::string& path) {
  std::filesystem::path name(path);
  if (name.extension() == ".gz" || name.extension() == ".zst") name.replace_extension();
  const std::string extension = name.extension().string();
  if (extension == ".jsonl" || extension == ".ndjson") return InputFormat::jsonl;
  if (extension == ".tsv") return InputFormat::tsv;
  if (extension == ".csv") return InputFormat::csv;
  if (extension == ".txt") return InputFormat::text;
  return InputFormat::automatic;
}

std::unique_ptr<RecordParser> make_parser(InputFormat format, LineReader lines,
                                          const RecordFields& fields) {
  switch (format) {
    case InputFormat::jsonl: return make_jsonl_parser(std::move(lines), fields);
    case InputFormat::tsv: return make_tsv_parser(std::move(lines), fields);
    case InputFormat::csv: return make_csv_parser(std::move(lines), fields);
    case InputFormat::text:
    case InputFormat::automatic: break;
  }
  return make_text_parser(std::move(lines), fields);
}

void check_input(const std::string& path) {
  if (path == "-") return;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const char* hint = errno == ENOENT ? "; a text is given with --text" : "";
    throw Error(ErrorKind::system, concat(path, ": cannot open: ", std::strerror(errno), hint));
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
      check_input(path);
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
      const bool found = parser_->next(record);
      const ByteSource& bytes = parser_->source();
      progress_.bytes = finished_bytes_ + bytes.position();
      if (!found) {
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

 private:
  bool open_next() {
    if (next_path_ == options_.paths.size()) return false;
    const std::string& path = options_.paths[next_path_++];
    LineReader lines(path == "-" ? ByteSource::standard_input(cancel_)
                                 : ByteSource::file(path, cancel_));
    InputFormat format = options_.format;
    if (format == InputFormat::automatic) format = format_by_extension(path);
    if (format == InputFormat::automatic) {
      format = lines.peek_first() == '{' ? InputFormat::jsonl : InputFormat::text;
    }
    parser_ = make_parser(format, std::move(lines), options_.fields);
    return true;
  }

  RecordSourceOptions options_;
  const CancelToken& cancel_;
  std::size_t next_path_ = 0;
  std::unique_ptr<RecordParser> parser_;
  std::int64_t next_number_ = 0;
  std::int64_t finished_bytes_ = 0;
  InputProgress progress_;
};

class TextRecords : public RecordSource {
 public:
  TextRecords(const std::vector<std::string>& texts, const std::vector<std::string>& pairs,
              Shard shard)
      : texts_(texts),
        pairs_(pairs),
        next_(static_cast<std::size_t>(shard.index)),
        step_(static_cast<std::size_t>(shard.count)) {}

  bool next(Record& record) override {
    if (next_ >= texts_.size()) return false;
    record = {};
    record.number = static_cast<std::int64_t>(next_);
    record.line = record.number + 1;
    record.where = concat("text ", record.line);
    add(record, "text", texts_[next_]);
    record.text = texts_[next_];
    if (!pairs_.empty()) {
      add(record, "text_pair", pairs_[next_]);
      record.pair = pairs_[next_];
    }
    if (!record.error.empty()) record.fields.clear();
    next_ += step_;
    return true;
  }

 private:
  static void add(Record& record, const char* name, const std::string& text) {
    if (const std::size_t position = find_invalid_utf8(text); position != kValidUtf8) {
      record.error =
          concat(record.where, ": invalid UTF-8 at byte ", position, "; expected UTF-8 text");
      return;
    }
    std::string json;
    append_json_string(json, text);
    record.fields.push_back({name, std::move(json)});
  }

  std::vector<std::string> texts_;
  std::vector<std::string> pairs_;
  std::size_t next_;
  std::size_t step_;
};

}  // namespace

std::optional<InputFormat> input_format_from_name(std::string_view name) {
  if (name == "auto") return InputFormat::automatic;
  if (name == "text") return InputFormat::text;
  if (name == "jsonl") return InputFormat::jsonl;
  if (name == "tsv") return InputFormat::tsv;
  if (name == "csv") return InputFormat::csv;
  return std::nullopt;
}

std::unique_ptr<RecordSource> open_records(RecordSourceOptions options, const CancelToken& cancel) {
  return std::make_unique<FileRecords>(std::move(options), cancel);
}

std::unique_ptr<RecordSource> records_of_texts(const std::vector<std::string>& texts,
                                               const std::vector<std::string>& pairs, Shard shard) {
  return std::make_unique<TextRecords>(texts, pairs, shard);
}

}  // namespace convbert
