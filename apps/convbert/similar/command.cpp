#include "similar/command.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/exit_status.h"
#include "cli/signals.h"
#include "cli/usage_error.h"
#include "run/vector_command.h"
#include "run/vector_file.h"
#include "search/exact_search.h"
#include "similar/corpus.h"
#include "similar/flags.h"
#include "similar/index.h"
#include "similar/match_command.h"
#include "similar/pair_command.h"
#include "similar/queries.h"
#include "similar/request.h"

namespace convbert::app {
namespace {

std::optional<VectorCommand> open_embedder(const SimilarRequest& request, Console& console) {
  if (!request.needs_model()) return std::nullopt;
  LoadedModel loaded = load_model(request.record, {.for_vectors = true}, console);
  const VectorPlan plan = make_plan(request.vectors.options, VectorsOf::texts, loaded);
  return std::optional<VectorCommand>(std::in_place, std::move(loaded), plan,
                                      request.vectors.stride);
}

// Rows of a matrix that are no vectors: embed writes NaN for a record without one.
void count_failed(const std::string& path, EmbeddedCorpus& opened) {
  const VectorRows& vectors = opened.corpus.vectors();
  constexpr std::int64_t kBlock = 1024;
  std::vector<float> values(static_cast<std::size_t>(kBlock * vectors.width()));
  for (std::int64_t first = 0; first < vectors.rows(); first += kBlock) {
    const MatrixView block{values.data(), std::min(kBlock, vectors.rows() - first), vectors.width(),
                           vectors.width()};
    vectors.read(first, block);
    for (std::int64_t i = 0; i < block.rows; ++i) {
      if (all_finite(block.row_span(i))) continue;
      if (opened.failed++ > 0) continue;
      opened.first_failure = concat(printable(path), ": row ", first + i, ": NaN or infinity");
    }
  }
}

EmbeddedCorpus open_corpus(const SimilarRequest& request, const std::optional<VectorCommand>& embed,
                           Console& console) {
  if (request.corpus.vectors_path.empty()) return embed_corpus(request, *embed, console);
  EmbeddedCorpus opened{
      .corpus = Corpus(open_vectors("--corpus-vectors", request.corpus.vectors_path)),
      .first_failure = "",
      .digest = ""};
  count_failed(request.corpus.vectors_path, opened);
  if (opened.failed > 0 && request.record.output.strict) {
    console.error(opened.first_failure);
    opened.status = kSomeFailed;
  }
  return opened;
}

std::unique_ptr<QueryVectors> open_queries(const SimilarRequest& request,
                                           const std::optional<VectorCommand>& embed,
                                           const Corpus& corpus) {
  if (!request.query_vectors.empty()) return make_matrix_queries(request.query_vectors);
  if (request.corpus.kind == CorpusKind::input) return make_kept_queries(*embed, corpus);
  return make_text_queries(*embed);
}

void check_widths(const SimilarRequest& request, const std::optional<VectorCommand>& embed,
                  const Corpus& corpus) {
  const std::int64_t width = corpus.vectors().width();
  if (!request.query_vectors.empty()) {
    const std::int64_t found = open_vectors("--query-vectors", request.query_vectors).columns();
    if (found == width) return;
    usage_error("--query-vectors ", printable(request.query_vectors), ": expected vectors of ",
                width, " numbers, as the corpus has, found ", found);
  }
  if (embed->row_width() == width) return;
  usage_error("--corpus-vectors ", printable(request.corpus.vectors_path), ": expected vectors of ",
              embed->row_width(), " numbers, as the model gives, found ", width,
              "; they must come from the same --model, with the same --dim");
}

// Without any, there is nothing to search.
void check_records(const SimilarRequest& request, const EmbeddedCorpus& embedded,
                   Console& console) {
  const bool is_input = request.corpus.kind == CorpusKind::input;
  if (request.results_name_failures()) return;
  const bool are_named = request.corpus.vectors_path.empty();  // one by one, as texts were read
  const std::int64_t rows = embedded.corpus.vectors().rows();
  if (rows > embedded.failed || is_input) {
    if (embedded.failed == 0) return;
    return console.warning(concat("the ", is_input ? "input" : "corpus", ": ",
                                  grouped(embedded.failed), " of ", grouped(rows),
                                  " records have no vector and match nothing",
                                  are_named ? "" : "; the first is " + embedded.first_failure));
  }
  const std::string& path = request.corpus.kind == CorpusKind::texts
                                ? request.corpus.texts.source.paths.front()
                                : request.corpus.vectors_path;
  usage_error(
      request.corpus.kind == CorpusKind::texts ? "--corpus " : "--corpus-vectors ", printable(path),
      ": expected something to search, found ",
      rows == 0 ? "no records" : concat("no record that can be used: ", embedded.first_failure));
}

int run_pairs(const SimilarRequest& request, const RecordRequest& record, const Corpus& corpus,
              Console& console) {
  std::vector<PairMatch> pairs;
  {
    CancelToken cancel;
    const SignalGuard signals(cancel);
    const std::int64_t rows = corpus.vectors().rows();
    pairs = find_pairs(corpus.vectors(),
                       {.most = request.most,
                        .least = request.least,
                        .precision = request.precision(),
                        .threads = request.record.model.threads},
                       [&](std::int64_t done) {
                         console.status(concat("compared ", grouped(done), " of ", grouped(rows),
                                               " records with all after them"));
                         return !cancel.requested();
                       });
    console.clear_status();
    if (signals.caught() != 0) return status_of_signal(signals.caught());
  }
  if (std::ssize(pairs) == request.most) {
    console.note(concat("these are the ", grouped(request.most),
                        " closest pairs; --top-k lists more, --threshold fewer"));
  }
  const PairCommand command(request, corpus, std::move(pairs));
  return run_records(record, command, *command.open(record.input.source.fields.id), console);
}

int run_matches(const SimilarRequest& request, const RecordRequest& record, const Corpus& corpus,
                const QueryVectors& queries, Console& console) {
  OpenedIndex opened;
  if (!request.index.path.empty()) {
    opened = open_index(request.index, corpus.vectors(), record.model.threads, console);
    if (opened.status != 0) return opened.status;
  }
  const ApproximateIndex* index = opened.index ? &*opened.index : nullptr;
  return run_records(record, MatchCommand(request, queries, corpus, index),
                     *queries.open(record.input), console);
}

int run(const SimilarFlags& flags, Console& console) {
  const SimilarRequest request = make_request(flags);
  const std::optional<VectorCommand> embed = open_embedder(request, console);
  const EmbeddedCorpus embedded = open_corpus(request, embed, console);
  if (embedded.status != 0) return embedded.status;
  const Corpus& corpus = embedded.corpus;
  check_records(request, embedded, console);
  check_widths(request, embed, corpus);

  RecordRequest record = request.record;
  if (!embedded.digest.empty()) {
    record.output.options.push_back(concat("corpus=", embedded.digest));
  }
  const auto queries = open_queries(request, embed, corpus);
  const int status = request.pairs ? run_pairs(request, record, corpus, console)
                                   : run_matches(request, record, corpus, *queries, console);
  return status == 0 && embedded.failed > 0 ? kSomeFailed : status;
}

}  // namespace

void add_similar_command(CLI::App& app, const Choose& choose) {
  add_command<SimilarFlags>(
      app, choose,
      {"similar", "The nearest texts of a corpus, by the cosine of their vectors",
       add_similar_flags, run});
}

}  // namespace convbert::app
