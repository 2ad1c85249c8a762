#include "model/head_form.h"

#include <algorithm>
#include <array>

namespace convbert {
namespace {

// In the order of the enumeration.
constexpr std::array<HeadKindInfo, 5> kKinds{{
    {HeadKind::sequence_classification, "sequence classification", "classify",
     HeadRows::first_token, HeadOutputs::labels},
    {HeadKind::token_classification, "token classification", "tag", HeadRows::every_token,
     HeadOutputs::labels},
    {HeadKind::masked_lm, "masked language model", "fill-mask", HeadRows::every_token,
     HeadOutputs::vocabulary},
    {HeadKind::question_answering, "question answering", "answer", HeadRows::every_token,
     HeadOutputs::span},
    {HeadKind::replaced_token_detection, "replaced-token detection", "detect",
     HeadRows::every_token, HeadOutputs::value},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (static_cast<std::size_t>(kKinds[i].kind) != i) return false;
  }
  return true;
}
static_assert(is_in_order());

constexpr auto kGelu = nn::Activation::gelu;  // whatever hidden_act says

constexpr std::array kForms{
    HeadForm{.kind = HeadKind::sequence_classification,
             .family = Family::bert,
             .dense = "pooler.dense",
             .output = "classifier",
             .activation = nn::Activation::tanh},
    HeadForm{.kind = HeadKind::sequence_classification,
             .family = Family::electra,
             .dense = "classifier.dense",
             .output = "classifier.out_proj",
             .activation = kGelu},
    HeadForm{.kind = HeadKind::sequence_classification,
             .family = Family::convbert,
             .dense = "classifier.dense",
             .output = "classifier.out_proj"},
    HeadForm{
        .kind = HeadKind::token_classification, .family = Family::bert, .output = "classifier"},
    HeadForm{
        .kind = HeadKind::token_classification, .family = Family::electra, .output = "classifier"},
    HeadForm{
        .kind = HeadKind::token_classification, .family = Family::convbert, .output = "classifier"},
    HeadForm{.kind = HeadKind::masked_lm,
             .family = Family::bert,
             .dense = "cls.predictions.transform.dense",
             .norm = "cls.predictions.transform.LayerNorm",
             .output = "cls.predictions.decoder",
             .output_bias = "cls.predictions.bias",
             .is_tied = true},
    HeadForm{.kind = HeadKind::masked_lm,
             .family = Family::electra,
             .dense = "generator_predictions.dense",
             .norm = "generator_predictions.LayerNorm",
             .output = "generator_lm_head",
             .activation = kGelu,
             .is_tied = true},
    HeadForm{.kind = HeadKind::masked_lm,
             .family = Family::convbert,
             .dense = "generator_predictions.dense",
             .norm = "generator_predictions.LayerNorm",
             .output = "generator_lm_head",
             .activation = kGelu,
             .is_tied = true},
    HeadForm{.kind = HeadKind::question_answering, .family = Family::bert, .output = "qa_outputs"},
    HeadForm{
        .kind = HeadKind::question_answering, .family = Family::electra, .output = "qa_outputs"},
    HeadForm{
        .kind = HeadKind::question_answering, .family = Family::convbert, .output = "qa_outputs"},
    HeadForm{.kind = HeadKind::replaced_token_detection,
             .family = Family::electra,
             .dense = "discriminator_predictions.dense",
             .output = "discriminator_predictions.dense_prediction"},
    HeadForm{.kind = HeadKind::replaced_token_detection,
             .family = Family::convbert,
             .dense = "discriminator_predictions.dense",
             .output = "discriminator_predictions.dense_prediction"},
};

}  // namespace

const HeadKindInfo& info_of(HeadKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::span<const HeadKindInfo> head_kinds() { return kKinds; }

const HeadForm* form_of(HeadKind kind, Family family) {
  const auto found = std::ranges::find_if(
      kForms, [&](const HeadForm& form) { return form.kind == kind && form.family == family; });
  return found == kForms.end() ? nullptr : &*found;
}

const HeadForm& vector_classifier_form() {
  static constexpr HeadForm kForm{.kind = HeadKind::sequence_classification,
                                  .family = Family::bert,  // or any other
                                  .output = "linear",
                                  .reads_vectors = true};
  return kForm;
}

bool is_tied_name(std::string_view tensor, const ModelConfig& config) {
  return std::ranges::any_of(kForms, [&](const HeadForm& form) {
    if (form.family != config.family || !form.is_tied || !tensor.starts_with(form.output)) {
      return false;
    }
    const std::string_view part = tensor.substr(form.output.size());
    return (part == ".weight" && config.ties_words) ||
           (part == ".bias" && !form.output_bias.empty());
  });
}

}  // namespace convbert
