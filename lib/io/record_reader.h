// Records from text, JSON, TSV and CSV.
//
// text   one record a line
// jsonl  one JSON object a line; an empty line, too, is a record (a bad one)
// json   an array of objects, read as a stream, or, if it begins with {, JSON lines
// tsv    a header line of names, then one record a line; no quoting, as IANA's
//        text/tab-separated-values has it
// csv    RFC 4180: a header row of names, quoted fields may hold commas, quotes and line ends
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "io/record.h"

namespace convbert {

enum class InputFormat { automatic, text, jsonl, json, tsv, csv };
std::optional<InputFormat> input_format_from_name(std::string_view name);
std::string_view name_of(InputFormat format);

// How messages call what the caller can set: by default by the members below. A program that sets
// them by flags says those.
struct RecordOptionNames {
  const char* text = "fields.text";
  const char* pair = "fields.pair";
  const char* delimiter = "delimiter";
  const char* format = "format";
  const char* texts_on_the_spot = "";  // what gives a text itself instead of a file; "": nothing
};

struct RecordFields {
  std::string text = "text";
  std::string pair = "text_pair";  // "" for none
  bool pair_required = false;      // a record without it is an error; text is refused
  std::string id = "id";
  bool id_is_named = false;       // asked for: text, which has none, is refused, too
  bool are_named = false;         // asked for: an input taken for text, which has none, is refused
  bool text_may_be_json = false;  // a text that is not a string stands for itself (lists of ids)
  RecordOptionNames names = {};
};

// Which records of the whole input: number % count == index.
struct Shard {
  std::int64_t index = 0;
  std::int64_t count = 1;
};

struct RecordSourceOptions {
  std::vector<std::string> paths = {};  // "-" is standard input; none: standard input
  InputFormat format = InputFormat::automatic;
  std::optional<char> delimiter = std::nullopt;  // of csv and tsv, instead of ',' and '\t'
  RecordFields fields = {};
  Shard shard = {};
};

// What the header of an input says that is a table.
struct TableHeader {
  std::vector<std::string> names;
  bool has_byte_order_mark = false;
};

// Numbers and bytes seen so far, for progress.
struct InputProgress {
  std::int64_t bytes = 0;
  std::optional<std::int64_t> total_bytes;  // of all inputs, where every one has a size
};

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // The next record, good or bad; false at the end, or when cancelled. A bad one keeps its id if it
  // can be read; it has the id null if others of the input have one. Throws Error(system),
  // Error(format) or Error(usage) for an input that cannot be read on.
  virtual bool next(Record& record) = 0;
  virtual InputProgress progress() const { return {}; }
  // Of the first table that has been read so far; nullptr for none. Good until the next call.
  virtual const TableHeader* table() const { return nullptr; }
};

// Files one after another. Opens each when its turn comes, but checks at once that all are there.
// Throws Error(system) naming the path. `cancel` must outlive the source.
std::unique_ptr<RecordSource> open_records(RecordSourceOptions options, const CancelToken& cancel);

// Texts given on the spot, and how their fields are called.
struct TextsOnTheSpot {
  std::vector<std::string> texts;
  std::vector<std::string> pairs;  // none, or as many
  std::string text_name = "text";
  std::string pair_name = "text_pair";
};
std::unique_ptr<RecordSource> records_of_texts(const TextsOnTheSpot& texts, Shard shard);

}  // namespace convbert
