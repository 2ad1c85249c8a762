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
    ++count_;
    ids_.add(id_text(job.record));
    rows_.write(result_bytes(context_.layout, job));
  }
  void finish() override {
    NpzWriter archive(context_.output);
    const auto append = [&](std::string_view bytes) { archive.append(bytes); };
    archive.begin(context_.layout.style.result_prefix + context_.layout.columns.front());
    append(npy_header("<f4", {count_, context_.layout.row_width}));
    rows_.read_back(append);
    archive.end();
    archive.begin(context_.layout.style.id_name);
    ids_.write(append);
    archive.end();
    archive.close();
  }

 private:
  SinkContext context_;
  OutputFile rows_;
  NpyStrings ids_;
  std::int64_t count_ = 0;
};

class NpzArraysSink : public ResultSink {
 public:
  explicit NpzArraysSink(const SinkContext& context) : archive_(context.output) {}

  void write(Job& job) override {
    const bool is_alone = ++records_ == 1;
    if (!is_alone) put_first_of_several();
    if (job.failed()) return;
    const std::string id = names_.make_unique(safe_id(job.record));
    if (!is_alone) return add(id + "/", job.arrays);
    first_ = {id, std::move(job.arrays)};
  }
  void finish() override {
    if (first_) add("", first_->second);
    archive_.close();
  }

 private:
  using Arrays = std::vector<std::pair<std::string, std::string>>;

  void put_first_of_several() {
    if (!first_) return;
    add(first_->first + "/", first_->second);
    first_.reset();
  }
  void add(const std::string& prefix, const Arrays& arrays) {
    for (const auto& [name, npy] : arrays) archive_.add(prefix + name, npy);
  }

  NpzWriter archive_;
  UniqueNames names_;
  std::int64_t records_ = 0;  // bad ones, too: names do not depend on how many there are
  // Its names depend on whether there is another.
  std::optional<std::pair<std::string, Arrays>> first_;
};

}  // namespace

std::unique_ptr<ResultSink> make_npz_rows_sink(const SinkContext& context) {
  return std::make_unique<NpzRowsSink>(context);
}

std::unique_ptr<ResultSink> make_npz_arrays_sink(const SinkContext& context) {
  return std::make_unique<NpzArraysSink>(context);
}

}  // namespace convbert::app
