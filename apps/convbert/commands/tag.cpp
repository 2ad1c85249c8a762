#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "api/classification.h"
#include "api/entities.h"
#include "cli/command.h"
#include "cli/flag_group.h"
#include "commands/commands.h"
#include "run/encoder_command.h"
#include "text/text_units.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::jsonl, Format::json, Format::csv, Format::tsv,
                               Format::table};

struct TagFlags {
  RecordFlags record;
  std::string aggregation = "simple";
  bool per_word = false;
  std::optional<std::int64_t> stride;
  std::string offsets = "codepoint";
};

struct TagRequest {
  RecordRequest record;
  Aggregation aggregation;
  bool per_word;
  std::optional<std::int64_t> stride;
  OffsetUnit offsets;
};

TagRequest make_request(const TagFlags& flags) {
  TagRequest request{.record = make_request(flags.record, kFormats),
                     .aggregation = *aggregation_from_name(flags.aggregation),
                     .per_word = flags.per_word,
                     .stride = flags.stride,
                     .offsets = *offset_unit_from_name(flags.offsets)};
  take_single_texts(request.record.input, "tags are of single texts");
  return request;
}

class TagCommand : public HeadCommand {
 public:
  TagCommand(const TagRequest& request, LoadedModel loaded)
      : HeadCommand(std::move(loaded), HeadKind::token_classification),
        request_(request),
        labels_(label_names(model(), head())) {}

  std::vector<std::string> result_names() const override {
    return {"truncated", columns().front()};
  }
  std::vector<std::string> columns() const override {
    return {request_.per_word ? "tags" : "entities"};
  }

 protected:
  void encode(Job& job) const override {
    if (!request_.stride) return encode_job(loaded(), job);
    encode_windows(loaded(), *request_.stride, job);
  }

  std::unique_ptr<WindowResults> gather_windows(const Job& job) const override {
    return std::make_unique<Entities>(*this, job);
  }

 private:
  class Entities : public WindowResults {
   public:
    Entities(const TagCommand& command, const Job& job) : command_(command), job_(job) {}

    void add(ConstMatrixView logits, const Encoding& window) override {
      const std::vector<TaggedToken> tokens = tagged_tokens(command_.tokenizer(), window, logits);
      std::vector<Entity> found = command_.entities(tokens);
      if (job_.windows.size() == 1) {
        lone_ = std::move(found);
      } else {
        merger_.add(std::move(found), tokens.front().range.begin);
      }
    }

    void write(ResultWriter& result) override {
      command_.write(job_.windows.size() == 1 ? lone_ : merger_.finish(), job_, result);
    }

   private:
    const TagCommand& command_;
    const Job& job_;
    std::vector<Entity> lone_;  // those of one window are not merged
    EntityMerger merger_;
  };

  std::vector<Entity> entities(std::span<const TaggedToken> tokens) const {
    return request_.per_word ? tagged_words(tokens, labels_)
                             : entities_of(tokens, labels_, request_.aggregation);
  }

  void write(const std::vector<Entity>& entities, const Job& job, ResultWriter& result) const {
    const TextUnits units(job.record.text, end_of_text(job.encoding, 0), request_.offsets);
    result.field(columns().front(), [&](JsonBuilder& json) {
      json.begin_list();
      for (const Entity& entity : entities) write(entity, units, json);
      json.end_list();
    });
  }

  void write(const Entity& entity, const TextUnits& units, JsonBuilder& json) const {
    const bool is_token = !request_.per_word && request_.aggregation == Aggregation::none;
    json.begin_object();
    if (request_.per_word) {
      json.member("word", units.text_of(entity.range));
      add_place(json, units.convert(entity.range));
      json.member("label", std::string_view(entity.label)).member("score", entity.score);
    } else {
      json.member(is_token ? "entity" : "entity_group", std::string_view(entity.label));
      json.member("score", entity.score);
      if (is_token) json.member("index", entity.index);
      json.member("word", units.text_of(entity.range));
      add_place(json, units.convert(entity.range));
    }
    json.end_object();
  }

  TagRequest request_;
  std::vector<std::string> labels_;
};

int run(const TagFlags& flags, Console& console) {
  const TagRequest request = make_request(flags);
  LoadedModel loaded =
      load_model(request.record, {.head = HeadKind::token_classification}, console);
  return run_records(request.record, TagCommand(request, std::move(loaded)), console);
}

void add_flags(CLI::App& command, TagFlags& flags) {
  add_record_flags(command, flags.record, kFormats);
  for (const char* flag : {"--text-pair", "--pair-field"}) remove_flag(command, flag);
  add_encoder_flags(command, flags.record.model);
  FlagGroup group(command, "Tags");
  const Flag aggregation =
      group
          .add_choice("--aggregation", flags.aggregation,
                      {"simple", "first", "average", "max", "none"}, "HOW",
                      "How tokens become entities: simple joins neighbours of one label; first, "
                      "average and max give each word one label before; none lists tokens")
          .with_default();
  group.add_flag("--per-word", flags.per_word, "Every word with its label, O included, as \"tags\"")
      .excludes(aggregation);
  add_window_flag(group, flags.stride);
  add_offsets_flag(group, flags.offsets);
}

}  // namespace

void add_tag_command(CLI::App& app, const Choose& choose) {
  add_command<TagFlags>(
      app, choose,
      {"tag", "A token head's labels: named entities, parts of speech", add_flags, run});
}

}  // namespace convbert::app
