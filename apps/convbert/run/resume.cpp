#include "run/resume.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "cli/usage_error.h"
#include "core/mapped_file.h"
#include "io/npy.h"
#include "io/output_file.h"

namespace convbert::app {
namespace {

constexpr std::int64_t kSamples = 8;

// The complete records of an output file, one after another.
class WrittenRecords {
 public:
  WrittenRecords(std::string_view text, const ResultLayout& layout, const std::string& path)
      : text_(text), row_bytes_(layout_of(layout) == Layout::row ? 4 * layout.row_width : 0) {
    std::string header;
    if (layout_of(layout) == Layout::cells) header = header_of(layout);
    if (row_bytes_ > 0) header = npy_header("<f4", {rows_in_header(), layout.row_width});
    if (text.size() < header.size()) return;  // cut inside the header: nothing is complete
    if (!text.starts_with(header)) {
      usage_error(path, ": it was not written with these options; remove the file, or run without ",
                  "--resume");
    }
    position_ = header.size();
    start_ = position_;
    count_ = row_bytes_ > 0 ? count_rows() : count_lines();
  }

  std::int64_t count() const { return count_; }
  std::size_t position() const { return position_; }
  bool at_end() const { return position_ == text_.size(); }

  std::string_view next() {
    const std::size_t size = row_bytes_ > 0 ? static_cast<std::size_t>(row_bytes_)
                                            : text_.find('\n', position_) + 1 - position_;
    const std::string_view record = text_.substr(position_, size);
    position_ += size;
    return record;
  }

 private:
  // An unfinished array says that it has no rows; a finished one, how many. Either will do.
  std::int64_t rows_in_header() const {
    constexpr std::string_view kBefore = "'shape': (";
    const std::size_t at = text_.substr(0, 256).find(kBefore);
    std::int64_t rows = 0;
    if (at != std::string_view::npos) {
      const std::string_view digits = text_.substr(at + kBefore.size(), 20);
      std::from_chars(digits.data(), digits.data() + digits.size(), rows);
    }
    return rows;
  }
  std::int64_t count_rows() const {
    return static_cast<std::int64_t>(text_.size() - start_) / row_bytes_;
  }
  std::int64_t count_lines() const {
    return std::count(text_.begin() + static_cast<std::ptrdiff_t>(start_), text_.end(), '\n');
  }

  std::string_view text_;
  std::int64_t row_bytes_;
  std::size_t position_ = 0;
  std::size_t start_ = 0;
  std::int64_t count_ = 0;
};

bool begins_with_nan(std::string_view row) {
  float first;
  std::memcpy(&first, row.data(), sizeof first);
  return std::isnan(first);
}

// Does what is written look like a result of this record, and not like a failure? Then it need not
// be computed again.
bool is_plausible(const ResultLayout& layout, const Job& job, std::string_view written) {
  switch (layout_of(layout)) {
    case Layout::row: return !begins_with_nan(written);
    case Layout::cells: return written.ends_with("\t\n");  // the last column is the error
    case Layout::line: return written != "\n";
    default: break;
  }
  std::string beginning;
  begin_record(beginning, job.record, layout.style);
  return written.starts_with(beginning);
}

std::string mismatch(const std::string& path, std::int64_t record) {
  return concat(path, ": record ", record, " in it (from 0) was not written from this input with ",
                "these options; remove the file, or run without --resume");
}

}  // namespace

void prepare_job(const RecordCommand& command, Job& job) {
  job.failure = job.record.error;
  if (job.failed()) return;
  attempt(job, [&] { command.prepare(job); });
}

ResumePoint find_resume_point(const std::string& path, const ResultLayout& layout,
                              const RecordCommand& command, RecordSource& source,
                              const CancelToken& cancel) {
  const std::string partial = OutputFile::partial_path(path);
  const bool is_unfinished = std::filesystem::exists(partial);
  const std::string written_path = is_unfinished ? partial : path;
  if (!std::filesystem::exists(written_path)) return {};

  const MappedFile file(written_path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  WrittenRecords written(text, layout, written_path);
  const std::int64_t count = written.count();
  const auto compute = command.make_worker(layout);
  ResumePoint point;
  for (; point.records < count; ++point.records) {
    Job job;
    if (!source.next(job.record)) {
      if (cancel.requested()) return point;
      usage_error(mismatch(written_path, point.records));
    }
    prepare_job(command, job);
    const std::string_view bytes = written.next();
    const bool is_sample = command.is_cheap() || point.records == count - 1 ||
                           point.records % std::max<std::int64_t>(1, count / kSamples) == 0;
    if (!job.failed() && (is_sample || !is_plausible(layout, job, bytes))) {
      compute({&job, 1}, 1);
    } else if (!job.failed()) {
      continue;
    }
    if (result_bytes(layout, job) != bytes) {
      usage_error(mismatch(written_path, point.records));
    }
    point.failed += job.failed() ? 1 : 0;
  }
  point.bytes = static_cast<std::int64_t>(written.position());
  if (!is_unfinished) {
    Job extra;
    if (source.next(extra.record) || !written.at_end()) {
      usage_error(mismatch(written_path, point.records));
    }
    point.finished = true;
  }
  return point;
}

}  // namespace convbert::app
