#include "run/sinks.h"

#include <limits>
#include <vector>

#include "io/npy.h"

namespace convbert::app {
namespace {

constexpr std::size_t kFlushBytes = 1 << 20;

// Passes bytes on in large pieces while more is coming.
class BufferedSink : public ResultSink {
 public:
  explicit BufferedSink(OutputFile& output) : output_(output) {}

  void flush() override {
    output_.write(buffer_);
    buffer_.clear();
  }

 protected:
  void put(std::string_view bytes) {
    buffer_ += bytes;
    if (buffer_.size() >= kFlushBytes) BufferedSink::flush();
  }

 private:
  OutputFile& output_;
  std::string buffer_;
};

class LineSink : public BufferedSink {
 public:
  LineSink(std::string format, const SinkContext& context)
      : BufferedSink(context.output), format_(std::move(format)), context_(context) {}

  void begin() override {
    if (format_ == "tsv") put(context_.command.tsv_header() + "\n");
  }
  void write(Job& job) override {
    put(result_bytes(format_, context_.command, context_.style, job));
  }

 private:
  std::string format_;
  SinkContext context_;
};

class JsonSink : public BufferedSink {
 public:
  explicit JsonSink(const SinkContext& context) : BufferedSink(context.output), context_(context) {}

  void begin() override { put("["); }
  void write(Job& job) override {
    put(is_first_ ? "\n" : ",\n");
    is_first_ = false;
    const std::string line = result_bytes("jsonl", context_.command, context_.style, job);
    put(std::string_view(line).substr(0, line.size() - 1));
  }
  void finish() override {
    put("\n]\n");
    flush();
  }

 private:
  SinkContext context_;
  bool is_first_ = true;
};

// The header is written first with no rows, and again, over itself, when their number is known.
class NpySink : public BufferedSink {
 public:
  NpySink(const SinkContext& context, std::int64_t count)
      : BufferedSink(context.output), context_(context), count_(count) {}

  void begin() override { put(header()); }
  void write(Job& job) override {
    put(result_bytes("npy", context_.command, context_.style, job));
    ++count_;
  }
  void finish() override {
    flush();
    context_.output.write_at(0, header());
  }

 private:
  std::string header() const { return npy_header("<f4", {count_, context_.command.row_width()}); }

  SinkContext context_;
  std::int64_t count_;
};

}  // namespace

std::string result_bytes(const std::string& format, const RecordCommand& command,
                         const RecordStyle& style, const Job& job) {
  if (!job.failed()) return format == "npy" ? job.output : job.output + "\n";
  if (format == "npy") {
    const std::vector<float> row(static_cast<std::size_t>(command.row_width()),
                                 std::numeric_limits<float>::quiet_NaN());
    return {reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)};
  }
  if (format == "tsv" || format == "text") return command.failed_line(job) + "\n";
  return error_record(job.record, job.failure_kind, job.failure, style) + "\n";
}

std::unique_ptr<ResultSink> make_line_sink(const std::string& format, const SinkContext& context) {
  return std::make_unique<LineSink>(format, context);
}

std::unique_ptr<ResultSink> make_json_sink(const SinkContext& context) {
  return std::make_unique<JsonSink>(context);
}

std::unique_ptr<ResultSink> make_npy_sink(const SinkContext& context, std::int64_t count) {
  return std::make_unique<NpySink>(context, count);
}

}  // namespace convbert::app
