#include "distill/taught_texts.h"

#include <utility>

#include "cli/usage_error.h"
#include "distill/row_fault.h"
#include "io/json_text.h"
#include "run/record_input.h"

namespace convbert::app {
namespace {

std::string label_of(const Record& record, const std::string& name) {
  const RecordField* field = find_field(record, name);
  if (field == nullptr || field->json == "null") return "";
  if (field->json.starts_with('[') || field->json.starts_with('{')) {
    throw Error(ErrorKind::input, concat("field ", quoted(name), ": expected one label, found ",
                                         printable(field->json, 40)));
  }
  return text_of_json(field->json);
}

// Throws Error(input) before it adds anything.
void take(const Record& record, const std::string& label_field, std::int64_t row,
          const NpyMatrix& vectors, const LoadedModel& loaded, TaughtTexts& texts) {
  std::vector<float> vector(static_cast<std::size_t>(vectors.columns()));
  vectors.read(row, {vector.data(), 1, vectors.columns(), vectors.columns()});
  if (const std::string_view fault = fault_of_row(vector); !fault.empty()) {
    throw Error(ErrorKind::input,
                concat("row ", row, " of ", printable(vectors.path()), " is ", fault));
  }
  std::string label = label_field.empty() ? "" : label_of(record, label_field);
  const Encoding encoding = encode(loaded, record);
  texts.truncated += encoding.truncated > 0 ? 1 : 0;
  texts.sequences.append(encoding.ids, encoding.type_ids);
  texts.rows.push_back(row);
  if (!label_field.empty()) texts.labels.push_back(std::move(label));
}

void check_count(std::int64_t records, const NpyMatrix& vectors, const TaughtTexts& texts) {
  if (records == vectors.rows()) return;
  usage_error(texts.source, " has ", grouped(records), " records, ", printable(vectors.path()), " ",
              grouped(vectors.rows()),
              " rows: expected a row for each record, as `embed --format npy` writes them from the "
              "same files");
}

}  // namespace

TaughtTexts read_taught(const InputRequest& request, const std::string& label_field,
                        const NpyMatrix& vectors, const LoadedModel& loaded, BadRecords& bad,
                        Console& console) {
  TaughtTexts texts;
  texts.source = name_of_files(request.source.paths);
  RecordInput input(request);
  Record record;
  std::int64_t records = 0;
  for (; input.next(record); ++records) {
    if (records >= vectors.rows()) continue;  // only to be counted
    bad.sift(record, [&] { take(record, label_field, records, vectors, loaded, texts); });
    if (records % 1024 == 0) {
      console.status(concat("read ", grouped(records), " records of ", texts.source));
    }
  }
  console.clear_status();
  texts.caught = input.caught();
  if (texts.caught != 0) return texts;
  check_count(records, vectors, texts);
  if (records == 0) usage_error(texts.source, ": no records; expected texts");
  if (texts.rows.empty()) {
    usage_error(texts.source, ": of ", grouped(records), " records none can be used; the first is ",
                bad.first());
  }
  return texts;
}

}  // namespace convbert::app
