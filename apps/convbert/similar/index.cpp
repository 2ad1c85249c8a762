#include "similar/index.h"

#include <filesystem>

#include "cli/exit_status.h"
#include "cli/signals.h"
#include "cli/usage_error.h"
#include "core/mapped_file.h"
#include "io/output_file.h"
#include "search/index_layout.h"

namespace convbert::app {
namespace {

ApproximateIndex read_index(const IndexRequest& request, const VectorRows& corpus) {
  const MappedFile file(request.path);
  const IndexLayout layout(file.bytes(), concat("--index ", printable(request.path)));
  if (request.kind && *request.kind != layout.kind()) {
    usage_error("--index-type: expected ", name_of(layout.kind()), ", as ", printable(request.path),
                " is, found ", name_of(*request.kind),
                "; name another file to build another index");
  }
  layout.expect_of(corpus);
  ApproximateIndex index(layout);
  file.check();
  return index;
}

// Nothing where a signal asks for an end.
OpenedIndex build_index(const IndexRequest& request, const VectorRows& corpus, int threads,
                        Console& console) {
  CancelToken cancel;
  const SignalGuard signals(cancel);
  OutputFile file = OutputFile::create(request.path);
  OpenedIndex opened;
  opened.index = ApproximateIndex::build(
      corpus, {.kind = request.kind.value_or(IndexKind::hnsw), .threads = threads},
      [&](std::int64_t rows) {
        console.status(concat("building the index ", printable(request.path), ": ", grouped(rows),
                              " of ", grouped(corpus.rows()), " vectors"));
        return !cancel.requested();
      });
  console.clear_status();
  if (opened.index) {
    opened.index->write([&](std::string_view bytes) { file.write(bytes); });
    file.finish();
  }
  if (signals.caught() != 0) opened.status = status_of_signal(signals.caught());
  return opened;
}

}  // namespace

OpenedIndex open_index(const IndexRequest& request, const VectorRows& corpus, int threads,
                       Console& console) {
  std::error_code error;
  const bool is_there = std::filesystem::exists(request.path, error);
  OpenedIndex opened = is_there ? OpenedIndex{.index = read_index(request, corpus)}
                                : build_index(request, corpus, threads, console);
  if (opened.status != 0) return opened;
  if (request.effort) opened.index->set_effort(*request.effort);
  console.detail(concat(is_there ? "uses" : "built", " the index ", printable(request.path), ": ",
                        name_of(opened.index->kind()), ", ", grouped(corpus.rows()), " vectors, ",
                        "FAISS ", faiss_version()));
  return opened;
}

}  // namespace convbert::app
