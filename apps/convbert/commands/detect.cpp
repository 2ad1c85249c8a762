#include <cmath>

#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "commands/commands.h"
#include "run/encoder_command.h"
#include "text/text_units.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::jsonl, Format::json};

struct DetectFlags {
  RecordFlags record;
  std::string offsets = "codepoint";
};

struct DetectRequest {
  RecordRequest record;
  OffsetUnit offsets;
};

DetectRequest make_request(const DetectFlags& flags) {
  DetectRequest request{.record = make_request(flags.record, kFormats),
                        .offsets = *offset_unit_from_name(flags.offsets)};
  if (!flags.record.input.pairs.empty()) usage_error("--text-pair: expected single texts");
  request.record.input.source.fields.pair.clear();
  return request;
}

// Replaced-token detection (Clark et al. 2020, ELECTRA): how likely each token is not the original.
class DetectCommand : public EncoderCommand {
 public:
  DetectCommand(const DetectRequest& request, LoadedModel loaded)
      : EncoderCommand(std::move(loaded)),
        request_(request),
        head_(*model().head(HeadKind::replaced_token_detection)) {}

  std::vector<std::string> result_names() const override { return {"truncated", "replaced"}; }

 protected:
  Output run_head(const Batch& batch, const nn::PaddedRows& hidden,
                  Workspace& workspace) const override {
    return Output::of_tokens(batch, head_.forward(batch, hidden, workspace));
  }

  void write_row(MatrixView logits, const Job& job, ResultWriter& result) const override {
    const Encoding& encoding = job.encoding;
    const TextUnits units(job.record.text, end_of_text(encoding, 0), request_.offsets);
    result.field("replaced", [&](JsonBuilder& json) {
      json.begin_list();
      for (std::size_t i = 0; i < encoding.size(); ++i) {
        if (encoding.special_mask[i] != 0) continue;
        const Offsets range = units.convert(encoding.offsets[i]);
        const float logit = *logits.row(static_cast<std::int64_t>(i));
        json.begin_object();
        json.member("token", tokenizer().token(encoding.ids[i]));
        json.member("start", std::int64_t{range.begin}).member("end", std::int64_t{range.end});
        json.member("score", 1.0F / (1.0F + std::exp(-logit)));
        json.end_object();
      }
      json.end_list();
    });
  }

 private:
  DetectRequest request_;
  const Head& head_;  // of the model
};

int run(const DetectFlags& flags, Console& console) {
  const DetectRequest request = make_request(flags);
  LoadedModel loaded =
      load_model(request.record, {.head = HeadKind::replaced_token_detection}, console);
  return run_records(request.record, DetectCommand(request, std::move(loaded)), console);
}

void add_flags(CLI::App& command, DetectFlags& flags) {
  add_record_flags(command, flags.record, kFormats);
  add_encoder_flags(command, flags.record.model);
  FlagGroup group(command, "Tokens");
  add_offsets_flag(group, flags.offsets);
}

}  // namespace

void add_detect_command(CLI::App& app, const Choose& choose) {
  add_command<DetectFlags>(
      app, choose,
      {"detect", "How likely each token replaces another, by a discriminator", add_flags, run});
}

}  // namespace convbert::app
