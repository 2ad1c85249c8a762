#include "run/progress.h"

#include <cmath>
#include <cstdio>
#include <string>

#include "core/error.h"

namespace convbert::app {
namespace {

std::string count_of(std::int64_t number, const char* thing) {
  return concat(grouped(number), " ", thing, number == 1 ? "" : "s");
}

std::string clock(double seconds) {
  const auto whole = static_cast<long>(std::ceil(seconds));
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  }
  return text;
}

}  // namespace

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::start_from(std::int64_t records, std::int64_t failed) {
  resumed_ = records_ = records;
  failed_ = failed;
}

void Progress::count(const Job& job) {
  ++records_;
  failed_ += job.failed() ? 1 : 0;
  truncated_ += job.encoding.truncated > 0 ? 1 : 0;
  tokens_cut_ += job.encoding.truncated;
  tokens_ += static_cast<std::int64_t>(job.encoding.size());
}

void Progress::show(const InputProgress& input) {
  if (!console_.shows_status()) return;
  const double elapsed = seconds();
  if (elapsed < 0.5) return;
  std::string line =
      concat(count_of(records_, "record"), "  ",
             grouped(std::llround(static_cast<double>(tokens_) / elapsed)), " tokens/s");
  // Of what has been read; what waits in the pipeline is small.
  if (input.total_bytes && input.bytes > 0) {
    const double done = static_cast<double>(input.bytes) / static_cast<double>(*input.total_bytes);
    constexpr int kWidth = 24;
    const int filled = static_cast<int>(done * kWidth);
    std::string bar(static_cast<std::size_t>(filled), '#');
    bar.resize(kWidth, '.');
    line = concat("[", bar, "] ", static_cast<int>(done * 100), "%  ", line, "  ",
                  clock(elapsed / done - elapsed), " left");
  }
  console_.status(line);
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
