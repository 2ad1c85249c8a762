#include "run/sinks.h"

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
  void finish() override { BufferedSink::flush(); }

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
  explicit LineSink(const SinkContext& context)
      : BufferedSink(context.output), layout_(context.layout) {}

  void begin() override {
    if (layout_of(layout_) == Layout::cells) put(header_of(layout_));
  }
  void write(Job& job) override {
    if (job.failed()) return put(result_bytes(layout_, job));
    put(job.output);
    put("\n");
  }

 private:
  const ResultLayout& layout_;
};

class JsonSink : public BufferedSink {
 public:
  explicit JsonSink(const SinkContext& context)
      : BufferedSink(context.output), layout_(context.layout) {}

  void begin() override { put("["); }
  void write(Job& job) override {
    put(is_first_ ? "\n" : ",\n");
    is_first_ = false;
    const std::string line = result_bytes(layout_, job);
    put(std::string_view(line).substr(0, line.size() - 1));
  }
  void finish() override {
    put("\n]\n");
    flush();
  }

 private:
  const ResultLayout& layout_;
  bool is_first_ = true;
};

// The header is written first with no rows, and again, over itself, when their number is known.
class NpySink : public BufferedSink {
 public:
  NpySink(const SinkContext& context, std::int64_t count)
      : BufferedSink(context.output), context_(context), count_(count) {}

  void begin() override { put(header()); }
  void write(Job& job) override {
    put(result_bytes(context_.layout, job));
    ++count_;
  }
  void finish() override {
    flush();
    context_.output.write_at(0, header());
  }

 private:
  std::string header() const { return npy_header("<f4", {count_, context_.layout.row_width}); }

  SinkContext context_;
  std::int64_t count_;
};

}  // namespace

std::unique_ptr<ResultSink> make_sink(const SinkContext& context, std::int64_t count) {
  if (context.layout.format == Format::json) return std::make_unique<JsonSink>(context);
  if (context.layout.format == Format::table) return make_table_sink(context);
  if (context.layout.format == Format::npy) return std::make_unique<NpySink>(context, count);
  switch (layout_of(context.layout)) {
    case Layout::row: return make_npz_rows_sink(context);
    case Layout::arrays: return make_npz_arrays_sink(context);
    default: return std::make_unique<LineSink>(context);
  }
}

}  // namespace convbert::app
