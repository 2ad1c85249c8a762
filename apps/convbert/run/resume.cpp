#include "run/resume.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <utility>

#include "cli/usage_error.h"
#include "io/npy.h"
#include "io/output_file.h"

namespace convbert::app {
namespace {

constexpr std::int64_t kSamples = 8;

constexpr std::size_t kPiece = 1 << 16;
// A longer one is no result of this program, and is not waited for.
constexpr std::size_t kMostRecordBytes = std::size_t{4} << 30;

// Bytes from a position on, as many as there is room for; fewer only at the end. Their number.
using ReadAt = std::function<std::size_t(std::int64_t position, std::span<char> buffer)>;

// The complete records of an output file, one after another. Read, not mapped, so that a file that
// shrinks meanwhile is an error and not a signal.
class WrittenRecords {
 public:
  // `size`: of the file in bytes.
  WrittenRecords(ReadAt read, std::int64_t size, const ResultLayout& layout,
                 const std::string& path)
      : read_(std::move(read)),
        path_(path),
        row_bytes_(layout_of(layout) == Layout::row ? static_cast<std::size_t>(4 * layout.row_width)
                                                    : 0),
        has_quotes_(layout_of(layout) == Layout::cells && layout.table.style.has_quotes) {
    std::string header;
    if (layout_of(layout) == Layout::cells) header = header_of(layout);
    fill(256);
    if (row_bytes_ > 0) header = npy_header("<f4", {rows_in_header(), layout.row_width});
    fill(header.size());
    if (buffer_.size() < header.size()) return;  // cut inside the header: nothing is complete
    if (!buffer_.starts_with(header)) {
      usage_error(path, ": it was not written with these options; remove the file, or run without ",
                  "--resume");
    }
    skip(header.size());
    const std::int64_t start = position_;
    count_ =
        row_bytes_ > 0 ? (size - start) / static_cast<std::int64_t>(row_bytes_) : count_lines();
    buffer_.clear();
    used_ = 0;
    position_ = start;
  }

  std::int64_t count() const { return count_; }
  std::int64_t position() const { return position_; }
  bool at_end() {
    fill(1);
    return buffer_.size() == used_;
  }

  // Good until the next call; nothing where no complete record is left.
  std::optional<std::string_view> next() {
    std::size_t size = row_bytes_;
    if (size > 0) {
      fill(size);
      if (buffer_.size() - used_ < size) return std::nullopt;
    } else {
      size = size_of_line();
      if (size == 0) return std::nullopt;
    }
    const std::string_view record = std::string_view(buffer_).substr(used_, size);
    skip(size);
    return record;
  }

 private:
  // Until `size` bytes are there, or all that there are.
  void fill(std::size_t size) {
    while (buffer_.size() - used_ < size && fill_more()) {
    }
  }
  bool fill_more() {
    buffer_.erase(0, std::exchange(used_, 0));
    const std::size_t before = buffer_.size();
    buffer_.resize(before + kPiece);
    const std::int64_t from = position_ + static_cast<std::int64_t>(before);
    buffer_.resize(before + read_(from, std::span(buffer_).subspan(before)));
    return buffer_.size() > before;
  }
  void skip(std::size_t size) {
    used_ += size;
    position_ += static_cast<std::int64_t>(size);
  }
  // The next line end that is not inside quotes, of which `open` tells from one call to the next.
  std::size_t find_line_end(std::size_t from, bool& open) const {
    if (!has_quotes_) return buffer_.find('\n', from);
    for (; from < buffer_.size(); ++from) {
      if (buffer_[from] == '"') open = !open;
      if (buffer_[from] == '\n' && !open) return from;
    }
    return std::string::npos;
  }
  // The size of the line that comes, its end included; 0 where it has none.
  std::size_t size_of_line() {
    std::size_t searched = 0;
    bool open = false;
    while (true) {
      const std::size_t end = find_line_end(used_ + searched, open);
      if (end != std::string::npos) return end + 1 - used_;
      searched = buffer_.size() - used_;
      if (searched > kMostRecordBytes) {
        usage_error(path_, ": has a line of more than ", kMostRecordBytes,
                    " bytes, which no run of this program writes; remove the file");
      }
      if (!fill_more()) return 0;
    }
  }
  std::int64_t count_lines() {
    std::int64_t lines = 0;
    bool open = false;
    do {
      for (std::size_t at = used_; (at = find_line_end(at, open)) != std::string::npos; ++at)
        ++lines;
      skip(buffer_.size() - used_);
    } while (fill_more());
    return lines;
  }
  // An unfinished array says that it has no rows; a finished one, how many. Either will do.
  std::int64_t rows_in_header() const {
    constexpr std::string_view kBefore = "'shape': (";
    const std::size_t at = buffer_.substr(0, 256).find(kBefore);
    std::int64_t rows = 0;
    if (at != std::string::npos) {
      const std::string digits = buffer_.substr(at + kBefore.size(), 20);
      std::from_chars(digits.data(), digits.data() + digits.size(), rows);
    }
    return rows;
  }

  ReadAt read_;
  const std::string& path_;
  std::size_t row_bytes_;
  bool has_quotes_;  // in which a line may end without ending the record
  std::string buffer_;
  std::size_t used_ = 0;       // of the buffer
  std::int64_t position_ = 0;  // of the first byte that is not used
  std::int64_t count_ = 0;
};

bool begins_with_nan(std::string_view row) {
  float first;
  std::memcpy(&first, row.data(), sizeof first);
  return std::isnan(first);
}

// Does what is written look like a result of this record, and not like a failure, which has to be
// counted? Then it need not be computed again.
bool is_plausible(const ResultLayout& layout, const Job& job, std::string_view written) {
  switch (layout_of(layout)) {
    case Layout::row: return !begins_with_nan(written);
    case Layout::cells:
      return !layout.table.has_error ||
             written.ends_with(std::string{layout.table.style.delimiter, '\n'});
    case Layout::line: return written != "\n";
    default: break;
  }
  std::string result;
  begin_record(result, job.record, layout.style, missing_result(layout, job));
  std::string failure;
  begin_error_record(failure, job.record, layout.style);
  return written.starts_with(result) && !written.starts_with(failure);
}

std::string mismatch(const std::string& path, std::int64_t record) {
  return concat(path, ": record ", record, " in it (from 0) was not written from this input with ",
                "these options; remove the file, or run without --resume");
}

// May the finished file tell of an input, a model or the like that is not this one any more?
bool has_changed_since(std::span<const std::string> files, const std::string& finished) {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(finished, error);
  return std::ranges::any_of(files, [&](const std::string& path) {
    return std::filesystem::is_regular_file(path, error) &&
           std::filesystem::last_write_time(path, error) > time;
  });
}

// What is taken up: the file that there is, with what it holds.
struct Written {
  std::string path;
  std::optional<OutputFile> partial;
  std::ifstream finished;
  std::int64_t size = 0;
};

std::optional<Written> open_written(const std::string& path) {
  Written written{
      .path = OutputFile::partial_path(path), .partial = OutputFile::take_up(path), .finished = {}};
  if (written.partial) {
    written.size = written.partial->size();
    return written;
  }
  written.path = path;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  if (!std::filesystem::is_regular_file(path, error)) {
    usage_error("--resume: expected a regular file, found ", printable(path));
  }
  written.finished.open(path, std::ios::binary | std::ios::ate);
  written.size = written.finished.tellg();
  if (!written.finished) {
    throw Error(ErrorKind::system, concat(path, ": cannot open: ", std::strerror(errno)));
  }
  return written;
}

ReadAt reader_of(Written& written) {
  return [&written](std::int64_t position, std::span<char> buffer) {
    if (written.partial) return written.partial->read_at(position, buffer);
    written.finished.clear();
    written.finished.seekg(position);
    written.finished.read(buffer.data(), std::ssize(buffer));
    return static_cast<std::size_t>(written.finished.gcount());
  };
}

}  // namespace

void prepare_job(const RecordCommand& command, Job& job) {
  job.failure = job.record.error;
  if (job.failed()) return;
  attempt(job, [&] { command.prepare(job); });
}

ResumePoint find_resume_point(const ResumeContext& context) {
  const auto& [request, layout, command, source, state, cancel] = context;
  std::optional<Written> written = open_written(request.output.path);
  if (!written) return {};
  const bool is_finished = !written->partial;
  if (!is_finished) state.load();

  WrittenRecords records(reader_of(*written), written->size, layout, written->path);
  const std::int64_t count = records.count();
  std::int64_t known = state.known(count);
  if (is_finished && !has_changed_since(request.input.source.paths, written->path) &&
      !has_changed_since(command.files(), written->path)) {
    known = count;
  }
  const auto compute = command.make_worker(layout);
  ResumePoint point;
  for (; point.records < count; ++point.records) {
    Job job;
    const bool has_record = source.next(job.record);
    if (cancel.requested()) return point;
    const bool is_same = has_record && (is_finished || state.take_up(job.record));
    const std::optional<std::string_view> bytes = records.next();
    if (!is_same || !bytes) usage_error(mismatch(written->path, point.records));
    prepare_job(command, job);
    const bool is_sample = command.is_cheap() || point.records >= known ||
                           point.records == count - 1 ||
                           point.records % std::max<std::int64_t>(1, count / kSamples) == 0;
    if (!job.failed() && (is_sample || !is_plausible(layout, job, *bytes))) {
      compute({&job, 1}, 1);
    } else if (!job.failed()) {
      continue;
    }
    if (result_bytes(layout, job) != *bytes) {
      usage_error(mismatch(written->path, point.records));
    }
    point.failed += job.failed() ? 1 : 0;
  }
  if (is_finished) {
    Job extra;
    const bool has_more = source.next(extra.record);
    if (cancel.requested()) return point;
    if (has_more || !records.at_end()) usage_error(mismatch(written->path, point.records));
    point.finished = true;
  } else {
    written->partial->cut(records.position());
    point.partial.emplace(std::move(*written->partial));
  }
  return point;
}

}  // namespace convbert::app
