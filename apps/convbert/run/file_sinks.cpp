// Results that are files of their own, or parts of one page.
#include <optional>
#include <utility>

#include "cli/usage_error.h"
#include "io/npz_writer.h"
#include "run/sinks.h"
#include "run/unique_names.h"

namespace convbert::app {
namespace {

class FolderSink : public ResultSink {
 public:
  FolderSink(std::string folder, Format format)
      : folder_(std::move(folder)), extension_(info_of(format).extension) {}

  void write(Job& job) override {
    if (job.failed()) return;
    const std::string name = names_.make_unique(safe_id(job.record));
    OutputFile output = OutputFile::create(concat(folder_, "/", name, ".", extension_));
    if (job.arrays.empty()) {
      output.write(job.output);
    } else {
      NpzWriter archive(output);
      for (const auto& [name, npy] : job.arrays) archive.add(name, npy);
      archive.close();
    }
    output.finish();
  }

 private:
  std::string folder_;
  std::string_view extension_;
  UniqueNames names_{UniqueNames::Compare::folded};
};

class LoneSink : public ResultSink {
 public:
  LoneSink(Format format, OutputFile& output) : format_(format), output_(output) {}

  void write(Job& job) override {
    has_failed_ = has_failed_ || job.failed();
    if (job.failed()) return;
    if (result_) {
      usage_error("--format ", name_of(format_), " holds one text, and the input has more: ",
                  "--out-dir DIR writes a file for each");
    }
    result_ = std::move(job.output);
  }
  void finish() override {
    if (result_) return output_.write(*result_);
    if (!has_failed_) {
      usage_error("--format ", name_of(format_), " is of one text, and the input has none");
    }
  }
  bool has_result() const override { return result_.has_value(); }

 private:
  Format format_;
  OutputFile& output_;
  std::optional<std::string> result_;
  bool has_failed_ = false;
};

class PageSink : public ResultSink {
 public:
  PageSink(PageFrame frame, OutputFile& output) : frame_(std::move(frame)), output_(output) {}

  void begin() override { output_.write(frame_.head); }
  void write(Job& job) override {
    if (!job.failed()) output_.write(job.output);
  }
  void finish() override { output_.write(frame_.tail); }

 private:
  PageFrame frame_;
  OutputFile& output_;
};

}  // namespace

std::unique_ptr<ResultSink> make_folder_sink(const std::string& folder, Format format) {
  return std::make_unique<FolderSink>(folder, format);
}

std::unique_ptr<ResultSink> make_lone_sink(Format format, OutputFile& output) {
  return std::make_unique<LoneSink>(format, output);
}

std::unique_ptr<ResultSink> make_page_sink(PageFrame frame, OutputFile& output) {
  return std::make_unique<PageSink>(std::move(frame), output);
}

}  // namespace convbert::app
