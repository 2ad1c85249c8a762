#include "pretrain/texts.h"

#include <charconv>
#include <utility>

#include "cli/usage_error.h"
#include "core/random.h"
#include "run/run_state.h"
#include "train/examples.h"

namespace convbert::app {
namespace {

// Is a document among those to measure with?
bool is_held_out(const std::string& text, double share) {
  if (share <= 0.0) return false;
  Digest digest;
  digest.add_text(text);
  const std::string digits = digest.text().substr(0, 8);
  std::uint32_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return static_cast<double>(number) < share * 0x1p32;
}

std::vector<std::int32_t> tokens_of(const Tokenizer& tokenizer, const std::string& text) {
  return tokenizer.encode(text, std::nullopt, {.add_special_tokens = false}).ids;
}

std::uint64_t key_of(std::uint64_t seed, std::int64_t epoch) {
  return mixed(mixed(seed, 0x74657874), static_cast<std::uint64_t>(epoch));
}

}  // namespace

PretrainingTexts::PretrainingTexts(const Source& source, const TextsOptions& options)
    : source_(source), options_(options), packer_(options.packing), buffer_(1, 0) {
  begin_epoch();
}

void PretrainingTexts::begin_epoch() {
  RecordSourceOptions options = source_.input.source;
  const std::vector<std::string>& paths = source_.input.source.paths;
  options.paths.clear();
  for (const std::uint32_t file : order_of_epoch(std::ssize(paths), options_.seed, place_.epoch)) {
    options.paths.push_back(paths[file]);
  }
  records_ = open_records(std::move(options), source_.cancel);
  packer_ = SequencePacker(options_.packing);
  buffer_ = ShuffleBuffer(static_cast<std::size_t>(options_.shuffle),
                          key_of(options_.seed, place_.epoch));
  is_read_ = false;
}

bool PretrainingTexts::read_on() {
  const bool is_first = place_.epoch == 0;
  Record record;
  while (true) {
    if (auto sequence = packer_.take()) {
      buffer_.add(std::move(*sequence));
      return true;
    }
    if (is_read_) return false;
    if (!records_->next(record)) {
      if (source_.cancel.requested()) return false;
      is_read_ = true;
      packer_.finish();
      continue;
    }
    if (!record.error.empty()) {
      if (!is_first) continue;
      ++place_.bad_records;
      source_.bad.add(record.error);
      continue;
    }
    if (is_held_out(record.text, options_.held_out_share)) continue;
    const std::vector<std::int32_t> tokens = tokens_of(source_.tokenizer, record.text);
    if (is_first && !tokens.empty()) ++place_.documents;
    packer_.add(tokens);
  }
}

std::optional<TokenSequence> PretrainingTexts::next() {
  while (true) {
    while (!buffer_.is_full() && read_on()) {
    }
    if (source_.cancel.requested()) return std::nullopt;
    if (!buffer_.is_empty()) break;
    if (place_.sequences == 0) {
      const std::string input = name_of_files(source_.input.source.paths);
      if (place_.epoch > 0) {
        usage_error(input, ": no records in pass ", place_.epoch + 1,
                    "; expected files that can be read again");
      }
      if (place_.bad_records == 0) usage_error(input, ": no records with text");
      usage_error(input, ": of ", grouped(place_.bad_records),
                  " records none can be used; the first is ", source_.bad.first());
    }
    ++place_.epoch;
    place_.sequences = 0;
    begin_epoch();
  }
  ++place_.sequences;
  return buffer_.take();
}

void PretrainingTexts::go_to(const TextsPlace& place) {
  place_ = {.epoch = place.epoch};
  if (place.epoch > 0) {
    place_.documents = place.documents;
    place_.bad_records = place.bad_records;
  }
  begin_epoch();
  while (place_.sequences < place.sequences && next()) {
    if (place_.epoch == place.epoch) continue;
    usage_error(name_of_files(source_.input.source.paths), ": pass ", place.epoch + 1,
                " has fewer sequences than when the run was interrupted; expected the same texts");
  }
}

std::optional<Batch> read_held_out(const PretrainRequest& request, const Tokenizer& tokenizer,
                                   const TextsOptions& options, BadRecords& bad,
                                   const CancelToken& cancel) {
  Batch batch;
  const bool is_given = !request.held_out.source.paths.empty();
  if (!is_given && options.held_out_share <= 0.0) return batch;
  const auto records =
      open_records(is_given ? request.held_out.source : request.record.input.source, cancel);
  SequencePacker packer(options.packing);
  const auto take = [&] {
    while (auto sequence = packer.take()) {
      if (batch.sequences() == kMostHeldOut) return;
      batch.append(*sequence, std::vector<std::int32_t>(sequence->size()));
    }
  };
  Record record;
  while (batch.sequences() < kMostHeldOut && records->next(record)) {
    if (!record.error.empty()) {
      if (is_given) bad.add(record.error);  // else it is found when it is learnt from
      continue;
    }
    if (!is_given && !is_held_out(record.text, options.held_out_share)) continue;
    packer.add(tokens_of(tokenizer, record.text));
    take();
  }
  if (cancel.requested()) return std::nullopt;
  packer.finish();
  take();
  if (is_given && batch.sequences() == 0) {
    usage_error("--held-out: ", name_of_files(request.held_out.source.paths),
                ": no records with text");
  }
  return batch;
}

}  // namespace convbert::app
