#include "run/loaded_model.h"

#include <algorithm>

#include "cli/usage_error.h"
#include "nn/compute.h"
#include "run/models.h"

namespace convbert::app {
namespace {

std::string list_names(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 5;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    list += concat(i > 0 ? ", " : "", printable(names[i]));
  }
  return names.size() > kMost ? concat(list, " and ", names.size() - kMost, " more") : list;
}

void report(const Model& model, const Tokenizer& tokenizer, nn::Precision precision,
            Console& console) {
  console.detail(concat("model ", model.origin, ": ", name_of(model.config.family), ", ",
                        model.config.layers, " layers, hidden ", model.config.hidden_size,
                        "; computes in ", nn::name_of(precision), " with ",
                        nn::name_of(nn::instruction_set()), ", oneDNN ", nn::onednn_version(),
                        "; native here: ", list_names(nn::native_precisions())));
  if (!nn::is_native(precision)) {
    console.note(concat("--precision ", nn::name_of(precision), ": this CPU has no instructions ",
                        "for it, so it is no faster than f32 here"));
  }
  if (!model.unused.of_heads.empty()) {
    console.detail(
        concat(model.checkpoint.path(), ": not used here: ", list_names(model.unused.of_heads)));
  }
  if (!model.unused.unknown.empty()) {
    console.warning(concat(model.checkpoint.path(), ": ", model.unused.unknown.size(),
                           " tensors belong to no part of this model and are not used: ",
                           list_names(model.unused.unknown)));
  }
  if (tokenizer.spec().vocab.size() > model.config.vocab_size) {
    throw Error(ErrorKind::format,
                concat(model.origin, ": the vocabulary has ", tokenizer.spec().vocab.size(),
                       " tokens, but config.json says \"vocab_size\" ", model.config.vocab_size));
  }
}

}  // namespace

LoadedModel load_model(const RecordRequest& request, const ModelUse& use, Console& console) {
  return load_model(request.model, request.truncation, use, console);
}

LoadedModel load_model(const ModelRequest& request, const TruncationRequest& truncation,
                       const ModelUse& use, Console& console) {
  ModelSource source = open_model_source(request.model, request.flag);
  Tokenizer tokenizer = open_tokenizer(source);
  Model model = convbert::load_model(
      source.files,
      {.parts = use.parts, .precision = request.precision, .threads = request.threads});
  report(model, tokenizer, request.precision, console);

  const std::int64_t positions = model.config.max_positions;
  std::int64_t limit = std::min(positions, tokenizer.spec().max_length.value_or(positions));
  if (use.for_vectors && source.sentence.max_length) {
    limit = std::min(limit, *source.sentence.max_length);
  }
  if (truncation.max_length) {
    limit = *truncation.max_length;
    const std::int64_t least = tokenizer.special_tokens(false);
    if (limit < std::max<std::int64_t>(least, 1) || limit > positions) {
      usage_error("--max-length: expected ", least, " to ", positions, ", the positions of ",
                  model.origin, ", found ", limit);
    }
  }
  const EncodeOptions encode{
      .add_special_tokens = true, .max_length = limit, .truncation = truncation.strategy};
  return {std::move(model), std::move(tokenizer), std::move(source.sentence), encode};
}

Encoding encode(const LoadedModel& loaded, const Record& record) {
  Encoding encoding = loaded.tokenizer.encode(record.text, record.pair, loaded.encode);
  if (encoding.size() == 0) throw Error(ErrorKind::input, "the text gives no token at all");
  const ModelConfig& config = loaded.model.config;
  if (const auto id = std::ranges::max(encoding.ids); id >= config.vocab_size) {
    throw Error(ErrorKind::input,
                concat("token \"", loaded.tokenizer.token(id), "\" has id ", id,
                       ", but the model embeds only ", config.vocab_size, " tokens"));
  }
  if (const auto type = std::ranges::max(encoding.type_ids); type >= config.type_vocab_size) {
    throw Error(ErrorKind::input, concat("a pair needs ", type + 1, " token types, the model has ",
                                         config.type_vocab_size));
  }
  return encoding;
}

void encode_job(const LoadedModel& loaded, Job& job) {
  job.encoding = encode(loaded, job.record);
  job.weight = static_cast<std::int64_t>(job.encoding.size());
}

}  // namespace convbert::app
