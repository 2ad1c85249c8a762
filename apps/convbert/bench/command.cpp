#include <algorithm>
#include <chrono>
#include <future>

#include "bench/command.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/sample_texts.h"
#include "cli/options.h"
#include "core/error.h"
#include "core/threads.h"
#include "io/output_file.h"
#include "model/model.h"
#include "model/random_model.h"
#include "nn/peak.h"
#include "run/models.h"

namespace convbert::app {
namespace {

std::vector<std::string> all_measures() {
  return {"throughput", "peaks", "parts", "latency", "tokenizer"};
}

struct BenchOptions {
  ModelOptions model;
  std::string shape;  // instead of a model
  std::string lengths = "128";
  std::vector<int> threads{1};
  std::int64_t batch_tokens = 1024;
  double seconds = 2;
  std::vector<std::string> measures = all_measures();
  std::string format = "table";
  std::string output;
  ConsoleOptions console;

  bool measures_any(const std::string& name) const {
    return std::ranges::find(measures, name) != measures.end();
  }
};

// A model of files, or of a shape; the one or the other.
struct Subject {
  std::string name;
  std::optional<Model> model;
  std::optional<RandomModel> random;
  std::optional<Tokenizer> tokenizer;  // a shape has none
  std::optional<double> load_seconds;

  const Encoder& encoder() const { return model ? model->encoder : random->encoder(); }
};

Subject open_subject(const BenchOptions& options) {
  Subject subject;
  if (!options.shape.empty()) {
    subject.name = options.shape + " with random weights";
    subject.random.emplace(
        *published_shape(options.shape),
        EncoderOptions{.precision = options.model.precision, .threads = available_processors()});
    return subject;
  }
  const auto begin = std::chrono::steady_clock::now();
  const ModelSource source = open_model_source(options.model.model);
  subject.tokenizer = open_tokenizer(source);
  subject.model = load_model(source.files, {.parts = ModelParts::encoder,
                                            .precision = options.model.precision,
                                            .threads = available_processors()});
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  subject.load_seconds = taken.count();
  subject.name = subject.model->origin;
  return subject;
}

// The peak of that many threads at the same time, each with matrix products of its own; nothing
// where the precision is not native.
std::optional<Peak> measure_peak(nn::Precision precision, int threads, double seconds) {
  std::vector<std::future<std::optional<double>>> running;
  running.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    running.push_back(std::async(std::launch::async, nn::matmul_peak, precision, seconds));
  }
  Peak sum{.threads = threads, .precision = precision, .flops = 0};
  bool complete = true;
  for (auto& one : running) {
    const std::optional<double> peak = one.get();
    sum.flops += peak.value_or(0);
    complete = complete && peak;
  }
  return complete ? std::optional(sum) : std::nullopt;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<int> thread_counts(const BenchOptions& options) {
  std::vector<int> counts;
  for (const int count : options.threads) {
    const int threads = count > 0 ? count : available_processors();
    if (std::ranges::find(counts, threads) == counts.end()) counts.push_back(threads);
  }
  return counts;
}

// Throughput and its ceiling, by number of threads; where the time of a pass goes.
void measure_rates(const BenchOptions& options, const Encoder& encoder, BenchReport& report,
                   Console& console) {
  constexpr double kPeakSeconds = 0.3;
  const bool wants_throughput = options.measures_any("throughput");
  const bool wants_peaks = options.measures_any("peaks");
  const std::vector<Batch> batches =
      make_batches(report.workload, options.batch_tokens, report.config.vocab_size);
  for (const int threads : thread_counts(options)) {
    for (const auto precision : {nn::Precision::f32, nn::Precision::bf16, nn::Precision::int8}) {
      if (!wants_peaks && !(wants_throughput && precision == report.precision)) continue;
      console.status(concat("matrix products on ", threads, threads == 1 ? " thread" : " threads"));
      const auto peak = measure_peak(precision, threads, std::min(kPeakSeconds, options.seconds));
      if (peak) report.peaks.push_back(*peak);
    }
    if (!wants_throughput) continue;
    console.status(concat("throughput on ", threads, threads == 1 ? " thread" : " threads"));
    report.throughput.push_back(
        measure_throughput(encoder, batches, threads, {.seconds = options.seconds}));
  }
  if (options.measures_any("parts")) {
    console.status("parts");
    report.parts = measure_parts(encoder, batches, {.seconds = options.seconds});
  }
}

void measure_tokenizer_samples(const BenchOptions& options, const Tokenizer& tokenizer,
                               BenchReport& report) {
  const std::pair<const char*, std::string_view> samples[] = {{"English", kEnglishSample},
                                                              {"22 languages", kLanguagesSample}};
  for (const auto& [name, text] : samples) {
    report.tokenizer.push_back(
        {name, measure_tokenizer(tokenizer, lines_of(text), {.seconds = options.seconds})});
  }
}

BenchReport measure(const BenchOptions& options, Workload workload, const Subject& subject,
                    Console& console) {
  constexpr int kLeastLatencies = 20;
  const Encoder& encoder = subject.encoder();
  BenchReport report;
  report.model = subject.name;
  report.config = encoder.config();
  report.precision = options.model.precision;
  report.workload =
      fit_workload(std::move(workload), report.config.max_positions, options.batch_tokens);
  report.batch_tokens = options.batch_tokens;
  report.load_seconds = subject.load_seconds;
  measure_rates(options, encoder, report, console);
  if (options.measures_any("latency")) {
    console.status("latency");
    for (const int threads : thread_counts(options)) {
      report.latency.push_back(
          measure_latency(encoder, report.workload.median_length(), threads,
                          {.seconds = options.seconds, .least = kLeastLatencies}));
    }
  }
  if (options.measures_any("tokenizer") && subject.tokenizer) {
    console.status("tokenizer");
    measure_tokenizer_samples(options, *subject.tokenizer, report);
  }
  console.clear_status();
  return report;
}

int run(const BenchOptions& options, Console& console) {
  Workload workload = parse_workload(options.lengths);
  console.status("loading");
  const Subject subject = open_subject(options);
  OutputFile output =
      options.output.empty() ? OutputFile::standard_output() : OutputFile::create(options.output);
  const BenchReport report = measure(options, std::move(workload), subject, console);
  try {
    output.write(options.format == "json" ? to_json(report) : to_table(report));
    output.finish();
  } catch (const ClosedPipe&) {
    return 0;
  }
  return 0;
}

void add_work_options(CLI::App& command, BenchOptions& options) {
  constexpr const char* kGroup = "Work";
  command
      .add_option("--lengths", options.lengths,
                  "Texts to measure with, in tokens: a length, of which there are two batches; a "
                  "list of lengths; or mixed, 256 texts as corpora have them, 37 tokens in the "
                  "mean. Cut at the model's positions")
      ->capture_default_str()
      ->group(kGroup)
      ->type_name("N,...");
  command.add_option("--batch-tokens", options.batch_tokens, "Tokens computed together")
      ->check(CLI::Range(1, 1 << 20).description(""))
      ->capture_default_str()
      ->group(kGroup)
      ->type_name("N");
  command
      .add_option("--threads", options.threads,
                  "Compute threads, each with batches of its own; 0 for one a processor; several "
                  "numbers are measured one after another")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0, 1024).description(""))
      ->default_str("1")
      ->group(kGroup)
      ->type_name("N,...");
  command
      .add_option("--seconds", options.seconds,
                  "How long to repeat each measurement; three times at least")
      ->check(CLI::Range(0.0, 3600.0).description(""))
      ->capture_default_str()
      ->group(kGroup)
      ->type_name("S");
  command
      .add_option("--measure", options.measures,
                  "What to measure, of throughput, peaks (of matrix products, by precision), "
                  "parts, latency "
                  "and tokenizer; default: all")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(all_measures()).description(""))
      ->group(kGroup)
      ->type_name("NAME,...");
}

}  // namespace

void add_bench_command(CLI::App& app, const Choose& choose) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand("bench", "How fast a model runs on this machine");
  CLI::Option* model = add_model_option(*command, options->model);
  std::vector<std::string> shapes;
  std::string shape_list;
  for (const std::string_view name : published_shape_names()) {
    shapes.emplace_back(name);
    shape_list += concat(shape_list.empty() ? "" : ", ", name);
  }
  command
      ->add_option("--shape", options->shape,
                   "Instead of a model, random weights in a published shape: " + shape_list)
      ->check(CLI::IsMember(shapes).description(""))
      ->excludes(model)
      ->group("Model")
      ->type_name("NAME");
  add_precision_option(*command, options->model);
  add_work_options(*command, *options);
  command
      ->add_option("-o,--output", options->output,
                   "Write here instead of standard output; the file appears when it is complete")
      ->group("Output")
      ->type_name("FILE");
  command->add_option("-f,--format", options->format, "table or json")
      ->check(CLI::IsMember({"table", "json"}).description(""))
      ->capture_default_str()
      ->group("Output")
      ->type_name("FORMAT");
  add_console_options(*command, options->console);
  command->footer(kJsonKeys);
  command->callback([options, choose] {
    choose(options->console, [options](Console& console) { return run(*options, console); });
  });
}

}  // namespace convbert::app
