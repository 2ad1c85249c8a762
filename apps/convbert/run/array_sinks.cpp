// Archives of arrays.
#include <optional>
#include <vector>

#include "io/npy.h"
#include "io/npz_writer.h"
#include "run/sinks.h"
#include "run/unique_names.h"

namespace convbert::app {
namespace {

// Rows go to a temporary file: an archive's array begins with the number of its rows.
class NpzRowsSink : public ResultSink {
 public:
  explicit NpzRowsSink(const SinkContext& context)
      : context_(context), rows_(OutputFile::temporary()) {}

  void write(Job& job) override {
    ids_.push_back(id_text(job.record));
    rows_.write(result_bytes(context_.layout, job));
  }
  void finish() override {
    const auto count = static_cast<std::int64_t>(ids_.size());
    NpzWriter archive(context_.output);
    archive.begin(context_.layout.style.result_prefix + context_.layout.columns.front());
    archive.append(npy_header("<f4", {count, context_.layout.row_width}));
    rows_.read_back([&](std::string_view bytes) { archive.append(bytes); });
    archive.end();
    archive.add(context_.layout.style.id_name, npy_array(ids_));
    archive.close();
  }

 private:
  SinkContext context_;
  OutputFile rows_;
  std::vector<std::string> ids_;
};

class NpzArraysSink : public ResultSink {
 public:
  explicit NpzArraysSink(const SinkContext& context) : archive_(context.output) {}

  void write(Job& job) override {
    if (job.failed()) return;
    const std::string id = names_.make_unique(safe_id(job.record));
    if (!first_ && !several_) {
      first_ = {id, std::move(job.arrays)};  // its names depend on whether there is another
      return;
    }
    put_first_of_several();
    add(id + "/", job.arrays);
  }
  void finish() override {
    if (first_ && !several_) add("", first_->second);
    archive_.close();
  }

 private:
  using Arrays = std::vector<std::pair<std::string, std::string>>;

  void put_first_of_several() {
    if (several_) return;
    several_ = true;
    add(first_->first + "/", first_->second);
    first_.reset();
  }
  void add(const std::string& prefix, const Arrays& arrays) {
    for (const auto& [name, npy] : arrays) archive_.add(prefix + name, npy);
  }

  NpzWriter archive_;
  UniqueNames names_;
  std::optional<std::pair<std::string, Arrays>> first_;
  bool several_ = false;
};

}  // namespace

std::unique_ptr<ResultSink> make_npz_rows_sink(const SinkContext& context) {
  return std::make_unique<NpzRowsSink>(context);
}

std::unique_ptr<ResultSink> make_npz_arrays_sink(const SinkContext& context) {
  return std::make_unique<NpzArraysSink>(context);
}

}  // namespace convbert::app
