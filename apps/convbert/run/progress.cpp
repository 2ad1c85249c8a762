#include "run/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "core/error.h"

namespace convbert::app {
namespace {

std::string count_of(std::int64_t number, const char* thing) {
  return concat(grouped(number), " ", thing, number == 1 ? "" : "s");
}

}  // namespace

std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(std::ceil(seconds));
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  }
  return text;
}

std::vector<std::string> progress_lines(const ProgressFigures& figures) {
  const auto& [done_records, tokens, elapsed, input, resumed_bytes] = figures;
  const std::string records = count_of(done_records, "record");
  const std::string rate =
      tokens == 0
          ? ""  // of a command that does not count them
          : concat("  ", grouped(std::llround(static_cast<double>(tokens) / elapsed)), " tokens/s");
  // Of what has been read; what waits in the pipeline is small.
  const std::int64_t bytes = input.bytes - resumed_bytes;
  if (!input.total_bytes || bytes <= 0) return {records + rate, records};

  const auto total = static_cast<double>(*input.total_bytes);
  const auto read = static_cast<double>(input.bytes);
  const double done = std::min(1.0, read / total);
  const double left = elapsed * std::max(0.0, total - read) / static_cast<double>(bytes);
  constexpr int kWidth = 24;
  std::string bar(static_cast<std::size_t>(done * kWidth), '#');
  bar.resize(kWidth, '.');
  const std::string percent = concat(static_cast<int>(done * 100), "%");
  const std::string time = clock_text(left) + " left";
  const std::string all = concat(percent, "  ", records, rate, "  ", time);
  return {concat("[", bar, "] ", all), all, concat(percent, "  ", records, "  ", time),
          concat(percent, "  ", time), percent};
}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

Progress::Progress(Console& console, const ProgressStart& start, bool reads_terminal)
    : console_(console),
      resumed_(start.records),
      resumed_bytes_(start.input.bytes),
      is_shown_(!reads_terminal),
      records_(start.records),
      failed_(start.failed) {}

void Progress::count(const Job& job) {
  ++records_;
  failed_ += job.failed() ? 1 : 0;
  truncated_ += job.encoding.truncated > 0 ? 1 : 0;
  tokens_cut_ += job.encoding.truncated;
  tokens_ += job.tokens;
}

void Progress::show(const InputProgress& input) {
  if (!is_shown_ || !console_.shows_status()) return;
  const double elapsed = seconds();
  if (elapsed < 0.5) return;
  console_.status(progress_lines({.records = records_,
                                  .tokens = tokens_,
                                  .seconds = elapsed,
                                  .input = input,
                                  .resumed_bytes = resumed_bytes_}));
}

void Progress::summarize() {
  console_.clear_status();
  if (truncated_ > 0) {
    console_.note(concat(count_of(truncated_, "record"), truncated_ == 1 ? " was" : " were",
                         " too long and cut, by ", count_of(tokens_cut_, "token"), " in all"));
  }
  if (failed_ > 0) {
    console_.warning(concat(grouped(failed_), " of ", count_of(records_, "record"), " failed"));
  }
  const double elapsed = seconds();
  console_.detail(concat(count_of(records_ - resumed_, "record"), ", ", count_of(tokens_, "token"),
                         " in ", std::round(elapsed * 1000) / 1000, " s"));
}

}  // namespace convbert::app
