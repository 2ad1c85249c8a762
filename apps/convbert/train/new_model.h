// A model that is yet to be made, as its config.json and vocab.txt describe it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "cli/flag_group.h"
#include "core/json.h"
#include "core/model_files.h"
#include "model/config.h"
#include "text/tokenizer.h"
#include "train/model_settings.h"
#include "train/parameters.h"

namespace convbert::app {

// What it is made from, as the flags say it.
struct NewModelSource {
  std::string config;  // files
  std::string vocab;
  bool lowercase = false;
};
// What its vocabulary must have.
inline constexpr std::array<std::string_view, 5> kSpecialTokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]",
                                                                "[MASK]"};

void add_new_model_flags(FlagGroup& group, NewModelSource& source);

struct NewModel {
  OrderedJson json;  // of config.json as it is given
  ModelConfig config;
  ModelSettings settings;
  std::string vocab_text;
  std::string tokenizer_text;  // tokenizer_config.json
};
// Throws Error(system), Error(usage) or Error(format) naming the file and the key.
NewModel read_new_model(const NewModelSource& source);

// Of a config.json that does not say.
inline std::int64_t usual_heads(Family family) { return family == Family::electra ? 4 : 12; }

// config.json with every key that a model of the family has, those that it does not say by their
// defaults; `use` as name_architecture() has it.
std::string complete_config(OrderedJson json, const ModelConfig& config, std::string_view use);

Tokenizer open_tokenizer(const NewModel& model);
// Warns where text that is not lower-cased becomes [UNK] word by word: no token of the vocabulary,
// its special ones aside, has a capital letter of A to Z.
void warn_of_case(const NewModelSource& source, const Tokenizer& tokenizer, Console& console);

// Its files, in memory, as a directory would hold them. Neither copied nor moved.
class NewModelFiles {
 public:
  // parameters: its weights, of an encoder. origin: what messages call it.
  NewModelFiles(const NewModel& model, const Parameters& parameters, const std::string& origin);
  NewModelFiles(const NewModelFiles&) = delete;
  NewModelFiles& operator=(const NewModelFiles&) = delete;

  // Valid while this lives.
  ModelFiles files() const { return ModelFiles::embedded(origin_, files_); }

 private:
  std::string origin_;
  std::string config_;
  std::string vocab_;
  std::string tokenizer_;
  std::vector<std::byte> weights_;
  std::array<EmbeddedFile, 4> files_;
};

}  // namespace convbert::app
