#include "train/labelled_texts.h"

#include <utility>

#include "cli/usage_error.h"
#include "core/utf8.h"
#include "io/json_text.h"
#include "run/record_input.h"
#include "run/record_labels.h"

namespace convbert::app {
namespace {

constexpr std::size_t kKeptBytes = 400;  // of a text, for a report

bool is_of_vectors(const LabelledReading& reading) {
  return reading.task && !info_of(*reading.task).head;
}

std::string beginning_of(const std::string& text) {
  if (text.size() <= kKeptBytes) return text;
  const std::size_t end =
      is_utf8_continuation(text[kKeptBytes]) ? previous_utf8(text, kKeptBytes) : kKeptBytes;
  return text.substr(0, end) + "...";
}

// Words as one text, and the first token of each.
Encoding encode_words(const Record& record, const LabelledReading& reading,
                      const std::string& text_field, const LoadedModel& loaded,
                      LabelledText& labelled) {
  const auto tags = elements_of(text_of_json(labelled.label));
  if (!tags) {
    throw Error(ErrorKind::input,
                concat("field ", quoted(reading.label_field), ": expected a list of tags, found ",
                       printable(labelled.label, 40)));
  }
  const JoinedWords joined =
      join_tagged_words(record, text_field, reading.label_field, tags->size());
  Encoding encoding = convbert::encode(loaded, joined.text, std::nullopt, loaded.encode);
  labelled.first_tokens = first_tokens(encoding, joined.places);
  return encoding;
}

// Adds the record's sequences; throws Error(input) before it adds anything.
void take(const Record& record, const LabelledReading& reading, const std::string& text_field,
          const LoadedModel& loaded, LabelledTexts& texts) {
  LabelledText labelled{.where = record.where, .label = "", .text = ""};
  if (reading.task != LearningTask::contrastive) {
    labelled.label = label_field(record, reading.label_field);
    if (labelled.label == "null" || labelled.label == R"("")") {
      throw Error(ErrorKind::input, concat("field ", quoted(reading.label_field),
                                           ": expected a label, found ", labelled.label));
    }
  }
  std::vector<Encoding> encodings;
  if (reading.task == LearningTask::tag) {
    encodings.push_back(encode_words(record, reading, text_field, loaded, labelled));
  } else if (is_of_vectors(reading)) {
    if (!record.pair) {
      throw Error(ErrorKind::input,
                  "no second text; expected a pair (--pair-field names its field)");
    }
    for (const std::string& text : {record.text, *record.pair}) {
      encodings.push_back(convbert::encode(loaded, text, std::nullopt, loaded.encode));
    }
  } else {
    encodings.push_back(encode(loaded, record));
  }
  if (reading.keeps_texts) {
    labelled.text = beginning_of(record.text);
    if (record.pair) labelled.text += " | " + beginning_of(*record.pair);
  }
  for (const Encoding& encoding : encodings) {
    texts.truncated += encoding.truncated > 0 ? 1 : 0;
    texts.sequences.append(encoding.ids, encoding.type_ids);
  }
  texts.records.push_back(std::move(labelled));
}

}  // namespace

void tell_truncated(const std::string& source, std::int64_t truncated, const LoadedModel& loaded,
                    Console& console) {
  if (truncated == 0) return;
  console.note(concat(source, ": ", grouped(truncated), " texts were cut to ",
                      loaded.encode.max_length, " tokens"));
}

LabelledTexts read_labelled(const InputRequest& request, const LabelledReading& reading,
                            const LoadedModel& loaded, BadRecords& bad, Console& console) {
  LabelledTexts texts;
  texts.group = is_of_vectors(reading) ? 2 : 1;
  texts.source = name_of_files(request.source.paths);
  RecordInput input(request);
  const std::int64_t bad_before = bad.count();
  Record record;
  while (input.next(record)) {
    bad.sift(record, [&] { take(record, reading, request.source.fields.text, loaded, texts); });
    if (texts.records.size() % 1024 == 0) {
      console.status(
          concat("read ", grouped(std::ssize(texts.records)), " records of ", texts.source));
    }
  }
  console.clear_status();
  texts.caught = input.caught();
  if (texts.caught == 0 && texts.records.empty()) {
    if (bad.count() == bad_before) {
      usage_error(texts.source, ": no records; expected labelled ones");
    }
    usage_error(texts.source, ": of ", grouped(bad.count() - bad_before),
                " records none can be used; the first is ", bad.first(),
                reading.task ? "" : "; --task tag reads lists \"tokens\" and \"tags\"");
  }
  return texts;
}

}  // namespace convbert::app
