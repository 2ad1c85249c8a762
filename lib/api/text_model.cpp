#include "api/text_model.h"

#include <algorithm>
#include <utility>

#include "api/collect_maps.h"
#include "api/map_request.h"
#include "api/open_model.h"
#include "api/run_batches.h"
#include "core/error.h"
#include "core/threads.h"
#include "core/utf8.h"
#include "nn/compute.h"

namespace convbert {
namespace {

void check_finite(bool is_finite, std::size_t text) {
  if (is_finite) return;
  throw Error(ErrorKind::format, concat("text ", text, ": the model gives NaN or infinity for it; ",
                                        "its weights may be damaged"));
}

void check_utf8(std::string_view text) {
  const std::size_t position = find_invalid_utf8(text);
  if (position == kValidUtf8) return;
  throw Error(ErrorKind::input, concat("invalid UTF-8 at byte ", position, "; expected UTF-8"));
}

// Runs `step`; an Error(input) names the text.
template <class Step>
void name_text(std::size_t text, Step step) {
  try {
    step();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) throw;
    throw Error(ErrorKind::input, concat("text ", text, ": ", error.what()));
  }
}

std::vector<std::int64_t> token_counts(std::span<const Encoding> encodings) {
  std::vector<std::int64_t> counts;
  for (const Encoding& encoding : encodings) {
    counts.push_back(static_cast<std::int64_t>(encoding.size()));
  }
  return counts;
}

}  // namespace

struct TextModel::Impl {
  LoadedModel loaded;
  EncodeOptions encode_for_vectors;
  std::vector<std::string> labels;
  ProblemType problem_type = ProblemType::unspecified;
  int threads;
  std::int64_t batch_tokens;
  std::unique_ptr<WorkspacePool> workspaces = std::make_unique<WorkspacePool>();

  std::vector<Encoding> encode(const Texts& texts, const EncodeOptions& options) const {
    std::vector<Encoding> encodings(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      name_text(i, [&] {
        check_utf8(texts[i].text);
        if (texts[i].pair) check_utf8(*texts[i].pair);
        encodings[i] = convbert::encode(loaded, texts[i].text, texts[i].pair, options);
      });
    }
    return encodings;
  }

  void run(std::span<const Encoding> encodings, std::span<const std::int64_t> weights,
           const std::function<void(const TextBatch&, Workspace&)>& compute) const {
    run_batches(pack_texts(encodings, weights, batch_tokens, threads), threads, *workspaces,
                compute);
  }

  // Calls put(text, rows) with the hidden states of each text after so many layers; of different
  // texts from several threads at a time.
  template <class Put>
  void run_encoder(std::span<const Encoding> encodings, std::int64_t layers, Put put) const {
    const Encoder& encoder = loaded.model.encoder;
    run(encodings, token_counts(encodings), [&](const TextBatch& texts, Workspace& workspace) {
      const Batch& batch = texts.batch;
      const nn::PaddedRows hidden =
          nn::allocate_rows(workspace, batch.tokens(), encoder.config().hidden_size);
      encoder.forward(batch, layers, hidden, workspace);
      for (std::int64_t s = 0; s < batch.sequences(); ++s) {
        put(texts.first + static_cast<std::size_t>(s), rows_of(hidden, batch, s));
      }
    });
  }
};

TextModel::TextModel(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
TextModel::TextModel(TextModel&&) noexcept = default;
TextModel& TextModel::operator=(TextModel&&) noexcept = default;
TextModel::~TextModel() = default;

TextModel TextModel::open(const std::filesystem::path& directory, const TextModelOptions& options) {
  return open(ModelFiles::directory(directory), options);
}

TextModel TextModel::open(const ModelFiles& files, const TextModelOptions& options) {
  if (options.threads < 0) {
    throw Error(ErrorKind::usage, OptionName{"threads"},
                concat(": expected 0 or more, found ", options.threads));
  }
  if (options.batch_tokens < 1) {
    throw Error(ErrorKind::usage, OptionName{"batch_tokens"},
                concat(": expected 1 or more, found ", options.batch_tokens));
  }
  const int threads = options.threads > 0 ? options.threads : available_processors();
  LengthOptions lengths{.max_length = options.max_length, .truncation = options.truncation};
  LoadedModel loaded = open_model(
      model_source(files),
      {.parts = options.parts, .precision = options.precision, .threads = threads}, lengths);
  lengths.for_vectors = true;
  const EncodeOptions encode_for_vectors = encode_options(loaded, lengths);
  std::vector<std::string> labels;
  ProblemType type = ProblemType::unspecified;
  if (const Head* head = loaded.model.head(HeadKind::sequence_classification)) {
    labels = label_names(loaded.model, *head);
    type = resolve_problem_type(loaded.model.config, head->outputs());
  }
  return TextModel(std::unique_ptr<const Impl>(new Impl{.loaded = std::move(loaded),
                                                        .encode_for_vectors = encode_for_vectors,
                                                        .labels = std::move(labels),
                                                        .problem_type = type,
                                                        .threads = threads,
                                                        .batch_tokens = options.batch_tokens}));
}

const ModelConfig& TextModel::config() const { return impl_->loaded.model.config; }
const Tokenizer& TextModel::tokenizer() const { return impl_->loaded.tokenizer; }
const std::vector<std::string>& TextModel::labels() const { return impl_->labels; }
ProblemType TextModel::problem_type() const { return impl_->problem_type; }

std::vector<Encoding> TextModel::encode(const Texts& texts) const {
  return impl_->encode(texts, impl_->loaded.encode);
}

TextVectors TextModel::embed(const Texts& texts, const VectorOptions& options) const {
  const VectorPlan plan = plan_vectors(impl_->loaded, options, VectorsOf::texts);
  const std::vector<Encoding> encodings = impl_->encode(texts, impl_->encode_for_vectors);
  TextVectors result{plan.dim, {}, {}};
  for (const Encoding& encoding : encodings) result.truncated.push_back(encoding.truncated);
  const auto dim = static_cast<std::size_t>(plan.dim);
  result.values.resize(texts.size() * dim);
  impl_->run_encoder(encodings, plan.layer, [&](std::size_t text, ConstMatrixView hidden) {
    const std::vector<float> vector = text_vector(hidden, plan);
    check_finite(all_finite(vector), text);
    std::ranges::copy(vector, result.values.begin() + static_cast<std::ptrdiff_t>(text * dim));
  });
  return result;
}

std::vector<TokenVectors> TextModel::embed_tokens(const Texts& texts,
                                                  const VectorOptions& options) const {
  const VectorPlan plan = plan_vectors(impl_->loaded, options, VectorsOf::tokens);
  const std::vector<Encoding> encodings = impl_->encode(texts, impl_->encode_for_vectors);
  std::vector<TokenVectors> results(texts.size());
  impl_->run_encoder(encodings, plan.layer, [&](std::size_t text, ConstMatrixView hidden) {
    std::vector<float> vectors = token_vectors(hidden, plan);
    check_finite(all_finite(vectors), text);
    results[text] = {tokenizer().tokens(encodings[text]), plan.dim, std::move(vectors),
                     encodings[text].truncated};
  });
  return results;
}

std::vector<Classification> TextModel::classify(const Texts& texts) const {
  const Model& model = impl_->loaded.model;
  const Head* head = model.head(HeadKind::sequence_classification);
  if (head == nullptr) {
    throw Error(ErrorKind::usage, concat(model.origin, ": expected a model with a head for ",
                                         "sequence classification, found none that is loaded"));
  }
  const std::vector<Encoding> encodings = impl_->encode(texts, impl_->loaded.encode);
  std::vector<Classification> results(texts.size());
  const auto compute = [&](const TextBatch& part, Workspace& workspace) {
    const Batch& batch = part.batch;
    const nn::PaddedRows hidden =
        nn::allocate_rows(workspace, batch.tokens(), model.config.hidden_size);
    model.encoder.forward(batch, model.config.layers, hidden, workspace);
    const MatrixView logits = head->forward(batch, hidden, workspace);
    for (std::int64_t s = 0; s < batch.sequences(); ++s) {
      const std::size_t text = part.first + static_cast<std::size_t>(s);
      check_finite(all_finite(logits.row_span(s)), text);
      results[text] = classification_of(logits.row_span(s), impl_->problem_type);
      results[text].truncated = encodings[text].truncated;
    }
  };
  impl_->run(encodings, token_counts(encodings), compute);
  return results;
}

std::vector<TextMaps> TextModel::attention(const Texts& texts, const MapRequest& request) const {
  const MapRequest whole = complete_request(request, config());
  const MapTask task{whole.needed(config().attention_heads), whole.needs_norms()};
  const std::vector<Encoding> encodings = impl_->encode(texts, impl_->loaded.encode);
  std::vector<std::int64_t> weights = token_counts(encodings);
  std::ranges::transform(weights, weights.begin(), weight_of_maps);
  std::vector<TextMaps> results(texts.size());
  impl_->run(encodings, weights, [&](const TextBatch& part, Workspace& workspace) {
    std::vector<AttentionMaps> maps =
        compute_maps(impl_->loaded.model.encoder, part.batch, task, workspace);
    for (std::size_t s = 0; s < maps.size(); ++s) {
      const std::size_t text = part.first + s;
      check_finite(maps[s].all_finite(), text);
      name_text(text, [&] {
        results[text] = text_maps_of(std::move(maps[s]), task.selection, whole,
                                     tokens_of(tokenizer(), encodings[text]));
      });
    }
  });
  return results;
}

}  // namespace convbert
