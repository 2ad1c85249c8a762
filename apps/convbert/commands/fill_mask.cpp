#include <algorithm>
#include <numeric>

#include "cli/command.h"
#include "cli/flag_group.h"
#include "cli/usage_error.h"
#include "commands/commands.h"
#include "nn/compute.h"
#include "run/encoder_command.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::jsonl, Format::json, Format::csv, Format::tsv,
                               Format::table};
constexpr const char* kMask = "[MASK]";

struct FillMaskFlags {
  RecordFlags record;
  std::int64_t top_k = 5;
  std::vector<std::string> targets;
};

struct FillMaskRequest {
  RecordRequest record;
  std::int64_t top_k;
  std::vector<std::string> targets;  // none: all tokens
};

FillMaskRequest make_request(const FillMaskFlags& flags) {
  return {make_request(flags.record, kFormats), flags.top_k, flags.targets};
}

std::int32_t mask_of(const Tokenizer& tokenizer, const std::string& origin) {
  const auto id = tokenizer.id(kMask);
  if (!id) throw Error(ErrorKind::format, concat(origin, ": the vocabulary has no ", kMask));
  return *id;
}

// Masked language modelling (Devlin et al. 2019). Scores are computed for masks alone.
class FillMaskCommand : public HeadCommand {
 public:
  FillMaskCommand(const FillMaskRequest& request, LoadedModel loaded, Console& console)
      : HeadCommand(std::move(loaded), HeadKind::masked_lm),
        mask_(mask_of(tokenizer(), model().origin)),
        candidates_(candidates_of(request.targets, console)),
        top_k_(std::min<std::int64_t>(request.top_k, std::ssize(candidates_))) {}

  std::vector<std::string> result_names() const override { return {"truncated", "fills"}; }
  std::vector<std::string> columns() const override { return {"fills"}; }

 protected:
  // A row a mask: the ids of its best tokens, then their probabilities. Ids are exact as floats.
  Output run_head(const Batch& batch, const nn::PaddedRows& hidden,
                  Workspace& workspace) const override {
    std::vector<std::int64_t> masked;
    std::vector<std::int64_t> first_rows{0};
    for (std::int64_t s = 0; s < batch.sequences(); ++s) {
      for (std::int64_t i = batch.start(s); i < batch.start(s) + batch.length(s); ++i) {
        if (batch.ids[static_cast<std::size_t>(i)] == mask_) masked.push_back(i);
      }
      first_rows.push_back(std::ssize(masked));
    }
    const nn::PaddedRows best = nn::allocate_rows(workspace, std::ssize(masked), 2 * top_k_);
    constexpr std::int64_t kChunk = 64;  // rows of the vocabulary's width that are held at once
    for (std::int64_t begin = 0; begin < best.rows; begin += kChunk) {
      const Workspace::Frame frame(workspace);
      const std::int64_t count = std::min(kChunk, best.rows - begin);
      const nn::PaddedRows rows = nn::allocate_rows(workspace, count, hidden.columns);
      for (std::int64_t i = 0; i < count; ++i) {
        std::ranges::copy(hidden.row_span(masked[static_cast<std::size_t>(begin + i)]),
                          rows.row(i));
      }
      const nn::PaddedRows logits = nn::allocate_rows(workspace, count, head().outputs());
      head().forward(rows, logits, workspace);
      for (std::int64_t i = 0; i < count; ++i) {
        choose_best(logits.row_span(i), best.row_span(begin + i));
      }
    }
    return {best, std::move(first_rows)};
  }

  void write_row(MatrixView best, const Job& job, ResultWriter& result) const override {
    if (best.rows == 0) {
      throw Error(ErrorKind::input, concat("the text has no ", kMask,
                                           job.encoding.truncated > 0 ? " before it is cut" : ""));
    }
    result.field("fills", [&](JsonBuilder& json) {
      json.begin_list();
      for (std::int64_t mask = 0; mask < best.rows; ++mask) {
        json.begin_list();
        for (std::int64_t i = 0; i < top_k_; ++i) {
          const auto id = static_cast<std::int32_t>(best.row(mask)[i]);
          json.begin_object();
          json.member("token", std::int64_t{id});
          json.member("token_str", std::string_view(tokenizer().decode({id}, false)));
          json.member("score", best.row(mask)[top_k_ + i]);
          json.end_object();
        }
        json.end_list();
      }
      json.end_list();
    });
  }

 private:
  // The ids of tokens, or of the first piece of what is no token, as Hugging Face's pipeline takes
  // targets, which says so, too; of all tokens where no word is given.
  std::vector<std::int32_t> candidates_of(const std::vector<std::string>& words,
                                          Console& console) const {
    std::vector<std::int32_t> ids;
    if (words.empty()) {
      ids.resize(static_cast<std::size_t>(head().outputs()));
      std::iota(ids.begin(), ids.end(), 0);
    }
    for (const std::string& word : words) {
      auto id = tokenizer().id(word);
      if (!id) {
        const Encoding pieces =
            tokenizer().encode(word, std::nullopt, {.add_special_tokens = false});
        if (pieces.size() == 0) usage_error("--targets: \"", printable(word), "\" gives no token");
        id = pieces.ids.front();
        console.warning(concat("--targets: the vocabulary has no token ", quoted(word), "; ",
                               quoted(tokenizer().token(*id)), " is scored instead"));
      }
      if (std::ranges::find(ids, *id) == ids.end()) ids.push_back(*id);
    }
    return ids;
  }

  void choose_best(std::span<float> logits, std::span<float> best) const {
    to_probabilities(ProblemType::single_label, logits);
    std::vector<std::int32_t> ids = candidates_;
    const auto score = [&](std::int32_t id) { return logits[static_cast<std::size_t>(id)]; };
    // Of equal scores the lower id comes first.
    std::ranges::partial_sort(ids, ids.begin() + top_k_, [&](std::int32_t a, std::int32_t b) {
      return score(a) > score(b) || (score(a) == score(b) && a < b);
    });
    for (std::int64_t i = 0; i < top_k_; ++i) {
      const std::int32_t id = ids[static_cast<std::size_t>(i)];
      best[static_cast<std::size_t>(i)] = static_cast<float>(id);
      best[static_cast<std::size_t>(top_k_ + i)] = score(id);
    }
  }

  std::int32_t mask_;
  std::vector<std::int32_t> candidates_;
  std::int64_t top_k_;
};

int run(const FillMaskFlags& flags, Console& console) {
  const FillMaskRequest request = make_request(flags);
  LoadedModel loaded = load_model(request.record, {.head = HeadKind::masked_lm}, console);
  const FillMaskCommand command(request, std::move(loaded), console);
  return run_records(request.record, command, console);
}

void add_flags(CLI::App& command, FillMaskFlags& flags) {
  add_record_flags(command, flags.record, kFormats);
  add_encoder_flags(command, flags.record.model);
  FlagGroup group(command, "Masks");
  group.add("--top-k", flags.top_k, "K", "Tokens for each [MASK]")
      .within(1, 1 << 20)
      .with_default();
  group.add_list("--targets", flags.targets, "TOKEN,...",
                 "Score these tokens alone; of a word that is none its first piece");
}

}  // namespace

void add_fill_mask_command(CLI::App& app, const Choose& choose) {
  add_command<FillMaskFlags>(
      app, choose,
      {"fill-mask", "The likeliest tokens for each [MASK], by a masked-LM head", add_flags, run});
}

}  // namespace convbert::app
