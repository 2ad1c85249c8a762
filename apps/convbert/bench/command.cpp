#include <algorithm>
#include <chrono>
#include <future>

#include "bench/command.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/sample_texts.h"
#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/request.h"
#include "cli/usage_error.h"
#include "cli/whole_output.h"
#include "core/error.h"
#include "core/threads.h"
#include "model/model.h"
#include "model/random_model.h"
#include "nn/peak.h"
#include "run/models.h"

namespace convbert::app {
namespace {

std::vector<std::string> all_measures() {
  return {"throughput", "peaks", "parts", "latency", "tokenizer"};
}

constexpr Format kFormats[] = {Format::table, Format::json};

struct BenchFlags {
  ModelFlags model;
  std::string shape;  // instead of a model
  std::string lengths = "128";
  std::vector<int> threads{1};
  std::int64_t batch_tokens = 1024;
  double seconds = 2;
  std::vector<std::string> measures = all_measures();
  OutputFlags output;  // path and format
};

struct BenchRequest {
  ModelRequest model;
  std::string shape;
  Workload workload;
  std::vector<int> threads;  // each at least 1, and once
  std::int64_t batch_tokens;
  double seconds;
  std::vector<std::string> measures;
  Format format;
  std::string output;  // "" is standard output
  Compression compression;

  bool measures_any(const std::string& name) const {
    return std::ranges::find(measures, name) != measures.end();
  }
};

std::vector<int> thread_counts(const BenchFlags& flags) {
  std::vector<int> counts;
  for (const int count : flags.threads) {
    const int threads = count > 0 ? count : available_processors();
    if (std::ranges::find(counts, threads) == counts.end()) counts.push_back(threads);
  }
  return counts;
}

BenchRequest make_request(const BenchFlags& flags) {
  const bool asks_for_tokenizer = flags.measures != BenchFlags().measures &&
                                  std::ranges::count(flags.measures, "tokenizer") > 0;
  if (!flags.shape.empty() && asks_for_tokenizer) {
    usage_error("--measure tokenizer needs a model; --shape has no vocabulary");
  }
  return {.model = make_request(flags.model),
          .shape = flags.shape,
          .workload = parse_workload(flags.lengths),
          .threads = thread_counts(flags),
          .batch_tokens = flags.batch_tokens,
          .seconds = flags.seconds,
          .measures = flags.measures,
          .format = chosen_format(flags.output, kFormats),
          .output = output_path(flags.output),
          .compression = compression_of(flags.output.path)};
}

// A model of files, or of a shape; the one or the other.
struct Subject {
  std::string name;
  std::optional<Model> model;
  std::optional<RandomModel> random;
  std::optional<Tokenizer> tokenizer;  // a shape has none
  std::optional<double> load_seconds;

  const Encoder& encoder() const { return model ? model->encoder : random->encoder(); }
};

Subject open_subject(const BenchRequest& request) {
  Subject subject;
  if (!request.shape.empty()) {
    subject.name = request.shape + " with random weights";
    subject.random.emplace(
        *published_shape(request.shape),
        EncoderOptions{.precision = request.model.precision, .threads = available_processors()});
    return subject;
  }
  const auto begin = std::chrono::steady_clock::now();
  const ModelSource source = open_model_source(request.model.model);
  subject.tokenizer = open_tokenizer(source);
  subject.model = load_model(source.files, {.parts = ModelParts::encoder,
                                            .precision = request.model.precision,
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

// Throughput and its ceiling, by number of threads; where the time of a pass goes.
void measure_rates(const BenchRequest& request, const Encoder& encoder, BenchReport& report,
                   Console& console) {
  constexpr double kPeakSeconds = 0.3;
  const bool wants_throughput = request.measures_any("throughput");
  const bool wants_peaks = request.measures_any("peaks");
  const std::vector<Batch> batches =
      make_batches(report.workload, request.batch_tokens, report.config.vocab_size);
  for (const int threads : request.threads) {
    for (const auto precision : {nn::Precision::f32, nn::Precision::bf16, nn::Precision::int8}) {
      if (!wants_peaks && !(wants_throughput && precision == report.precision)) continue;
      console.status(concat("matrix products on ", threads, threads == 1 ? " thread" : " threads"));
      const auto peak = measure_peak(precision, threads, std::min(kPeakSeconds, request.seconds));
      if (peak) report.peaks.push_back(*peak);
    }
    if (!wants_throughput) continue;
    console.status(concat("throughput on ", threads, threads == 1 ? " thread" : " threads"));
    report.throughput.push_back(
        measure_throughput(encoder, batches, threads, {.seconds = request.seconds}));
  }
  if (request.measures_any("parts")) {
    console.status("parts");
    report.parts = measure_parts(encoder, batches, {.seconds = request.seconds});
  }
}

void measure_tokenizer_samples(const BenchRequest& request, const Tokenizer& tokenizer,
                               BenchReport& report) {
  const std::pair<const char*, std::string_view> samples[] = {{"English", kEnglishSample},
                                                              {"22 languages", kLanguagesSample}};
  for (const auto& [name, text] : samples) {
    report.tokenizer.push_back(
        {name, measure_tokenizer(tokenizer, lines_of(text), {.seconds = request.seconds})});
  }
}

BenchReport measure(const BenchRequest& request, const Subject& subject, Console& console) {
  constexpr int kLeastLatencies = 20;
  const Encoder& encoder = subject.encoder();
  BenchReport report;
  report.model = subject.name;
  report.config = encoder.config();
  report.precision = request.model.precision;
  report.workload =
      fit_workload(request.workload, report.config.max_positions, request.batch_tokens);
  report.batch_tokens = request.batch_tokens;
  report.load_seconds = subject.load_seconds;
  measure_rates(request, encoder, report, console);
  if (request.measures_any("latency")) {
    console.status("latency");
    for (const int threads : request.threads) {
      report.latency.push_back(
          measure_latency(encoder, report.workload.median_length(), threads,
                          {.seconds = request.seconds, .least = kLeastLatencies}));
    }
  }
  if (request.measures_any("tokenizer") && subject.tokenizer) {
    console.status("tokenizer");
    measure_tokenizer_samples(request, *subject.tokenizer, report);
  }
  console.clear_status();
  return report;
}

int run(const BenchFlags& flags, Console& console) {
  const BenchRequest request = make_request(flags);
  console.status("loading");
  const Subject subject = open_subject(request);
  const OutputOptions options{.compression = request.compression};
  OutputFile output = request.output.empty() ? OutputFile::standard_output(options)
                                             : OutputFile::create(request.output, options);
  const BenchReport report = measure(request, subject, console);
  write_whole(std::move(output),
              request.format == Format::json ? to_json(report) : to_table(report));
  return 0;
}

void add_work_flags(CLI::App& command, BenchFlags& flags) {
  FlagGroup group(command, "Work");
  group
      .add("--lengths", flags.lengths, "N,...",
           "Texts to measure with, in tokens: a length, of which there are two batches; a list of "
           "lengths; or mixed, 256 texts as corpora have them, 37 tokens in the mean. Cut at the "
           "model's positions")
      .with_default();
  group.add("--batch-tokens", flags.batch_tokens, "N", "Tokens computed together")
      .within(1, 1 << 20)
      .with_default();
  group
      .add_list("--threads", flags.threads, "N,...",
                "Compute threads, each with batches of its own; 0 for one a processor; several "
                "numbers are measured one after another")
      .within(0, 1024)
      .with_default("1");
  group
      .add("--seconds", flags.seconds, "S",
           "How long to repeat each measurement; three times at least")
      .within(0.0, 3600.0)
      .with_default();
  group
      .add_list("--measure", flags.measures, "NAME,...",
                "What to measure, of throughput, peaks (of matrix products, by precision), parts, "
                "latency and tokenizer; default: all")
      .one_of(all_measures());
}

void add_flags(CLI::App& command, BenchFlags& flags) {
  const Flag model = add_model_flag(command, flags.model);
  const auto known = published_shape_names();
  const std::vector<std::string> shapes(known.begin(), known.end());
  FlagGroup(command, "Model")
      .add_choice(
          "--shape", flags.shape, shapes, "NAME",
          "Instead of a model, random weights in a published shape: " + list_of(shapes, ", "))
      .excludes(model);
  add_precision_flag(command, flags.model);
  add_work_flags(command, flags);
  add_output_flag(command, flags.output.path);
  FlagGroup(command, "Output")
      .add_choice("-f,--format", flags.output.format, names_of(kFormats), "FORMAT",
                  concat(list_of(names_of(kFormats)), "; default: what -o FILE ends with, else ",
                         name_of(kFormats[0])));
  set_footer(command, kJsonKeys);
}

}  // namespace

void add_bench_command(CLI::App& app, const Choose& choose) {
  add_command<BenchFlags>(app, choose,
                          {"bench", "How fast a model runs on this machine", add_flags, run});
}

}  // namespace convbert::app
