#include "cli/command.h"
#include "cli/flag_group.h"
#include "commands/commands.h"
#include "run/encoder_command.h"
#include "text/text_units.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::jsonl, Format::json, Format::csv, Format::tsv,
                               Format::table};

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
  take_single_texts(request.record.input, "scores are of single texts");
  return request;
}

// Replaced-token detection (Clark et al. 2020, ELECTRA): how likely each token is not the original.
class DetectCommand : public HeadCommand {
 public:
  DetectCommand(const DetectRequest& request, LoadedModel loaded)
      : HeadCommand(std::move(loaded), HeadKind::replaced_token_detection), request_(request) {}

  std::vector<std::string> result_names() const override { return {"truncated", "replaced"}; }
  std::vector<std::string> columns() const override { return {"replaced"}; }

 protected:
  void write_row(MatrixView logits, const Job& job, ResultWriter& result) const override {
    const Encoding& encoding = job.encoding;
    const TextUnits units(job.record.text, end_of_text(encoding, 0), request_.offsets);
    result.field("replaced", [&](JsonBuilder& json) {
      json.begin_list();
      for (std::size_t i = 0; i < encoding.size(); ++i) {
        if (encoding.special_mask[i] != 0) continue;
        const std::span<float> score = logits.row_span(static_cast<std::int64_t>(i));
        to_probabilities(ProblemType::multi_label, score);
        json.begin_object();
        json.member("token", tokenizer().token(encoding.ids[i]));
        add_place(json, units.convert(encoding.offsets[i]));
        json.member("score", score.front());
        json.end_object();
      }
      json.end_list();
    });
  }

 private:
  DetectRequest request_;
};

int run(const DetectFlags& flags, Console& console) {
  const DetectRequest request = make_request(flags);
  LoadedModel loaded =
      load_model(request.record, {.head = HeadKind::replaced_token_detection}, console);
  return run_records(request.record, DetectCommand(request, std::move(loaded)), console);
}

void add_flags(CLI::App& command, DetectFlags& flags) {
  add_record_flags(command, flags.record, kFormats);
  for (const char* flag : {"--text-pair", "--pair-field"}) remove_flag(command, flag);
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
