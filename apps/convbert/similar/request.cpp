#include "similar/request.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>
#include <string_view>

#include "cli/usage_error.h"
#include "similar/flags.h"

namespace convbert::app {
namespace {

constexpr std::int64_t kUsualMatches = 10;
constexpr std::int64_t kUsualPairs = 1'000'000;

bool names_standard_input(const std::vector<std::string>& paths) {
  return paths.empty() || std::ranges::find(paths, "-") != paths.end();
}

// The input as a corpus: all of it, whatever the shard.
InputRequest whole_input(InputRequest input) {
  input.source.shard = {};
  if (!input.given.texts.empty()) return input;
  constexpr const char* kReason =
      "without --corpus the input is compared with itself, and read twice: expected files, found ";
  if (names_standard_input(input.source.paths)) usage_error(kReason, "standard input");
  for (const std::string& path : input.source.paths) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      usage_error(kReason, printable(path), ", which is none");
    }
  }
  return input;
}

InputRequest corpus_file(const InputRequest& input, const SimilarFlags& flags) {
  if (flags.corpus == "-" && input.given.texts.empty() && flags.query_vectors.empty() &&
      names_standard_input(input.source.paths)) {
    usage_error("--corpus -: standard input has the queries already");
  }
  InputRequest corpus = input;
  corpus.given = {};
  corpus.source.paths = {flags.corpus};
  corpus.source.format = *input_format_from_name(flags.corpus_format);
  corpus.source.shard = {};
  return corpus;
}

CorpusRequest make_corpus_request(const SimilarFlags& flags, const InputRequest& input) {
  if (!flags.corpus_vectors.empty()) {
    return {.kind = CorpusKind::vectors, .texts = {}, .vectors_path = flags.corpus_vectors};
  }
  if (!flags.corpus.empty()) {
    return {.kind = CorpusKind::texts, .texts = corpus_file(input, flags), .vectors_path = ""};
  }
  if (!flags.query_vectors.empty()) {
    return {.kind = CorpusKind::input, .texts = {}, .vectors_path = flags.query_vectors};
  }
  return {.kind = CorpusKind::input, .texts = whole_input(input), .vectors_path = ""};
}

IndexRequest make_index_request(const SimilarFlags& flags) {
  constexpr std::int64_t kMostMatches = 10'000;
  if (!flags.index.empty() && flags.top_k.value_or(0) > kMostMatches) {
    usage_error("--top-k: expected at most ", kMostMatches, " with --index, found ", *flags.top_k,
                "; without it the search is exact, and lists any number");
  }
  IndexRequest index{.path = flags.index, .kind = std::nullopt, .effort = flags.effort};
  if (flags.index_type == "hnsw") index.kind = IndexKind::hnsw;
  if (flags.index_type == "ivf") index.kind = IndexKind::ivf;
  return index;
}

// Vectors that are there are not made by a model, nor read from fields; nor is the corpus, if it is
// one of vectors, too.
void refuse_flags_of_texts(const SimilarFlags& flags, const RecordRequest& record,
                           CorpusKind corpus) {
  std::set<std::string_view> moot{"--pooling",    "--normalize",  "--no-normalize",
                                  "--layer",      "--dim",        "--stride",
                                  "--max-length", "--truncation", "--text-field",
                                  "--pair-field", "--delimiter",  "--input-format"};
  const auto refuse = [](std::string_view flag) {
    usage_error(
        flag, " is for texts; --query-vectors gives vectors, which are searched with as they are");
  };
  if (corpus == CorpusKind::texts) {
    moot = {"--input-format"};
  } else {
    if (!flags.record.model.model.empty()) refuse("--model");
    if (record.model.precision == nn::Precision::int8) refuse("--precision int8");
  }
  for (const std::string& option : record.output.options) {
    const std::string_view flag = std::string_view(option).substr(0, option.find('='));
    if (moot.contains(flag)) refuse(flag);
  }
}

}  // namespace

std::vector<std::string> SimilarRequest::files() const {
  std::vector<std::string> files = corpus.texts.source.paths;
  for (const std::string& path : {corpus.vectors_path, index.path}) {
    if (!path.empty()) files.push_back(path);
  }
  return files;
}

nn::Precision SimilarRequest::precision() const {
  return record.model.precision == nn::Precision::bf16 ? nn::Precision::bf16 : nn::Precision::f32;
}

SimilarRequest make_request(const SimilarFlags& flags) {
  RecordRequest record = make_request(flags.record, kSimilarFormats);
  check_apart({output_files(flags.record.output), {"--index", {flags.index}}},
              {input_files(flags.record.input),
               {"--corpus", {flags.corpus}},
               {"--corpus-vectors", {flags.corpus_vectors}},
               {"--query-vectors", {flags.query_vectors}}});
  if (!flags.query_vectors.empty()) {
    if (!record.input.given.texts.empty() || !record.input.source.paths.empty()) {
      usage_error("--query-vectors: expected no texts and no files besides");
    }
    record.input.source.paths = {flags.query_vectors};
  }
  // Of two inputs whose fields are called alike, one may be text.
  if (!flags.corpus.empty()) record.input.source.fields.id_is_named = false;
  CorpusRequest corpus = make_corpus_request(flags, record.input);
  if (!flags.query_vectors.empty()) refuse_flags_of_texts(flags, record, corpus.kind);
  if (flags.with_text && !corpus.vectors_path.empty()) {
    usage_error("--with-text: a corpus of vectors has no texts; expected --corpus FILE");
  }
  if (flags.pairs && record.input.source.shard.count > 1) {
    usage_error("--pairs and --shard exclude each other: a pair may lie in two shards");
  }
  return {.record = std::move(record),
          .vectors = make_request(flags.vectors),
          .corpus = std::move(corpus),
          .query_vectors = flags.query_vectors,
          .index = make_index_request(flags),
          .pairs = flags.pairs,
          .with_text = flags.with_text,
          .most = flags.top_k.value_or(flags.pairs ? kUsualPairs : kUsualMatches),
          .least = flags.threshold.value_or(-std::numeric_limits<float>::infinity())};
}

}  // namespace convbert::app
