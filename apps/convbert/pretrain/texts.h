// The documents of the input as sequences to learn from, pass after pass.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/batch.h"
#include "core/cancel.h"
#include "io/record_reader.h"
#include "pretrain/request.h"
#include "text/tokenizer.h"
#include "train/bad_records.h"
#include "train/packing.h"

namespace convbert::app {

struct TextsOptions {
  PackingOptions packing;
  std::int64_t shuffle = 1;  // sequences
  // Share of the documents that is left out, chosen by a hash of the text: one that occurs twice is
  // on one side, in any order of the files and with any seed.
  double held_out_share = 0.0;
  std::uint64_t seed = 1;
};

// How far a run has come.
struct TextsPlace {
  std::int64_t epoch = 0;
  std::int64_t sequences = 0;    // taken of this epoch
  std::int64_t documents = 0;    // used of the first epoch, as far as it has been read
  std::int64_t bad_records = 0;  // likewise
};

// Reads files as they are needed, and holds no more than the sequences that are mixed. Which ones
// come next follows from the files, the options and the place.
class PretrainingTexts {
 public:
  // All of it must outlive the texts.
  struct Source {
    const InputRequest& input;
    const Tokenizer& tokenizer;
    BadRecords& bad;  // those of the first epoch
    const CancelToken& cancel;
  };
  PretrainingTexts(const Source& source, const TextsOptions& options);

  // Nothing where cancelled. Throws Error(usage) where a pass over the files gives no sequence.
  std::optional<TokenSequence> next();
  const TextsPlace& place() const { return place_; }
  // Reads the place's epoch up to there.
  void go_to(const TextsPlace& place);

 private:
  void begin_epoch();
  bool read_on();  // until another sequence is in the buffer; false at the end

  Source source_;
  TextsOptions options_;
  TextsPlace place_;
  std::unique_ptr<RecordSource> records_;
  SequencePacker packer_;
  ShuffleBuffer buffer_;
  bool is_read_ = false;  // to the end
};

// At most `most` sequences to measure with: those of --held-out, or of the share that is left out
// of the input, from its beginning: bad records of that are named when they are learnt from.
std::optional<Batch> read_held_out(const PretrainRequest& request, const Tokenizer& tokenizer,
                                   const TextsOptions& options, BadRecords& bad,
                                   const CancelToken& cancel);
inline constexpr std::int64_t kMostHeldOut = 512;

}  // namespace convbert::app
