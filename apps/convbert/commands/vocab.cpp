// `convbert vocab`: a WordPiece vocabulary learnt from text.
#include <utility>

#include "cli/usage_error.h"
#include "commands/commands.h"
#include "run/record_command.h"
#include "run/record_input.h"
#include "run/sinks.h"
#include "text/word_counter.h"
#include "text/word_splitter.h"
#include "text/wordpiece_trainer.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::text};
constexpr std::size_t kMebibyte = 1 << 20;

struct VocabFlags {
  RecordFlags record;
  bool lowercase = false;
  std::int64_t size = 30522;
  std::int64_t min_frequency = 2;
  std::int64_t limit_alphabet = 1000;
  int memory = 1024;  // MiB
};

struct VocabRequest {
  RecordRequest record;
  NormalizerOptions normalizer;
  WordPieceTraining training;
  int memory = 0;  // MiB
};

VocabRequest make_request(const VocabFlags& flags) {
  VocabRequest request{
      .record = make_request(flags.record, kFormats),
      .normalizer = {.lowercase = flags.lowercase},
      .training = {.size = static_cast<std::size_t>(flags.size),
                   .min_frequency = flags.min_frequency,
                   .limit_alphabet = static_cast<std::size_t>(flags.limit_alphabet)},
      .memory = flags.memory};
  request.record.output.is_resumable = false;  // the words of an interrupted run are gone
  return request;
}

// Counts the words of all records, and at the end learns from them.
class VocabularySink : public ResultSink {
 public:
  VocabularySink(const VocabRequest& request, const RecordInput& input, Console& console,
                 OutputFile& output)
      : request_(request),
        input_(input),
        console_(console),
        output_(output),
        counter_(static_cast<std::size_t>(request.memory) * kMebibyte) {}

  void write(Job& job) override {
    ++records_;
    if (job.failed()) {
      if (failed_++ == 0) first_failure_ = job.failure;
      return;
    }
    std::string_view words = job.output;
    while (!words.empty()) {
      const std::size_t end = words.find(' ');
      counter_.add(words.substr(0, end));
      words.remove_prefix(end + 1);
    }
  }

  void finish() override {
    if (counter_.size() == 0) refuse();
    const std::size_t distinct = counter_.size();
    const WordFigures words = counter_.figures();
    const WordPieceTraining& training = request_.training;
    const auto tokens = learn_wordpieces(std::move(counter_), training, [&](std::size_t count) {
      console_.status(concat(number(count), " of ", number(training.size), " tokens"));
      return input_.caught() == 0;
    });
    if (!tokens) throw StoppedOutput();
    console_.clear_status();
    tell(words, distinct);
    if (tokens->size() < training.size) {
      console_.warning(concat("only ", number(tokens->size()), " tokens of --size ",
                              number(training.size), ": no other pair occurs ",
                              number(training.min_frequency),
                              " times; more text gives more, or a lower --min-frequency"));
    }
    std::string text;
    for (const std::string& token : *tokens) text += token + "\n";
    output_.write(text);
  }

 private:
  template <class Integer>
  static std::string number(Integer value) {
    return grouped(static_cast<std::int64_t>(value));
  }

  [[noreturn]] void refuse() const {
    const std::string input = name_of_first(request_.record.input);
    if (records_ == 0) usage_error(input, ": no records; expected text");
    if (failed_ < records_) usage_error(input, ": no words; expected text");
    usage_error(input, ": of ", records_, " records none can be used; the first is ",
                first_failure_);
  }

  void tell(const WordFigures& words, std::size_t distinct) const {
    std::string text = concat(number(words.total), " words, ", number(distinct), " distinct");
    if (words.too_long > 0) {
      text += concat("; of more than ", WordCounter::kMostCharacters,
                     " characters, and left out: ", number(words.too_long));
    }
    console_.note(text);
    if (words.forgotten > 0) {
      console_.warning(concat("--memory ", request_.memory, " had no room for all words: those ",
                              "seen at most ", number(words.most_forgotten),
                              " times were forgotten on the way, ", number(words.forgotten),
                              " occurrences in all"));
    }
  }

  const VocabRequest& request_;
  const RecordInput& input_;
  Console& console_;
  OutputFile& output_;
  WordCounter counter_;
  std::int64_t records_ = 0;
  std::int64_t failed_ = 0;
  std::string first_failure_;
};

class VocabCommand : public RecordCommand {
 public:
  VocabCommand(const VocabRequest& request, const RecordInput& input, Console& console)
      : request_(request), input_(input), console_(console), rules_(request.normalizer) {}

  std::vector<std::string> result_names() const override { return {}; }
  std::vector<std::string> files() const override { return {}; }
  std::unique_ptr<ResultSink> make_sink(OutputFile& output) const override {
    return std::make_unique<VocabularySink>(request_, input_, console_, output);
  }

  // Bytes: few enough to hold little, and enough that threads seldom wait for each other.
  std::int64_t default_batch_weight() const override { return 1 << 16; }
  void prepare(Job& job) const override {
    job.weight +=
        static_cast<std::int64_t>(job.record.text.size() + job.record.pair.value_or("").size());
  }

  // The words of a job are its output, a space behind each.
  ComputeBatch make_worker(const ResultLayout&) const override {
    auto splitter = std::make_shared<WordSplitter>(request_.normalizer, rules_);
    return [splitter](std::span<Job> jobs, int) {
      for (Job& job : jobs) {
        if (job.failed()) continue;
        const auto add_word = [&](const Word& word) {
          job.output += word.bytes;
          job.output += ' ';
        };
        splitter->split(job.record.text, 0, add_word);
        if (job.record.pair) splitter->split(*job.record.pair, 0, add_word);
      }
    };
  }

 private:
  const VocabRequest& request_;
  const RecordInput& input_;
  Console& console_;
  AsciiRules rules_;
};

int run(const VocabFlags& flags, Console& console) {
  const VocabRequest request = make_request(flags);
  RecordInput input(request.record.input);
  return run_records(request.record, VocabCommand(request, input, console), input, console);
}

void add_flags(CLI::App& command, VocabFlags& flags) {
  flags.record.output.format = name_of(kFormats[0]);  // whatever the file is called
  add_report_flags(command, flags.record, kFormats);
  for (const char* name : {"--output", "--format", "--model", "--max-length", "--truncation"}) {
    remove_flag(command, name);
  }
  add_output_flag(command, flags.record.output.path)
      .required()
      .description(
          "The vocabulary, a token a line; appears when it is complete; - for standard "
          "output");
  FlagGroup group(command, "Vocabulary");
  group.add("--size", flags.size, "N", "Tokens, with [PAD] [UNK] [CLS] [SEP] [MASK]")
      .within(1, kMostTokens)
      .with_default();
  group.add_flag("--lowercase", flags.lowercase,
                 "Lower-case the text and strip its accents, for models that do");
  group
      .add("--min-frequency", flags.min_frequency, "N",
           "How often two pieces must be neighbours to become one")
      .within(1, 1 << 30)
      .with_default();
  group
      .add("--limit-alphabet", flags.limit_alphabet, "N",
           "Distinct characters at the most, the most frequent; the others will be [UNK]")
      .within(1, kMostTokens)
      .with_default();
  group
      .add("--memory", flags.memory, "MIB",
           "MiB for distinct words and what is learnt from them; where they need more, the "
           "rarest are forgotten")
      .within(1, 1 << 16)
      .with_default();
}

}  // namespace

void add_vocab_command(CLI::App& app, const Choose& choose) {
  add_command<VocabFlags>(
      app, choose,
      {"vocab", "A WordPiece vocabulary of one's own, learnt from text", add_flags, run});
}

}  // namespace convbert::app
