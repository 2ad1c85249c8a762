// What --resume takes up: any bytes as FILE.partial, and any beside it as FILE.partial.state, give
// a point up to which they are exactly what an uninterrupted run writes, or an Error(usage).
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "core/error.h"
#include "io/output_file.h"
#include "run/resume.h"

using namespace convbert;
using namespace convbert::app;

namespace {

const std::vector<std::string> kTexts{"a", "b\nc", "\xff", "d"};  // the third is a bad record

// Adds "size" to a record: the bytes of its text, twice in a row of floats.
class SizeCommand : public RecordCommand {
 public:
  std::vector<std::string> result_names() const override { return {"size"}; }
  std::vector<std::string> columns() const override { return {"size"}; }
  std::int64_t row_width() const override { return 2; }
  std::vector<std::string> files() const override { return {}; }
  void prepare(Job&) const override {}
  ComputeBatch make_worker(const ResultLayout& layout) const override {
    return [&layout](std::span<Job> batch, int) {
      ResultWriter result(layout);
      for (Job& job : batch) {
        result.begin(job);
        const auto size = static_cast<float>(job.record.text.size());
        if (layout_of(layout) == Layout::row) {
          result.field("size", std::array{size, size});
        } else {
          result.field("size", size);
        }
        result.finish();
      }
    };
  }
  bool is_cheap() const override { return true; }
};

// Files of this process alone, in memory where there is such a place; never under the final name.
const std::string& output_path() {
  static const std::string path = "/dev/shm/convbert-fuzz-" + std::to_string(::getpid());
  return path;
}

void write_file(const std::string& path, std::string_view bytes, int flags) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (file < 0) __builtin_trap();
  if (::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    __builtin_trap();
  }
  ::close(file);
}

// "v2...": what a run keeps after two records, then the rest. Else the bytes themselves.
void write_state(const RecordRequest& request, std::string_view bytes) {
  const std::string path = OutputFile::state_path(output_path());
  ::unlink(path.c_str());
  if (bytes.empty()) return;
  if (bytes.size() < 2 || bytes[0] != 'v') return write_file(path, bytes, O_TRUNC);
  {
    RunState state(request.output, {});
    const auto source = records_of_texts({.texts = kTexts}, {});
    Record record;
    for (int count = bytes[1] % 8; count > 0 && source->next(record); --count) state.add(record);
    state.save();
  }
  write_file(path, bytes.substr(2), O_APPEND);
}

// What a run writes before record `count`, after the header.
std::string written_by_a_run(const ResultLayout& layout, const RecordCommand& command,
                             std::int64_t count) {
  const auto source = records_of_texts({.texts = kTexts}, {});
  const ComputeBatch compute = command.make_worker(layout);
  std::string all;
  for (std::int64_t i = 0; i < count; ++i) {
    Job job;
    if (!source->next(job.record)) __builtin_trap();
    prepare_job(command, job);
    if (!job.failed()) compute({&job, 1}, 1);
    all += result_bytes(layout, job);
  }
  return all;
}

}  // namespace

// The first byte says which format; behind the first "\x1e" is the state.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const CancelToken never;
  static const SizeCommand command;
  if (size == 0) return 0;
  ResultLayout layout;
  layout.format = data[0] == 't'   ? Format::tsv
                  : data[0] == 'c' ? Format::csv
                  : data[0] == 'x' ? Format::text
                  : data[0] == 'n' ? Format::npy
                                   : Format::jsonl;
  layout.style.result_names = {"size"};
  layout.columns = command.columns();
  layout.row_width = command.row_width();
  layout.table.style.has_quotes = layout.format == Format::csv;
  layout.table.own = TableColumns({"text"});
  RecordRequest request;
  request.output.path = output_path();
  request.output.format = layout.format;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view partial = bytes.substr(0, bytes.find('\x1e'));
  write_file(OutputFile::partial_path(output_path()), partial, O_TRUNC);
  write_state(request, bytes.substr(std::min(partial.size() + 1, bytes.size())));
  const auto source = records_of_texts({.texts = kTexts}, {});
  try {
    RunState state(request.output, {});
    const ResumePoint point = find_resume_point({request, layout, command, *source, state, never});
    if (point.finished || point.failed > point.records || !point.partial) __builtin_trap();
    const auto taken = static_cast<std::size_t>(point.partial->size());
    if (taken > partial.size()) __builtin_trap();
    if (!partial.substr(0, taken).ends_with(written_by_a_run(layout, command, point.records))) {
      __builtin_trap();
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) __builtin_trap();
  }
  ::unlink(OutputFile::partial_path(output_path()).c_str());
  ::unlink(OutputFile::state_path(output_path()).c_str());
  return 0;
}
