#include "distill/new_student.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "cli/table.h"
#include "cli/usage_error.h"
#include "distill/row_fault.h"
#include "run/vector_file.h"
#include "train/word_vectors.h"

namespace convbert::app {
namespace {

void check_shape(const NpyMatrix& vectors, const NewStudentSource& source, const NewModel& model) {
  const ModelConfig& config = model.config;
  if (vectors.rows() != config.vocab_size) {
    usage_error("--word-vectors: ", printable(vectors.path()), " has ", grouped(vectors.rows()),
                " rows, ", printable(source.model.vocab), " ", grouped(config.vocab_size),
                " tokens: expected a row for each, in their order");
  }
  if (vectors.columns() < config.embedding_size) {
    usage_error("--word-vectors: ", printable(vectors.path()), " has vectors of ",
                vectors.columns(), " numbers, embeddings have ", config.embedding_size,
                "; expected at least as many: take a smaller embedding_size in ",
                printable(source.model.config));
  }
}

}  // namespace

Parameters new_student(const NewStudentSource& source, const NewModel& model, std::uint64_t seed,
                       int threads, Console& console) {
  std::optional<NpyMatrix> given;
  if (!source.word_vectors.empty()) {
    given = open_vectors("--word-vectors", source.word_vectors);
    check_shape(*given, source, model);
  }
  Parameters parameters = new_parameters(model.config, seed, model.settings.initializer_range);
  if (!given) return parameters;

  const Vocab vocab = Vocab::from_lines(model.vocab_text, printable(source.model.vocab));
  const std::int64_t width = given->columns();
  std::vector<std::int32_t> tokens;
  std::vector<float> floats;
  std::vector<float> vector(static_cast<std::size_t>(width));
  for (std::int32_t token = 0; token < vocab.size(); ++token) {
    const std::optional<std::string_view> name = vocab.token(token);
    if (!name || std::ranges::find(kSpecialTokens, *name) != kSpecialTokens.end()) continue;
    given->read(token, {vector.data(), 1, width, width});
    if (!fault_of_row(vector).empty()) continue;
    tokens.push_back(token);
    floats.insert(floats.end(), vector.begin(), vector.end());
  }
  if (tokens.empty()) {
    usage_error("--word-vectors: ", printable(given->path()),
                ": expected vectors of tokens, found none but zeros, infinities and NaN");
  }
  const double kept = begin_with_word_vectors(
      parameters.encoder.words, tokens, {floats.data(), std::ssize(tokens), width, width}, threads);
  console.note(concat("the embeddings of ", grouped(std::ssize(tokens)), " tokens begin as ",
                      model.config.embedding_size, " principal components of ",
                      printable(source.word_vectors), ", which keep ", fixed(100.0 * kept, 2),
                      " % of their squares"));
  return parameters;
}

}  // namespace convbert::app
