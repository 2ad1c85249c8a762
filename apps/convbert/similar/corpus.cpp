#include "similar/corpus.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "cli/exit_status.h"
#include "cli/usage_error.h"
#include "io/json_text.h"
#include "run/progress.h"
#include "run/record_input.h"
#include "run/result_writer.h"
#include "run/resume.h"
#include "run/run_state.h"

namespace convbert::app {
namespace {

constexpr std::size_t kMostTextBytes = std::size_t{4} << 30;

std::vector<float> floats_of(const std::string& row) {
  std::vector<float> floats(row.size() / sizeof(float));
  std::ranges::copy(row, reinterpret_cast<char*>(floats.data()));
  return floats;
}

}  // namespace

void TextColumn::add(std::string_view text) {
  bytes_ += text;
  ends_.push_back(bytes_.size());
}

std::string_view TextColumn::operator[](std::int64_t index) const {
  const auto at = static_cast<std::size_t>(index);
  const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
  return std::string_view(bytes_).substr(begin, ends_[at] - begin);
}

Corpus::Corpus(NpyMatrix matrix) : vectors_(std::make_unique<VectorFile>(std::move(matrix))) {}

Corpus::Corpus(std::int64_t width, bool keeps_texts) : keeps_texts_(keeps_texts) {
  auto table = std::make_unique<VectorTable>(width);
  table_ = table.get();
  vectors_ = std::move(table);
}

void Corpus::add(const Record& record, std::span<const float> vector) {
  if (record.id_field && !has_ids_) {
    has_ids_ = true;
    for (std::int64_t i = 0; i < table_->rows(); ++i) ids_.add("");
  }
  if (has_ids_) ids_.add(record.id_field ? record.id_json() : "");
  if (keeps_texts_) texts_.add(record.text);
  if (ids_.bytes() + texts_.bytes() > kMostTextBytes) {
    usage_error(record.where, ": the corpus' ids", keeps_texts_ ? " and texts" : "",
                " take more than ", kMostTextBytes >> 30, " GiB of memory; expected fewer",
                keeps_texts_ ? ", or no --with-text" : "");
  }
  if (vector.empty()) {
    table_->add(std::vector<float>(static_cast<std::size_t>(table_->width()),
                                   std::numeric_limits<float>::quiet_NaN()));
  } else {
    table_->add(vector);
  }
}

std::string Corpus::id_json(std::int64_t number) const {
  const std::string_view id = has_ids_ ? ids_[number] : "";
  return id.empty() ? std::to_string(number) : std::string(id);
}

std::string Corpus::id_text(std::int64_t number) const { return text_of_json(id_json(number)); }

EmbeddedCorpus embed_corpus(const SimilarRequest& request, const RecordCommand& embed,
                            Console& console) {
  RecordInput input(request.corpus.texts);
  const ResultLayout rows = layout_of_rows(embed);
  EmbeddedCorpus embedded{
      .corpus = Corpus(embed.row_width(), request.with_text), .first_failure = "", .digest = ""};
  Digest digest;
  Progress progress(console, {.input = input.progress()}, false);
  PipelineStages stages;
  stages.prepare = [&](Job& job) { prepare_job(embed, job); };
  stages.make_worker = [&] { return embed.make_worker(rows); };
  stages.write = [&](Job& job) {
    progress.count(job);
    digest.add_record(job.record);
    embedded.corpus.add(job.record, floats_of(job.output));
    if (!job.failed()) return true;
    if (embedded.failed++ == 0) embedded.first_failure = job.failure;
    if (request.record.output.strict) return false;
    if (!request.results_name_failures()) console.warning(job.failure);
    return true;
  };
  stages.flush = [] {};
  stages.tick = [&](const InputProgress& read) { progress.show(read); };
  run_pipeline(input, stages, pipeline_limits(request.record.model, embed), input.cancel());
  console.clear_status();
  embedded.digest = digest.text();
  if (input.caught() != 0) {
    embedded.status = status_of_signal(input.caught());
  } else if (embedded.failed > 0 && request.record.output.strict) {
    console.error(embedded.first_failure);
    embedded.status = kSomeFailed;
  }
  return embedded;
}

}  // namespace convbert::app
