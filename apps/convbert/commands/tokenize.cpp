#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>

#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "commands/commands.h"
#include "model/config.h"
#include "run/models.h"
#include "run/record_command.h"
#include "run/result_writer.h"
#include "text/text_units.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::jsonl, Format::json, Format::csv, Format::tsv, Format::text};

struct TokenizeFlags {
  RecordFlags record;
  bool no_special_tokens = false;
  std::string offsets = "codepoint";
  bool decode = false;
  bool skip_special_tokens = false;
};

struct TokenizeRequest {
  RecordRequest record;
  bool add_special_tokens;
  OffsetUnit offsets;
  bool decode;
  bool skip_special_tokens;  // of `decode`
};

TokenizeRequest make_request(const TokenizeFlags& flags) {
  TokenizeRequest request{.record = make_request(flags.record, kFormats),
                          .add_special_tokens = !flags.no_special_tokens,
                          .offsets = *offset_unit_from_name(flags.offsets),
                          .decode = flags.decode,
                          .skip_special_tokens = flags.skip_special_tokens};
  if (flags.decode) {
    const RecordFlags& record = flags.record;
    for (const auto& [flag, is_given] : {std::pair("--no-special-tokens", flags.no_special_tokens),
                                         {"--offsets", flags.offsets != TokenizeFlags().offsets},
                                         {"--max-length", record.truncation.max_length.has_value()},
                                         {"--pair-field", record.input.pair_field.has_value()},
                                         {"--text-pair", !record.input.pairs.empty()}}) {
      if (is_given) usage_error(flag, " is for texts; --decode reads ids");
    }
    RecordFields& fields = request.record.input.source.fields;
    fields.text = flags.record.input.text_field.value_or("input_ids");
    fields.text_may_be_json = true;
    fields.pair.clear();
  }
  return request;
}

// What tokenizing and decoding have in common: work done by the workers, one record at a time.
class TokenizerCommand : public RecordCommand {
 public:
  explicit TokenizerCommand(std::vector<std::string> files) : files_(std::move(files)) {}

  std::vector<std::string> files() const final { return files_; }
  void prepare(Job& job) const final {
    job.weight = static_cast<std::int64_t>(job.record.text.size()) + 1;
  }
  ComputeBatch make_worker(const ResultLayout& layout) const final {
    auto result = std::make_shared<ResultWriter>(layout);
    return [this, result](std::span<Job> jobs, int) {
      for (Job& job : jobs) {
        if (!job.failed()) attempt(job, [&] { write(job, *result); });
      }
    };
  }
  bool is_cheap() const final { return true; }
  // Bytes: few enough to hold little, and enough that threads seldom wait for each other.
  std::int64_t default_batch_weight() const final { return 1 << 15; }

 protected:
  virtual void write(Job& job, ResultWriter& result) const = 0;

 private:
  std::vector<std::string> files_;
};

class TokenizeCommand : public TokenizerCommand {
 public:
  TokenizeCommand(const TokenizeRequest& request, Tokenizer tokenizer, std::int64_t max_length,
                  std::vector<std::string> files)
      : TokenizerCommand(std::move(files)),
        offsets_(request.offsets),
        tokenizer_(std::move(tokenizer)),
        encode_{.add_special_tokens = request.add_special_tokens,
                .max_length = max_length,
                .truncation = request.record.truncation.strategy} {
    if (request.record.output.format == Format::text) return;
    for (std::int32_t id = 0; id < tokenizer_.size(); ++id) tokens_.add(tokenizer_.token(id));
  }

  std::vector<std::string> result_names() const override {
    return {"truncated",           "tokens",        "input_ids", "token_type_ids",
            "special_tokens_mask", "offset_mapping"};
  }
  std::vector<std::string> columns() const override {
    return {"tokens", "input_ids", "token_type_ids", "special_tokens_mask", "offset_mapping"};
  }

 protected:
  void write(Job& job, ResultWriter& result) const override {
    Encoding encoding = tokenizer_.encode(job.record.text, job.record.pair, encode_);
    job.encoding.truncated = encoding.truncated;
    result.begin(job);
    if (result.has_place_for("input_ids")) {
      convert_offsets(encoding, job.record.text, job.record.pair, offsets_);
      result.field("tokens", tokens_, encoding.ids);
      result.field("input_ids", std::span<const std::int32_t>(encoding.ids));
      result.field("token_type_ids", std::span<const std::int32_t>(encoding.type_ids));
      result.field("special_tokens_mask", std::span<const std::uint8_t>(encoding.special_mask));
      result.field("offset_mapping", std::span<const Offsets>(encoding.offsets));
    } else {
      result.field("tokens", tokenizer_.tokens(encoding));
    }
    result.finish();
    job.tokens = std::ssize(encoding.ids);
  }

 private:
  OffsetUnit offsets_;
  Tokenizer tokenizer_;
  EncodeOptions encode_;
  JsonStrings tokens_;  // by id, for JSON
};

// "[101, 7592, 102]", "101 7592 102" or "101,7592,102".
std::vector<std::int32_t> parse_ids(const std::string& text, std::int32_t end_id) {
  constexpr const char* kBetween = " \t\r\n,[]";
  std::vector<std::int32_t> ids;
  for (std::size_t at = 0; (at = text.find_first_not_of(kBetween, at)) != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    std::int32_t id = -1;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, id);
    if (error != std::errc() || stop != text.data() + end || id < 0 || id >= end_id) {
      throw Error(ErrorKind::input,
                  concat("expected token ids from 0 to ", end_id - 1, ", found \"",
                         printable(text.substr(at, end - at), 40), "\""));
    }
    ids.push_back(id);
    at = end;
  }
  return ids;
}

class DecodeCommand : public TokenizerCommand {
 public:
  DecodeCommand(const TokenizeRequest& request, Tokenizer tokenizer, std::vector<std::string> files)
      : TokenizerCommand(std::move(files)),
        skip_special_tokens_(request.skip_special_tokens),
        tokenizer_(std::move(tokenizer)) {}

  std::vector<std::string> result_names() const override { return {"text"}; }
  std::vector<std::string> columns() const override { return {"text"}; }

 protected:
  void write(Job& job, ResultWriter& result) const override {
    const auto ids = parse_ids(job.record.text, tokenizer_.size());
    result.begin(job);
    result.field("text", tokenizer_.decode(ids, skip_special_tokens_));
    result.finish();
  }

 private:
  bool skip_special_tokens_;
  Tokenizer tokenizer_;
};

// The limit that the encoder would set, so that `tokenize` shows what the other commands see.
std::int64_t max_length_of(const TokenizeRequest& request, const ModelSource& source,
                           const Tokenizer& tokenizer) {
  if (request.record.truncation.max_length) {
    const std::int64_t length = *request.record.truncation.max_length;
    const std::int64_t least = request.add_special_tokens ? tokenizer.special_tokens(false) : 1;
    if (length != 0 && length < least) {
      usage_error("--max-length: expected 0 for no limit, or at least ", least, ", found ", length);
    }
    return length;
  }
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
  if (source.files.contains("config.json")) limit = read_config(source.files).max_positions;
  limit = std::min(limit, tokenizer.spec().max_length.value_or(limit));
  return limit == std::numeric_limits<std::int64_t>::max() ? 0 : limit;
}

int run(const TokenizeFlags& flags, Console& console) {
  const TokenizeRequest request = make_request(flags);
  const ModelSource source = open_model_source(request.record.model.model);
  Tokenizer tokenizer = open_tokenizer(source);
  if (request.decode) {
    const DecodeCommand command(request, std::move(tokenizer), source.files.opened());
    return run_records(request.record, command, console);
  }
  const std::int64_t max_length = max_length_of(request, source, tokenizer);
  const TokenizeCommand command(request, std::move(tokenizer), max_length, source.files.opened());
  return run_records(request.record, command, console);
}

void add_flags(CLI::App& command, TokenizeFlags& flags) {
  add_record_flags(command, flags.record, kFormats);
  FlagGroup group(command, "Tokens");
  group.add_flag("--no-special-tokens", flags.no_special_tokens,
                 "Leave out the tokens that enclose a text, [CLS] and [SEP]");
  add_offsets_flag(group, flags.offsets);
  const Flag decode =
      group.add_flag("--decode", flags.decode,
                     "Ids back to text: lines of numbers, or the field input_ids (--text-field)");
  group
      .add_flag("--skip-special-tokens", flags.skip_special_tokens,
                "With --decode: leave out [CLS], [SEP] and the like")
      .needs(decode);
}

}  // namespace

void add_tokenize_command(CLI::App& app, const Choose& choose) {
  add_command<TokenizeFlags>(
      app, choose,
      {"tokenize", "Texts to WordPiece tokens and ids, exactly as the reference fast tokenizer",
       add_flags, run});
}

}  // namespace convbert::app
