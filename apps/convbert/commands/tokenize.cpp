#include <algorithm>
#include <charconv>
#include <limits>

#include "commands/commands.h"
#include "core/error.h"
#include "io/json_text.h"
#include "model/config.h"
#include "run/model_run.h"
#include "run/models.h"
#include "run/record_command.h"

namespace convbert::app {
namespace {

struct TokenizeOptions {
  RecordOptions record;
  bool no_special_tokens = false;
  OffsetUnit offsets = OffsetUnit::codepoint;
  bool decode = false;
  bool skip_special_tokens = false;
};

// What tokenizing and decoding have in common: work done by the workers, one record at a time.
class TokenizerCommand : public RecordCommand {
 public:
  void prepare(Job& job) const override {
    job.weight = static_cast<std::int64_t>(job.record.text.size()) + 1;
  }
  ComputeBatch make_worker(const RecordStyle& style) const override {
    return [this, style](std::span<Job> jobs, int) {
      for (Job& job : jobs) {
        if (job.failed()) continue;
        try {
          compute(job, style);
        } catch (const Error& error) {
          if (error.kind() != ErrorKind::input) throw;
          job.failure = concat(job.record.where, ": ", error.what());
        }
      }
    };
  }
  bool is_cheap() const override { return true; }
  std::int64_t default_batch_weight() const override { return 1 << 16; }  // bytes

 protected:
  virtual void compute(Job& job, const RecordStyle& style) const = 0;
};

class TokenizeCommand : public TokenizerCommand {
 public:
  TokenizeCommand(const TokenizeOptions& options, Tokenizer tokenizer, std::int64_t max_length)
      : options_(options),
        tokenizer_(std::move(tokenizer)),
        encode_{.add_special_tokens = !options.no_special_tokens,
                .max_length = max_length,
                .truncation = options.record.truncation.strategy} {}

  std::vector<std::string> result_names() const override {
    return {"truncated",           "tokens",        "input_ids", "token_type_ids",
            "special_tokens_mask", "offset_mapping"};
  }

 protected:
  void compute(Job& job, const RecordStyle& style) const override {
    job.encoding = tokenizer_.encode(job.record.text, job.record.pair, encode_);
    if (options_.record.output.format == "text") {
      for (const std::string& token : tokenizer_.tokens(job.encoding)) {
        if (!job.output.empty()) job.output += ' ';
        job.output += token;
      }
    } else {
      append_json(job, style);
    }
  }

 private:
  void append_json(Job& job, const RecordStyle& style) const {
    const Encoding& encoding = job.encoding;
    std::string& out = job.output;
    begin_record(out, job.record, style);
    append_truncated(out, job, style);
    append_result_name(out, "tokens", style);
    append_json_array(out, tokenizer_.tokens(encoding));
    append_result_name(out, "input_ids", style);
    append_json_array(out, std::span<const std::int32_t>(encoding.ids));
    append_result_name(out, "token_type_ids", style);
    append_json_array(out, std::span<const std::int32_t>(encoding.type_ids));
    append_result_name(out, "special_tokens_mask", style);
    const std::vector<std::int32_t> mask(encoding.special_mask.begin(),
                                         encoding.special_mask.end());
    append_json_array(out, std::span<const std::int32_t>(mask));
    append_result_name(out, "offset_mapping", style);
    append_offsets(out, job);
    out += '}';
  }

  // Each range counts in the text that its token comes from.
  void append_offsets(std::string& out, const Job& job) const {
    const Encoding& encoding = job.encoding;
    std::vector<Offsets> of_text[2];
    for (std::size_t i = 0; i < encoding.size(); ++i) {
      of_text[encoding.sequence[i]].push_back(encoding.offsets[i]);
    }
    of_text[0] = convert_offsets(of_text[0], job.record.text, options_.offsets);
    of_text[1] = convert_offsets(of_text[1], job.record.pair.value_or(""), options_.offsets);
    std::size_t next[2] = {0, 0};
    out += '[';
    for (const std::uint8_t sequence : encoding.sequence) {
      if (out.back() != '[') out += ',';
      const Offsets range = of_text[sequence][next[sequence]++];
      out += '[';
      append_json_number(out, std::int64_t{range.begin});
      out += ',';
      append_json_number(out, std::int64_t{range.end});
      out += ']';
    }
    out += ']';
  }

  TokenizeOptions options_;
  Tokenizer tokenizer_;
  EncodeOptions encode_;
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
  DecodeCommand(const TokenizeOptions& options, Tokenizer tokenizer)
      : options_(options), tokenizer_(std::move(tokenizer)) {}

  std::vector<std::string> result_names() const override { return {"text"}; }

 protected:
  void compute(Job& job, const RecordStyle& style) const override {
    const auto ids = parse_ids(job.record.text, tokenizer_.size());
    const std::string text = tokenizer_.decode(ids, options_.skip_special_tokens);
    if (options_.record.output.format == "text") {
      job.output = text;
      return;
    }
    begin_record(job.output, job.record, style);
    append_result_name(job.output, "text", style);
    append_json_string(job.output, text);
    job.output += '}';
  }

 private:
  TokenizeOptions options_;
  Tokenizer tokenizer_;
};

// The limit that the encoder would set, so that `tokenize` shows what the other commands see.
std::int64_t max_length_of(const TokenizeOptions& options, const ModelSource& source,
                           const Tokenizer& tokenizer) {
  if (options.record.truncation.max_length) {
    const std::int64_t length = *options.record.truncation.max_length;
    const std::int64_t least = options.no_special_tokens ? 1 : tokenizer.special_tokens(false);
    if (length != 0 && length < least) {
      throw Error(ErrorKind::usage, concat("--max-length: expected 0 for no limit, or at least ",
                                           least, ", found ", length));
    }
    return length;
  }
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
  if (source.files.contains("config.json")) limit = read_config(source.files).max_positions;
  limit = std::min(limit, tokenizer.spec().max_length.value_or(limit));
  return limit == std::numeric_limits<std::int64_t>::max() ? 0 : limit;
}

int run(TokenizeOptions& options, Console& console) {
  validate(options.record);
  const ModelSource source = open_model_source(options.record.model.model);
  Tokenizer tokenizer = open_tokenizer(source);
  if (options.decode) {
    RecordFields& fields = options.record.input.fields;
    if (fields.text == RecordFields().text) fields.text = "input_ids";
    fields.text_may_be_json = true;
    fields.pair.clear();
    return run_records(options.record, DecodeCommand(options, std::move(tokenizer)), console);
  }
  const std::int64_t max_length = max_length_of(options, source, tokenizer);
  return run_records(options.record, TokenizeCommand(options, std::move(tokenizer), max_length),
                     console);
}

}  // namespace

void add_tokenize_command(CLI::App& app, const Choose& choose) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = app.add_subcommand(
      "tokenize", "Texts to WordPiece tokens and ids, exactly as the reference fast tokenizer");
  add_record_options(*command, options->record, {"jsonl", "json", "text"});
  add_model_options(*command, options->record.model, false);
  command
      ->add_flag("--no-special-tokens", options->no_special_tokens,
                 "Leave out the tokens that enclose a text, [CLS] and [SEP]")
      ->group("Tokens");
  command
      ->add_option_function<std::string>(
          "--offsets",
          [options](const std::string& name) { options->offsets = *offset_unit_from_name(name); },
          "Unit of offset_mapping: codepoint (what Python counts), byte or utf16")
      ->check(CLI::IsMember({"codepoint", "byte", "utf16"}).description(""))
      ->default_str("codepoint")
      ->group("Tokens")
      ->type_name("UNIT");
  CLI::Option* decode =
      command
          ->add_flag("--decode", options->decode,
                     "Ids back to text: lines of numbers, or the field input_ids (--text-field)")
          ->group("Tokens");
  command
      ->add_flag("--skip-special-tokens", options->skip_special_tokens,
                 "With --decode: leave out [CLS], [SEP] and the like")
      ->needs(decode)
      ->group("Tokens");
  command->callback([options, choose] {
    choose(options->record.console, [options](Console& console) { return run(*options, console); });
  });
}

}  // namespace convbert::app
