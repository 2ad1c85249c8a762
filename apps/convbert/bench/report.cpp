#include "bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/console.h"
#include "cli/table.h"
#include "cli/version.h"
#include "core/error.h"
#include "core/json.h"
#include "model/useful_flops.h"
#include "nn/compute.h"

namespace convbert::app {
namespace {

// "12.3": four digits that count, no more decimals than that.
std::string figure(double value) {
  const int whole = value >= 1 ? static_cast<int>(std::log10(value)) + 1 : 1;
  if (whole > 4) return grouped(std::llround(value));
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f", std::min(4 - whole, 3), value);
  return text;
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %%", 100 * share);
  return text;
}

// Six digits that count: more would be noise.
double rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return std::strtod(text, nullptr);
}

// A line of throughput, worked out.
struct Rates {
  double tokens;
  double texts;
  double flops;
  std::optional<double> peak;

  Rates(const BenchReport& report, const Throughput& throughput) {
    const double passes = throughput.threads / throughput.pass_seconds;  // of all threads together
    tokens = passes * static_cast<double>(report.workload.tokens());
    texts = passes * static_cast<double>(report.workload.lengths.size());
    flops = passes * static_cast<double>(useful_flops(report.config, report.workload.lengths));
    for (const Peak& one : report.peaks) {
      if (one.threads == throughput.threads && one.precision == report.precision) peak = one.flops;
    }
  }
};

std::string heading(const BenchReport& report) {
  const Workload& workload = report.workload;
  const auto [shortest, longest] = std::ranges::minmax(workload.lengths);
  std::string text =
      concat(report.model, ": ", convbert::name_of(report.config.family), ", ",
             report.config.layers, " layers, hidden ", report.config.hidden_size, "; ",
             nn::name_of(report.precision), ", ", nn::name_of(nn::instruction_set()), ", oneDNN ",
             nn::onednn_version(), "\n", workload.lengths.size(), " texts of ", shortest);
  if (longest > shortest) {
    text += concat(" to ", longest, ", in the median ", workload.median_length());
  }
  text += concat(" tokens, ", grouped(workload.tokens()), " in all, in batches of ",
                 grouped(report.batch_tokens), "\n");
  if (workload.clipped > 0) {
    text += concat(workload.clipped, " of them cut to the model's ", report.config.max_positions,
                   " positions\n");
  }
  return text;
}

std::string throughput_table(const BenchReport& report) {
  Table table({Align::left, Align::right});
  table.add({"threads", "tokens/s", "texts/s", "GFLOP/s", "matmul peak", "share", "passes"});
  for (const Throughput& throughput : report.throughput) {
    const Rates rates(report, throughput);
    table.add({std::to_string(throughput.threads), figure(rates.tokens), figure(rates.texts),
               figure(rates.flops / 1e9), rates.peak ? figure(*rates.peak / 1e9) : "-",
               rates.peak ? percent(rates.flops / *rates.peak) : "-",
               std::to_string(throughput.passes)});
  }
  return table.text();
}

std::string peaks_table(const BenchReport& report) {
  Table table({Align::left, Align::right});
  table.add({"matmul peak", "threads", "GFLOP/s"});
  for (const Peak& peak : report.peaks) {
    table.add({std::string(nn::name_of(peak.precision)), std::to_string(peak.threads),
               figure(peak.flops / 1e9)});
  }
  return table.text();
}

std::string parts_table(const BenchReport& report) {
  double total = 0;
  for (const PartTime& part : report.parts) total += part.pass_seconds;
  Table table({Align::left, Align::right});
  table.add({"part, one thread", "ms a pass", "share"});
  for (const PartTime& part : report.parts) {
    table.add({std::string(part.name), figure(1e3 * part.pass_seconds),
               percent(part.pass_seconds / total)});
  }
  return table.text();
}

std::string other_lines(const BenchReport& report) {
  std::string text;
  for (const Latency& latency : report.latency) {
    text += concat("one text of ", latency.tokens,
                   " tokens alone: ", figure(1e3 * latency.median_seconds),
                   " ms in the median, 9 of 10 within ", figure(1e3 * latency.p90_seconds),
                   " ms, on ", latency.threads, latency.threads == 1 ? " thread\n" : " threads\n");
  }
  std::string tokenizer;
  for (const auto& [name, measured] : report.tokenizer) {
    tokenizer += concat(tokenizer.empty() ? "" : ", ", name, " ",
                        figure(measured.bytes_per_second / 1e6), " MB/s");
  }
  if (!tokenizer.empty()) text += concat("tokenizer: ", tokenizer, "\n");
  if (report.load_seconds) {
    text += concat("loaded in ", figure(1e3 * *report.load_seconds), " ms\n");
  }
  return text;
}

}  // namespace

std::string to_table(const BenchReport& report) {
  std::string text = heading(report);
  if (!report.throughput.empty()) text += "\n" + throughput_table(report);
  if (report.peaks.size() > report.throughput.size()) text += "\n" + peaks_table(report);
  if (!report.parts.empty()) text += "\n" + parts_table(report);
  if (const std::string others = other_lines(report); !others.empty()) text += "\n" + others;
  return text;
}

const char* const kJsonKeys =
    "--format json is one object:\n"
    "  model, version, onednn, instruction_set, precision\n"
    "  workload     name, texts, tokens, clipped (texts cut to the model's positions), flops (of\n"
    "               useful work in a pass), lengths (in tokens, in order), batch_tokens\n"
    "  load_ms      from the files to a model and tokenizer that are ready; null with --shape\n"
    "  throughput   a list: threads, passes, pass_ms, tokens_per_second, texts_per_second,\n"
    "               gflops, share_of_peak (of matrix products on as many threads)\n"
    "  peaks        a list: threads, precision (those that are native here), gflops\n"
    "  parts        a list: part, pass_ms (on one thread), share\n"
    "  latency      a list: threads, tokens, repetitions, median_ms, p90_ms\n"
    "  tokenizer    a list: sample, bytes, passes, mb_per_second; empty with --shape\n"
    "Figures are medians of passes over the whole workload.\n";

std::string to_json(const BenchReport& report) {
  const Workload& workload = report.workload;
  OrderedJson json{
      {"model", report.model},
      {"version", kVersion},
      {"onednn", nn::onednn_version()},
      {"instruction_set", nn::name_of(nn::instruction_set())},
      {"precision", nn::name_of(report.precision)},
      {"workload",
       {{"name", workload.name},
        {"texts", workload.lengths.size()},
        {"tokens", workload.tokens()},
        {"clipped", workload.clipped},
        {"flops", useful_flops(report.config, workload.lengths)},
        {"lengths", workload.lengths},
        {"batch_tokens", report.batch_tokens}}},
      {"load_ms", nullptr},
      {"throughput", OrderedJson::array()},
      {"peaks", OrderedJson::array()},
      {"parts", OrderedJson::array()},
      {"latency", OrderedJson::array()},
      {"tokenizer", OrderedJson::array()},
  };
  if (report.load_seconds) json["load_ms"] = rounded(1e3 * *report.load_seconds);
  for (const Throughput& throughput : report.throughput) {
    const Rates rates(report, throughput);
    OrderedJson row{{"threads", throughput.threads},
                    {"passes", throughput.passes},
                    {"pass_ms", rounded(1e3 * throughput.pass_seconds)},
                    {"tokens_per_second", rounded(rates.tokens)},
                    {"texts_per_second", rounded(rates.texts)},
                    {"gflops", rounded(rates.flops / 1e9)},
                    {"share_of_peak", nullptr}};
    if (rates.peak) row["share_of_peak"] = rounded(rates.flops / *rates.peak);
    json["throughput"].push_back(row);
  }
  for (const Peak& peak : report.peaks) {
    json["peaks"].push_back({{"threads", peak.threads},
                             {"precision", nn::name_of(peak.precision)},
                             {"gflops", rounded(peak.flops / 1e9)}});
  }
  double total = 0;
  for (const PartTime& part : report.parts) total += part.pass_seconds;
  for (const PartTime& part : report.parts) {
    json["parts"].push_back({{"part", part.name},
                             {"pass_ms", rounded(1e3 * part.pass_seconds)},
                             {"share", rounded(part.pass_seconds / total)}});
  }
  for (const Latency& latency : report.latency) {
    json["latency"].push_back({{"threads", latency.threads},
                               {"tokens", latency.tokens},
                               {"repetitions", latency.repetitions},
                               {"median_ms", rounded(1e3 * latency.median_seconds)},
                               {"p90_ms", rounded(1e3 * latency.p90_seconds)}});
  }
  for (const auto& [name, measured] : report.tokenizer) {
    json["tokenizer"].push_back({{"sample", name},
                                 {"bytes", measured.bytes},
                                 {"passes", measured.passes},
                                 {"mb_per_second", rounded(measured.bytes_per_second / 1e6)}});
  }
  return json.dump(2) + "\n";
}

}  // namespace convbert::app
