#include "run/loaded_model.h"

#include <algorithm>

#include "nn/compute.h"
#include "run/models.h"
#include "text/windows.h"

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

void report(const Model& model, nn::Precision precision, Console& console) {
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
}

LoadedModel load(const ModelFiles& top, const ModelRequest& request,
                 const TruncationRequest& truncation, const ModelUse& use, Console& console) {
  LoadOptions options{.parts = use.every_head ? ModelParts::everything
                               : use.head     ? ModelParts::encoder_and_head
                                              : ModelParts::encoder,
                      .precision = request.precision,
                      .threads = request.threads};
  if (use.head) options.head = *use.head;
  LoadedModel loaded = open_model(model_source(top), options,
                                  {.max_length = truncation.max_length,
                                   .truncation = truncation.strategy,
                                   .for_vectors = use.for_vectors});
  report(loaded.model, request.precision, console);
  return loaded;
}

}  // namespace

LoadedModel load_model(const ModelFiles& top, const RecordRequest& request, const ModelUse& use,
                       Console& console) {
  return load(top, request.model, request.truncation, use, console);
}

LoadedModel load_model(const RecordRequest& request, const ModelUse& use, Console& console) {
  return load_model(request.model, request.truncation, use, console);
}

LoadedModel load_model(const ModelRequest& request, const TruncationRequest& truncation,
                       const ModelUse& use, Console& console) {
  return load(find_model(request.model, request.flag), request, truncation, use, console);
}

Encoding encode(const LoadedModel& loaded, const Record& record) {
  return convbert::encode(loaded, record.text, record.pair, loaded.encode);
}

void encode_job(const LoadedModel& loaded, Job& job) {
  job.encoding = encode(loaded, job.record);
  job.tokens = std::ssize(job.encoding.ids);
  job.weight = job.tokens;
}

void encode_windows(const LoadedModel& loaded, std::int64_t overlap, Job& job) {
  constexpr std::size_t kMostBytes = 16 << 20;
  const std::size_t bytes = job.record.text.size() + job.record.pair.value_or("").size();
  if (bytes > kMostBytes) {
    throw Error(ErrorKind::input, concat("a text of ", bytes >> 20, " MiB: expected at most ",
                                         kMostBytes >> 20, " to be read in windows"));
  }
  EncodeOptions whole = loaded.encode;
  whole.max_length = 0;
  job.encoding = convbert::encode(loaded, job.record.text, job.record.pair, whole);
  job.windows = Windows(job.encoding, {.max_length = loaded.encode.max_length, .overlap = overlap});
  job.tokens = job.windows.tokens(job.encoding);
  job.weight = job.tokens;
}

}  // namespace convbert::app
